"""Which screens to show next: what is unlike all that was shown, in doubt, or called bad unseen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from blocker.naming.spotter import EVEN, Spotter

__all__ = ["Questions"]

Array = NDArray[np.float32]
SHARES = (6, 3, 3)
"""Of every twelve: in doubt; called bad and not yet seen, which is the review of what was learned;
unlike anything that was shown."""
FARTHEST = 5.0
"""Standard deviations: what lies farther off is no more unlike."""
APART = 1.0
"""Squared standard deviations by which two that are shown together must differ, at least."""
LOOKED_AT = 400
"""Of those most in doubt so many are gone through for some that differ."""


class Questions:
    """A pool of pairs of screens, and which of them have been shown."""

    def __init__(self, told: Array) -> None:
        """Begin with nothing shown.

        Args:
            told: float32 (n, d), of each pair; see `View.tell`.
        """
        scale = np.maximum(told.std(axis=0), 1e-6)
        self._places = ((told - told.mean(axis=0)) / scale).clip(-FARTHEST, FARTHEST)
        self._told = told
        self._left = np.ones(len(told), dtype=np.bool_)
        self._unlike = np.full(len(told), np.inf)

    def __len__(self) -> int:
        """How many are left."""
        return int(self._left.sum())

    def shown(self, pairs: NDArray[np.int64]) -> None:
        """These have been shown."""
        for pair in pairs.tolist():
            self._left[pair] = False
            self._unlike = np.minimum(self._unlike, self._apart(pair))

    def next(
        self, count: int, spotter: Spotter | None, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Numbers of the pairs to show next, fewer if no more are left; they count as shown.

        Args:
            count: how many.
            spotter: as it is so far; None before there is one: then all are of the last kind.
            rng: breaks ties and chooses among what is called bad.
        """
        chosen: list[int] = []
        if spotter is not None:
            votes = spotter.votes(self._told)
            doubt, called, _ = (count * share // sum(SHARES) for share in SHARES)
            chosen += self._in_doubt(votes, doubt, rng)
            chosen += self._called_bad(votes, called, rng)
        while len(chosen) < count and self._left.any():
            ties = 1e-9 * rng.random(len(self._left))
            chosen.append(self._take(int(np.argmax(np.where(self._left, self._unlike, -1) + ties))))
        return np.array(chosen, dtype=np.int64)

    def doubtful(self, spotter: Spotter) -> int:
        """How many that were not shown have from a tenth to nine tenths of the votes."""
        votes = spotter.votes(self._told)
        return int((self._left & (abs(votes - EVEN) < 0.4)).sum())

    def _take(self, pair: int) -> int:
        self.shown(np.array([pair]))
        return pair

    def _apart(self, pair: int) -> NDArray[np.float64]:
        apart = np.square(self._places - self._places[pair])
        return np.asarray(apart.sum(axis=1), dtype=np.float64)

    def _in_doubt(self, votes: Array, count: int, rng: np.random.Generator) -> list[int]:
        doubt = abs(votes - EVEN) + 1e-6 * rng.random(len(votes))
        doubt[~self._left] = np.inf
        chosen: list[int] = []
        for pair in np.argsort(doubt)[:LOOKED_AT].tolist():
            if len(chosen) == count or not self._left[pair]:
                break
            if all(np.square(self._places[pair] - self._places[o]).sum() > APART for o in chosen):
                chosen.append(self._take(pair))
        return chosen

    def _called_bad(self, votes: Array, count: int, rng: np.random.Generator) -> list[int]:
        called = np.flatnonzero(self._left & (votes >= EVEN))
        drawn = rng.permutation(called)[:count]
        return [self._take(int(pair)) for pair in drawn]
