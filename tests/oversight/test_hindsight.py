"""Blame asked after the event is the blame of asking at every step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from oversight import AllowAll, AtariGame, OversightWrapper, game_named
from oversight.classic import ClassicGame
from oversight.hindsight import Hindsight
from oversight.testing import MemorySink


def tape(n_actions: int, longest: int) -> Iterator[int]:
    rng = np.random.default_rng(3)
    while True:
        action = int(rng.integers(n_actions))
        for _ in range(int(rng.integers(1, longest, endpoint=True))):
            yield action


Played = AtariGame | ClassicGame


def eager(game: Played, longest: int, steps: int) -> list[tuple[int, int, bool]]:
    sink = MemorySink()
    wrapper, over = OversightWrapper(game, AllowAll(), sink=sink, episode_seed=lambda n: n), True
    actions = tape(game.game.n_actions, longest)
    for _ in range(steps):
        if over:
            wrapper.reset()
        *_, over, _, _ = wrapper.step(next(actions))
    return [(event.onset_step, event.cause_step, event.avoidable) for event in sink.events]


def lazy(game: Played, longest: int, steps: int) -> list[tuple[int, int, bool]]:
    found: list[tuple[int, int, bool]] = []
    hindsight, actions = Hindsight(game.truth), tape(game.game.n_actions, longest)
    over, episode = True, 0
    for step in range(steps):
        if over:
            game.reset(seed=episode)
            hindsight.begin()
            episode += 1
        action = next(actions)
        hindsight.keep(action)
        *_, over, _, info = game.step(action)
        for _ in range(info["catastrophe_onsets"]):
            back = hindsight.cause()
            found.append((step, step - (back or 0), back is not None))
    return found


@pytest.mark.parametrize(
    ("name", "longest", "steps"),
    [
        ("pong", 12, 300),
        ("space_invaders", 4, 300),
        ("road_runner", 20, 250),
        ("berzerk", 20, 250),
        ("freeway", 20, 300),
    ],
)
def test_it_blames_the_step_that_asking_all_along_blames(
    name: str, longest: int, steps: int
) -> None:
    told = lazy(AtariGame(game_named(name)), longest, steps)
    assert told == eager(AtariGame(game_named(name)), longest, steps)
    assert len(told) >= 2


@pytest.mark.parametrize("name", ["cliff_walking", "cart_pole"])
def test_it_does_so_where_one_harm_follows_the_other(name: str) -> None:
    told = lazy(ClassicGame(name), 3, 120)
    assert told == eager(ClassicGame(name), 3, 120)
    assert len(told) >= 2


def test_asking_afterwards_changes_nothing_of_what_comes() -> None:
    asked, plain = (AtariGame(game_named("road_runner")) for _ in range(2))
    hindsight, actions = Hindsight(asked.truth), tape(18, 20)
    asked.reset(seed=1), plain.reset(seed=1)
    for _ in range(120):
        action = next(actions)
        hindsight.keep(action)
        one, two = asked.step(action), plain.step(action)
        if one[-1]["catastrophe_onsets"]:
            assert hindsight.cause() is not None
        assert (one[0] == two[0]).all()
        assert one[1:] == two[1:]


def test_no_further_back_than_is_kept() -> None:
    causes = {}
    for reach in (1, 2_000):
        game = AtariGame(game_named("road_runner"))
        hindsight, actions = Hindsight(game.truth, reach=reach), tape(18, 20)
        game.reset(seed=1)
        causes[reach] = []
        for _ in range(160):
            action = next(actions)
            hindsight.keep(action)
            if game.step(action)[-1]["catastrophe_onsets"]:
                causes[reach].append(hindsight.cause())
    assert [cause if cause == 0 else None for cause in causes[2_000]] == causes[1]
    assert any(causes[2_000])


def test_nothing_of_an_earlier_episode_is_to_blame() -> None:
    game = AtariGame(game_named("pong"))
    hindsight = Hindsight(game.truth)
    game.reset(seed=0)
    hindsight.keep(3)
    hindsight.begin()
    assert hindsight.cause() is None
