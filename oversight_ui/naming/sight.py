"""What the window draws, gathered in one place: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from oversight_ui.naming.part import Part, enlarged
from oversight_ui.naming.sheet import Sheet
from oversight_ui.naming.state import State

__all__ = ["BLINK_SECONDS", "Enlarger", "Sight", "shows_before"]

BLINK_SECONDS: Final = (0.4, 0.6)
"""How long the earlier and the later screen are shown by turns."""
_KEPT: Final = 100
"""Pictures: those of a sheet in both ways to show it, large and small."""


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """All that is drawn.

    Attributes:
        sheet: what is asked.
        state: of its showing.
        question: what to mark.
        part: of the screens.
        text: size of the words, times their usual one.
        word: the window's own word, about a screenshot; empty for none.
    """

    sheet: Sheet
    state: State
    question: str
    part: Part
    text: float = 1.0
    word: str = ""


class Enlarger:
    """Enlarges screens, and keeps what it made for the sheet that it saw last."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, bool, tuple[int, int]], bytes] = {}
        self._of: tuple[Sheet, Part] | None = None

    def picture(self, sight: Sight, place: int, size: tuple[int, int], *, before: bool) -> bytes:
        """A card's screen, three bytes a pixel.

        Args:
            sight: what is drawn.
            place: the card.
            size: height and width wanted.
            before: the earlier screen is wanted.
        """
        if self._of is None or self._of[0] is not sight.sheet or self._of[1] != sight.part:
            self._kept, self._of = {}, (sight.sheet, sight.part)
        if len(self._kept) > _KEPT:
            self._kept = {}
        key = (place, before, size)
        if key not in self._kept:
            pair = sight.sheet.pairs[place]
            colours: NDArray[np.uint8] = sight.part.colours(pair.before if before else pair.now)
            self._kept[key] = enlarged(colours, size).tobytes()
        return self._kept[key]


def shows_before(state: State) -> bool:
    """Whether the later screen's place shows the earlier one now."""
    if state.before or not state.blink:
        return state.before
    return state.now % sum(BLINK_SECONDS) < BLINK_SECONDS[0]
