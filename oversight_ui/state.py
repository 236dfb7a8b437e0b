"""What a session is at one moment, and what can happen to it: plain data, no rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from oversight_ui.keymap import Command

__all__ = [
    "PACES",
    "PAST_KEPT",
    "UNDO_KEPT",
    "Begun",
    "Ended",
    "Event",
    "Focus",
    "KeyDown",
    "KeyUp",
    "Mode",
    "Past",
    "Pending",
    "Settings",
    "Shown",
    "State",
    "Tick",
    "Watching",
    "WindowClosed",
    "idle_in",
    "start_in",
    "time_left",
]

PACES = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 11.0, 15.0)
"""Agent steps a second to choose from; 15 is Pong's own speed (60 frames, 4 a step)."""
PAST_KEPT = 64
"""Answers kept for drawing."""
UNDO_KEPT = 1000
"""How many of a key's decisions undo can reach back."""


class Mode(StrEnum):
    """What the session is doing; only JUDGING lets silence approve."""

    START = "start"
    JUDGING = "judging"
    PAUSED = "paused"
    IDLE = "idle"
    UNFOCUSED = "unfocused"
    HELP = "help"
    SPECTATING = "spectating"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Settings:
    """What may be set for a session.

    Attributes:
        pace: agent steps a second at the start; one of `PACES`.
        idle_seconds: without input for so long the game stops and asks whether you are there.
        hold_seconds: the block key counts as held from here on; a tap is 0.1 s, rarely 0.2 s.
        gap_seconds: a longer gap between two calls restarts the time of the step shown.
    """

    pace: float = 4.0
    idle_seconds: float = 20.0
    hold_seconds: float = 0.25
    gap_seconds: float = 0.5

    def __post_init__(self) -> None:
        if self.pace not in PACES:
            raise ValueError(f"expected a pace among {PACES}, got {self.pace:g}")
        if not self.idle_seconds > 0:
            raise ValueError(f"expected idle seconds above 0, got {self.idle_seconds:g}")


@dataclass(frozen=True, slots=True)
class Pending:
    """The step that waits for an answer.

    Attributes:
        shown_at: when it was first on the screen; reaction times count from here.
        clock_from: its time to be approved by silence counts from here.
        attention: seconds it has held the person's attention, stops excluded.
        stepped: it appeared during a pause, so its attention counts in the pause too.
    """

    serial: int
    step_id: int
    action: int
    shown_at: float
    clock_from: float
    attention: float = 0.0
    stepped: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """A step that was answered."""

    step_id: int
    action: int
    blocked: bool
    by_key: bool
    at: float
    undone: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """All there is to know between two events.

    Attributes:
        back: where help returns to.
        held_since: when the block key went down, None while it is up.
        latched: the block key was tapped between two steps.
        begin_until: when the start screen's countdown is over; None if none runs.
        last_input: when the person last pressed something.
        now: time of the last event.
        last_serial: of the last proposal that was shown.
        past: the last answers, oldest first.
        undoable: step_ids that keys decided and undo has not taken back, oldest first.
        attention: seconds of attention over all answered steps.
    """

    settings: Settings = field(default_factory=Settings)
    mode: Mode = Mode.START
    back: Mode = Mode.JUDGING
    pace: float = 4.0
    pending: Pending | None = None
    held_since: float | None = None
    latched: bool = False
    begin_until: float | None = None
    last_input: float = 0.0
    now: float = 0.0
    last_serial: int = -1
    past: tuple[Past, ...] = ()
    undoable: tuple[int, ...] = ()
    attention: float = 0.0

    @classmethod
    def fresh(cls, settings: Settings, now: float) -> State:
        """The state of a window that has just opened."""
        return cls(settings=settings, pace=settings.pace, now=now, last_input=now)


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class KeyDown:
    """A key or mouse button went down; None is one without a command."""

    command: Command | None = None


@dataclass(frozen=True, slots=True)
class KeyUp:
    """A key went up."""

    command: Command | None = None


@dataclass(frozen=True, slots=True)
class Focus:
    """The window got or lost the keyboard."""

    here: bool


@dataclass(frozen=True, slots=True)
class Begun:
    """The run asks whether somebody is there."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Shown:
    """A proposal is on the screen now."""

    serial: int
    step_id: int
    action: int


@dataclass(frozen=True, slots=True)
class Watching:
    """Another overseer judges now."""


@dataclass(frozen=True, slots=True)
class WindowClosed:
    """The person closed the window."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The run ended the session."""


Event = Tick | KeyDown | KeyUp | Focus | Begun | Shown | Watching | WindowClosed | Ended


def time_left(state: State) -> float | None:
    """Share of the step's time that is left before silence approves, in [0, 1], or None."""
    if state.mode is not Mode.JUDGING or state.pending is None:
        return None
    gone = (state.now - state.pending.clock_from) * state.pace
    return min(1.0, max(0.0, 1.0 - gone))


def idle_in(state: State) -> float:
    """Seconds until the game stops for want of input."""
    return max(0.0, state.last_input + state.settings.idle_seconds - state.now)


def start_in(state: State) -> float | None:
    """Seconds until the start screen gives up; None if no countdown runs."""
    return None if state.begin_until is None else max(0.0, state.begin_until - state.now)
