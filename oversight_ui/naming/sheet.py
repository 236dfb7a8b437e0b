"""What a person is asked, and what they answer: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST", "SCREEN", "Answer", "Left", "Pair", "Sheet"]

SCREEN: Final = (210, 160)
"""The Atari's screen, height and width."""
LARGEST: Final = 12
"""Pairs on a sheet, at most: as many as there are keys in the row of digits."""


class Left(Exception):  # noqa: N818 - an event, as OverseerGone is
    """The person has closed the window or left by its key; the sheet shown is not answered.

    Attributes:
        seconds: of attention that the unanswered sheet took.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__("the person has left")
        self.seconds = seconds


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two screens, one agent step apart.

    Attributes:
        before: uint8 (210, 160), palette indices: the earlier one.
        now: the same: the one that is judged.
        over: the game ended with it.

    Raises:
        ValueError: a screen of another shape or kind.
    """

    before: NDArray[np.uint8]
    now: NDArray[np.uint8]
    over: bool

    def __post_init__(self) -> None:
        for screen in (self.before, self.now):
            if screen.shape != SCREEN or screen.dtype != np.uint8:
                raise ValueError(f"expected uint8 {SCREEN}, got {screen.dtype} {screen.shape}")


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Pairs that are shown together.

    Attributes:
        pairs: 1 to 12.
        marked: what is marked when it opens; the old answers when it is shown again.
        number: of the sheet, from 1.
        seconds: of attention that were spent on the sheets so far.
        allowed: seconds of attention that were planned in all.

    Raises:
        ValueError: too few or too many pairs, or not one mark for each.
    """

    pairs: tuple[Pair, ...]
    marked: tuple[bool, ...]
    number: int
    seconds: float
    allowed: float

    def __post_init__(self) -> None:
        if not 1 <= len(self.pairs) <= LARGEST:
            raise ValueError(f"expected 1 to {LARGEST} pairs, got {len(self.pairs)}")
        if len(self.marked) != len(self.pairs):
            raise ValueError(f"expected {len(self.pairs)} marks, got {len(self.marked)}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says of a sheet.

    Attributes:
        bad: one for each pair.
        seconds: of attention that this showing took, as `clock` counts it.
        back: the sheet before is wanted again; `bad` is then what was marked so far.
    """

    bad: tuple[bool, ...]
    seconds: float
    back: bool = False
