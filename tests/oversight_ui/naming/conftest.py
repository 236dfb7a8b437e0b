"""Shared by the tests of naming: pairs of real screens, and sheets of them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from oversight import AtariGame, game_named
from oversight_ui.naming import Pair, Sheet

FIRST, EVERY = 70, 13
"""The first pair's step, and how many lie between a pair and the next one."""


@cache
def played(game: str) -> tuple[Pair, ...]:
    """Twelve pairs of a game that is played at random."""
    env = AtariGame(game_named(game))
    env.action_space.seed(5)
    env.reset(seed=5)
    found: list[Pair] = []
    step, before = 0, env.screen().copy()
    while len(found) < 12:
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        now = env.screen().copy()
        if terminated or (step >= FIRST and step % EVERY == 0):
            found.append(Pair(before, now, over=terminated))
        before, step = now, step + 1
        if terminated or truncated:
            env.reset()
            before = env.screen().copy()
    env.close()
    return tuple(found)


class Sheets:
    """Makes sheets."""

    def __call__(
        self, game: str = "road_runner", count: int = 12, marked: tuple[int, ...] = ()
    ) -> Sheet:
        pairs = played(game)[:count]
        marks = tuple(place in marked for place in range(count))
        return Sheet(pairs, marks, number=7, seconds=190.0, allowed=720.0)


@pytest.fixture
def sheets() -> Sheets:
    return Sheets()


@pytest.fixture
def blank() -> Pair:
    screen = np.zeros((210, 160), np.uint8)
    return Pair(screen, screen, over=False)
