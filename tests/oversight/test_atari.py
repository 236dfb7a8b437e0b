"""The Atari environment and the colours, on the real game."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from oversight import PALETTE_GREY, AtariGame, AtariSettings, game_named, to_grey, to_rgb
from oversight.emulator import AleEmulator

PONG = game_named("pong")


def played(env: AtariGame, actions: NDArray[np.int64], seed: int) -> list[NDArray[np.uint8]]:
    """Observations and screens of one episode, flattened into one list."""
    seen = [env.reset(seed=seed)[0], env.screen()]
    for action in actions:
        seen += [env.step(int(action))[0], env.screen()]
    return seen


def same(one: list[NDArray[np.uint8]], other: list[NDArray[np.uint8]]) -> bool:
    return len(one) == len(other) and all(map(np.array_equal, one, other))


def actions(count: int, seed: int = 0) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, 6, count)


# ------------------------------------------------------------------ colours


@pytest.mark.parametrize("rom", ["pong", "space_invaders", "road_runner", "seaquest", "qbert"])
def test_the_palette_is_the_emulators(rom: str) -> None:
    emulator = AleEmulator(replace(PONG, rom=rom))
    emulator.reset()
    for action in actions(600):
        emulator.act(int(action))
    for action in actions(20, seed=1):
        emulator.act(int(action))
        screen = emulator.screen()
        assert (to_rgb(screen) == emulator.screen_rgb()).all()
        assert (to_grey(screen) == emulator._ale.getScreenGrayscale()).all()


def test_the_palette_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        PALETTE_GREY[0] = 1


def test_colours_keep_leading_axes() -> None:
    screens = np.zeros((3, 2, 210, 160), np.uint8)
    assert to_rgb(screens).shape == (3, 2, 210, 160, 3)
    assert to_grey(screens).shape == (3, 2, 210, 160)


# ------------------------------------------------------------------ observations


def test_the_same_seed_and_actions_give_the_same_game(pong: AtariGame) -> None:
    tape = actions(150)
    assert same(played(pong, tape, seed=3), played(pong, tape, seed=3))
    assert same(played(AtariGame(PONG), tape, seed=3), played(pong, tape, seed=3))


def test_sticky_games_are_the_same_by_seed_too() -> None:
    env = AtariGame(PONG, AtariSettings(sticky=0.25))
    tape = actions(100)
    first = played(env, tape, seed=3)
    assert same(first, played(env, tape, seed=3))
    assert not same(first, played(AtariGame(PONG), tape, seed=3))


def test_games_start_apart_by_seed(pong: AtariGame) -> None:
    # The first screens look alike until the ball comes; what follows does not.
    def course(seed: int) -> bytes:
        return played(pong, actions(40), seed)[-1].tobytes()

    assert len({course(seed) for seed in range(20)}) > 10  # of 31 starts that there are


def test_without_noops_every_game_starts_alike() -> None:
    env = AtariGame(PONG, AtariSettings(noop_max=0))
    assert len({played(env, actions(40), seed)[-1].tobytes() for seed in range(5)}) == 1


def test_the_stack_is_the_newest_screens_with_the_newest_last(pong: AtariGame) -> None:
    first, _ = pong.reset(seed=0)
    assert first.shape == (4, 84, 84)
    assert first.dtype == np.uint8
    assert all((plane == first[3]).all() for plane in first)
    before = first
    for action in actions(10):
        after = pong.step(int(action))[0]
        assert (after[:3] == before[1:]).all()
        before = after


@pytest.mark.parametrize("frameskip", [1, 2, 4])
def test_a_plane_is_the_brighter_of_the_last_two_frames(frameskip: int) -> None:
    env = AtariGame(replace(PONG, frameskip=frameskip))
    env.reset(seed=0)
    twin = AleEmulator(PONG)
    twin.restore(env.snapshot().emulator)
    frames = [to_grey(env.screen())]
    for action in actions(30):
        observation = env.step(int(action))[0]
        for _ in range(frameskip):
            twin.act(int(action))
            frames.append(to_grey(twin.screen()))
        wanted = cv2.resize(np.maximum(*frames[-2:]), (84, 84), interpolation=cv2.INTER_AREA)
        assert (observation[3] == wanted).all()
        assert (to_grey(env.screen()) == frames[-1]).all()


def test_what_was_observed_does_not_change_later(pong: AtariGame) -> None:
    observation, screen = pong.reset(seed=0)[0], pong.screen()
    kept = observation.copy(), screen.copy()
    for action in actions(20):
        pong.step(int(action))
    assert (observation == kept[0]).all()
    assert (screen == kept[1]).all()


# ------------------------------------------------------------------ rewards and ends


def test_the_agent_is_paid_the_sign_and_the_info_tells_the_score() -> None:
    clipped, plain = AtariGame(PONG), AtariGame(PONG, AtariSettings(clip_reward=False))
    clipped.reset(seed=0), plain.reset(seed=0)
    total = 0.0
    for action in actions(400):
        *_, info = step = clipped.step(int(action))
        other = plain.step(int(action))
        assert step[1] == np.sign(other[1])
        assert info["game_reward"] == other[1] == other[-1]["game_reward"]
        total += other[1]
        assert info["game_return"] == total
    assert total < 0  # random play loses points, so something was compared


def test_an_episode_is_cut_after_its_agent_steps() -> None:
    env = AtariGame(PONG, AtariSettings(max_agent_steps=7))
    for _ in range(2):
        env.reset(seed=0)
        ends = [env.step(0)[2:4] for _ in range(7)]
        assert ends == [(False, False)] * 6 + [(False, True)]


def test_an_episode_is_cut_after_its_frames() -> None:
    env = AtariGame(PONG, AtariSettings(max_frames=18))
    env.reset(seed=0)
    assert [env.step(0)[3] for _ in range(5)] == [False] * 4 + [True]


def test_a_game_ends_as_the_game_ends() -> None:
    env = AtariGame(PONG)
    env.reset(seed=0)
    for _ in range(2000):
        _, _, terminated, truncated, info = env.step(0)
        if terminated:
            break
    assert terminated
    assert not truncated
    assert info["game_return"] == -21


def test_rendering_is_the_screen_in_colour() -> None:
    env = AtariGame(PONG, render_mode="rgb_array")
    env.reset(seed=0)
    picture = env.render()
    assert picture is not None
    assert (picture == env._emulator.screen_rgb()).all()
    assert AtariGame(PONG).render() is None


def test_a_rom_that_is_not_there() -> None:
    with (
        pytest.warns(UserWarning, match="no_such_game"),  # ale-py's own
        pytest.raises(ValueError, match="ale-py has no ROM named 'no_such_game'"),
    ):
        AleEmulator(replace(PONG, rom="no_such_game"))


# ------------------------------------------------------------------ snapshots


def trace(env: AtariGame, tape: NDArray[np.int64]) -> list[object]:
    seen: list[object] = []
    for action in tape:
        observation, *rest = env.step(int(action))
        seen.append((observation.tobytes(), env.screen().tobytes(), rest))
    return seen


@pytest.mark.parametrize("sticky", [0.0, 0.25])
def test_a_moment_comes_back_whole(sticky: float) -> None:
    env = AtariGame(PONG, AtariSettings(max_agent_steps=300, sticky=sticky))
    env.reset(seed=5)
    trace(env, actions(100, seed=1))
    moment = env.snapshot()
    observation, screen = env._stack.copy(), env.screen().copy()
    unsafe = env.truth.unsafe_actions()
    tape = actions(200, seed=2)
    first = trace(env, tape)
    assert env._over_length  # the counters came along: the episode is cut at the same step
    assert (env.restore(moment) == observation).all()
    assert (env.screen() == screen).all()
    assert (env.truth.unsafe_actions() == unsafe).all()
    assert trace(env, tape) == first
    env.restore(moment)  # a moment can be come back to more than once
    assert trace(env, tape) == first


def test_a_moment_holds_the_watch_too(pong: AtariGame) -> None:
    pong.reset(seed=0)
    while not pong.step(3)[-1]["harmful_frames"]:
        pass
    moment = pong.snapshot()
    for _ in range(20):
        pong.step(2)
    pong.restore(moment)
    assert pong.step(3)[-1]["catastrophe_onsets"] == 0  # inside already: no second entry
