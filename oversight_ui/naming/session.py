"""The state machine of a showing: pure, without pygame or clock."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from oversight_ui.naming.keys import HELD, Command
from oversight_ui.naming.state import (
    Click,
    Event,
    Focus,
    Look,
    Mode,
    Moved,
    Press,
    Release,
    State,
    Tick,
    Wish,
)

__all__ = ["SOONEST", "advance"]

SOONEST: Final = 0.3
"""Seconds before which a sheet cannot be done or left: the key was meant for the one before."""

_OWN: Final = {
    Command.FULL_SCREEN: Wish.FULL_SCREEN,
    Command.SCREENSHOT: Wish.SCREENSHOT,
    Command.BIGGER: Wish.BIGGER,
    Command.SMALLER: Wish.SMALLER,
}
"""Commands that concern the window alone."""
_STEPS: Final = {
    Command.LEFT: (-1, 0),
    Command.RIGHT: (1, 0),
    Command.UP: (0, -1),
    Command.DOWN: (0, 1),
}

Step = tuple[State, Wish | None]


def advance(state: State, event: Event, now: float) -> Step:
    """One event.

    Args:
        state: before it.
        event: what happened.
        now: seconds on any clock that never goes back.

    Returns:
        The state after it, and what the window is to do.
    """
    clock = state.clock.after(max(0.0, now - state.now), looking=state.looking)
    if not isinstance(event, Tick | Focus | Release):
        clock = clock.heard()
    state = replace(state, clock=clock, now=max(now, state.now))
    match event:
        case Tick() | Moved():
            return state, None
        case Focus(here):
            # A key that was down when the keyboard went away is never heard to go up.
            return replace(state, focused=here, before=False, closer=False), None
        case Press():
            return _press(state, event)
        case Release(command):
            return _held(state, command, down=False), None
        case Click(card):
            return _click(state, card), None
        case Look(card):
            return _look(state, card), None


def _press(state: State, press: Press) -> Step:
    if press.command in _OWN:
        return state, _OWN[press.command]
    if state.mode is Mode.LEAVING and press.command is Command.LEAVE:
        return state, Wish.LEAVE
    if state.mode is not Mode.MARK:
        # Any key goes back, and does nothing else: nobody could see what it would do.
        return replace(state, mode=Mode.MARK), None
    if not state.focused:
        return state, None
    if press.card is not None:
        return _toggle(state, press.card), None
    return _command(state, press)


def _command(state: State, press: Press) -> Step:
    match press.command:
        case Command.DONE:
            return state, Wish.DONE if state.clock.seconds >= SOONEST else None
        case Command.BACK:
            return state, Wish.BACK if state.clock.seconds >= SOONEST else None
        case Command.HELP:
            return _cover(state, Mode.HELP), None
        case Command.PAUSE:
            return _cover(state, Mode.PAUSE), None
        case Command.LEAVE:
            return _cover(state, Mode.LEAVING), None
        case Command.LEFT | Command.RIGHT | Command.UP | Command.DOWN as arrow:
            return _move(state, arrow, press.columns), None
        case _:
            return _shown(state, press.command), None


def _shown(state: State, command: Command | None) -> State:
    match command:
        case Command.TOGGLE:
            return _toggle(state, state.cursor)
        case Command.ALL:
            return replace(state, marked=(not all(state.marked),) * len(state.marked))
        case Command.BLINK:
            return replace(state, blink=not state.blink)
        case _:
            return _held(state, command, down=True)


def _cover(state: State, mode: Mode) -> State:
    return replace(state, mode=mode, before=False, closer=False)


def _held(state: State, command: Command | None, *, down: bool) -> State:
    if command not in HELD:
        return state
    if command is Command.BEFORE:
        return replace(state, before=down)
    return replace(state, closer=down)


def _toggle(state: State, card: int) -> State:
    """A card that is not there changes nothing."""
    if not 0 <= card < len(state.marked):
        return state
    marked = tuple(old != (place == card) for place, old in enumerate(state.marked))
    return replace(state, marked=marked, cursor=card)


def _click(state: State, card: int | None) -> State:
    if state.mode is not Mode.MARK:
        return replace(state, mode=Mode.MARK)
    if card is None or not state.focused:
        return state
    return _toggle(state, card)


def _look(state: State, card: int | None) -> State:
    if card is None or not state.looking:
        return state
    return replace(state, cursor=card, closer=True)


def _move(state: State, arrow: Command, columns: int) -> State:
    """The cursor, not beyond the sheet's edges."""
    right, down = _STEPS[arrow]
    row, column = divmod(state.cursor, columns)
    column = min(max(column + right, 0), columns - 1)
    place = max(row + down, 0) * columns + column
    last = len(state.marked) - 1
    if place > last and (down == 0 or last // columns == row):
        return state
    return replace(state, cursor=min(place, last))
