"""Which key does what in the review window, as data; keys are spelled as pygame names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from oversight_ui.keymap import rebound
from oversight_ui.review.tape import Mark

__all__ = [
    "GROUPS",
    "KEYS",
    "LABELS",
    "ONCE",
    "Action",
    "Command",
    "HelpRow",
    "ReviewKeys",
    "command_name",
    "remapped",
]


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
    LAST = "last step; follows the run"
    SAFE = "label SAFE"
    UNSAFE = "label UNSAFE"
    UNSURE = "label NOT SURE"
    SPAN = "begin a span, end it"
    REASON = "reason for your labels"
    UNDO = "take your last change back"
    NEXT_JUMP = "next"
    PREVIOUS_JUMP = "previous"
    WORST = "worst disagreement with the Blocker"
    LESS_BAD = "the one before in that order"
    NEXT_USEFUL = "next step of the queue"
    PREVIOUS_USEFUL = "the one before in the queue"
    PANEL = "queue, agreement, history"
    SCORER = "another Blocker's scores"
    PAIR_FIRST = "compare another first overseer"
    PAIR_SECOND = "compare another second overseer"
    TRUTH = "show or hide the truth"
    BLIND = "hide labels and scores"
    ZOOM_IN = "nearer timeline"
    ZOOM_OUT = "farther timeline"
    CLIP = "cut a clip of the span, MP4"
    GIF = "the same as a GIF"
    HELP = "help"
    FULL_SCREEN = "full screen"
    SCREENSHOT = "screenshot"
    CLOSE = "let the span go"
    QUIT = "leave; all is in the log"


@dataclass(frozen=True, slots=True)
class Command:
    """An action, and for jumps the kind of mark."""

    action: Action
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class HelpRow:
    """A line of the help: some commands, and what their keys do."""

    commands: tuple[Command, ...]
    words: str


LABELS = (Action.SAFE, Action.UNSAFE, Action.UNSURE)
ONCE = (*LABELS, Action.UNDO, Action.CLIP, Action.GIF, Action.SCREENSHOT)
"""What is written, so once for each time that a key goes down, however long it stays there."""

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


def _rows(*rows: tuple[tuple[Action, ...], str]) -> tuple[HelpRow, ...]:
    return tuple(HelpRow(tuple(Command(action) for action in row), words) for row, words in rows)


GROUPS: Mapping[str, tuple[HelpRow, ...]] = {
    "PLAY": _rows(
        ((Action.PLAY,), "play, pause"),
        ((Action.BACKWARDS,), "play backwards"),
        ((Action.FASTER, Action.SLOWER), "faster, slower"),
        ((Action.STEP, Action.STEP_BACK), "one step on, back"),
        ((Action.LEAP, Action.LEAP_BACK), "ten steps on, back"),
        ((Action.FIRST, Action.LAST), "first; last, follow the run"),
    ),
    "LOOK": _rows(
        ((Action.PANEL,), "queue, agreement, history"),
        ((Action.SCORER,), "another Blocker's scores"),
        ((Action.PAIR_FIRST, Action.PAIR_SECOND), "compare others"),
        ((Action.TRUTH,), "show the truth, hide it"),
        ((Action.BLIND,), "hide labels and scores"),
        ((Action.ZOOM_IN, Action.ZOOM_OUT), "timeline nearer, farther"),
        ((Action.CLIP, Action.GIF), "cut a clip: MP4, GIF"),
        ((Action.FULL_SCREEN, Action.SCREENSHOT), "full screen, screenshot"),
        ((Action.HELP, Action.QUIT), "help; leave: all is in the log"),
    ),
    "LABEL (A STEP OR A SPAN)": _rows(
        ((Action.SAFE, Action.UNSAFE, Action.UNSURE), "SAFE, UNSAFE, NOT SURE"),
        ((Action.SPAN, Action.CLOSE), "begin a span, let it go"),
        ((Action.REASON,), "the reason you give"),
        ((Action.UNDO,), "take your last change back"),
    ),
    "JUMP (WITH SHIFT: BACK)": (
        *(HelpRow((Command(Action.NEXT_JUMP, mark),), mark.value) for mark in _JUMPS.values()),
        HelpRow(
            (Command(Action.NEXT_JUMP, Mark.EPISODE), Command(Action.PREVIOUS_JUMP, Mark.EPISODE)),
            "next, last episode",
        ),
        *_rows(
            ((Action.WORST,), "worst disagreement"),
            ((Action.NEXT_USEFUL,), "next of the queue"),
        ),
    ),
}
"""The help, in four parts."""

_SHORT = {
    "escape": "ESC",
    "return": "ENTER",
    "page down": "PG DN",
    "page up": "PG UP",
    "right": ">",
    "left": "<",
    "backspace": "BACKSP",
}


@dataclass(frozen=True)
class ReviewKeys:
    """Looks keys up.

    Attributes:
        keys: from a key's name, with "shift " or "ctrl " before it, to its command.
    """

    keys: Mapping[str, Command] = field(default_factory=lambda: KEYS)

    def command(self, names: Iterable[str]) -> Command | None:
        """The command of a key that goes by any of these names, or None if it has none."""
        return next((self.keys[name] for name in names if name in self.keys), None)

    def label(self, command: Command) -> str:
        """The first key of a command as people read it, such as "SHIFT SPACE", or "-"."""
        name = next((name for name, bound in self.keys.items() if bound == command), "-")
        with_other = name.startswith(("shift ", "ctrl "))
        held, _, key = name.rpartition(" ") if with_other else ("", "", name)
        return " ".join(filter(None, (held.upper(), _SHORT.get(key, key.upper()))))


def command_name(command: Command) -> str:
    """How a settings file calls a command, such as `safe` or `next_block`."""
    if command.mark is None:
        return command.action.name.lower()
    return f"{command.action.name.removesuffix('_JUMP')}_{command.mark.name}".lower()


def remapped(table: object) -> ReviewKeys:
    """The key map of a settings file's table, from commands' names to their keys.

    Commands that it does not name keep their keys, but for those given to others.

    Raises:
        TypeError: it is no table.
        ValueError: an unknown command, a key given twice, or none left for leaving.
    """
    names = {command_name(command): command for command in KEYS.values()}
    keys = rebound(table, "review_keys", names, KEYS)
    if Command(Action.QUIT) not in keys.values():
        raise ValueError("expected a key for quit in [review_keys]: give it one")
    return ReviewKeys(keys)
