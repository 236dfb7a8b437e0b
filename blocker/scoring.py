"""A Blocker's calibrated opinions on the decisions of a log, written into it for the review."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blocker.bench.data import HISTORY, seen_whole, steps_of
from blocker.bench.judges import BlockerJudge
from oversight.games import game_named
from oversight.log import UNKNOWN, LogAnnotator, StepTable

__all__ = ["score_log"]

CHUNK = 1_000


def score_log(
    path: Path,
    blocker: Path,
    *,
    name: str | None = None,
    on_step: Callable[[int, int], None] = lambda *_: None,
) -> int:
    """Judge every action of every decision that stands and write the opinions into the log.

    May be done while a run writes the log. What this Blocker has judged already is passed over, so
    it can be asked again after a kill or when the log has grown.

    Args:
        path: the log.
        blocker: the Blocker's file.
        name: of the scorer; the file's name if not given.
        on_step: told of steps done and steps in all.

    Returns:
        How many decisions were newly judged.

    Raises:
        OversightError: the log or the Blocker cannot be used, or they do not fit.
    """
    judge = BlockerJudge.load(blocker)
    with LogAnnotator.open(path) as log:
        game = game_named(log.meta.game)
        judge.blocker.require(game.name, game.actions)
        with blocker.open("rb") as file:
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
        scorer = log.scorer(
            name or blocker.name,
            checksum=checksum,
            threshold=judge.threshold,
            calibrated=judge.blocker.readiness is not None,
        )
        # Steps that were taken back are left out: beside those that stand they are nobody's past.
        table = log.steps()
        table = table.where(np.lexsort((table.step, table.episode)))
        known, whole = table.frame != UNKNOWN, seen_whole(table)
        done = 0
        for start in range(0, len(table), CHUNK):
            # With the steps before, so that the first ones have their earlier screens, too.
            rows = slice(max(start - HISTORY, 0), start + CHUNK)
            part = table.where(np.arange(len(table))[rows][known[rows]])
            fresh = np.isin(
                part.step_id, table.step_id[start : start + CHUNK][whole[start : start + CHUNK]]
            )
            wanted = np.isin(part.step_id, log.unscored(scorer, np.sort(part.step_id))) & fresh
            if wanted.any():
                risks = judge.risks(steps_of(log, part, game).where(wanted))
                done += log.score(scorer, *_columns(part.where(wanted), risks))
            on_step(min(start + CHUNK, len(table)), len(table))
        return done


def _columns(
    table: StepTable, risks: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    order = np.argsort(table.step_id)
    own = risks[np.arange(len(table)), table.proposed]
    return table.step_id[order], own[order], risks[order]
