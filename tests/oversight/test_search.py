"""The search for a way out, on a path that no single backup walks."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oversight.catastrophe import Catastrophe
from oversight.lookahead import LookAhead
from oversight.search import explore, survives

PATH = "RRURRUUR"
"""The only way on: any other move falls."""


class Tightrope:
    """A walker who has to make the right move at every frame."""

    game_over = False

    def __init__(self) -> None:
        self.place = 0
        self.fallen = False

    def act(self, action: int) -> float:
        self.fallen |= self.place < len(PATH) and "RU"[action] != PATH[self.place]
        self.place += 1
        return 0.0

    def snapshot(self) -> tuple[int, bool]:
        return self.place, self.fallen

    def restore(self, state: tuple[int, bool]) -> None:
        self.place, self.fallen = state

    def key(self, state: tuple[int, bool]) -> Hashable:
        return state


@dataclass
class Fall:
    """Sees the walker fall."""

    harmful: bool = False

    @property
    def state(self) -> Hashable:
        return self.harmful

    def frame(self, walker: Tightrope) -> bool:
        began, self.harmful = walker.fallen and not self.harmful, walker.fallen
        return began

    def copy(self) -> Fall:
        return Fall(self.harmful)


class Falling(Catastrophe[Tightrope]):
    name = "fall"
    backups = (0, 1)
    horizon = 4

    def watch(self, emulator: Tightrope) -> Fall:
        return Fall(emulator.fallen)


class WholeWay(Falling):
    horizon = len(PATH)


class Blind(WholeWay):
    backups = (0,)


class Guided(Blind):
    def backup(self, emulator: Tightrope, action: int) -> int:
        return "RU".index(PATH[emulator.place]) if emulator.place < len(PATH) else action


def test_a_way_that_takes_turns_is_found() -> None:
    def tried(budget: int = 100) -> bool:
        return survives(Tightrope(), Fall(), WholeWay(), frameskip=1, budget=budget)

    assert tried()
    assert tried(budget=11)  # 8 moves, and the other one first at each of the three U
    assert not tried(budget=10)


def test_the_search_plays_what_a_backup_means() -> None:
    walker = Tightrope()
    assert survives(walker, Fall(), Guided(), frameskip=1)
    walker = Tightrope()
    assert not survives(walker, Fall(), Blind(), frameskip=1)


def test_a_backup_cannot_be_changed_within_an_agent_step() -> None:
    # Guided frame by frame it would walk on, but from the third frame on no two moves are alike.
    assert not survives(Tightrope(), Fall(), Guided(), frameskip=2)
    truth = LookAhead(Tightrope(), Guided(), n_actions=2, frameskip=2)
    truth.moved(Fall())
    assert truth.doomed


def test_what_is_no_backup_may_save_where_no_backup_does() -> None:
    class Lame(Falling):
        backups = (0,)  # falls at the third move: there the way goes on with the other

    truth = LookAhead(Tightrope(), Lame(), n_actions=2, frameskip=1)
    truth.moved(Fall())
    assert not truth.doomed
    assert truth.unsafe_actions().tolist() == [False, True]


def test_a_search_that_tried_all_says_so() -> None:
    def found(what: Falling, budget: int) -> bool | None:
        return explore(Tightrope(), Fall(), what, frameskip=1, budget=budget)

    assert found(WholeWay(), 100) is True
    assert found(Blind(), 100) is False
    assert found(WholeWay(), 3) is None


def test_a_state_is_lost_only_if_the_search_says_so() -> None:
    walker = Tightrope()
    truth = LookAhead(walker, Falling(), n_actions=2, frameskip=1)
    truth.moved(Fall())
    # Neither move can be followed by one backup for four frames, yet R can be followed by R, U...
    assert not truth.doomed
    assert truth.unsafe_actions().tolist() == [False, True]
    assert walker.snapshot() == (0, False)


def test_the_first_answer_knows_what_the_search_finds() -> None:
    # The right move is the only one, and no single backup can follow it.
    truth = LookAhead(Tightrope(), Falling(), n_actions=2, frameskip=1)
    truth.moved(Fall())
    assert not truth.unsafe(0)
    truth.moved(Fall())
    assert truth.unsafe(1)


def test_an_action_that_nobody_asked_about_is_not_taken_for_a_false_step() -> None:
    class Astray(Falling):
        backups = (1, 0)  # the search begins with the move that falls

    walker = Tightrope()
    truth, watch = LookAhead(walker, Astray(), n_actions=2, frameskip=1), Fall()
    truth.moved(watch)
    assert truth.unsafe(1)
    assert not truth.doomed
    watch.frame(walker)
    walker.act(0)
    truth.moved(watch, 0)
    assert truth.unsafe_actions().tolist() == [False, True]


def test_after_a_false_step_all_is_lost_and_nobody_is_blamed_again() -> None:
    walker = Tightrope()
    truth, watch = LookAhead(walker, Falling(), n_actions=2, frameskip=1), Fall()
    truth.moved(watch)
    walker.place = 2
    truth.moved(watch)
    assert truth.unsafe_actions().tolist() == [True, False]
    assert truth.last_resort() == 1


def test_there_is_no_truth_before_a_game() -> None:
    with pytest.raises(RuntimeError, match="expected a game in progress"):
        LookAhead(Tightrope(), Falling(), n_actions=2, frameskip=1).unsafe(0)


class Maze:
    """A random graph with places of harm, or one in which states cannot be told apart."""

    game_over = False

    def __init__(self, seed: int, *, known: bool) -> None:
        rng = np.random.default_rng(seed)
        self.ways = rng.integers(12, size=(12, 3))
        self.fallen_at = rng.random(12) < 0.6
        self.place, self.known = 0, known

    @property
    def fallen(self) -> bool:
        return bool(self.fallen_at[self.place])

    def act(self, action: int) -> float:
        self.place = int(self.ways[self.place, action])
        return 0.0

    def snapshot(self) -> int:
        return self.place

    def restore(self, state: int) -> None:
        self.place = state

    def key(self, state: int) -> Hashable:
        return state if self.known else None


@given(st.integers(0, 10_000), st.booleans())
def test_the_search_agrees_with_all_sequences_played(seed: int, known: bool) -> None:
    class Lost(Falling):
        backups = (0, 1, 2)

    maze = Maze(seed, known=known)
    maze.fallen_at[0] = False
    here = {0}
    for _ in range(Lost.horizon):
        here = {int(to) for place in here for to in maze.ways[place] if not maze.fallen_at[to]}
    assert explore(maze, Fall(), Lost(), frameskip=1, budget=3**5) is bool(here)
