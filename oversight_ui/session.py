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

from dataclasses import replace

from oversight_ui.keymap import Command
from oversight_ui.messages import Answer, Bye, Message, Present, Undo
from oversight_ui.state import (
    PACES,
    PAST_KEPT,
    UNDO_KEPT,
    Begun,
    Ended,
    Event,
    Focus,
    KeyDown,
    KeyUp,
    Mode,
    Past,
    Pending,
    Shown,
    State,
    Tick,
    Watching,
    WindowClosed,
    idle_in,
    start_in,
    time_left,
)

__all__ = ["advance"]

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
    reaction = _reaction(state, pending, blocked) if by_key else None
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


def _reaction(state: State, pending: Pending, blocked: bool) -> float:
    """From being shown to the key press; 0 if the block key was already down."""
    pressed = state.held_since if blocked and state.held_since is not None else state.now
    return max(0.0, pressed - pending.shown_at)


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
