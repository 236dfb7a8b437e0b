"""Gymnasium's and stable-baselines3's own checkers, over environments that have been wrapped."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import gymnasium
import pytest
from gymnasium.utils.env_checker import check_env as gymnasium_check
from stable_baselines3.common.env_checker import check_env as sb3_check

from oversight import AtariGame, OversightWrapper, ScriptedOverseer, game_named

MAKERS: dict[str, Callable[[], gymnasium.Env[Any, Any]]] = {
    "pong": lambda: AtariGame(game_named("pong")),
    "cliff walking": lambda: gymnasium.make("CliffWalking-v1"),
    "cart pole": lambda: gymnasium.make("CartPole-v1"),
}


@pytest.fixture(params=MAKERS)
def wrapper(request: pytest.FixtureRequest) -> OversightWrapper[Any]:
    """Half of what is proposed is refused, so that blocked steps are checked as well."""
    env = MAKERS[request.param]()
    return OversightWrapper(env, ScriptedOverseer(lambda p: p.action % 2 == 1, replacement=0))


def test_gymnasiums_checker_finds_nothing(wrapper: OversightWrapper[Any]) -> None:
    with warnings.catch_warnings():
        # Said of every wrapper; that it is one is what we check.
        warnings.filterwarnings("ignore", ".*is different from the unwrapped version")
        # CartPole's own bounds.
        warnings.filterwarnings("ignore", ".*observation space m.* value is -?infinity")
        # Rendering is the wrapped environment's; those two would open pygame for it.
        gymnasium_check(wrapper, skip_render_check=True)


def test_stable_baselines3s_checker_finds_nothing(wrapper: OversightWrapper[Any]) -> None:
    sb3_check(wrapper, skip_render_check=True)


def test_the_game_by_itself_passes_too(pong: AtariGame) -> None:
    gymnasium_check(pong, skip_render_check=True)
    sb3_check(pong, skip_render_check=True)


def test_an_overseen_environment_is_not_made_again_without_its_overseer(
    wrapper: OversightWrapper[Any],
) -> None:
    assert wrapper.spec is None
