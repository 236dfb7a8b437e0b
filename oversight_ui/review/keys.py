"""Which key does what in the review window, as data; keys are spelled as pygame names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from oversight_ui.review.tape import Mark

__all__ = ["GROUPS", "KEYS", "LABELS", "Action", "Command", "command_of", "key_label"]


class Action(StrEnum):
    """What a key asks for; the value is what the help calls it."""

    PLAY = "play, pause"
    BACKWARDS = "play backwards, pause"
    FASTER = "faster"
    SLOWER = "slower"
    STEP = "one step on"
    STEP_BACK = "one step back"
    LEAP = "ten steps on"
    LEAP_BACK = "ten steps back"
    FIRST = "first step"
    LAST = "last step, and follow the run"
    SAFE = "label SAFE"
    UNSAFE = "label UNSAFE"
    UNSURE = "label NOT SURE"
    SPAN = "begin a span, end it"
    REASON = "the reason for your labels"
    UNDO = "take your last change back"
    NEXT_JUMP = "next"
    PREVIOUS_JUMP = "previous"
    WORST = "worst disagreement with the Blocker, then the next"
    LESS_BAD = "the one before in that order"
    NEXT_USEFUL = "next step of the queue"
    PREVIOUS_USEFUL = "the one before in the queue"
    PANEL = "queue, agreement, history"
    SCORER = "another Blocker's scores"
    PAIR_FIRST = "compare another overseer (the first)"
    PAIR_SECOND = "compare another overseer (the second)"
    TRUTH = "show or hide the truth"
    BLIND = "hide or show labels and scores, to judge for yourself"
    ZOOM_IN = "timeline: nearer"
    ZOOM_OUT = "timeline: farther"
    CLIP = "cut a clip, MP4, of the span"
    GIF = "the same as a GIF"
    HELP = "help"
    FULL_SCREEN = "full screen"
    SCREENSHOT = "screenshot"
    CLOSE = "let the span go"
    QUIT = "leave; everything is in the log already"


@dataclass(frozen=True, slots=True)
class Command:
    """An action, and for jumps the kind of mark."""

    action: Action
    mark: Mark | None = None


LABELS = (Action.SAFE, Action.UNSAFE, Action.UNSURE)

_JUMPS: Mapping[str, Mark] = {
    "b": Mark.BLOCK,
    "c": Mark.CATASTROPHE,
    "f": Mark.FALSE_ALARM,
    "m": Mark.MISS,
    "d": Mark.DIFFERENCE,
    "n": Mark.UNSURE,
    "e": Mark.RELABEL,
    "g": Mark.REWIND,
    "l": Mark.LIFE,
}

_PLAIN: Mapping[str, Action] = {
    "space": Action.PLAY,
    "shift space": Action.BACKWARDS,
    "up": Action.FASTER,
    "+": Action.FASTER,
    "=": Action.FASTER,
    "down": Action.SLOWER,
    "-": Action.SLOWER,
    "right": Action.STEP,
    "left": Action.STEP_BACK,
    "shift right": Action.LEAP,
    "shift left": Action.LEAP_BACK,
    "home": Action.FIRST,
    "end": Action.LAST,
    "1": Action.SAFE,
    "2": Action.UNSAFE,
    "3": Action.UNSURE,
    "v": Action.SPAN,
    "r": Action.REASON,
    "u": Action.UNDO,
    "backspace": Action.UNDO,
    "ctrl z": Action.UNDO,
    "w": Action.WORST,
    "shift w": Action.LESS_BAD,
    "return": Action.NEXT_USEFUL,
    "shift return": Action.PREVIOUS_USEFUL,
    "tab": Action.PANEL,
    "o": Action.SCORER,
    "j": Action.PAIR_FIRST,
    "k": Action.PAIR_SECOND,
    "t": Action.TRUTH,
    "h": Action.BLIND,
    ".": Action.ZOOM_IN,
    ",": Action.ZOOM_OUT,
    "x": Action.CLIP,
    "shift x": Action.GIF,
    "f1": Action.HELP,
    "?": Action.HELP,
    "f11": Action.FULL_SCREEN,
    "f12": Action.SCREENSHOT,
    "escape": Action.CLOSE,
    "q": Action.QUIT,
}

KEYS: Mapping[str, Command] = MappingProxyType(
    {
        **{name: Command(action) for name, action in _PLAIN.items()},
        **{name: Command(Action.NEXT_JUMP, mark) for name, mark in _JUMPS.items()},
        **{f"shift {name}": Command(Action.PREVIOUS_JUMP, mark) for name, mark in _JUMPS.items()},
        "page down": Command(Action.NEXT_JUMP, Mark.EPISODE),
        "page up": Command(Action.PREVIOUS_JUMP, Mark.EPISODE),
    }
)
"""From a key's name, with "shift " or "ctrl " before it, to what it does."""

GROUPS: Mapping[str, tuple[Command, ...]] = {
    "Play": tuple(
        Command(action)
        for action in (
            *(Action.PLAY, Action.BACKWARDS, Action.FASTER, Action.SLOWER, Action.STEP),
            *(Action.STEP_BACK, Action.LEAP, Action.LEAP_BACK, Action.FIRST, Action.LAST),
        )
    ),
    "Jump (with SHIFT: the one before)": (
        *(Command(Action.NEXT_JUMP, mark) for mark in _JUMPS.values()),
        Command(Action.NEXT_JUMP, Mark.EPISODE),
        Command(Action.WORST),
        Command(Action.NEXT_USEFUL),
    ),
    "Label": tuple(
        Command(action)
        for action in (*LABELS, Action.SPAN, Action.REASON, Action.UNDO, Action.CLOSE)
    ),
    "Look": tuple(
        Command(action)
        for action in (
            *(Action.PANEL, Action.SCORER, Action.PAIR_FIRST, Action.PAIR_SECOND, Action.TRUTH),
            *(Action.BLIND, Action.ZOOM_IN, Action.ZOOM_OUT, Action.CLIP, Action.GIF),
            *(Action.FULL_SCREEN, Action.SCREENSHOT, Action.HELP, Action.QUIT),
        )
    ),
}
"""The help's columns."""

_SHORT = {
    "escape": "ESC",
    "return": "ENTER",
    "page down": "PG DN",
    "page up": "PG UP",
    "right": "RIGHT",
    "backspace": "BACKSP",
}


def command_of(names: Iterable[str]) -> Command | None:
    """The command of a key that goes by any of these names, or None if it has none."""
    return next((KEYS[name] for name in names if name in KEYS), None)


def key_label(command: Command) -> str:
    """The first key of a command as people read it, such as "SHIFT SPACE"; "-" if it has none."""
    name = next((name for name, bound in KEYS.items() if bound == command), "-")
    held, _, key = name.rpartition(" ") if name.startswith(("shift ", "ctrl ")) else ("", "", name)
    return " ".join(filter(None, (held.upper(), _SHORT.get(key, key.upper()))))
