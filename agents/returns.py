"""Returns over several steps, from transitions that lie in rings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ahead", "n_step"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Ahead:
    """What some transitions brought within a number of steps.

    Attributes:
        rewards: discounted and added up, float32 (batch,).
        discounts: of what follows the last step taken, float32 (batch,).
        last: row of that step, int64 (batch,).
    """

    rewards: NDArray[np.float32]
    discounts: NDArray[np.float32]
    last: Ints


def n_step(
    rows: Ints,
    games: Ints,
    newer: Ints,
    *,
    steps: int,
    gamma: float,
    rewards: NDArray[np.float32],
    ends: NDArray[np.bool_],
) -> Ahead:
    """Add up rewards over `steps`, or fewer where an episode ends or nothing newer is there.

    The n-step return of "Learning to Predict by the Methods of Temporal Differences" (Sutton
    1988), uncorrected for what was off policy, as Rainbow takes it (arXiv:1710.02298).

    Args:
        rows: of the transitions, (batch,).
        games: theirs, (batch,).
        newer: transitions of the same game that came after each, (batch,).
        steps: at least 1.
        gamma: discount per step.
        rewards: of all transitions, rings of (rows, games).
        ends: whether an episode ended with them, cut or not, likewise.
    """
    total = np.zeros(len(rows), np.float32)
    discounts = np.ones(len(rows), np.float32)
    last = rows
    goes_on = np.ones(len(rows), np.bool_)
    for ahead in range(steps):
        goes_on &= newer >= ahead
        at = (rows + ahead) % len(rewards)
        total += np.where(goes_on, discounts * rewards[at, games], np.float32(0.0))
        discounts = np.where(goes_on, discounts * np.float32(gamma), discounts)
        last = np.where(goes_on, at, last)
        goes_on = goes_on & ~ends[at, games]
    return Ahead(total, discounts, last)
