"""Policies that propose actions: simple ones that learn nothing, and a trained agent."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from agents.double_dqn import DoubleDQN

__all__ = [
    "AgentProposer",
    "ConstantProposer",
    "HeldRandomProposer",
    "Proposer",
    "RandomProposer",
]


@runtime_checkable
class Proposer(Protocol):
    """Proposes one action after another, for audits of who judges them."""

    def propose(self, observation: NDArray[np.generic]) -> int:
        """The next action, in [0, n_actions), for what the environment shows now."""
        ...

    def reset(self) -> None:
        """A new episode begins: forget what was being done."""
        ...


class RandomProposer:
    """Every action alike, at every step anew."""

    def __init__(self, n_actions: int, rng: np.random.Generator) -> None:
        """Take the number of actions, at least 1, and the generator to draw from."""
        _check_actions(n_actions)
        self._n_actions = n_actions
        self._rng = rng

    def propose(self, observation: NDArray[np.generic]) -> int:  # noqa: ARG002
        """A uniformly random action."""
        return int(self._rng.integers(self._n_actions))

    def reset(self) -> None:
        """Nothing to forget."""


class HeldRandomProposer:
    """A random action, held for a random number of steps: it gets further than one a step."""

    def __init__(
        self, n_actions: int, rng: np.random.Generator, low: int = 1, high: int = 30
    ) -> None:
        """Take the actions and the range of holding.

        Args:
            n_actions: at least 1.
            rng: to draw from.
            low: fewest steps an action is held, at least 1.
            high: most steps, inclusive.

        Raises:
            ValueError: a number is outside its range.
        """
        _check_actions(n_actions)
        if not 1 <= low <= high:
            raise ValueError(f"expected 1 <= low <= high, got {low} and {high}")
        self._n_actions = n_actions
        self._rng = rng
        self._low = low
        self._high = high
        self._action = 0
        self._left = 0

    def propose(self, observation: NDArray[np.generic]) -> int:  # noqa: ARG002
        """The held action, or a new one when its time is over."""
        if self._left == 0:
            self._action = int(self._rng.integers(self._n_actions))
            self._left = int(self._rng.integers(self._low, self._high, endpoint=True))
        self._left -= 1
        return self._action

    def reset(self) -> None:
        """Let go of the held action."""
        self._action = 0
        self._left = 0


class ConstantProposer:
    """Always the same action."""

    def __init__(self, action: int) -> None:
        """Take the action."""
        self._action = action

    def propose(self, observation: NDArray[np.generic]) -> int:  # noqa: ARG002
        """The action."""
        return self._action

    def reset(self) -> None:
        """Nothing to forget."""


class AgentProposer:
    """What an agent wants, with some random actions between if asked for."""

    def __init__(
        self, agent: DoubleDQN, epsilon: float = 0.0, rng: np.random.Generator | None = None
    ) -> None:
        """Take the agent, which is not changed, not even its exploration's generator.

        Args:
            agent: proposes its best action.
            epsilon: probability of a uniformly random action instead, in [0, 1].
            rng: to draw from; needed if epsilon is above 0.

        Raises:
            ValueError: epsilon is outside its range, or there is nothing to draw from.
        """
        if not 0.0 <= epsilon <= 1.0:
            raise ValueError(f"expected epsilon in [0, 1], got {epsilon}")
        if epsilon > 0.0 and rng is None:
            raise ValueError(f"expected a generator to draw from for epsilon {epsilon}, got none")
        self._agent = agent
        self._epsilon = epsilon
        self._rng = rng

    def propose(self, observation: NDArray[np.generic]) -> int:
        """The agent's best action, or a random one."""
        if self._rng is not None and self._rng.random() < self._epsilon:
            return int(self._rng.integers(self._agent.n_actions))
        return self._agent.ranking(observation)[0]

    def reset(self) -> None:
        """Nothing to forget."""


def _check_actions(n_actions: int) -> None:
    if n_actions < 1:
        raise ValueError(f"expected at least 1 action, got {n_actions}")
