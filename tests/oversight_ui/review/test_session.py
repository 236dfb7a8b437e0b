"""The rules of a review: tables of (state, key, time) -> state and wish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from oversight.types import Verdict
from oversight_ui.review.keys import KEYS, Action, Command
from oversight_ui.review.recording import Recording
from oversight_ui.review.session import advance
from oversight_ui.review.state import (
    ENTER,
    LEAVE,
    REASONS,
    RUB_OUT,
    Change,
    Effect,
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
from oversight_ui.review.tape import Choice, Mark, Tape, beginnings, make_tape, neighbour


def press(state: State, *names: str, now: float = 0.0) -> tuple[State, list[Effect]]:
    wishes: list[Effect] = []
    for name in names:
        state, wished = advance(state, Press(KEYS[name], name if len(name) == 1 else ""), now)
        wishes += wished
    return state, wishes


def after(tape: Tape, *names: str, at: int = 0) -> State:
    return press(State(tape=tape, at=at), *names)[0]


# ------------------------------------------------------------------------------------- moving


@pytest.mark.parametrize(
    ("start", "key", "row"),
    [
        (10, "right", 11),
        (10, "left", 9),
        (0, "left", 0),
        (119, "right", 119),
        (10, "shift right", 20),
        (5, "shift left", 0),
        (50, "home", 0),
        (50, "end", 119),
    ],
)
def test_steps(tape: Tape, start: int, key: str, row: int) -> None:
    assert after(tape, key, at=start).at == row


@pytest.mark.parametrize(
    ("start", "key", "row"),
    [
        (0, "b", 20),
        (20, "b", 50),  # four blocks on end are one moment
        (50, "b", 90),
        (90, "b", 90),
        (90, "shift b", 50),
        (0, "c", 71),
        (0, "f", 5),
        (6, "f", 70),
        (0, "m", 51),
        (0, "n", 110),
        (0, "e", 110),
        (0, "g", 90),
        (0, "page down", 40),
        (100, "page up", 80),
        (0, "d", 5),
        (0, "l", 0),
        (0, "w", 51),
        (0, "return", 51),
    ],
)
def test_jumps(tape: Tape, start: int, key: str, row: int) -> None:
    state = after(tape, key, at=start)
    assert state.at == row
    assert state.notice


def test_the_worst_and_the_queue_go_on_and_back(tape: Tape) -> None:
    assert after(tape, "w", "w").at == 70
    assert after(tape, "w", "w", "shift w").at == 51
    assert after(tape, "return", "return", "return").at == 5
    assert after(tape, "return", "return", "shift return").at == 51
    assert after(tape, *["return"] * 9).at == 100


def test_it_plays_at_its_speed_and_stops_at_the_end(tape: Tape) -> None:
    state, _ = press(State(tape=tape, at=100, speed=8.0), "space")
    rows = []
    for tick in range(1, 26):
        state, _ = advance(state, Tick(), tick * 0.1)
        rows.append(state.at)
    assert rows[:4] == [100, 101, 102, 103]
    assert rows[-1] == 119
    assert state.direction == 0


def test_it_plays_backwards_and_from_the_beginning_again(tape: Tape) -> None:
    state, _ = press(State(tape=tape, at=3, speed=4.0), "shift space")
    state, _ = advance(state, Tick(), 0.5)
    assert state.at == 1
    state, _ = advance(state, Tick(), 9.0)
    assert (state.at, state.direction) == (0, 0)
    assert after(tape, "space", at=119).at == 0


def test_a_key_pauses_and_speeds_have_ends(tape: Tape) -> None:
    playing = after(tape, "space")
    assert press(playing, "space")[0].direction == 0
    assert press(playing, "right")[0].direction == 0
    assert after(tape, *["up"] * 20).speed == 480.0
    assert after(tape, *["down"] * 20).speed == 0.5


def test_the_near_timeline_keeps_the_step_in_sight(tape: Tape) -> None:
    state = State(tape=tape, zoom=40)
    for row in (0, 39, 80, 119, 60, 0):
        state, _ = advance(state, Seek(row), 0.0)
        assert state.left <= row < state.left + 40
        assert 0 <= state.left <= len(tape) - 40
    state, _ = advance(replace(state, zoom=160), Zoom(1), 0.0)
    assert state.zoom == 80
    assert advance(replace(state, zoom=40), Zoom(1), 0.0)[0].zoom == 40


# ------------------------------------------------------------------------------------- labels


@pytest.mark.parametrize(
    ("key", "verdict"), [("1", Verdict.SAFE), ("2", Verdict.UNSAFE), ("3", Verdict.UNSURE)]
)
def test_a_label_is_written_at_once(tape: Tape, key: str, verdict: Verdict) -> None:
    _, wishes = press(State(tape=tape, at=7), key)
    assert wishes == [Relabel((7,), verdict, "reviewed")]


@pytest.mark.parametrize("key", ["1", "2", "3", "u", "x", "shift x", "f12"])
def test_a_key_that_stays_down_writes_once(tape: Tape, key: str) -> None:
    state = State(tape=tape, at=12, changes=(Change(4, (7,), "reviewed"),))
    state, wishes = press(state, key)
    assert len(wishes) == 1
    assert advance(state, Press(KEYS[key], again=True), 1.0)[1] == ()


def test_a_key_that_stays_down_steps_on_and_types_on(tape: Tape) -> None:
    state = after(tape, "right")
    state, _ = advance(state, Press(KEYS["right"], again=True), 1.0)
    assert state.at == 2
    state = after(tape, "r", "x")
    state, _ = advance(state, Press(KEYS["x"], "x", again=True), 1.0)
    assert state.draft == "xx"


def test_a_span_by_keys_and_by_the_mouse(tape: Tape) -> None:
    state, wishes = press(State(tape=tape, at=7), "v", "right", "right", "2")
    assert wishes == [Relabel((7, 8, 9), Verdict.UNSAFE, "reviewed")]
    assert state.anchor is None
    state, _ = advance(State(tape=tape, at=20), Seek(15, spanning=True), 0.0)
    assert span_of(state) == (15, 20)
    state, _ = advance(state, Seek(30, spanning=True), 0.0)
    assert span_of(state) == (20, 30)
    assert press(state, "escape")[0].anchor is None


def test_only_what_the_log_confirmed_is_taken_back(tape: Tape) -> None:
    state, _ = press(State(tape=tape, at=7), "2")
    assert press(state, "u")[1] == []
    change = Change(4, (7,), "reviewed")
    state, _ = advance(state, Written(change), 0.0)
    state, _ = advance(state, Seek(60), 0.0)
    state, wishes = press(state, "u")
    assert wishes == [TakeBack(change)]
    assert state.at == 7  # one sees what one takes back
    state, _ = advance(state, TakenBack(change), 0.0)
    assert press(state, "u")[1] == []


def test_an_undo_that_failed_is_tried_again_before_an_older_one(tape: Tape) -> None:
    older, last = Change(4, (7,), "reviewed"), Change(5, (9,), "reviewed")
    state, wishes = press(State(tape=tape, changes=(older, last)), "u")
    state, _ = advance(state, Told("NOT DONE: the log is locked"), 0.0)
    state, again = press(state, "u")
    assert wishes == again == [TakeBack(last)]
    state, _ = advance(state, TakenBack(last), 0.0)
    assert press(state, "u")[1] == [TakeBack(older)]


def test_a_reason_by_digit_and_by_hand(tape: Tape) -> None:
    picked, _ = press(State(tape=tape), "r", "3")
    assert (picked.mode, picked.reason) == (Mode.WATCH, REASONS[2])
    state, _ = press(State(tape=tape), "r")
    for text in ("x", "y", RUB_OUT, "2", " ", "z", ENTER):
        assert state.mode is Mode.REASON
        state, _ = advance(state, Press(KEYS.get(text), text), 0.0)
    assert (state.mode, state.reason) == (Mode.WATCH, "x2 z")
    assert press(state, "1")[1] == [Relabel((0,), Verdict.SAFE, "x2 z")]
    state, _ = press(state, "r")
    state, _ = advance(state, Press(KEYS["escape"], LEAVE), 0.0)
    assert state.reason == "x2 z"


def test_a_labelled_step_leaves_the_queue_and_the_next_one_takes_its_place(tape: Tape) -> None:
    state, wishes = press(State(tape=tape), "return", "1")
    assert state.at == 51
    assert wishes == [Relabel((51,), Verdict.SAFE, "reviewed")]
    state, _ = advance(state, Loaded(replace(tape, queue=tape.queue[1:])), 0.0)
    assert press(state, "return")[0].at == 70


def test_an_empty_log_refuses_nothing_but_does_nothing() -> None:
    state = State(tape=make_tape(Recording.empty(), Choice("ada")))
    for name in KEYS:
        for wish in press(state, name)[1]:
            assert isinstance(wish, Quit | Shoot | FullScreen)


# ------------------------------------------------------------------------------------- showing


def test_help_and_panels(tape: Tape) -> None:
    state = after(tape, "f1")
    assert state.mode is Mode.HELP
    assert press(state, "2") == (replace(state, mode=Mode.WATCH), [])
    assert after(tape, "tab").panel is Panel.AGREEMENT
    assert advance(state, Show(Panel.HISTORY), 0.0)[0].panel is Panel.HISTORY
    assert after(tape, "t").truth
    assert after(tape, "h").blind


def test_another_pair_is_never_a_judge_with_themselves(tape: Tape) -> None:
    state = State(tape=tape)
    seen = set()
    for key in "jkk" * 6:
        state, _ = press(state, key)
        pair = state.tape.choice.pair
        assert pair is not None
        assert pair[0] != pair[1]
        seen.add(pair)
        made = make_tape(state.tape.recording, state.tape.choice)
        assert made.pair == pair
        state, _ = advance(state, Loaded(made), 0.0)
    assert len(seen) > 4


def test_clips_screenshots_and_the_end(tape: Tape) -> None:
    assert press(State(tape=tape, at=50), "x")[1] == [Export(20, 80, gif=False)]
    assert press(State(tape=tape, at=50), "v", "right", "shift x")[1] == [Export(50, 51, gif=True)]
    assert press(State(tape=tape), "f12", "q")[1] == [Shoot(), Quit()]


def test_it_follows_a_run_until_one_moves(tape: Tape) -> None:
    short = make_tape(_first(tape, 100), Choice("ada"))
    state = after(short, "end")
    assert (state.at, state.follow) == (99, True)
    state, _ = advance(state, Loaded(tape), 0.0)
    assert state.at == 119
    stays = press(after(short, "end"), "left")[0]
    assert advance(stays, Loaded(tape), 0.0)[0].at == 98


def test_a_notice_is_read_and_gone(tape: Tape) -> None:
    state, _ = advance(State(tape=tape), Told("clip written"), 10.0)
    assert state.notice == "clip written"
    assert 10.0 < state.notice_until < 20.0


def test_every_key_has_a_meaning() -> None:
    used = {command.action for command in KEYS.values()}
    assert used == set(Action)
    assert {command.mark for command in KEYS.values()} - {None} == set(Mark)


def _first(tape: Tape, count: int) -> Recording:
    recording = tape.recording
    rows = np.arange(count)
    opinions = {
        name: replace(o, probability=o.probability[:count])
        for name, o in recording.opinions.items()
    }
    return replace(
        recording,
        steps=recording.steps.where(rows),
        first=recording.first[:count],
        undone=recording.undone[:count],
        said=(),
        opinions=opinions,
    )


def test_neighbours_and_beginnings() -> None:
    rows = np.array([3, 4, 5, 9, 10])
    assert [neighbour(rows, at, 1) for at in (0, 3, 10)] == [3, 4, None]
    assert [neighbour(rows, at, -1) for at in (3, 9, 99)] == [None, 5, 10]
    episode = np.zeros(20, np.int64)
    assert beginnings(rows, episode).tolist() == [3, 9]
    episode[5:] = 1
    assert beginnings(rows, episode).tolist() == [3, 5, 9]
    assert beginnings(rows[:0], episode).tolist() == []


def test_commands_are_their_own(tape: Tape) -> None:
    names: Sequence[Command] = list(KEYS.values())
    assert all(c.mark is None or "JUMP" in c.action.name for c in names)
