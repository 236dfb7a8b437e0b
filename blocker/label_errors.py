"""Labels that are probably wrong, by judges that have not seen them: a list for the review window.

Confident learning (Northcutt, Jiang, Chuang, "Confident learning: estimating uncertainty in
dataset labels", JAIR 2021, arXiv:1911.00068): a label is suspected where a network that never saw
its episode is at least as sure of the other label as it is, on average, of those that bear it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blocker.dataset import Examples, examples_from_logs
from blocker.presets import preset_for
from blocker.splitting import split_by_episode
from blocker.training import train
from blocker.training_types import Epoch, TrainingSettings
from oversight.log import InterventionLog, LogAnnotator

__all__ = ["SCORER", "Suspects", "find_suspects", "suspected", "write_suspects"]

SCORER = "label-errors"
"""By this name the list is found in a log."""


@dataclass(frozen=True)
class Suspects:
    """Labels to look at again, the most doubtful first.

    Attributes:
        examples: the judged steps that bear them.
        probability: float64 (n,), that the action is unsafe, by a judge that has not seen its
            episode; calibrated.
        of: how many labels were looked at.
    """

    examples: Examples
    probability: NDArray[np.float64]
    of: int


def suspected(probability: NDArray[np.float64], unsafe: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rows whose label is probably wrong, the most doubtful first: int64.

    Args:
        probability: float64 (n,), out of sample, that the action is unsafe.
        unsafe: bool (n,), the labels.
    """
    if unsafe.all() or not unsafe.any():
        return np.zeros(0, dtype=np.int64)
    sure_unsafe = float(probability[unsafe].mean())
    sure_safe = float((1 - probability[~unsafe]).mean())
    doubted = np.where(unsafe, 1 - probability >= sure_safe, probability >= sure_unsafe)
    rows = np.flatnonzero(doubted)
    doubt = np.abs(unsafe[rows] - probability[rows])
    return rows[np.argsort(-doubt, kind="stable")]


def find_suspects(
    logs: list[Path],
    *,
    settings: TrainingSettings | None = None,
    on_epoch: Callable[[Epoch], None] = lambda _: None,
) -> Suspects:
    """Judge every label of some logs by a network that has not seen its episode.

    Raises:
        ValueError: too little to learn from, or logs of different games.
        NotLearned: the networks do not tell unsafe from safe, so their doubt means nothing.
        LogError: a log cannot be read.
    """
    opened = [InterventionLog.open(path, read_only=True) for path in logs]
    try:
        if not opened:
            raise ValueError("expected at least one log")
        meta = opened[0].meta
        preset = preset_for(meta.game)
        examples = examples_from_logs(opened, preset.input)
    finally:
        for log in opened:
            log.close()
    settings = settings or preset.training
    split = split_by_episode(examples, np.random.default_rng(settings.seed), preset.shape.members)
    # Nothing is tested here, so that the test part is one more fold.
    fold = np.full(len(examples), split.folds)
    fold[np.isin(examples.episode, split.learn.episode)] = split.fold
    trained = train(
        examples,
        fold,
        actions=tuple(meta.actions),
        spec=preset.input,
        shape=replace(preset.shape, members=split.folds + 1),
        settings=settings,
        on_epoch=on_epoch,
    )
    scores = trained.out_of_fold
    found = suspected(scores.probability, scores.unsafe)
    return Suspects(
        examples.where(trained.rows[found]), scores.probability[found], len(trained.rows)
    )


def write_suspects(suspects: Suspects, logs: list[Path]) -> int:
    """Write the list into the logs, for the review window; returns how many were new there.

    Raises:
        LogError: a log cannot be written.
    """
    written = 0
    for number, path in enumerate(logs):
        mine = np.flatnonzero(suspects.examples.log == number)
        with LogAnnotator.open(path) as log:
            scorer = log.scorer(SCORER, calibrated=True)
            steps = suspects.examples.step_id[mine]
            written += log.score(scorer, steps, suspects.probability[mine])
    return written
