"""The state machine of a review: pure, without pygame, clock or log.

`advance(state, event, now)` returns the next state and what is to be done. A label key asks for
its row in the log at once; there is nothing to save and nothing to lose. Only what the log has
confirmed can be undone, and undo asks for further rows: nothing in the log is ever overwritten.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from oversight.types import Verdict
from oversight_ui.review.keys import LABELS, ONCE, Action
from oversight_ui.review.moves import go, halt, jump, loaded, moved_by, play, say, seek, zoom_by
from oversight_ui.review.state import (
    ENTER,
    LEAVE,
    REASONS,
    RUB_OUT,
    Effect,
    Event,
    Export,
    FullScreen,
    Loaded,
    Mode,
    Panel,
    Press,
    Quit,
    Relabel,
    Seek,
    Shoot,
    Show,
    State,
    TakeBack,
    TakenBack,
    Tick,
    Told,
    Written,
    Zoom,
    span_of,
)
from oversight_ui.review.tape import Choice, Tape

__all__ = ["advance"]

Step = tuple[State, tuple[Effect, ...]]

CLIP_AROUND = 30
"""Without a span, a clip goes from so many steps before the one shown to so many after it."""
LONGEST_REASON = 60
_VERDICTS = {
    Action.SAFE: Verdict.SAFE,
    Action.UNSAFE: Verdict.UNSAFE,
    Action.UNSURE: Verdict.UNSURE,
}
NAMES = {Verdict.SAFE: "SAFE", Verdict.UNSAFE: "UNSAFE", Verdict.UNSURE: "NOT SURE"}


def advance(state: State, event: Event, now: float) -> Step:
    """One event.

    Args:
        state: before it.
        event: what happened.
        now: seconds on any clock that never goes back.
    """
    elapsed = max(0.0, now - state.now)
    state = replace(state, now=max(now, state.now))
    match event:
        case Tick():
            return play(state, elapsed), ()
        case Press():
            return _press(state, event)
        case Seek():
            return seek(state, event), ()
        case Zoom(change):
            return zoom_by(state, change), ()
        case Show(panel):
            return replace(state, panel=panel), ()
        case Loaded(tape):
            return loaded(state, tape), ()
        case Written(change):
            return replace(state, changes=(*state.changes, change)), ()
        case TakenBack(change):
            left = tuple(each for each in state.changes if each != change)
            return replace(state, changes=left), ()
        case Told(text):
            return say(state, text), ()


# --------------------------------------------------------------------------------------- keys


def _press(state: State, press: Press) -> Step:
    command = press.command
    if state.mode is Mode.REASON:
        return _type(state, press.text), ()
    if state.mode is Mode.HELP:
        return replace(state, mode=Mode.WATCH), ()
    if command is None or (press.again and command.action in ONCE):
        return state, ()
    if command.mark is not None:
        return jump(state, command.mark, 1 if command.action is Action.NEXT_JUMP else -1), ()
    if command.action in LABELS:
        return _label(state, _VERDICTS[command.action])
    moved = moved_by(state, command.action)
    if moved is not None:
        return moved, ()
    return _other(state, command.action)


def _other(state: State, action: Action) -> Step:
    match action:
        case Action.UNDO:
            return _undo(state)
        case Action.CLIP | Action.GIF:
            return state, _export(state, gif=action is Action.GIF)
        case Action.SCREENSHOT:
            return state, (Shoot(),)
        case Action.FULL_SCREEN:
            return state, (FullScreen(),)
        case Action.QUIT:
            return state, (Quit(),)
        case _:
            return _shown(state, action), ()


def _shown(state: State, action: Action) -> State:
    """What changes how things are shown."""
    match action:
        case Action.SPAN:
            return replace(state, anchor=state.at if state.anchor is None else None)
        case Action.CLOSE:
            return replace(state, anchor=None)
        case Action.REASON:
            return replace(halt(state), mode=Mode.REASON, draft="")
        case Action.HELP:
            return replace(state, mode=Mode.HELP)
        case Action.PANEL:
            panels = list(Panel)
            return replace(state, panel=panels[(panels.index(state.panel) + 1) % len(panels)])
        case Action.TRUTH:
            return replace(state, truth=not state.truth)
        case Action.BLIND:
            return replace(state, blind=not state.blind)
        case Action.ZOOM_IN | Action.ZOOM_OUT:
            return zoom_by(state, 1 if action is Action.ZOOM_IN else -1)
        case Action.SCORER | Action.PAIR_FIRST | Action.PAIR_SECOND:
            return _choose(state, action)
        case _:
            return state


def _choose(state: State, action: Action) -> State:
    """Another scorer, or another judge in the comparison; the window makes the tape for it."""
    tape = state.tape
    if action is Action.SCORER:
        if not tape.scorers:
            return say(state, "no scores in this log: python -m blocker score writes them")
        now = tape.scorers.index(tape.opinion.scorer) if tape.opinion is not None else -1
        choice = replace(tape.choice, scorer=tape.scorers[(now + 1) % len(tape.scorers)])
    else:
        if tape.pair is None:
            return say(state, "only one has judged here: nobody to compare with")
        choice = _next_pair(tape, 0 if action is Action.PAIR_FIRST else 1)
        state = replace(state, panel=Panel.AGREEMENT)
    return replace(state, tape=replace(tape, choice=choice), ranked=-1)


def _next_pair(tape: Tape, which: int) -> Choice:
    pair = list(tape.pair or (0, 1))
    count = len(tape.judges)
    pair[which] = (pair[which] + 1) % count
    if pair[0] == pair[1]:
        pair[which] = (pair[which] + 1) % count
    return replace(tape.choice, pair=(pair[0], pair[1]))


# ------------------------------------------------------------------------------------- labels


def _label(state: State, verdict: Verdict) -> Step:
    if not len(state.tape):
        return say(state, "no step yet"), ()
    steps = state.tape.recording.steps
    first, last = span_of(state)
    ids = tuple(steps.step_id[first : last + 1].tolist())
    state = replace(halt(state), anchor=None)
    state = say(state, f"{_counted(len(ids))} {NAMES[verdict]}: {state.reason}")
    return _after_queue(state), (Relabel(ids, verdict, state.reason),)


def _after_queue(state: State) -> State:
    """The step leaves the queue, so the next one takes its number."""
    queue = state.tape.queue
    if 0 <= state.queued < len(queue) and queue[state.queued].row == state.at:
        return replace(state, queued=state.queued - 1)
    return state


def _undo(state: State) -> Step:
    if not state.changes:
        return say(state, "nothing of yours to take back in this session"), ()
    last = state.changes[-1]  # until the log confirms: an undo that failed is tried again
    state = replace(halt(state), anchor=None)
    rows = state.tape.recording.rows_of(np.array(last.step_ids, np.int64))
    if len(rows):
        state = go(state, int(rows[-1]))
    state = say(state, f"taken back: {_counted(len(last.step_ids))}, {last.reason}")
    return state, (TakeBack(last),)


def _counted(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps:,} steps"


def _type(state: State, text: str) -> State:
    """A character of a reason; digits pick one while nothing is typed."""
    if text == ENTER:
        reason = state.draft.strip() or state.reason
        return replace(say(state, f"your reason: {reason}"), mode=Mode.WATCH, reason=reason)
    if text == LEAVE:
        return replace(state, mode=Mode.WATCH)
    if text == RUB_OUT:
        return replace(state, draft=state.draft[:-1])
    if not state.draft and text in tuple("123456789"[: len(REASONS)]):
        reason = REASONS[int(text) - 1]
        return replace(say(state, f"your reason: {reason}"), mode=Mode.WATCH, reason=reason)
    if text.isprintable() and len(state.draft) < LONGEST_REASON:
        return replace(state, draft=state.draft + text)
    return state


def _export(state: State, *, gif: bool) -> tuple[Effect, ...]:
    if not len(state.tape):
        return ()
    first, last = span_of(state)
    if state.anchor is None:
        first, last = max(0, first - CLIP_AROUND), min(len(state.tape) - 1, last + CLIP_AROUND)
    return (Export(first, last, gif),)
