"""Dealing whole episodes to training, calibration and test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blocker.dataset import Examples

__all__ = ["Split", "split_by_episode"]


@dataclass(frozen=True)
class Split:
    """Three parts that share no episode: to fit, to choose the threshold, to state the bound."""

    train: Examples
    calibrate: Examples
    test: Examples


def split_by_episode(
    examples: Examples,
    rng: np.random.Generator,
    shares: tuple[float, float, float] = (0.6, 0.2, 0.2),
) -> Split:
    """Deal whole episodes to training, calibration and test, so that each part has positives.

    Rows of an episode are near-duplicates: by row, the test would be an exam on seen questions.

    Args:
        examples: judged actions of at least three episodes with positives and negatives.
        rng: orders the episodes before they are dealt.
        shares: wanted parts of the positives and of the rows, for train, calibrate and test.

    Raises:
        ValueError: too few episodes with positives; the message says what to do.
    """
    names, place = np.unique(examples.episode, return_inverse=True)
    positives = np.bincount(place[examples.unsafe], minlength=len(names)).astype(np.float64)
    rows = np.bincount(place, minlength=len(names)).astype(np.float64)
    with_positives = int((positives > 0).sum())
    if with_positives < 3:
        raise ValueError(
            "expected unsafe actions in at least 3 episodes, one each to train, to set the "
            f"threshold and to test; got {examples.positives} in {with_positives} of "
            f"{len(names)} episodes: oversee for longer, or cut episodes shorter"
        )
    part = _deal(positives, rows, np.asarray(shares), rng)
    chosen = [examples.where(part[place] == number) for number in range(3)]
    if any(len(one) == one.positives for one in chosen):
        raise ValueError(
            "expected safe actions in every part, got a part with unsafe ones alone: "
            "oversee for longer"
        )
    return Split(*chosen)


def _deal(
    positives: NDArray[np.float64],
    rows: NDArray[np.float64],
    shares: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Give each episode to the part that lacks most: int64 (episodes,) of 0, 1, 2."""
    order = rng.permutation(len(rows))
    order = order[np.argsort(-positives[order], kind="stable")]
    part = np.empty(len(rows), dtype=np.int64)
    held = np.zeros((3, 2))
    wanted = shares[:, None] * np.array([positives.sum(), rows.sum()])
    for place, episode in enumerate(order):
        column = 0 if positives[episode] > 0 else 1
        # The first three have the most positives: one to each part, so that none is without.
        number = place if place < 3 else int(np.argmax((wanted - held)[:, column] / shares))
        part[episode] = number
        held[number] += positives[episode], rows[episode]
    return part
