"""Exploration that lasts: a random action, held for a random number of steps.

Uniformly random actions cancel out: Pong's paddle trembles in the middle and hardly ever gets
near harm, so an overseer sees few of the moments that a Blocker has to learn from. Held for
lengths with a heavy tail they reach all of the game (Dabney, Ostrovski, Barreto,
"Temporally-Extended epsilon-Greedy Exploration", ICLR 2021, arXiv:2006.01782).
"""

from __future__ import annotations

import numpy as np

__all__ = ["HeldExploration", "mean_hold", "start_probability"]

EXPONENT = 2.0
"""Of the zeta distribution of lengths (the same paper)."""


def mean_hold(longest: int) -> float:
    """Mean number of steps that an action is held, lengths above `longest` cut to it."""
    lengths = np.arange(1, longest)
    weights = lengths**-EXPONENT / (np.pi**2 / 6)  # the zeta function at 2 is pi^2 / 6
    return float((lengths * weights).sum() + longest * (1.0 - weights.sum()))


def start_probability(epsilon: float, mean: float) -> float:
    """How likely a free step begins an exploration, so that `epsilon` of all steps explore.

    Of an exploration's `mean` steps and the free steps before it, (1 - p) / p on average, the
    share epsilon = mean / (mean + (1 - p) / p); solved for p.
    """
    return epsilon / (epsilon + mean * (1.0 - epsilon)) if epsilon < 1.0 else 1.0


class HeldExploration:
    """Decides at each step whether to explore, and with which action."""

    def __init__(self, n_actions: int, longest: int) -> None:
        """Say how long an action may be held.

        Args:
            n_actions: how many actions there are.
            longest: steps at most; 1 is plain epsilon-greedy.
        """
        self._n_actions = n_actions
        self._longest = longest
        self._mean = mean_hold(longest)
        self._action = 0
        self._left = 0

    def forget(self) -> None:
        """Let go of a held action, as at the end of an episode."""
        self._left = 0

    def next(self, epsilon: float, rng: np.random.Generator) -> int | None:
        """The exploring action of this step; None to act greedily.

        Args:
            epsilon: share of steps that explore, in [0, 1].
            rng: to draw from.
        """
        if self._left == 0:
            if rng.random() >= start_probability(epsilon, self._mean):
                return None
            self._action = int(rng.integers(self._n_actions))
            self._left = min(int(rng.zipf(EXPONENT)), self._longest) if self._longest > 1 else 1
        self._left -= 1
        return self._action
