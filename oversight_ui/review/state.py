"""What a review is at one moment, and what can happen to it: plain data, no rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from oversight.types import Verdict
from oversight_ui.review.keys import Command, ReviewKeys
from oversight_ui.review.tape import Tape

__all__ = [
    "ENTER",
    "LEAVE",
    "NOTICE_SECONDS",
    "REASONS",
    "RUB_OUT",
    "SPEEDS",
    "ZOOMS",
    "Change",
    "Effect",
    "Event",
    "Export",
    "FullScreen",
    "Loaded",
    "Mode",
    "Panel",
    "Press",
    "Quit",
    "Relabel",
    "Seek",
    "Shoot",
    "Show",
    "State",
    "TakeBack",
    "TakenBack",
    "Tick",
    "Told",
    "Written",
    "Zoom",
    "span_of",
]

SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 240.0, 480.0)
"""Agent steps a second to play at; 15 is the console's own speed at four frames a step."""
ZOOMS = (40, 80, 160, 320, 640, 1280, 2560)
"""Steps that the near timeline shows."""
REASONS = (
    "reviewed",
    "key came late",
    "missed it",
    "needless block",
    "meant another step",
    "cannot be told",
)
"""Reasons to pick by a digit; any other may be typed."""
NOTICE_SECONDS = 4.0
ENTER, RUB_OUT, LEAVE = "\r", "\b", "\x1b"
"""What the keys of these names type."""


class Mode(StrEnum):
    """What the keys mean."""

    WATCH = "watch"
    REASON = "reason"
    HELP = "help"


class Panel(StrEnum):
    """What stands on the right."""

    QUEUE = "queue"
    AGREEMENT = "agreement"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Change:
    """One of the reviewer's changes, for undo.

    Attributes:
        number: by which the log knows it.
        step_ids: of the steps.
        reason: that was given.
    """

    number: int
    step_ids: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class State:
    """All there is to know between two events.

    Attributes:
        tape: what is reviewed.
        at: row of the step shown; 0 while there is none.
        mode: what the keys mean.
        panel: what stands on the right.
        direction: 1 plays, -1 plays backwards, 0 stands still.
        speed: steps a second, one of `SPEEDS`.
        part: how much of the step's time is over, in [0, 1).
        follow: new steps of a running run are shown as they come.
        anchor: where the span begins; None without one.
        zoom: steps that the near timeline shows, one of `ZOOMS`.
        left: its first row.
        reason: of the labels that are given from here on.
        draft: the reason that is being typed.
        changes: for undo, oldest first.
        queued: number of the queue's entry that was looked at last; -1 before the first.
        ranked: the same for the disagreements by loss.
        truth: the emulator's truth is shown.
        blind: labels and scores are hidden.
        notice: the last thing to say.
        notice_until: when it has been read.
        now: time of the last event, seconds.
        keys: which key does what, for what is said about keys.
    """

    tape: Tape
    at: int = 0
    mode: Mode = Mode.WATCH
    panel: Panel = Panel.QUEUE
    direction: int = 0
    speed: float = 8.0
    part: float = 0.0
    follow: bool = False
    anchor: int | None = None
    zoom: int = 160
    left: int = 0
    reason: str = REASONS[0]
    draft: str = ""
    changes: tuple[Change, ...] = ()
    queued: int = -1
    ranked: int = -1
    truth: bool = False
    blind: bool = False
    notice: str = ""
    notice_until: float = 0.0
    now: float = 0.0
    keys: ReviewKeys = field(default_factory=ReviewKeys)


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Press:
    """A key or a button of the window.

    Attributes:
        command: what it is bound to.
        text: the character it types, if any; named below for keys that type none.
        again: it has stayed down, and this is a repetition.
    """

    command: Command | None
    text: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Seek:
    """The mouse points at a step, on a timeline or in the queue.

    Attributes:
        row: of the step.
        spanning: everything from where the last plain click was belongs to a span.
        queued: the entry of the queue that was clicked, if it was one.
    """

    row: int
    spanning: bool = False
    queued: int | None = None


@dataclass(frozen=True, slots=True)
class Zoom:
    """The wheel was turned over the timeline: 1 nearer, -1 farther."""

    change: int


@dataclass(frozen=True, slots=True)
class Show:
    """The mouse has chosen a panel."""

    panel: Panel


@dataclass(frozen=True, slots=True)
class Loaded:
    """The log holds something new, or something else of it is shown."""

    tape: Tape


@dataclass(frozen=True, slots=True)
class Written:
    """The log holds a change that was asked for."""

    change: Change


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The log holds the undo of a change that was asked for."""

    change: Change


@dataclass(frozen=True, slots=True)
class Told:
    """Something outside has to be said, such as where a clip was written."""

    text: str


Event = Tick | Press | Seek | Zoom | Show | Loaded | Written | TakenBack | Told


@dataclass(frozen=True, slots=True)
class Relabel:
    """To be written to the log at once.

    Attributes:
        step_ids: of the steps.
        verdict: what holds for them from now on.
        reason: why.
    """

    step_ids: tuple[int, ...]
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class TakeBack:
    """A change to be undone in the log, by rows of its own."""

    change: Change


@dataclass(frozen=True, slots=True)
class Export:
    """A clip of these rows, inclusive."""

    first: int
    last: int
    gif: bool


@dataclass(frozen=True, slots=True)
class Shoot:
    """A picture of the window."""


@dataclass(frozen=True, slots=True)
class FullScreen:
    """The whole screen, or the window again."""


@dataclass(frozen=True, slots=True)
class Quit:
    """The review is over."""


Effect = Relabel | TakeBack | Export | Shoot | FullScreen | Quit


def span_of(state: State) -> tuple[int, int]:
    """First and last row of the span, inclusive; the step shown if there is none."""
    if state.anchor is None:
        return state.at, state.at
    return min(state.anchor, state.at), max(state.anchor, state.at)
