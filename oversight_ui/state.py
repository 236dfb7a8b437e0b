"""What a session is at one moment, and what can happen to it: plain data, no rules."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from oversight.types import Hint
from oversight_ui.keymap import Command
from oversight_ui.so_far import PAST_KEPT, SoFar
from oversight_ui.steps import Past, Pending

__all__ = [
    "PACES",
    "UNDO_KEPT",
    "Begun",
    "Choose",
    "Ended",
    "Event",
    "Focus",
    "KeyDown",
    "KeyUp",
    "Mode",
    "Settings",
    "Shown",
    "State",
    "Tick",
    "Watching",
    "Way",
    "WindowClosed",
    "idle_in",
    "start_in",
    "time_left",
]

PACES = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 11.0, 15.0)
"""Agent steps a second to choose from; 15 is Pong's own speed (60 frames, 4 a step)."""
UNDO_KEPT = 1000
"""How many of a key's decisions undo can reach back."""


class Mode(StrEnum):
    """What the session is doing; only JUDGING lets silence approve."""

    START = "start"
    JUDGING = "judging"
    PAUSED = "paused"
    PREVIEW = "preview"
    IDLE = "idle"
    UNFOCUSED = "unfocused"
    HELP = "help"
    ENDING = "ending"
    SPECTATING = "spectating"
    OVER = "over"


class Way(StrEnum):
    """How the person works; the value is what the window calls it."""

    REAL_TIME = "real time"
    """Silence allows a step once its time is over."""
    STEPWISE = "step by step"
    """Nothing happens without a key."""
    ASSISTED = "assisted"
    """As real time, faster where the Blocker in training is sure, and slower or stopped else."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What may be set for a session.

    Attributes:
        pace: agent steps a second at the start; one of `PACES`.
        idle_seconds: without input for so long the game stops and asks whether you are there.
        hold_seconds: the block key counts as held from here on; a tap is 0.1 s, rarely 0.2 s.
        gap_seconds: a longer gap between two calls restarts the time of the step shown.
        reaction_seconds: nobody reacts faster: a block is meant for the step that was on the
            screen so long before the key, where the game can be taken back; 0 never is.
        late_steps: how many steps back the key for a late block reaches.
        way: how the person works at the start.
        fastest: times the pace, at most, that the assisted way of working takes.
    """

    pace: float = 4.0
    idle_seconds: float = 20.0
    hold_seconds: float = 0.25
    gap_seconds: float = 0.5
    reaction_seconds: float = 0.2
    late_steps: int = 2
    way: Way = Way.REAL_TIME
    fastest: float = 4.0

    def __post_init__(self) -> None:
        if self.pace not in PACES:
            raise ValueError(f"expected a pace among {PACES}, got {self.pace:g}")
        if not self.idle_seconds > 0:
            raise ValueError(f"expected idle seconds above 0, got {self.idle_seconds:g}")
        if not 0 <= self.reaction_seconds <= 1:
            raise ValueError(f"expected reaction seconds in [0, 1], got {self.reaction_seconds:g}")
        if self.late_steps < 1:
            raise ValueError(f"expected late steps of 1 or more, got {self.late_steps}")
        if not 1 <= self.fastest <= 16:
            raise ValueError(f"expected a fastest speed-up in [1, 16], got {self.fastest:g}")


@dataclass(frozen=True, slots=True)
class State:
    """All there is to know between two events.

    Attributes:
        back: where help, the preview and the question before the end return to.
        way: how the person works.
        focused: the window has the keyboard; without it nothing comes back to JUDGING.
        held_since: when the block key went down, None while it is up.
        latched: BLOCK, LATE or what an arrow chose, if its key was tapped between two steps.
        take_back: a step that was undone between two steps: the game goes back with the next one.
        begin_until: when the start screen's countdown is over; None if none runs.
        last_input: when the person last pressed something.
        resumed_at: when the session last came back to judging.
        now: time of the last event.
        last_serial: of the last proposal that was shown.
        past: the last answers, oldest first.
        undoable: step_ids that keys decided and undo has not taken back, oldest first.
        carried: seconds of attention of a step that was left by going back, for the next answer.
        attention: seconds of attention over all answered steps.
        late_steps: how many steps back the key for a late block reaches.
        heat: where the Blocker looks is wanted on the screen.
        last_of_game: the game ends with the next answer.
        notice: one line for the person about the last key, and when it was said.
    """

    settings: Settings = field(default_factory=Settings)
    mode: Mode = Mode.START
    back: Mode = Mode.JUDGING
    way: Way = Way.REAL_TIME
    focused: bool = True
    pace: float = 4.0
    pending: Pending | None = None
    held_since: float | None = None
    latched: Command | Choose | None = None
    take_back: int | None = None
    begin_until: float | None = None
    last_input: float = 0.0
    resumed_at: float = 0.0
    now: float = 0.0
    last_serial: int = -1
    past: tuple[Past, ...] = ()
    undoable: tuple[int, ...] = ()
    carried: float = 0.0
    attention: float = 0.0
    late_steps: int = 2
    heat: bool = False
    last_of_game: bool = False
    notice: str = ""
    noticed_at: float = 0.0

    @classmethod
    def fresh(cls, settings: Settings, now: float) -> State:
        """The state of a window that has just opened."""
        return cls(
            settings=settings,
            way=settings.way,
            pace=settings.pace,
            late_steps=settings.late_steps,
            now=now,
            last_input=now,
        )

    @classmethod
    def resumed(cls, settings: Settings, now: float, so_far: SoFar) -> State:
        """The state of a window that goes on where an earlier one of the run was closed."""
        answered = so_far.answered[-PAST_KEPT:]
        return replace(
            cls.fresh(settings, now),
            past=tuple(
                Past(one.step_id, one.action, one.verdict, one.by_key, now) for one in answered
            ),
            undoable=tuple(one.step_id for one in answered if one.by_key),
            attention=so_far.attention_seconds,
        )


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
class Choose:
    """A key that blocks and names the action to do instead; None: the game has no such action."""

    action: int | None


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
    reach: tuple[int, ...] = ()
    hint: Hint | None = None


@dataclass(frozen=True, slots=True)
class Watching:
    """Another overseer judges now."""


@dataclass(frozen=True, slots=True)
class WindowClosed:
    """The person closed the window."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The run ended the session."""


Event = Tick | KeyDown | KeyUp | Choose | Focus | Begun | Shown | Watching | WindowClosed | Ended


def time_left(state: State) -> float | None:
    """Share of the step's time that is left before silence approves, in [0, 1], or None."""
    pending = state.pending
    if state.mode is not Mode.JUDGING or pending is None or state.way is Way.STEPWISE:
        return None
    speed = pending.speed if state.way is Way.ASSISTED else 1.0
    if speed == 0.0:
        return None
    gone = (state.now - pending.clock_from) * state.pace * speed
    return min(1.0, max(0.0, 1.0 - gone))


def idle_in(state: State) -> float:
    """Seconds until the game stops for want of input."""
    return max(0.0, state.last_input + state.settings.idle_seconds - state.now)


def start_in(state: State) -> float | None:
    """Seconds until the start screen gives up; None if no countdown runs."""
    return None if state.begin_until is None else max(0.0, state.begin_until - state.now)
