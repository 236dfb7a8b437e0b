"""The clock of attention: counts while the cards can be seen and somebody is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

__all__ = ["LONGEST_SILENCE", "Clock"]

LONGEST_SILENCE: Final = 30.0
"""Seconds without any input after which nobody is taken to look."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds of attention.

    Attributes:
        seconds: counted so far.
        silence: seconds that were counted since the last input.
    """

    seconds: float = 0.0
    silence: float = 0.0

    def after(self, elapsed: float, *, looking: bool) -> Clock:
        """Some time later.

        Args:
            elapsed: seconds.
            looking: the cards were to be seen in them.
        """
        if not looking:
            return self
        counted = min(elapsed, LONGEST_SILENCE - self.silence)
        return Clock(self.seconds + counted, self.silence + counted)

    def heard(self) -> Clock:
        """An input came."""
        return replace(self, silence=0.0)
