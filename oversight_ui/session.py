"""The state machine of a person's session: pure, without pygame and without a clock.

`advance(state, event, now)` returns the next state and what is to be said to the run. The rules:

- Silence approves a step once its time (1 / pace) is over, and only while JUDGING: the window has
  the focus and the last input is less than `idle_seconds` old. Everything else stops the game.
- A tap on the block key blocks the step shown, at once. A key that stays down blocks each further
  step when its time is over. A tap between two steps blocks the next one.
- Coming back from any stop, changing the pace and undo give the step shown its full time again;
  so does a gap in the window's own clock, for the person saw nothing during it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from oversight_ui.keymap import Command
from oversight_ui.messages import Answer, Bye, Message, Present, Undo

__all__ = [
    "PACES",
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
    "advance",
    "idle_in",
    "start_in",
    "time_left",
]

PACES = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 11.0, 15.0)
"""Agent steps a second to choose from; 15 is Pong's own speed (60 frames, 4 a step)."""
PAST_KEPT = 64
UNDO_KEPT = 1000


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
Step = tuple[State, tuple[Message, ...]]

_STOPPED = (Mode.IDLE, Mode.UNFOCUSED)


def advance(state: State, event: Event, now: float) -> Step:
    """One event.

    Args:
        state: before it.
        event: what happened.
        now: seconds on any clock that never goes back.

    Returns:
        The state after it and the messages for the run, in order.
    """
    state = _let_time_pass(state, now)
    if state.mode is Mode.OVER:
        return state, ()
    match event:
        case Tick():
            return _tick(state)
        case KeyDown(command):
            return _key_down(state, command)
        case Shown():
            return _shown(state, event)
        case WindowClosed():
            return _close(state)
        case _:
            return _silent(state, event), ()


def _silent(state: State, event: KeyUp | Focus | Begun | Watching | Ended) -> State:
    """The events that are never followed by a message."""
    match event:
        case KeyUp(command):
            return _key_up(state, command)
        case Focus(here):
            return _focus(state, here)
        case Begun(seconds):
            return _begun(state, seconds)
        case Watching():
            return _watching(state)
        case Ended():
            return replace(state, mode=Mode.OVER, pending=None)


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


def _let_time_pass(state: State, now: float) -> State:
    now = max(now, state.now)
    elapsed = now - state.now
    pending = state.pending
    if pending is not None:
        stepping = state.mode is Mode.PAUSED and pending.stepped
        if state.mode is Mode.JUDGING:
            pending = replace(pending, attention=pending.attention + elapsed)
        elif stepping:
            cap = max(pending.attention, state.settings.idle_seconds)
            pending = replace(pending, attention=min(cap, pending.attention + elapsed))
        if elapsed > state.settings.gap_seconds:
            pending = replace(pending, clock_from=now)
    return replace(state, now=now, pending=pending)


def _full_time(state: State) -> State:
    """Give the step shown its full time again."""
    if state.pending is None:
        return state
    return replace(state, pending=replace(state.pending, clock_from=state.now))


def _enter(state: State, mode: Mode) -> State:
    return _full_time(replace(state, mode=mode, latched=False))


def _answer(state: State, *, blocked: bool, by_key: bool) -> Step:
    pending = state.pending
    if pending is None:
        return state, ()
    reaction = max(0.0, state.now - pending.shown_at) if by_key else None
    past = Past(pending.step_id, pending.action, blocked, by_key, state.now)
    undoable = (*state.undoable, pending.step_id) if by_key else state.undoable
    after = replace(
        state,
        pending=None,
        past=(*state.past, past)[-PAST_KEPT:],
        undoable=undoable[-UNDO_KEPT:],
        attention=state.attention + pending.attention,
    )
    answer = Answer(pending.serial, pending.step_id, blocked, reaction, pending.attention)
    return after, (answer,)


def _tick(state: State) -> Step:
    if state.mode is Mode.START and start_in(state) == 0.0:
        return replace(state, mode=Mode.SPECTATING, begin_until=None), (Present(here=False),)
    if state.mode is not Mode.JUDGING:
        return state, ()
    if idle_in(state) == 0.0:
        return _enter(state, Mode.IDLE), ()
    if state.pending is None or time_left(state) != 0.0:
        return state, ()
    if state.held_since is None:
        return _answer(state, blocked=False, by_key=False)
    if state.now - state.held_since < state.settings.hold_seconds:
        return state, ()  # a tap that still may come up, or the beginning of a hold
    return _answer(state, blocked=True, by_key=True)


def _key_down(state: State, command: Command | None) -> Step:
    if command is Command.END:
        return _close(state)
    state = replace(state, last_input=state.now)
    if command is Command.BLOCK and state.held_since is None:
        state = replace(state, held_since=state.now)
    if state.mode is Mode.START:
        return _start(state, command)
    if state.mode is Mode.HELP:
        return _enter(state, state.back), ()
    if command is Command.HELP and state.mode not in _STOPPED:
        return replace(_enter(state, Mode.HELP), back=state.mode), ()
    if state.mode in _STOPPED:
        return _enter(state, Mode.JUDGING), ()
    if state.mode is Mode.SPECTATING:
        return state, ()
    return _command(state, command)


def _start(state: State, command: Command | None) -> Step:
    said = () if state.begin_until is None else (Present(here=True),)
    mode = Mode.HELP if command is Command.HELP else Mode.JUDGING
    return _enter(replace(state, begin_until=None, back=Mode.JUDGING), mode), said


def _command(state: State, command: Command | None) -> Step:
    """A command while JUDGING or PAUSED."""
    match command:
        case Command.BLOCK:
            return _block(state)
        case Command.PAUSE:
            paused = state.mode is Mode.PAUSED
            return _enter(state, Mode.JUDGING if paused else Mode.PAUSED), ()
        case Command.STEP:
            if state.mode is Mode.PAUSED:
                return _answer(state, blocked=False, by_key=True)
            return _enter(state, Mode.PAUSED), ()
        case Command.UNDO:
            return _undo(state)
        case Command.FASTER:
            return _change_pace(state, 1), ()
        case Command.SLOWER:
            return _change_pace(state, -1), ()
        case _:
            return state, ()


def _block(state: State) -> Step:
    if state.pending is not None:
        return _answer(state, blocked=True, by_key=True)
    return replace(state, latched=state.mode is Mode.JUDGING), ()


def _undo(state: State) -> Step:
    if not state.undoable:
        return state, ()
    *rest, step_id = state.undoable
    past = tuple(
        replace(item, undone=True) if item.step_id == step_id else item for item in state.past
    )
    return _full_time(replace(state, undoable=tuple(rest), past=past)), (Undo(step_id),)


def _change_pace(state: State, change: int) -> State:
    index = PACES.index(state.pace) + change
    pace = PACES[min(len(PACES) - 1, max(0, index))]
    return _full_time(replace(state, pace=pace))


def _key_up(state: State, command: Command | None) -> State:
    held = None if command is Command.BLOCK else state.held_since
    return replace(state, held_since=held, last_input=state.now)


def _focus(state: State, here: bool) -> State:
    if here:
        return replace(state, mode=Mode.IDLE) if state.mode is Mode.UNFOCUSED else state
    state = replace(state, held_since=None, latched=False)  # the key's release will not be seen
    return replace(state, mode=Mode.UNFOCUSED) if state.mode is Mode.JUDGING else state


def _begun(state: State, seconds: float) -> State:
    return replace(state, mode=Mode.START, begin_until=state.now + seconds)


def _shown(state: State, event: Shown) -> Step:
    if event.serial <= state.last_serial:
        return state, ()
    pending = Pending(
        event.serial,
        event.step_id,
        event.action,
        shown_at=state.now,
        clock_from=state.now,
        stepped=state.mode is Mode.PAUSED,
    )
    state = replace(state, pending=pending, last_serial=event.serial)
    if state.mode is Mode.SPECTATING:
        return replace(state, mode=Mode.IDLE), ()  # called back: first show that you are there
    if state.mode is Mode.HELP and state.back is Mode.SPECTATING:
        return replace(state, back=Mode.IDLE), ()
    if state.latched:
        return _answer(replace(state, latched=False), blocked=True, by_key=True)
    return state, ()


def _watching(state: State) -> State:
    state = replace(state, pending=None, held_since=None, latched=False, begin_until=None)
    if state.mode is Mode.HELP:
        return replace(state, back=Mode.SPECTATING)
    return replace(state, mode=Mode.SPECTATING)


def _close(state: State) -> Step:
    return replace(state, mode=Mode.OVER, pending=None), (Bye("the window was closed"),)
