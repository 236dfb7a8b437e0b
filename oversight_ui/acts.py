"""What the commands do while the person judges, pauses or looks ahead. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from oversight.types import Verdict
from oversight_ui.answers import (
    Step,
    answer,
    block,
    catastrophe,
    enter,
    full_time,
    late_block,
    noticed,
    one_back,
    undo,
    unheard,
)
from oversight_ui.keymap import Command
from oversight_ui.messages import Ask, Look
from oversight_ui.state import PACES, Mode, State, Way

__all__ = ["ACTS", "IN_PREVIEW"]

_LATE_STEPS_MOST: Final = 30


def _approve(state: State) -> Step:
    return answer(state, Verdict.SAFE, by_key=True)


def _unsure(state: State) -> Step:
    return answer(state, Verdict.UNSURE, by_key=True)


def _pause(state: State) -> Step:
    return enter(state, Mode.JUDGING if state.mode is Mode.PAUSED else Mode.PAUSED), ()


def _step(state: State) -> Step:
    if state.mode is Mode.PAUSED or state.way is Way.STEPWISE:
        return answer(state, Verdict.SAFE, by_key=True)
    return enter(state, Mode.PAUSED), ()


def _look(state: State) -> Step:
    if state.mode is Mode.PREVIEW:
        return enter(state, state.back), ()
    if state.pending is None:
        return unheard(state), ()
    pending = replace(state.pending, previewed=True)
    state = replace(enter(state, Mode.PREVIEW), back=state.mode, pending=pending)
    return state, (Ask(pending.serial, Look.PREVIEW),)


def _heat(state: State) -> Step:
    state = full_time(replace(state, heat=not state.heat))
    if not state.heat or state.pending is None:
        return state, ()
    return state, (Ask(state.pending.serial, Look.HEAT),)


def _change_way(state: State) -> Step:
    ways = list(Way)
    if state.pending is None or state.pending.hint is None:
        ways.remove(Way.ASSISTED)
    here = ways.index(state.way) if state.way in ways else 0
    way = ways[(here + 1) % len(ways)]
    return full_time(noticed(replace(state, way=way), f"way of working: {way.value}")), ()


def _change_pace(change: int) -> Callable[[State], Step]:
    def act(state: State) -> Step:
        index = PACES.index(state.pace) + change
        pace = PACES[min(len(PACES) - 1, max(0, index))]
        return full_time(replace(state, pace=pace)), ()

    return act


def _change_late_steps(change: int) -> Callable[[State], Step]:
    def act(state: State) -> Step:
        steps = min(_LATE_STEPS_MOST, max(1, state.late_steps + change))
        words = f"late block: {steps} back"
        return full_time(noticed(replace(state, late_steps=steps), words)), ()

    return act


def _next_game(state: State) -> Step:
    last = not state.last_of_game
    words = "this game ends with your next decision" if last else "this game goes on"
    return full_time(noticed(replace(state, last_of_game=last), words)), ()


ACTS: dict[Command, Callable[[State], Step]] = {
    Command.BLOCK: block,
    Command.APPROVE: _approve,
    Command.UNSURE: _unsure,
    Command.PAUSE: _pause,
    Command.STEP: _step,
    Command.UNDO: undo,
    Command.BACK: one_back,
    Command.LATE: late_block,
    Command.CATASTROPHE: catastrophe,
    Command.LOOK: _look,
    Command.HEAT: _heat,
    Command.WAY: _change_way,
    Command.FASTER: _change_pace(1),
    Command.SLOWER: _change_pace(-1),
    Command.EARLIER: _change_late_steps(1),
    Command.LATER: _change_late_steps(-1),
    Command.NEXT_GAME: _next_game,
}
IN_PREVIEW = (Command.BLOCK, Command.APPROVE, Command.UNSURE, Command.LOOK)
