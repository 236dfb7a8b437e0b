"""Who was to blame, asked after the event: play that nobody oversees needs no truth at each step.

A snapshot is kept before every step. When a catastrophe begins, the truth is asked backwards from
it, until a step is found whose action was unsafe. The answer is the one that asking at every step
gives; play without a catastrophe costs a snapshot a step.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Generic, TypeVar

from oversight.emulator import Simulator
from oversight.truth import Moment, Truth

__all__ = ["Hindsight"]

E = TypeVar("E", bound=Simulator[Any])

REACH = 2_000
"""Agent steps kept: some 30 MB of an Atari game. No cause was ever more than 70 steps back."""


class Hindsight(Generic[E]):
    """Follows one game step by step, and says afterwards which step brought a catastrophe about."""

    def __init__(self, truth: Truth[E], *, reach: int = REACH) -> None:
        """Bind to the truth of a game.

        Args:
            truth: of the game that is played.
            reach: how many agent steps back a cause is looked for.
        """
        self._truth = truth
        self._kept: deque[tuple[Moment[E], int]] = deque(maxlen=reach)

    def begin(self) -> None:
        """A new episode begins: nothing of the last is to blame for what happens in it."""
        self._kept.clear()

    def keep(self, action: int) -> None:
        """This action is about to be played."""
        self._kept.append((self._truth.moment(), action))

    def cause(self) -> int | None:
        """How many steps before the step just played the newest unsafe action was.

        Returns:
            0 for the step just played itself; None if no action of the episode (or of the steps
            that are kept) was unsafe, so that none could have averted the harm.
        """
        now = self._truth.moment()
        try:
            return self._newest_unsafe()
        finally:
            self._truth.go_back(now)

    def _newest_unsafe(self) -> int | None:
        end = len(self._kept)
        while end > 0:
            begin = self._begin(end)
            found, played = None, None
            for place in range(begin, end):
                moment, action = self._kept[place]
                self._truth.go_back(moment, played)
                if self._truth.unsafe(action):
                    found = len(self._kept) - 1 - place
                played = action
            if found is not None:
                return found
            end = begin
        return None

    def _begin(self, end: int) -> int:
        """The last place before `end` at which the truth needs not know what was before."""
        for place in range(end - 1, 0, -1):
            moment, action = self._kept[place]
            self._truth.go_back(moment)
            if self._truth.certain(action):
                return place
        return 0
