"""Playing a log again to see that it is what was played: every screen, score and end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from oversight.errors import LogCorrupted, LogError
from oversight.log import UNKNOWN, InterventionLog, StepTable
from oversight.log.checking import check_log
from oversight.log.history import read_history
from oversight.replay import game_of, moments, obstacle

__all__ = ["Verification", "verify_log"]

Progress = Callable[[int, int], None]
"""Told how many decisions of how many are done."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared, and found the same bit for bit.

    Attributes:
        path: of the log.
        decisions: agent steps, undone ones included; played again unless `quick`.
        screens: of them with a screen in the log.
        episodes: begun.
        rewinds: how often the game was taken back.
        links: commits whose checksums were computed again; None in a format that had none.
        end: whether the log's end is there, in words.
        quick: checksums alone; nothing was played again.
    """

    path: Path
    decisions: int
    screens: int
    episodes: int
    rewinds: int
    links: int | None
    end: str
    quick: bool


def verify_log(
    path: Path, progress: Progress = lambda _done, _of: None, *, quick: bool = False
) -> Verification:
    """Check every row against the log's checksums, then play every episode again.

    An episode's seed and its executed actions are the game, rewinds included. What was written
    after the call began is left for the next one.

    Args:
        path: of the log.
        progress: told how far it is.
        quick: checksums and the end of the file alone.

    Raises:
        LogCorrupted: rows are not what was written, or acknowledged ones are missing.
        ReplayDiffers: the first step that is not what it was, and in what.
        LogError: the log cannot be read, or cannot be played again.
    """
    with InterventionLog.open(path, damaged_too=True) as log:
        chained = log.condition.newest >= 0
        check = check_log(path, progress if quick else _silent) if chained or quick else None
        if check is not None and not check.sound:
            raise LogCorrupted(
                f"{path} is damaged: {check.in_words()}. Keep the file and all beside it; restore "
                f"a copy if there is one, or take what is whole: python -m oversight log salvage "
                f"{path} --out NEW.sqlite"
            )
        table = log.steps(undone=True)
        if not quick:
            _play_again(log, table, progress)
        return Verification(
            path=path,
            decisions=len(table),
            screens=int((table.frame != UNKNOWN).sum()),
            episodes=len(np.unique(table.episode)),
            rewinds=len(log.rewinds()),
            links=None if check is None else check.links,
            end=log.condition.in_words(),
            quick=quick,
        )


def _silent(_done: int, _of: int) -> None:
    pass


def _play_again(log: InterventionLog, table: StepTable, progress: Progress) -> None:
    history = read_history(log.path, len(table))
    if len(table) == 0:
        raise LogError(f"{log.path} holds no decisions: there is nothing to play again")
    problem = obstacle(log.meta, history)
    if problem is not None:
        raise LogError(
            f"{log.path} cannot be played again: {problem}; its checksums alone can be checked "
            "(log verify --quick)"
        )
    game = game_of(log.meta)
    for done, _ in enumerate(moments(log, table, history, game), start=1):
        progress(done, len(table))
