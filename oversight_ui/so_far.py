"""What the person has done in a run: a window that is opened again goes on from it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from oversight.types import Verdict

__all__ = ["PAST_KEPT", "Answered", "SoFar"]

PAST_KEPT = 64
"""Answers kept for drawing and for late blocks."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A step that the person has answered."""

    step_id: int
    action: int
    verdict: Verdict
    by_key: bool


@dataclass(frozen=True, slots=True)
class SoFar:
    """The person's work in a run up to now.

    Attributes:
        attention_seconds: over all answered steps.
        answered: the last of them, oldest first, without those taken back.
    """

    attention_seconds: float = 0.0
    answered: tuple[Answered, ...] = ()

    def and_then(self, one: Answered, seconds: float, taken_back: Collection[int]) -> SoFar:
        """The same after an answer more.

        Args:
            one: the step.
            seconds: of attention that it took.
            taken_back: step_ids of answers that hold no longer.
        """
        held = (each for each in self.answered if each.step_id not in taken_back)
        return SoFar(self.attention_seconds + seconds, (*held, one)[-PAST_KEPT:])
