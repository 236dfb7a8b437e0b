"""What one step of learning reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["LearnStep"]


@dataclass(frozen=True, slots=True)
class LearnStep:
    """What one agent step of learning brought.

    Attributes:
        step: agent steps of this agent so far, this one included.
        reward: what the agent was paid. After a rewind (`info["oversight"]["rewound"]`) it is of
            the step done anew, and what the undone steps paid no longer counts.
        done: the episode ended, by the game or by a time limit.
        info: the environment's, of this step.
        epsilon: probability of a random proposal from now on.
        updates: updates of the network so far.
        loss: of the newest update; None before the first.
    """

    step: int
    reward: float
    done: bool
    info: Mapping[str, Any]
    epsilon: float
    updates: int
    loss: float | None
