"""The state machine of a person's session: pure, without pygame and without a clock.

`advance(state, event, now)` returns the next state and what is to be said to the run. The rules:

- Silence approves a step once its time (1 / pace) is over, and only while JUDGING: the window has
  the focus and the last input is less than `idle_seconds` old. Everything else stops the game.
  Step by step, and where the assisting Blocker would block, silence approves nothing.
- A tap on the block key blocks at once the step that was on the screen `reaction_seconds` ago, if
  the game can be taken back to it, else the step shown. A key that stays down blocks each further
  step when its time is over. A tap between two steps counts as the next one is shown: for the
  step that has just gone, if the game can be taken back to it, else for the next one.
- Going back, by undo or by steps, pauses: nothing is approved there without a key.
- Coming back from any stop, changing the pace and undo give the step shown its full time again;
  so does a gap in the window's own clock, for the person saw nothing during it.
"""

from __future__ import annotations

from dataclasses import replace

from oversight.types import Verdict
from oversight_ui.acts import ACTS, IN_PREVIEW
from oversight_ui.answers import (
    Step,
    answer,
    block,
    enter,
    full_time,
    go_back,
    late_block,
    meant_step,
    noticed,
)
from oversight_ui.assist import speed_up
from oversight_ui.keymap import Command
from oversight_ui.messages import Ask, Bye, Look, Present
from oversight_ui.state import (
    Begun,
    Choose,
    Ended,
    Event,
    Focus,
    KeyDown,
    KeyUp,
    Mode,
    Shown,
    State,
    Tick,
    Watching,
    WindowClosed,
    idle_in,
    start_in,
    time_left,
)
from oversight_ui.steps import Pending

__all__ = ["advance"]

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
        case Choose(action):
            return _choose(state, action)
        case Shown():
            return _shown(state, event)
        case WindowClosed():
            return _close(state, final=False)
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
            return replace(state, mode=Mode.START, begin_until=state.now + seconds)
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
        elif stepping or state.mode is Mode.PREVIEW:
            cap = max(pending.attention, state.settings.idle_seconds)
            pending = replace(pending, attention=min(cap, pending.attention + elapsed))
        if elapsed > state.settings.gap_seconds:
            pending = replace(pending, clock_from=now)
    return replace(state, now=now, pending=pending)


def _tick(state: State) -> Step:
    if state.mode is Mode.START and start_in(state) == 0.0:
        return replace(state, mode=Mode.SPECTATING, begin_until=None), (Present(here=False),)
    if state.mode is not Mode.JUDGING:
        return state, ()
    if idle_in(state) == 0.0:
        return enter(state, Mode.IDLE), ()
    if state.pending is None or time_left(state) != 0.0:
        return state, ()
    if state.held_since is None:
        return answer(state, Verdict.SAFE, by_key=False)
    if state.now - state.held_since < state.settings.hold_seconds:
        return state, ()  # a tap that still may come up, or the beginning of a hold
    return answer(state, Verdict.UNSAFE, by_key=True)


def _key_down(state: State, command: Command | None) -> Step:
    state = replace(state, last_input=state.now)
    if command is Command.BLOCK and state.held_since is None:
        state = replace(state, held_since=state.now)
    if state.mode is Mode.ENDING:
        ends = command is Command.END
        return _close(state, final=True) if ends else (enter(state, state.back), ())
    if command is Command.END:
        return _ask_before_the_end(state)
    if state.mode is Mode.START:
        return _start(state, command)
    if state.mode is Mode.HELP:
        return enter(state, state.back), ()
    if command is Command.HELP and state.mode not in _STOPPED:
        return replace(enter(state, Mode.HELP), back=_to_return_to(state)), ()
    if state.mode in _STOPPED:
        return enter(state, Mode.JUDGING), ()
    if state.mode is Mode.SPECTATING:
        return state, ()
    if state.mode is Mode.PREVIEW and command not in IN_PREVIEW:
        return enter(state, state.back), ()
    return _command(state, command)


def _to_return_to(state: State) -> Mode:
    return state.back if state.mode is Mode.PREVIEW else state.mode


def _ask_before_the_end(state: State) -> Step:
    """One key too many must not end an hour's work; where nobody has begun it just closes.

    A start screen that counts down is the run's own; the one of a window opened again does not.
    """
    nothing_yet = state.mode is Mode.START and state.begin_until is not None
    if nothing_yet or state.mode is Mode.SPECTATING:
        return _close(state, final=True)
    back = Mode.JUDGING if state.mode in (*_STOPPED, Mode.HELP) else _to_return_to(state)
    return replace(enter(state, Mode.ENDING), back=back), ()


def _start(state: State, command: Command | None) -> Step:
    said = () if state.begin_until is None else (Present(here=True),)
    mode = Mode.HELP if command is Command.HELP else Mode.JUDGING
    return enter(replace(state, begin_until=None, back=Mode.JUDGING), mode), said


def _command(state: State, command: Command | None) -> Step:
    """A command while JUDGING, PAUSED or looking ahead."""
    act = ACTS.get(command) if command is not None else None
    return (state, ()) if act is None else act(state)


def _choose(state: State, action: int | None) -> Step:
    pending = state.pending
    if state.mode not in (Mode.JUDGING, Mode.PAUSED, Mode.PREVIEW):
        return _key_down(state, None)
    state = replace(state, last_input=state.now)
    if action is None:
        return full_time(noticed(state, "this game has no such action")), ()
    if pending is not None and _wanted_anyway(state, pending, action):
        return answer(state, Verdict.SAFE, by_key=True)
    return block(state, action)


def _wanted_anyway(state: State, pending: Pending, action: int) -> bool:
    """Whether the agent wants what the person chose now, at whichever step that was meant for."""
    meant = meant_step(state, pending)
    return action == pending.action and (meant is None or meant.action == action)


def _key_up(state: State, command: Command | None) -> State:
    held = None if command is Command.BLOCK else state.held_since
    return replace(state, held_since=held, last_input=state.now)


def _focus(state: State, here: bool) -> State:
    state = replace(state, focused=here)
    if here:
        return replace(state, mode=Mode.IDLE) if state.mode is Mode.UNFOCUSED else state
    state = replace(state, held_since=None, latched=None)  # the key's release will not be seen
    return replace(state, mode=Mode.UNFOCUSED) if state.mode is Mode.JUDGING else state


def _shown(state: State, event: Shown) -> Step:
    if event.serial <= state.last_serial:
        return state, ()
    pending = Pending(
        event.serial,
        event.step_id,
        event.action,
        shown_at=state.now,
        clock_from=state.now,
        attention=state.carried,
        stepped=state.mode is Mode.PAUSED,
        reach=event.reach,
        hint=event.hint,
        speed=speed_up(event.hint, state.settings.fastest),
    )
    state = replace(state, pending=pending, last_serial=event.serial, carried=0.0)
    if state.mode is Mode.SPECTATING:
        return replace(state, mode=Mode.IDLE), ()  # called back: first show that you are there
    if state.mode is Mode.HELP and state.back is Mode.SPECTATING:
        return replace(state, back=Mode.IDLE), ()
    if state.take_back is not None:
        target, state = state.take_back, replace(state, take_back=None, latched=None)
        if target in event.reach:
            return go_back(state, pending, target)
    return _waited(replace(state, latched=None), pending, state.latched)


def _waited(state: State, pending: Pending, latched: Command | Choose | None) -> Step:
    """What a key asks for that was tapped before the step was shown."""
    if latched is Command.LATE:
        return late_block(state, gone=1)
    if latched is Command.BLOCK:
        return block(state)
    if isinstance(latched, Choose) and latched.action is not None:
        if not _wanted_anyway(state, pending, latched.action):
            return block(state, latched.action)
        # Nothing to refuse, but nobody has judged the step that has only just come.
        state = noticed(state, "the agent does that by itself")
    return state, (Ask(pending.serial, Look.HEAT),) if state.heat else ()


def _watching(state: State) -> State:
    state = replace(state, pending=None, held_since=None, latched=None, begin_until=None)
    state = replace(state, take_back=None)
    if state.mode is Mode.HELP:
        return replace(state, back=Mode.SPECTATING)
    return replace(state, mode=Mode.SPECTATING)


def _close(state: State, *, final: bool) -> Step:
    words = "the overseer has ended the session" if final else "the window was closed"
    return replace(state, mode=Mode.OVER, pending=None), (Bye(words, final),)
