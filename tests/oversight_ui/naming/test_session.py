"""Marks, cursor, clock: the state machine without a window."""

from __future__ import annotations

import pytest

from oversight_ui.naming.keys import CARD_KEYS, Command, card_of, command_of
from oversight_ui.naming.session import SOONEST, advance
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

TWELVE = (False,) * 12


class Showing:
    """A showing of a sheet, by events one second apart."""

    def __init__(self, marked: tuple[bool, ...] = TWELVE) -> None:
        self.state = State(marked)
        self.wish: Wish | None = None
        self.now = 0.0

    def __call__(self, *events: Event | Command, after: float = 1.0) -> Showing:
        for event in events:
            self.now += after
            given = Press(event, columns=4) if isinstance(event, Command) else event
            self.state, self.wish = advance(self.state, given, self.now)
        return self

    @property
    def marked(self) -> list[int]:
        return [place for place, mark in enumerate(self.state.marked) if mark]


@pytest.fixture
def showing() -> Showing:
    return Showing()


def test_digits_clicks_and_the_space_bar_toggle(showing: Showing) -> None:
    showing(Press(card=2), Click(7))
    assert showing.marked == [2, 7]
    showing(Click(2))
    assert showing.marked == [7]
    showing(Command.RIGHT, Command.TOGGLE)
    assert showing.marked == [3, 7]
    showing(Click(None), Press(card=12), Press())
    assert showing.marked == [3, 7]


def test_every_card_has_a_key_in_the_row_of_digits() -> None:
    assert [card_of((key,)) for key in CARD_KEYS] == list(range(12))
    assert card_of(("[3]", "3")) == 2
    assert card_of(("a", "a")) is None
    assert command_of(("/", "?")) is Command.HELP
    assert command_of(("x", "x")) is None


def test_a_key_of_a_card_that_is_not_there_does_nothing() -> None:
    assert Showing((False,) * 5)(Press(card=5)).marked == []


def test_all_are_marked_and_all_are_unmarked(showing: Showing) -> None:
    showing(Press(card=4), Command.ALL)
    assert showing.marked == list(range(12))
    assert showing(Command.ALL).marked == []


def test_the_cursor_stays_on_the_sheet() -> None:
    showing = Showing((False,) * 6)  # four, and two below them
    for command, place in (
        (Command.LEFT, 0),
        (Command.UP, 0),
        (Command.RIGHT, 1),
        (Command.DOWN, 5),
        (Command.RIGHT, 5),
        (Command.DOWN, 5),
        (Command.UP, 1),
        (Command.RIGHT, 2),
        (Command.DOWN, 5),
        (Command.LEFT, 4),
    ):
        assert showing(command).state.cursor == place, command


def test_done_and_back_keep_the_marks(showing: Showing) -> None:
    showing(Press(card=1), Command.DONE)
    assert showing.wish is Wish.DONE
    assert showing.marked == [1]
    again = Showing(showing.state.marked)(Press(card=3), Command.BACK)
    assert again.wish is Wish.BACK
    assert again.marked == [1, 3]


def test_a_sheet_that_nobody_can_have_seen_is_not_done(showing: Showing) -> None:
    assert showing(Command.DONE, after=SOONEST / 2).wish is None
    assert showing(Command.DONE, after=SOONEST).wish is Wish.DONE


def test_leaving_is_asked_twice(showing: Showing) -> None:
    assert showing(Command.LEAVE).wish is None
    assert showing(Press(card=2)).state.mode is Mode.MARK
    assert showing.marked == []  # that key only went back
    assert showing(Command.LEAVE, Command.LEAVE).wish is Wish.LEAVE


def test_the_clock_stands_while_help_or_a_pause_covers_the_cards(showing: Showing) -> None:
    for command in (Command.HELP, Command.PAUSE, Command.LEAVE):
        before = showing.state.clock.seconds
        showing(command, Tick(), Tick(), Press(), after=2.0)
        assert showing.state.clock.seconds == before + 2.0
    assert showing.state.looking


def test_the_clock_stands_without_the_keyboard(showing: Showing) -> None:
    showing(Tick(), Focus(here=False), Tick(), Tick(), Focus(here=True), Tick())
    assert showing.state.clock.seconds == 3.0
    showing(Focus(here=False), Command.DONE, Click(2))
    assert showing.wish is None
    assert showing.marked == []


def test_silence_counts_as_half_a_minute_and_the_mouse_breaks_it(showing: Showing) -> None:
    showing(*[Tick()] * 50)
    assert showing.state.clock.seconds == 30.0
    showing(Moved(), *[Tick()] * 10)
    assert showing.state.clock.seconds == 40.0


def test_keys_that_last_as_long_as_they_are_down(showing: Showing) -> None:
    assert showing(Command.BEFORE).state.before
    assert not showing(Release(Command.BEFORE)).state.before
    assert showing(Command.CLOSER).state.closer
    assert not showing(Focus(here=False)).state.closer  # the release is never heard
    assert showing(Focus(here=True), Look(8)).state.closer
    assert showing.state.cursor == 8
    assert not showing(Release(Command.CLOSER)).state.closer
    assert showing(Command.BLINK).state.blink
    assert not showing(Command.BLINK).state.blink


def test_the_windows_own_keys_work_everywhere(showing: Showing) -> None:
    assert showing(Command.HELP, Command.FULL_SCREEN).wish is Wish.FULL_SCREEN
    assert showing.state.mode is Mode.HELP
