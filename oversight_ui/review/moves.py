"""What moves the step that a review shows: playing, stepping, jumping, the mouse. Pure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from oversight_ui.review.keys import Action
from oversight_ui.review.state import NOTICE_SECONDS, SPEEDS, ZOOMS, Mode, Panel, Seek, State
from oversight_ui.review.tape import Mark, Tape, beginnings, neighbour

__all__ = ["go", "halt", "jump", "loaded", "moved_by", "play", "say", "seek", "zoom_by"]

EDGE = 0.1
"""The near timeline scrolls when the step shown is in the outer tenth of it."""
LEAP = 10


def say(state: State, text: str) -> State:
    """Show a line for some seconds."""
    return replace(state, notice=text, notice_until=state.now + NOTICE_SECONDS)


# ------------------------------------------------------------------------------------- moving


def go(state: State, row: int) -> State:
    """Show a step; the near timeline scrolls along."""
    at = min(max(row, 0), max(len(state.tape) - 1, 0))
    return _in_sight(replace(state, at=at, part=0.0))


def _in_sight(state: State) -> State:
    edge = int(EDGE * state.zoom)
    left = min(max(state.left, state.at - state.zoom + 1 + edge), state.at - edge)
    left = max(0, min(left, len(state.tape) - state.zoom))
    return replace(state, left=left)


def halt(state: State) -> State:
    """Stand still, and no longer follow a run."""
    return replace(state, direction=0, follow=False, part=0.0)


def play(state: State, elapsed: float) -> State:
    """Let time pass while it plays; it stops at either end."""
    if state.direction == 0 or state.mode is not Mode.WATCH:
        return state
    due = state.part + elapsed * state.speed
    steps = int(due)
    if steps == 0:
        return replace(state, part=due)
    wanted = state.at + state.direction * steps
    moved = replace(go(state, wanted), part=due - steps)
    at_end = wanted >= len(state.tape) - 1 if state.direction > 0 else wanted <= 0
    return replace(moved, direction=0, part=0.0) if at_end else moved


def seek(state: State, event: Seek) -> State:
    """Show the step that the mouse points at."""
    anchor = state.anchor
    if event.spanning and anchor is None:
        anchor = state.at
    queued = state.queued if event.queued is None else event.queued
    state = replace(halt(state), anchor=anchor, queued=queued, mode=Mode.WATCH)
    return go(state, event.row)


def zoom_by(state: State, change: int) -> State:
    """Show fewer (1) or more (-1) steps on the near timeline, around the one shown."""
    place = min(max(ZOOMS.index(state.zoom) - change, 0), len(ZOOMS) - 1)
    zoom = ZOOMS[place]
    share = (state.at - state.left) / state.zoom
    return _in_sight(replace(state, zoom=zoom, left=state.at - int(share * zoom)))


def loaded(state: State, tape: Tape) -> State:
    """Take what the log holds by now; follow it if asked to."""
    grown = len(tape) > len(state.tape)
    state = replace(state, tape=tape)
    return go(state, len(tape) - 1) if grown and state.follow else _in_sight(state)


def moved_by(state: State, action: Action) -> State | None:
    """What moves the step shown; None if the action does not."""
    match action:
        case Action.PLAY | Action.BACKWARDS:
            return _start_or_stop(state, 1 if action is Action.PLAY else -1)
        case Action.FASTER | Action.SLOWER:
            return _change_speed(state, 1 if action is Action.FASTER else -1)
        case Action.STEP | Action.STEP_BACK:
            return go(halt(state), state.at + (1 if action is Action.STEP else -1))
        case Action.LEAP | Action.LEAP_BACK:
            return go(halt(state), state.at + (LEAP if action is Action.LEAP else -LEAP))
        case Action.FIRST:
            return go(halt(state), 0)
        case Action.LAST:
            return replace(go(halt(state), len(state.tape) - 1), follow=True)
        case Action.NEXT_USEFUL | Action.PREVIOUS_USEFUL:
            return _in_queue(state, 1 if action is Action.NEXT_USEFUL else -1)
        case Action.WORST | Action.LESS_BAD:
            return _ranked(state, 1 if action is Action.WORST else -1)
        case _:
            return None


def _start_or_stop(state: State, direction: int) -> State:
    if state.direction != 0:
        return halt(state)
    at_end = state.at >= len(state.tape) - 1 if direction > 0 else state.at <= 0
    if at_end and len(state.tape):
        state = go(state, 0 if direction > 0 else len(state.tape) - 1)
    return replace(state, direction=direction, follow=False, part=0.0)


def _change_speed(state: State, change: int) -> State:
    place = min(max(SPEEDS.index(state.speed) + change, 0), len(SPEEDS) - 1)
    return replace(state, speed=SPEEDS[place])


# -------------------------------------------------------------------------------------- jumps


def jump(state: State, mark: Mark, direction: int) -> State:
    """Show the next (1) or previous (-1) moment of a kind, or say that there is none."""
    tape = state.tape
    rows = beginnings(tape.rows(mark), tape.recording.steps.episode)
    if mark is Mark.EPISODE:
        rows = tape.rows(mark)
    row = neighbour(rows, state.at, direction)
    if row is None:
        where = "after" if direction > 0 else "before"
        none = "none in this log" if not len(rows) else f"none {where} this one"
        return say(state, f"{mark.value}: {none}")
    state = go(halt(state), row)
    number = int(np.searchsorted(rows, row)) + 1
    undone = ", taken back by a rewind" if tape.recording.undone[row] else ""
    return say(state, f"{mark.value} {number:,} of {len(rows):,}{undone}")


def _in_queue(state: State, direction: int) -> State:
    queue = state.tape.queue
    if not queue:
        return say(state, "the queue is empty: nothing here looks wrong or unsure")
    place = min(max(state.queued + direction, 0), len(queue) - 1)
    state = replace(halt(state), queued=place, panel=Panel.QUEUE)
    return say(go(state, queue[place].row), f"queue {place + 1:,} of {len(queue):,}")


def _ranked(state: State, direction: int) -> State:
    worst = state.tape.worst
    if not len(worst):
        return say(state, "labels and Blocker agree everywhere, or there are no scores")
    place = min(max(state.ranked + direction, 0), len(worst) - 1)
    state = replace(go(halt(state), int(worst[place])), ranked=place)
    return say(state, f"disagreement {place + 1:,} of {len(worst):,}, the worst first")
