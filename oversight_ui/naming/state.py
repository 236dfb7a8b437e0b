"""What a showing of a sheet is at one moment, and what can happen to it: plain data, no rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from oversight_ui.naming.clock import Clock
from oversight_ui.naming.keys import Command

__all__ = [
    "Click",
    "Event",
    "Focus",
    "Look",
    "Mode",
    "Moved",
    "Press",
    "Release",
    "State",
    "Tick",
    "Wish",
]


class Mode(StrEnum):
    """What the keys mean."""

    MARK = "mark"
    HELP = "help"
    PAUSE = "pause"
    LEAVING = "leaving"


@dataclass(frozen=True, slots=True)
class State:
    """All there is to know between two events.

    Attributes:
        marked: one for each card.
        now: time of the last event, seconds.
        cursor: the card in the white frame.
        mode: what the keys mean.
        focused: the window has the keyboard.
        blink: before and now are shown by turns in one place.
        before: the earlier screen is shown in the later one's place, as long as a key is down.
        closer: the cursor's card is shown alone, as long as a key is down.
        clock: attention to this showing.
    """

    marked: tuple[bool, ...]
    now: float = 0.0
    cursor: int = 0
    mode: Mode = Mode.MARK
    focused: bool = True
    blink: bool = False
    before: bool = False
    closer: bool = False
    clock: Clock = field(default_factory=Clock)

    @property
    def looking(self) -> bool:
        """Whether the cards can be seen and marked."""
        return self.focused and self.mode is Mode.MARK


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The mouse has moved: somebody is there."""


@dataclass(frozen=True, slots=True)
class Focus:
    """The window has got or lost the keyboard."""

    here: bool


@dataclass(frozen=True, slots=True)
class Press:
    """A key.

    Attributes:
        command: what it asks for, if anything.
        card: the card that it names, from 0, if any.
        columns: cards that now stand beside each other, for the arrows.
    """

    command: Command | None = None
    card: int | None = None
    columns: int = 1


@dataclass(frozen=True, slots=True)
class Release:
    """A key is up again."""

    command: Command | None = None


@dataclass(frozen=True, slots=True)
class Click:
    """The left button, on a card or beside them."""

    card: int | None


@dataclass(frozen=True, slots=True)
class Look:
    """The right button, on a card or beside them: it is shown alone until the button is up."""

    card: int | None


Event = Tick | Moved | Focus | Press | Release | Click | Look


class Wish(StrEnum):
    """What the window is to do."""

    DONE = "done"
    BACK = "back"
    LEAVE = "leave"
    FULL_SCREEN = "full screen"
    SCREENSHOT = "screenshot"
    BIGGER = "bigger"
    SMALLER = "smaller"
