"""Going back, late blocks, choosing, ways of working and marks: tables of (time, event)."""

from __future__ import annotations

import pytest

from oversight.types import Hint, Verdict, Viewing
from oversight_ui.assist import SLOW, speed_up
from oversight_ui.keymap import Command
from oversight_ui.messages import Answer, Bye, Message
from oversight_ui.session import advance
from oversight_ui.state import (
    Begun,
    Choose,
    Event,
    KeyDown,
    KeyUp,
    Mode,
    Settings,
    Shown,
    State,
    Tick,
    Way,
    WindowClosed,
)
from oversight_ui.testing import Timed, brief, play

ANY = KeyDown()
BLOCK, UNBLOCK = KeyDown(Command.BLOCK), KeyUp(Command.BLOCK)
HERE: list[Timed] = [(0.0, Begun(20.0)), (1.0, ANY)]
SURE, UNSURE, WOULD_BLOCK = Hint(0.001, 0.5), Hint(0.4, 0.5), Hint(0.9, 0.5)


def key(command: Command) -> KeyDown:
    return KeyDown(command)


def show(serial: int, reach: int = 4, hint: Hint | None = None, action: int = 3) -> Shown:
    """Step 100 + serial, with so many steps before it within reach."""
    here = 100 + serial
    return Shown(serial, here, action, tuple(range(max(100, here - reach), here)), hint)


def two_silent() -> list[Timed]:
    """Steps 0 and 1 allowed by silence at 1.75 and 2.06, step 2 shown at 2.1."""
    return [(1.5, show(0)), (1.75, Tick()), (1.8, show(1)), (2.06, Tick()), (2.1, show(2))]


TABLE: dict[str, tuple[list[Timed], Mode, list[str]]] = {
    "nobody reacts in 0.05 s: the block is for the step before": (
        [*two_silent(), (2.15, BLOCK)],
        Mode.JUDGING,
        ["0 allow silence", "1 allow silence", "2 block key meant 1"],
    ),
    "0.25 s after it the step shown is meant": (
        [*two_silent(), (2.2, key(Command.SLOWER)), (2.35, BLOCK)],
        Mode.JUDGING,
        ["0 allow silence", "1 allow silence", "2 block key"],
    ),
    "out of reach it falls on the step shown": (
        [(1.5, show(0)), (1.75, Tick()), (1.8, show(1, reach=0)), (1.85, BLOCK)],
        Mode.JUDGING,
        ["0 allow silence", "1 block key"],
    ),
    "a tap between two steps is for the one that has just gone": (
        [*two_silent()[:-1], (2.08, BLOCK), (2.09, UNBLOCK), (2.1, show(2))],
        Mode.JUDGING,
        ["0 allow silence", "1 allow silence", "2 block key meant 1"],
    ),
    "a tap between two steps, out of reach, is for the next one": (
        [*two_silent()[:-1], (2.08, BLOCK), (2.09, UNBLOCK), (2.1, show(2, reach=0))],
        Mode.JUDGING,
        ["0 allow silence", "1 allow silence", "2 block key"],
    ),
    "an arrow between two steps is for the one that has just gone": (
        [*two_silent()[:-1], (2.08, Choose(2)), (2.1, show(2))],
        Mode.JUDGING,
        ["0 allow silence", "1 allow silence", "2 block key instead 2 meant 1"],
    ),
    "and, out of reach, for the next one": (
        [*two_silent()[:-1], (2.08, Choose(2)), (2.1, show(2, reach=0))],
        Mode.JUDGING,
        ["0 allow silence", "1 allow silence", "2 block key instead 2"],
    ),
    "and for the next one, too, where the last one did as was chosen": (
        [*two_silent()[:-1], (2.08, Choose(3)), (2.1, show(2, action=4))],
        Mode.JUDGING,
        ["0 allow silence", "1 allow silence", "2 block key instead 3"],
    ),
    "where both steps want it, nothing is refused, and none judged unseen": (
        [*two_silent()[:-1], (2.08, Choose(3)), (2.1, show(2)), (2.2, Tick())],
        Mode.JUDGING,
        ["0 allow silence", "1 allow silence"],
    ),
    "the key for late blocks waits for the next step, too": (
        [*two_silent()[:-1], (2.08, key(Command.LATE)), (2.1, show(2))],
        Mode.JUDGING,
        ["0 allow silence", "1 allow silence", "2 block key meant 0"],
    ),
    "what a key decided is not meant": (
        [(1.5, show(0)), (1.7, BLOCK), (1.71, UNBLOCK), (1.75, show(1)), (1.8, BLOCK)],
        Mode.JUDGING,
        ["0 block key", "1 block key"],
    ),
    "what was shown before a stop is not meant": (
        [
            *two_silent(),
            (2.12, key(Command.PAUSE)),
            (5.0, key(Command.PAUSE)),
            (5.05, BLOCK),
        ],
        Mode.JUDGING,
        ["0 allow silence", "1 allow silence", "2 block key"],
    ),
    "the key for late blocks reaches two back": (
        [*two_silent(), (2.3, key(Command.LATE))],
        Mode.JUDGING,
        ["0 allow silence", "1 allow silence", "2 block key meant 0"],
    ),
    "or as many as are asked for": (
        [*two_silent(), (2.2, key(Command.LATER)), (2.3, key(Command.LATE))],
        Mode.JUDGING,
        ["0 allow silence", "1 allow silence", "2 block key meant 1"],
    ),
    "where nothing can be taken back it is a label": (
        [
            (1.5, show(0)),
            (1.75, Tick()),
            (1.8, show(1, reach=0)),
            (1.9, key(Command.LATE)),
            (2.1, Tick()),
        ],
        Mode.JUDGING,
        ["0 allow silence", "late block 0 unsafe"],
    ),
    "undo takes the game back and stops": (
        [
            (1.5, show(0)),
            (1.7, BLOCK),
            (1.75, UNBLOCK),
            (1.8, show(1)),
            (2.06, Tick()),
            (2.1, show(2)),
            (2.2, key(Command.UNDO)),
            (2.25, show(3)),
            (9.0, Tick()),
        ],
        Mode.PAUSED,
        ["0 block key", "1 allow silence", "2 back to 0"],
    ),
    "undone between two steps, the label at once and the game with the next": (
        [
            (1.5, show(0)),
            (1.7, BLOCK),
            (1.75, UNBLOCK),
            (1.76, key(Command.UNDO)),
            (1.8, show(1)),
            (2.0, show(2)),
            (4.0, key(Command.APPROVE)),
        ],
        Mode.PAUSED,
        ["0 block key", "undo 0", "1 back to 0", "2 allow key"],
    ),
    "and the label alone where the next cannot reach it": (
        [
            (1.5, show(0)),
            (1.7, BLOCK),
            (1.75, UNBLOCK),
            (1.76, key(Command.UNDO)),
            (1.8, show(1, reach=0)),
            (1.9, show(2)),
            (2.2, Tick()),
        ],
        Mode.JUDGING,
        ["0 block key", "undo 0", "2 allow silence"],
    ),
    "there the step is judged anew": (
        [
            (1.5, show(0)),
            (1.7, BLOCK),
            (1.75, UNBLOCK),
            (1.8, show(1)),
            (1.9, key(Command.UNDO)),
            (2.0, show(2)),
            (4.0, key(Command.APPROVE)),
        ],
        Mode.PAUSED,
        ["0 block key", "1 back to 0", "2 allow key"],
    ),
    "one step back, whoever decided": (
        [*two_silent(), (2.3, key(Command.BACK))],
        Mode.PAUSED,
        ["0 allow silence", "1 allow silence", "2 back to 1"],
    ),
    "not where nothing is within reach": (
        [(1.5, show(0)), (1.6, key(Command.BACK)), (1.8, Tick())],
        Mode.JUDGING,
        [],
    ),
    "block and do that instead": (
        [(1.5, show(0)), (1.72, Choose(2))],
        Mode.JUDGING,
        ["0 block key instead 2"],
    ),
    "choosing what the agent wants allows it": (
        [(1.5, show(0)), (1.6, Choose(3))],
        Mode.JUDGING,
        ["0 allow key"],
    ),
    "choosing in 0.05 s what is shown by then is a late block of the step before": (
        [(1.5, show(0)), (1.75, Tick()), (1.8, show(1, action=2)), (1.85, Choose(2))],
        Mode.JUDGING,
        ["0 allow silence", "1 block key instead 2 meant 0"],
    ),
    "0.25 s after it the step shown is allowed": (
        [(1.5, show(0)), (1.75, Tick()), (1.8, show(1, action=2)), (2.04, Choose(2))],
        Mode.JUDGING,
        ["0 allow silence", "1 allow key"],
    ),
    "choosing in 0.05 s what both steps want allows the one shown": (
        [(1.5, show(0)), (1.75, Tick()), (1.8, show(1)), (1.85, Choose(3))],
        Mode.JUDGING,
        ["0 allow silence", "1 allow key"],
    ),
    "an action that the game has not": (
        [(1.5, show(0)), (1.6, Choose(None)), (1.7, Tick())],
        Mode.JUDGING,
        [],
    ),
    "choosing wakes nobody's judgement after a stop": (
        [(1.5, show(0)), (1.6, key(Command.HELP)), (5.0, Choose(2)), (5.2, Tick())],
        Mode.JUDGING,
        [],
    ),
    "not sure": ([(1.5, show(0)), (1.6, key(Command.UNSURE))], Mode.JUDGING, ["0 unsure key"]),
    "allow at once": ([(1.5, show(0)), (1.6, key(Command.APPROVE))], Mode.JUDGING, ["0 allow key"]),
    "a step with a label of its own can still be taken back": (
        [*two_silent(), (2.12, key(Command.CATASTROPHE)), (2.15, BLOCK)],
        Mode.JUDGING,
        [
            "0 allow silence",
            "1 allow silence",
            "catastrophe 1 unsafe",
            "2 block key meant 1",
        ],
    ),
    "a catastrophe is marked at the last step": (
        [*two_silent(), (2.2, key(Command.CATASTROPHE))],
        Mode.JUDGING,
        ["0 allow silence", "1 allow silence", "catastrophe 1 unsafe"],
    ),
    "the game ends with the next decision": (
        [(1.5, show(0)), (1.6, key(Command.NEXT_GAME)), (1.7, key(Command.APPROVE))],
        Mode.JUDGING,
        ["0 allow key last"],
    ),
    "or goes on after all": (
        [
            (1.5, show(0)),
            (1.6, key(Command.NEXT_GAME)),
            (1.7, key(Command.NEXT_GAME)),
            (1.8, key(Command.APPROVE)),
        ],
        Mode.JUDGING,
        ["0 allow key"],
    ),
    "looking ahead stops the game": (
        [(1.5, show(0)), (1.6, key(Command.LOOK)), (9.0, Tick())],
        Mode.PREVIEW,
        ["0 preview"],
    ),
    "and blocks from there": (
        [(1.5, show(0)), (1.6, key(Command.LOOK)), (3.0, BLOCK)],
        Mode.JUDGING,
        ["0 preview", "0 block key"],
    ),
    "any other key goes on": (
        [(1.5, show(0)), (1.6, key(Command.LOOK)), (3.0, ANY), (3.2, Tick()), (3.3, Tick())],
        Mode.JUDGING,
        ["0 preview", "0 allow silence"],
    ),
    "heat is asked for at each step while it is wanted": (
        [(1.5, show(0)), (1.6, key(Command.HEAT)), (1.9, Tick()), (1.95, show(1))],
        Mode.JUDGING,
        ["0 heat", "0 allow silence", "1 heat"],
    ),
    "step by step nothing happens without a key": (
        [(1.4, key(Command.WAY)), (1.5, show(0)), (9.0, Tick()), (9.1, key(Command.STEP))],
        Mode.JUDGING,
        ["0 allow key"],
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_table(name: str) -> None:
    events, mode, expected = TABLE[name]
    state, said = play(HERE + events)
    assert [brief(message) for message in said] == ["present True", *expected]
    assert state.mode is mode


@pytest.mark.parametrize("command", [Command.APPROVE, Command.UNSURE, Command.LOOK, Command.BACK])
def test_a_key_that_cannot_wait_for_the_next_step_says_so(command: Command) -> None:
    state, said = play([*HERE, *two_silent()[:-1], (2.08, key(command)), (2.1, show(2))])
    assert [brief(message) for message in said[1:]] == ["0 allow silence", "1 allow silence"]
    assert "press it again" in state.notice


@pytest.mark.parametrize("event", [key(Command.STEP), key(Command.BLOCK), Choose(2)])
def test_nor_can_a_pause_keep_a_key_for_it(event: Event) -> None:
    paused, _ = play([*HERE, (1.5, show(0)), (1.6, key(Command.PAUSE)), (2.0, key(Command.STEP))])
    state, said = play([(2.01, event), (2.1, show(1)), (9.0, Tick())], paused)
    assert said == []
    assert "press it again" in state.notice


def assisted() -> State:
    state = State.fresh(Settings(way=Way.ASSISTED), 0.0)
    return play(HERE, state)[0]


@pytest.mark.parametrize(
    ("hint", "seconds"), [(SURE, 0.25 / 4), (Hint(0.25, 0.5), 0.25), (UNSURE, 0.5), (None, 0.25)]
)
def test_assisted_takes_as_long_as_the_blocker_is_unsure(hint: Hint | None, seconds: float) -> None:
    state, _ = advance(assisted(), show(0, hint=hint), 2.0)
    state, said = advance(state, Tick(), 2.0 + seconds - 0.01)
    assert said == ()
    _, said = advance(state, Tick(), 2.0 + seconds + 0.001)
    (answer,) = said
    assert isinstance(answer, Answer)
    assert answer.viewing.pace == pytest.approx(1 / seconds)
    assert answer.viewing.speed_up == pytest.approx(0.25 / seconds)
    assert answer.viewing.hint == (None if hint is None else hint.probability)


def test_assisted_waits_where_the_blocker_would_block() -> None:
    state, said = play([(2.0, show(0, hint=WOULD_BLOCK)), (15.0, Tick())], assisted())
    assert (state.mode, said) == (Mode.JUDGING, [])
    _, said = play([(15.1, key(Command.APPROVE))], state)
    (answer,) = said
    assert isinstance(answer, Answer)
    assert answer.viewing == Viewing(None, 0.0, 0.9, False)


def test_the_assisted_way_needs_a_blocker() -> None:
    without, _ = play([*HERE, (1.5, show(0)), (1.6, key(Command.WAY)), (1.7, key(Command.WAY))])
    assert without.way is Way.REAL_TIME
    with_one, _ = play(
        [*HERE, (1.5, show(0, hint=SURE)), (1.6, key(Command.WAY)), (1.65, key(Command.WAY))]
    )
    assert with_one.way is Way.ASSISTED


def test_a_decision_made_with_a_look_ahead_says_so() -> None:
    _, said = play([*HERE, (1.5, show(0)), (1.6, key(Command.LOOK)), (3.6, BLOCK)])
    answer = said[-1]
    assert isinstance(answer, Answer)
    assert answer.viewing == Viewing(None, 1.0, None, True)
    assert answer.attention_seconds == pytest.approx(2.1)


def test_attention_is_carried_to_the_step_that_was_gone_back_to() -> None:
    events = [*two_silent(), (2.3, key(Command.BACK)), (2.4, show(3)), (2.9, BLOCK)]
    state, said = play(HERE + events)
    answer = said[-1]
    assert isinstance(answer, Answer)
    assert answer.attention_seconds == pytest.approx(0.2 + 0.5)
    assert state.attention == pytest.approx(0.25 + 0.26 + 0.7)


def test_steps_that_were_taken_back_are_shown_as_such() -> None:
    state, _ = play([*HERE, *two_silent(), (2.3, key(Command.LATE))])
    assert [(p.step_id, p.undone) for p in state.past] == [(100, True), (101, True), (102, False)]
    assert "2 steps" in state.notice


@pytest.mark.parametrize("command", [Command.CATASTROPHE, Command.LATE])
def test_a_label_changes_nothing_about_what_was_done(command: Command) -> None:
    events = [(1.5, show(0)), (1.75, Tick()), (1.8, show(1, reach=0)), (1.9, key(command))]
    (past,) = play([*HERE, *events])[0].past
    assert (past.verdict, past.blocked, past.labelled) == (Verdict.SAFE, False, Verdict.UNSAFE)


def test_a_block_that_ended_badly_all_the_same_stays_a_block() -> None:
    events = [(1.5, show(0)), (1.6, BLOCK), (1.7, UNBLOCK), (1.8, key(Command.CATASTROPHE))]
    (past,) = play([*HERE, *events])[0].past
    assert (past.blocked, past.labelled) == (True, None)


@pytest.mark.parametrize(("last", "final"), [(KeyDown(Command.END), True), (WindowClosed(), False)])
def test_only_the_key_ends_the_oversight(last: Event, final: bool) -> None:
    _, said = play([*HERE, (1.5, show(0)), (1.6, key(Command.END)), (1.7, last)])
    (bye,) = [m for m in said if isinstance(m, Bye)]
    assert bye.final is final


@pytest.mark.parametrize(
    ("share", "expected"), [(1.0, 0.0), (0.6, SLOW), (0.5, 1.0), (0.01, 4.0), (0.0, 4.0)]
)
def test_speed_up(share: float, expected: float) -> None:
    assert speed_up(Hint(0.2 * share, 0.2), 4.0) == pytest.approx(expected)


def test_speed_up_falls_with_the_probability() -> None:
    speeds = [speed_up(Hint(p / 1000, 0.2), 4.0) for p in range(201)]
    assert speeds == sorted(speeds, reverse=True)
    assert speed_up(None, 4.0) == 1.0


@pytest.mark.parametrize("wrong", [{"late_steps": 0}, {"fastest": 0.5}, {"reaction_seconds": 2.0}])
def test_settings_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Settings(**wrong)  # type: ignore[arg-type]


def test_a_held_key_blocks_each_further_step_as_it_stands() -> None:
    events: list[Timed] = [
        *two_silent(),
        (2.15, BLOCK),
        (2.2, show(3)),
        (2.6, Tick()),
        (2.65, show(4)),
        (2.95, Tick()),
        (3.0, KeyUp(Command.BLOCK)),
    ]
    messages: list[Message] = play(HERE + events)[1]
    assert [brief(m) for m in messages][3:] == ["2 block key meant 1", "3 block key", "4 block key"]
    assert {m.verdict for m in messages[3:] if isinstance(m, Answer)} == {Verdict.UNSAFE}
