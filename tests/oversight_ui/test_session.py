"""The session's rules, as tables of (time, event) -> what is said, and as properties."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oversight.types import Verdict
from oversight_ui.keymap import Command
from oversight_ui.messages import Amend, Answer, Present
from oversight_ui.session import advance
from oversight_ui.so_far import Answered, SoFar
from oversight_ui.state import (
    PACES,
    Begun,
    Choose,
    Ended,
    Event,
    Focus,
    KeyDown,
    KeyUp,
    Mode,
    Settings,
    Shown,
    State,
    Tick,
    Watching,
    Way,
    WindowClosed,
)
from oversight_ui.testing import Timed, brief, play

ANY = KeyDown()
BLOCK, UNBLOCK = KeyDown(Command.BLOCK), KeyUp(Command.BLOCK)
PAUSE, STEP, UNDO = (KeyDown(c) for c in (Command.PAUSE, Command.STEP, Command.UNDO))
HELP, END, LOOK = (KeyDown(c) for c in (Command.HELP, Command.END, Command.LOOK))
FASTER, SLOWER = KeyDown(Command.FASTER), KeyDown(Command.SLOWER)


def show(serial: int) -> Shown:
    return Shown(serial, step_id=100 + serial, action=3)


HERE: list[Timed] = [(0.0, Begun(20.0)), (1.0, ANY)]

TABLE: dict[str, tuple[list[Timed], Mode, list[str]]] = {
    "a key at the start": ([], Mode.JUDGING, []),
    "silence approves at the deadline": (
        [(1.5, show(0)), (1.7, Tick()), (1.75, Tick())],
        Mode.JUDGING,
        ["0 allow silence"],
    ),
    "and not before": ([(1.5, show(0)), (1.74, Tick())], Mode.JUDGING, []),
    "a tap blocks the step shown only": (
        [(1.5, show(0)), (1.6, BLOCK), (1.61, show(1)), (1.7, UNBLOCK), (1.9, Tick())],
        Mode.JUDGING,
        ["0 block key", "1 allow silence"],
    ),
    "a tap that outlasts the next step's time is still a tap": (
        [
            (1.45, FASTER),
            (1.46, FASTER),
            (1.47, FASTER),
            (1.48, FASTER),
            (1.5, show(0)),
            (1.51, BLOCK),
            (1.52, show(1)),
            (1.7, Tick()),
            (1.72, UNBLOCK),
            (1.73, Tick()),
        ],
        Mode.JUDGING,
        ["0 block key", "1 allow silence"],
    ),
    "a held key blocks every step while it is down": (
        [
            (1.5, show(0)),
            (1.6, BLOCK),
            (1.61, show(1)),
            (1.9, Tick()),
            (1.91, show(2)),
            (2.2, Tick()),
            (2.21, show(3)),
            (2.3, UNBLOCK),
            (2.5, Tick()),
        ],
        Mode.JUDGING,
        ["0 block key", "1 block key", "2 block key", "3 allow silence"],
    ),
    "a tap between steps blocks the next": (
        [(1.5, BLOCK), (1.55, UNBLOCK), (1.6, show(0)), (1.7, show(1)), (2.0, Tick())],
        Mode.JUDGING,
        ["0 block key", "1 allow silence"],
    ),
    "a pause stops": ([(1.5, show(0)), (1.6, PAUSE), (9.0, Tick())], Mode.PAUSED, []),
    "going on gives the full time": (
        [(1.5, show(0)), (1.7, PAUSE), (5.0, PAUSE), (5.2, Tick())],
        Mode.JUDGING,
        [],
    ),
    "a step allows one and stays paused": (
        [(1.5, show(0)), (1.6, PAUSE), (2.0, STEP), (2.1, show(1)), (9.0, Tick())],
        Mode.PAUSED,
        ["0 allow key"],
    ),
    "the step key while judging only pauses": (
        [(1.5, show(0)), (1.6, STEP), (3.0, Tick())],
        Mode.PAUSED,
        [],
    ),
    "a step without a proposal does nothing": ([(1.5, PAUSE), (2.0, STEP)], Mode.PAUSED, []),
    "block while paused": (
        [(1.5, show(0)), (1.6, PAUSE), (2.0, BLOCK), (2.1, show(1)), (9.0, Tick())],
        Mode.PAUSED,
        ["0 block key"],
    ),
    "help stops and comes back": (
        [(1.5, show(0)), (1.6, HELP), (9.0, ANY), (9.3, Tick())],
        Mode.JUDGING,
        ["0 allow silence"],
    ),
    "help over a pause": (
        [(1.5, show(0)), (1.6, PAUSE), (2.0, HELP), (3.0, STEP)],
        Mode.PAUSED,
        [],
    ),
    "losing the focus stops": (
        [(1.5, show(0)), (1.6, Focus(False)), (9.0, Tick())],
        Mode.UNFOCUSED,
        [],
    ),
    "getting it back asks for a key": (
        [(1.5, show(0)), (1.6, Focus(False)), (5.0, Focus(True)), (9.0, Tick())],
        Mode.IDLE,
        [],
    ),
    "a key after that goes on, and does not block": (
        [
            (1.5, show(0)),
            (1.6, Focus(False)),
            (5.0, Focus(True)),
            (6.0, BLOCK),
            (6.1, UNBLOCK),
            (6.3, Tick()),
        ],
        Mode.JUDGING,
        ["0 allow silence"],
    ),
    "no click goes on while the window lacks the keyboard": (
        [(1.5, show(0)), (1.6, Focus(False)), (3.0, ANY), (9.0, Tick())],
        Mode.UNFOCUSED,
        [],
    ),
    "the focus lost during help is missed after it": (
        [(1.5, show(0)), (1.6, HELP), (2.0, Focus(False)), (3.0, ANY), (9.0, Tick())],
        Mode.UNFOCUSED,
        [],
    ),
    "and during the question before the end": (
        [(1.5, show(0)), (1.6, END), (2.0, Focus(False)), (3.0, ANY), (9.0, Tick())],
        Mode.UNFOCUSED,
        [],
    ),
    "and while looking ahead": (
        [(1.5, show(0)), (1.6, LOOK), (2.0, Focus(False)), (3.0, ANY), (9.0, Tick())],
        Mode.UNFOCUSED,
        ["0 preview"],
    ),
    "got back during help it is not missed": (
        [
            (1.5, show(0)),
            (1.6, HELP),
            (2.0, Focus(False)),
            (3.0, Focus(True)),
            (4.0, ANY),
            (4.3, Tick()),
        ],
        Mode.JUDGING,
        ["0 allow silence"],
    ),
    "losing the focus forgets the held key": (
        [
            (1.5, BLOCK),
            (1.6, Focus(False)),
            (1.65, Focus(True)),
            (1.7, ANY),
            (2.0, show(0)),
            (2.3, Tick()),
        ],
        Mode.JUDGING,
        ["0 allow silence"],
    ),
    "idle stops": ([(21.1, show(0)), (30.0, Tick())], Mode.IDLE, []),
    "idle comes before the deadline": (
        [(20.9, show(0)), (21.2, Tick()), (21.6, Tick())],
        Mode.IDLE,
        [],
    ),
    "a key within the time keeps the game going": (
        [(15.0, ANY), (30.0, show(0)), (30.3, Tick())],
        Mode.JUDGING,
        ["0 allow silence"],
    ),
    "undo takes back keys, not silence, and goes further back": (
        [
            (1.5, show(0)),
            (1.6, BLOCK),
            (1.7, UNBLOCK),
            (1.8, show(1)),
            (1.9, BLOCK),
            (1.95, UNBLOCK),
            (2.0, show(2)),
            (2.3, Tick()),
            (2.4, UNDO),
            (2.5, UNDO),
            (2.6, UNDO),
        ],
        Mode.JUDGING,
        ["0 block key", "1 block key", "2 allow silence", "undo 1", "undo 0"],
    ),
    "undo gives the step shown its full time": (
        [
            (1.4, show(0)),
            (1.45, BLOCK),
            (1.47, UNBLOCK),
            (1.5, show(1)),
            (1.7, UNDO),
            (1.9, Tick()),
        ],
        Mode.JUDGING,
        ["0 block key", "undo 0"],
    ),
    "a speed key never approves": (
        [(1.5, show(0)), (1.7, FASTER), (1.71, FASTER), (1.72, FASTER), (1.73, Tick())],
        Mode.JUDGING,
        [],
    ),
    "slower waits longer": (
        [(1.2, SLOWER), (1.3, SLOWER), (1.5, show(0)), (1.95, Tick())],
        Mode.JUDGING,
        [],
    ),
    "escape asks before it ends": (
        [(1.5, show(0)), (1.6, END), (9.0, Tick())],
        Mode.ENDING,
        [],
    ),
    "escape twice ends": ([(1.5, show(0)), (1.6, END), (2.0, END)], Mode.OVER, ["Bye"]),
    "any other key goes on": (
        [(1.5, show(0)), (1.6, END), (9.0, BLOCK), (9.1, UNBLOCK), (9.3, Tick())],
        Mode.JUDGING,
        ["0 allow silence"],
    ),
    "closing ends": ([(1.5, show(0)), (1.6, WindowClosed())], Mode.OVER, ["Bye"]),
    "the run ends": ([(1.5, show(0)), (1.6, Ended()), (9.0, BLOCK)], Mode.OVER, []),
    "another overseer takes over": (
        [(1.5, show(0)), (1.6, Watching()), (1.7, BLOCK), (9.0, Tick())],
        Mode.SPECTATING,
        [],
    ),
    "called back: a key first": (
        [(1.5, Watching()), (2.0, show(0)), (9.0, Tick())],
        Mode.IDLE,
        [],
    ),
    "the same question twice has one answer": (
        [(1.5, show(0)), (1.8, Tick()), (1.9, show(0)), (3.0, Tick())],
        Mode.JUDGING,
        ["0 allow silence"],
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_table(name: str) -> None:
    events, mode, expected = TABLE[name]
    state, said = play(HERE + events)
    assert [brief(message) for message in said] == ["present True", *expected]
    assert state.mode is mode


def test_a_click_on_the_start_screen_of_a_window_without_the_keyboard_begins_nothing() -> None:
    state, said = play([(0.0, Begun(20.0)), (0.5, Focus(False)), (1.0, ANY), (1.5, show(0))])
    assert (state.mode, said) == (Mode.UNFOCUSED, [Present(here=True)])
    state, said = play([(9.0, Tick()), (9.1, Focus(True)), (9.2, ANY), (9.5, Tick())], state)
    assert [brief(message) for message in said] == ["0 allow silence"]


def test_start_screen_gives_up_after_its_time() -> None:
    state, said = play([(0.0, Begun(20.0)), (19.9, Tick())])
    assert (state.mode, said) == (Mode.START, [])
    state, said = play([(20.0, Tick()), (30.0, Tick())], state)
    assert (state.mode, said) == (Mode.SPECTATING, [Present(here=False)])


def test_nothing_is_approved_before_somebody_pressed_a_key() -> None:
    state, said = play([(0.0, show(0)), (60.0, Tick())])
    assert (state.mode, said) == (Mode.START, [])


def test_escape_on_a_runs_own_start_screen_leaves_at_once() -> None:
    state, said = play([(0.0, Begun(20.0)), (1.0, END)])
    assert (state.mode, [brief(message) for message in said]) == (Mode.OVER, ["Bye"])


def test_escape_asks_on_the_start_screen_of_a_window_that_was_opened_again() -> None:
    again = State.resumed(Settings(), 0.0, SoFar(75.0, (Answered(3, 1, Verdict.SAFE, True),)))
    state, said = play([(0.5, show(0)), (1.0, END)], again)
    assert (state.mode, said) == (Mode.ENDING, [])
    assert play([(1.5, ANY)], state)[0].mode is Mode.START
    state, said = play([(1.5, END)], state)
    assert (state.mode, [brief(message) for message in said]) == (Mode.OVER, ["Bye"])


def test_help_at_the_start_shows_that_somebody_is_there() -> None:
    state, said = play([(0.0, Begun(20.0)), (1.0, HELP), (60.0, Tick())])
    assert (state.mode, said) == (Mode.HELP, [Present(here=True)])


def test_a_gap_in_the_windows_clock_approves_nothing() -> None:
    state, _ = play([*HERE, (1.5, show(0))])
    state, said = advance(state, Tick(), 8.0)
    assert said == ()
    _, said = advance(state, Tick(), 8.25)
    assert [brief(message) for message in said] == ["0 allow silence"]


def test_times_of_an_answer() -> None:
    _, said = play([*HERE, (1.5, show(0)), (1.6, PAUSE), (7.0, PAUSE), (7.2, BLOCK)])
    answer = said[-1]
    assert isinstance(answer, Answer)
    assert answer.reaction_seconds == pytest.approx(5.7)  # from being shown, stops included
    assert answer.attention_seconds == pytest.approx(0.3)  # stops excluded


def test_attention_counts_while_stepping_up_to_the_idle_limit() -> None:
    state, said = play(
        [*HERE, (2.0, PAUSE), (3.0, show(0)), (5.0, STEP), (6.0, show(1)), (99.0, STEP)]
    )
    attention = [m.attention_seconds for m in said if isinstance(m, Answer)]
    assert attention == pytest.approx([2.0, 20.0])
    assert state.attention == pytest.approx(22.0)


def test_held_key_has_no_reaction_time_and_silence_none() -> None:
    events: list[Timed] = [(1.5, show(0)), (1.6, BLOCK), (1.7, show(1)), (2.0, Tick())]
    _, said = play([*HERE, *events, (2.1, UNBLOCK), (2.2, show(2)), (2.5, Tick())])
    reactions = [m.reaction_seconds for m in said if isinstance(m, Answer)]
    assert reactions == [pytest.approx(0.1), 0.0, None]


def test_paces_stay_in_the_table() -> None:
    state, _ = play(HERE + [(1.5 + i / 100, FASTER) for i in range(20)])
    assert state.pace == PACES[-1]
    state, _ = play([(3 + i / 100, SLOWER) for i in range(20)], state)
    assert state.pace == PACES[0]


@pytest.mark.parametrize("wrong", [{"pace": 5.0}, {"idle_seconds": 0.0}])
def test_settings_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Settings(**wrong)


INPUTS = st.one_of(
    st.just(Tick()),
    st.just(Tick()),
    st.builds(KeyDown, st.sampled_from([None, *(c for c in Command if c is not Command.END)])),
    st.builds(KeyUp, st.sampled_from([None, Command.BLOCK])),
    st.builds(Choose, st.sampled_from([None, 2, 3])),
    st.builds(Focus, st.booleans()),
    st.builds(Begun, st.just(20.0)),
    st.just(Watching()),
    st.just("show"),
    st.just("show"),
)
SCRIPTS = st.lists(st.tuples(st.floats(0.0, 2.0), INPUTS), max_size=80)


@settings(max_examples=300, deadline=None)
@given(SCRIPTS)
def test_silence_approves_only_while_a_person_is_known_to_be_there(
    script: list[tuple[float, Event | str]],
) -> None:
    state, now, serial = State.fresh(Settings(), 0.0), 0.0, -1
    answered: list[int] = []
    here = True
    for delay, item in script:
        now += delay
        serial += item == "show"
        event = show(serial) if isinstance(item, str) else item
        here = event.here if isinstance(event, Focus) else here
        before = state
        state, said = advance(state, event, now)
        for answer in (m for m in said if isinstance(m, Answer)):
            answered.append(answer.serial)
            assert before.mode in (Mode.JUDGING, Mode.PAUSED, Mode.PREVIEW)
            blocked = answer.verdict is Verdict.UNSAFE
            assert before.pending is not None or blocked
            if not blocked and answer.reaction_seconds is None:
                assert before.mode is Mode.JUDGING
                assert here
                assert isinstance(event, Tick)
                assert before.held_since is None
                assert before.pending is not None
                assert now - before.last_input < before.settings.idle_seconds
                assert before.way is not Way.STEPWISE
                assert now - before.pending.shown_at >= 1 / before.pace - 1e-9
            elif not blocked:
                assert isinstance(event, KeyDown | Choose)
    assert answered == sorted(set(answered))


@settings(max_examples=100, deadline=None)
@given(SCRIPTS)
def test_undo_names_each_key_decision_at_most_once(
    script: list[tuple[float, Event | str]],
) -> None:
    state, now, serial = State.fresh(Settings(), 0.0), 0.0, -1
    by_key: set[int] = set()
    for delay, item in script:
        now += delay
        serial += item == "show"
        event = show(serial) if isinstance(item, str) else item
        state, said = advance(state, event, now)
        for message in said:
            if isinstance(message, Answer) and message.reaction_seconds is not None:
                by_key.add(message.step_id)
            if isinstance(message, Amend) and message.reason == "undo":
                by_key.remove(message.step_id)


def test_a_window_opened_again_goes_on_with_strip_minutes_and_undo() -> None:
    so_far = SoFar(
        75.0, (Answered(3, 1, Verdict.UNSAFE, True), Answered(4, 0, Verdict.SAFE, False))
    )
    state = State.resumed(Settings(), 50.0, so_far)
    assert state.attention == 75.0
    assert [(past.step_id, past.blocked) for past in state.past] == [(3, True), (4, False)]
    assert state.undoable == (3,)
    assert state.mode is Mode.START
    assert State.resumed(Settings(), 50.0, SoFar()) == State.fresh(Settings(), 50.0)
