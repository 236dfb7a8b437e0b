"""Which key does what, as data; keys are spelled as pygame names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

__all__ = ["CARD_KEYS", "HELD", "HELP", "HINTS", "KEYS", "Command", "card_of", "command_of"]


class Command(StrEnum):
    """What a key asks for."""

    DONE = "done"
    BACK = "back"
    TOGGLE = "toggle"
    ALL = "all"
    UP = "up"
    DOWN = "down"
    LEFT = "left"
    RIGHT = "right"
    BEFORE = "before"
    BLINK = "blink"
    CLOSER = "closer"
    PAUSE = "pause"
    HELP = "help"
    FULL_SCREEN = "full screen"
    SCREENSHOT = "screenshot"
    BIGGER = "bigger"
    SMALLER = "smaller"
    LEAVE = "leave"


HELD: Final = (Command.BEFORE, Command.CLOSER)
"""Commands that last as long as their key is down."""

CARD_KEYS: Final = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "-", "=")
"""The key of each card: the keyboard's upper row."""

KEYS: Mapping[str, Command] = MappingProxyType(
    {
        "return": Command.DONE,
        "enter": Command.DONE,
        "backspace": Command.BACK,
        "space": Command.TOGGLE,
        "a": Command.ALL,
        "up": Command.UP,
        "down": Command.DOWN,
        "left": Command.LEFT,
        "right": Command.RIGHT,
        "b": Command.BEFORE,
        "f": Command.BLINK,
        "z": Command.CLOSER,
        "p": Command.PAUSE,
        "f1": Command.HELP,
        "?": Command.HELP,
        "f11": Command.FULL_SCREEN,
        "f12": Command.SCREENSHOT,
        "f3": Command.BIGGER,
        "f2": Command.SMALLER,
        "q": Command.LEAVE,
        "escape": Command.LEAVE,
    }
)

HINTS: Final = (
    ("CLICK or 1 ... 9 0 - =", "mark"),
    ("ENTER", "next sheet"),
    ("F1", "help"),
    ("BACKSPACE", "sheet before"),
    ("F", "blink"),
    ("B", "before"),
    ("Z", "closer"),
    ("A", "all"),
    ("P", "pause"),
    ("Q", "leave"),
)
"""What the line of keys says, the most needed first: a narrow window shows fewer."""

HELP: Final = (
    ("CLICK", "mark a pair as bad, or take the mark away"),
    ("1 ... 9 0 - =", "the same by its number; 0, - and = are 10, 11 and 12"),
    ("ARROWS  SPACE", "the same by the white frame"),
    ("A", "mark all; if all are marked, none"),
    ("ENTER", "done: what is not marked is fine; the next sheet"),
    ("BACKSPACE", "the sheet before again"),
    ("F", "before and now by turns in one place; again: beside each other"),
    ("hold B", "before in the place of now: let go, and what moves leaps"),
    ("hold Z", "the card in the white frame alone, large (or the right button)"),
    ("P", "pause: the clock stands, the cards are covered"),
    ("F2  F3", "smaller words, larger words"),
    ("F11  F12", "full screen; save a picture of the window"),
    ("Q  Q", "leave; this sheet is then not answered"),
)
"""Keys and what they do, for the help."""


def command_of(names: Iterable[str]) -> Command | None:
    """The command of a key that goes by any of these names, if it has one."""
    return next((KEYS[name] for name in names if name in KEYS), None)


def card_of(names: Iterable[str]) -> int | None:
    """The card, from 0, of a key that goes by any of these names, if it has one."""
    plain = [name.strip("[]") for name in names]  # the keypad's are spelled [1]
    return next((CARD_KEYS.index(name) for name in plain if name in CARD_KEYS), None)
