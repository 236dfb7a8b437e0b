"""Dealing whole episodes: folds to learn from and calibrate on in turn, and a test part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blocker.dataset import Examples

__all__ = ["TEST_SHARE", "Split", "deal_episodes", "split_by_episode"]

TEST_SHARE = 0.2
"""Share of the positives and of the rows that the test part gets."""
AGES = 3
"""Thirds of the log: each part gets its share of each, for an agent's proposals change with age."""


@dataclass(frozen=True)
class Split:
    """Parts that share no episode.

    Attributes:
        learn: to fit and to calibrate on.
        fold: int64 (len(learn),), which fold a row is in. Each member of a Blocker learns from all
            folds but one and is calibrated on that one; so no label is wasted, and each judgement
            that the threshold is chosen by is of an episode that its judge has not seen.
        test: to state the bound on; touched once.
    """

    learn: Examples
    fold: NDArray[np.int64]
    test: Examples

    @property
    def folds(self) -> int:
        """How many folds there are."""
        return int(self.fold.max()) + 1


def split_by_episode(examples: Examples, rng: np.random.Generator, folds: int = 4) -> Split:
    """Deal whole episodes to folds and a test part, so that each has positives of every age.

    Rows of an episode are near-duplicates: by row, the test would be an exam on seen questions.

    Args:
        examples: judged actions of at least three episodes with positives and negatives.
        rng: orders the episodes before they are dealt.
        folds: how many at most, 2 or more; fewer where few episodes have positives.

    Raises:
        ValueError: too few episodes with positives; the message says what to do.
    """
    part = deal_episodes(examples.episode, examples.unsafe, rng, folds)
    learn = part > 0
    return Split(examples.where(learn), part[learn] - 1, examples.where(~learn))


def deal_episodes(
    episode: NDArray[np.int64], unsafe: NDArray[np.bool_], rng: np.random.Generator, folds: int
) -> NDArray[np.int64]:
    """The part of each row, int64 (n,): 0 for the test, then the folds; see `split_by_episode`.

    Args:
        episode: int64 (n,), of judged actions.
        unsafe: bool (n,).
        rng: orders the episodes before they are dealt.
        folds: how many at most.

    Raises:
        ValueError: as there.
    """
    if folds < 2:
        raise ValueError(f"expected 2 folds or more, got {folds}")
    names, place = np.unique(episode, return_inverse=True)
    positives = np.bincount(place[unsafe], minlength=len(names)).astype(np.float64)
    rows = np.bincount(place, minlength=len(names)).astype(np.float64)
    with_positives = int((positives > 0).sum())
    if with_positives < 3:
        raise ValueError(
            "expected unsafe actions in at least 3 episodes, two to learn from in turn and one to "
            f"test on; got {int(unsafe.sum())} in {with_positives} of {len(names)} episodes: "
            "oversee for longer, or cut episodes shorter"
        )
    folds = min(folds, with_positives - 1)
    shares = np.array([TEST_SHARE, *[(1 - TEST_SHARE) / folds] * folds])
    part = _deal(positives, rows, shares, rng)[place]
    for number in range(folds + 1):
        if unsafe[part == number].all():
            raise ValueError(
                "expected safe actions in every part, got a part with unsafe ones alone: "
                "oversee for longer"
            )
    return part


def _deal(
    positives: NDArray[np.float64],
    rows: NDArray[np.float64],
    shares: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Give each episode, age by age, to the part that lacks most: int64 (episodes,)."""
    part = np.empty(len(rows), dtype=np.int64)
    held = np.zeros((len(shares), 2))
    owed = np.zeros((len(shares), 2))
    without = rng.permutation(len(shares)).tolist()  # parts that have no positives yet
    for young_to_old in np.array_split(np.arange(len(rows)), AGES):
        owed += shares[:, None] * np.array(
            [positives[young_to_old].sum(), rows[young_to_old].sum()]
        )
        order = rng.permutation(young_to_old)
        for episode in order[np.argsort(-positives[order], kind="stable")]:
            column = 0 if positives[episode] > 0 else 1
            number = int(np.argmax((owed - held)[:, column] / shares))
            if column == 0 and without:
                number = without.pop(0)
            part[episode] = number
            held[number] += positives[episode], rows[episode]
    return part
