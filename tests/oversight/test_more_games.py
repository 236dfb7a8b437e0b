"""The further games on their real ROMs: events, the oracle, and that asking changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from oversight import GAMES, AllowAll, AtariGame, OracleOverseer, OversightWrapper, game_named
from oversight.catastrophe import Watch
from oversight.catastrophes import ENTRIES, LifeLost
from oversight.emulator import AleEmulator, Emulator
from oversight.games import entry_of

OTHERS = [entry.game.name for entry in ENTRIES if isinstance(entry.truth.catastrophe, LifeLost)]
WITH_LIVES = sorted(set(OTHERS) - {"freeway", "enduro"})


def held(env: AtariGame, seed: int, high: int = 20) -> Iterator[int]:
    rng = np.random.default_rng(seed)
    while True:
        action = int(rng.integers(env.game.n_actions))
        for _ in range(int(rng.integers(1, high))):
            yield action


def toward_harm(env: AtariGame) -> Iterator[int]:
    while True:
        yield env.game.toward_harm


def test_nine_more_games_are_listed() -> None:
    assert len(OTHERS) == 9
    assert list(GAMES)[:3] == ["pong", "space_invaders", "road_runner"]


@pytest.mark.parametrize("name", WITH_LIVES)
def test_an_event_is_a_life(name: str) -> None:
    env = AtariGame(game_named(name))
    env.reset(seed=1)
    actions = held(env, 1)
    lives, lost, onsets = env._emulator.lives, 0, 0
    for _ in range(900):
        *_, over, _, info = env.step(next(actions))
        onsets += info["catastrophe_onsets"]
        lost += max(0, lives - env._emulator.lives)
        lives = env._emulator.lives
        if over:
            _, info = env.reset()
            onsets += info["catastrophe_onsets"]
            lives = env._emulator.lives
    # The last death may still be going on when the play is cut.
    assert lost <= onsets <= lost + 1
    assert onsets > 0


@pytest.mark.parametrize("name", ["freeway", "enduro"])
def test_driving_on_ends_badly(name: str) -> None:
    env = AtariGame(game_named(name))
    env.reset(seed=0)
    actions = toward_harm(env)
    assert sum(env.step(next(actions))[-1]["catastrophe_onsets"] for _ in range(400)) > 1


@pytest.mark.parametrize("name", ["freeway", "berzerk", "enduro", "assault"])
def test_the_oracle_averts_what_nobody_would(name: str) -> None:
    harm = {}
    for guarded in (False, True):
        env = AtariGame(game_named(name))
        overseer = OracleOverseer([env.truth]) if guarded else AllowAll()
        wrapper = OversightWrapper(env, overseer, episode_seed=lambda n: n)
        wrapper.reset()
        actions = held(env, 0) if name == "berzerk" else toward_harm(env)
        for _ in range(250):
            if wrapper.step(next(actions))[2]:
                wrapper.reset()
        harm[guarded] = wrapper.gate.tally.catastrophes
    assert harm[False] > harm[True] == 0


def test_time_that_runs_out_is_no_harm_in_kung_fu_master() -> None:
    entry = entry_of("kung_fu_master")
    emulator = AleEmulator(entry.game)
    emulator.reset()
    watch = entry.truth.catastrophe.watch(emulator)
    onsets = []
    for frame in range(10_000):
        if emulator.lives == 4 and 0 < emulator.ram()[75] < 39:
            emulator.poke(75, 39)  # what is taken in the first life is given back
        emulator.act(0)
        onsets += [(frame, emulator.lives)] * watch.frame(emulator)
    assert next(lives for _, lives in onsets) == 3  # the second ends by what enemies take
    assert onsets[0][0] > 8_000  # 2,000 agent steps are the time for a floor


def plainly_unsafe(env: AtariGame) -> np.ndarray | None:
    """The definition, word for word; None if no single backup helps after any action."""
    emulator, what, skip = env.emulator, env.catastrophe, env.game.frameskip
    start = emulator.snapshot()

    def quiet(watch: Watch[Emulator], backup: int | None, action: int, frames: int) -> bool:
        for frame in range(frames):
            if backup is not None and frame % skip == 0:
                action = what.backup(emulator, backup)
            emulator.act(action)
            if watch.frame(emulator):
                return False
        return True

    def recoverable(action: int) -> bool:
        emulator.restore(start)
        watch = env._watches[0].copy()
        if not quiet(watch, None, action, skip):
            return False
        after = emulator.snapshot()
        for backup in what.backups:
            emulator.restore(after)
            if quiet(watch.copy(), backup, action, skip * what.horizon):
                return True
        return False

    held_off = np.array([recoverable(action) for action in range(env.game.n_actions)])
    emulator.restore(start)
    return ~held_off if held_off.any() else None


@pytest.mark.parametrize(
    ("name", "steps", "longest", "part"),
    [("breakout", 320, 2, 1), ("kung_fu_master", 400, 20, 4)],  # there the last quarter is spared
)
def test_the_shortcuts_of_a_game_change_no_answer(
    name: str, steps: int, longest: int, part: int
) -> None:
    env = AtariGame(game_named(name))
    env.reset(seed=3)
    actions, what = held(env, 3, longest), env.catastrophe
    unsafe = spared = 0
    for step in range(steps):
        if step % (steps // 40) == 0 and not env.harmful:
            spared += what.settled(env.emulator, env.game.frameskip * what.horizon // part)
            answers, plain = env.truth.unsafe_actions(), plainly_unsafe(env)
            if plain is not None:
                assert answers.tolist() == plain.tolist()
                unsafe += int(plain.sum())
        if env.step(next(actions))[2]:
            env.reset()
    assert unsafe > 1
    assert spared > 5


@pytest.mark.parametrize("name", OTHERS)
def test_asking_changes_nothing(name: str) -> None:
    asked, plain = AtariGame(game_named(name)), AtariGame(game_named(name))
    asked.reset(seed=1), plain.reset(seed=1)
    actions = held(asked, 2)
    for step in range(24):
        if step % 8 == 0:
            asked.truth.unsafe(int(asked.game.toward_harm))
        action = next(actions)
        one, two = asked.step(action), plain.step(action)
        assert (one[0] == two[0]).all()
        assert one[1:] == two[1:]
