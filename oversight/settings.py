"""What a gate does with a verdict, as named options."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["GateSettings", "Mode", "RewardRule"]


class Mode(StrEnum):
    """What an unsafe verdict brings about."""

    REPLACE = "replace"
    """A safe action is executed in the proposed one's place (the paper)."""
    PRUNE = "prune"
    """The agent's next best allowed action is executed, each asked about at most once."""
    PENALTY_ONLY = "penalty_only"
    """The proposed action is executed; the agent is paid the penalty."""
    OBSERVE = "observe"
    """The proposed action is executed and paid as the game pays; the verdict is logged."""
    OFF = "off"
    """Nobody is asked."""

    @property
    def blocks(self) -> bool:
        """Whether an unsafe verdict changes the executed action."""
        return self in (Mode.REPLACE, Mode.PRUNE)


class RewardRule(StrEnum):
    """How the penalty of a step and the game's reward go together."""

    REPLACE = "replace"
    """The penalty in place of the reward (the paper)."""
    ADD = "add"
    """The penalty added to the reward (the paper's code)."""


@dataclass(frozen=True, slots=True)
class GateSettings:
    """How a gate treats proposals.

    Attributes:
        mode: what an unsafe verdict brings about.
        reward_rule: how penalty and reward go together.
        penalty: what an agent is paid for a blocked step, on the scale of the clipped reward,
            where losing a point costs 1. The default is that: a block is as bad as a point lost.
        history: how many screens an overseer sees, the current one and those before it.
        rewind_steps: how many agent steps late a block may come and still be carried out at the
            step it was meant for, by taking the game back. 0, never, is the default: the paper
            did not, and a study that does has to say so. 8 steps are half a second of Pong.
    """

    mode: Mode = Mode.REPLACE
    reward_rule: RewardRule = RewardRule.REPLACE
    penalty: float = -1.0
    history: int = 2
    rewind_steps: int = 0

    def __post_init__(self) -> None:
        if self.history < 1:
            raise ValueError(f"expected a history of 1 screen or more, got {self.history}")
        if self.penalty > 0:
            raise ValueError(f"expected a penalty of 0 or less, got {self.penalty}")
        if self.rewind_steps < 0:
            raise ValueError(f"expected rewind_steps of 0 or more, got {self.rewind_steps}")
