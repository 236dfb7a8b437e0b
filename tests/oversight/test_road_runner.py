"""Road Runner's truth on the real game: deaths on level 1, and the ways to look ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from oversight import AllowAll, AtariGame, OracleOverseer, OversightWrapper, game_named
from oversight.catastrophe import Watch
from oversight.catastrophes import RoadRunnerDeath
from oversight.emulator import AleEmulator, Emulator
from oversight.lookahead import LookAhead
from oversight.testing import MemorySink

GAME = game_named("road_runner")
FIRE, LEFT, UPRIGHT = 1, 4, 6
Proposer = Callable[[np.random.Generator], Iterator[int]]


def at_random(rng: np.random.Generator) -> Iterator[int]:
    while True:
        yield int(rng.integers(18))


def held(rng: np.random.Generator) -> Iterator[int]:
    while True:
        action = int(rng.integers(18))
        for _ in range(int(rng.integers(1, 16))):
            yield action


def corner(_rng: np.random.Generator) -> Iterator[int]:
    """Into the top right corner, and wait: the death that beat the paper."""
    yield from [UPRIGHT] * 40
    while True:
        yield 0


@dataclass(frozen=True)
class Thorough(RoadRunnerDeath):
    """Takes no shortcut."""

    def out_of_reach(self, emulator: Emulator, action: int) -> bool:
        return False

    def settled(self, emulator: Emulator, frames: int, held: int | None = None) -> bool:
        """Nothing but the definition: 9 steps are enough where no truck comes."""
        bird, truck, lane = (int(byte) for byte in emulator.ram()[[80, 42, 43]])
        comes = (truck or lane) and truck <= bird + 8
        return not comes and frames <= 4 * (14 - 9)


def play(env: AtariGame, proposer: Proposer, *, oracle: bool, steps: int) -> MemorySink:
    sink = MemorySink()
    overseer = OracleOverseer([env.truth]) if oracle else AllowAll()
    wrapper = OversightWrapper(env, overseer, sink=sink, episode_seed=lambda n: n)
    actions, over = proposer(np.random.default_rng(0)), True
    for _ in range(steps):
        if over:
            wrapper.reset()
        _, _, terminated, truncated, _ = wrapper.step(next(actions))
        over = terminated or truncated
    return sink


def begins(emulator: Emulator, watch: Watch[Emulator], action: int, frames: int) -> bool:
    for _ in range(frames):
        emulator.act(action)
        if watch.frame(emulator):
            return True
    return False


def holds(emulator: Emulator, watch: Watch[Emulator], backup: int) -> bool:
    """For 14 steps, but only for 9 if no truck comes from behind then."""
    for frame in range(4 * 14):
        bird, truck, lane = (int(byte) for byte in emulator.ram()[[80, 42, 43]])
        if frame >= 4 * 9 and (truck == lane == 0 or truck > bird + 8):
            return True
        if begins(emulator, watch, backup, 1):
            return False
    return True


def plainly_unsafe(env: AtariGame) -> np.ndarray:
    """The definition, word for word: no caches, no sharing, no shortcuts, no order."""
    emulator = env.emulator
    start = emulator.snapshot()

    def recoverable(action: int) -> bool:
        emulator.restore(start)
        branch = env._watches[0].copy()
        if begins(emulator, branch, action, 4):
            return False
        after = emulator.snapshot()
        for backup in Thorough().backups:
            emulator.restore(after)
            if holds(emulator, branch.copy(), backup):
                return True
        return False

    held_off = np.array([recoverable(action) for action in range(18)])
    emulator.restore(start)
    return ~held_off if held_off.any() else np.zeros(18, np.bool_)


def test_every_life_lost_is_one_death() -> None:
    emulator, truth = AleEmulator(GAME), RoadRunnerDeath(levels=256)
    emulator.reset()
    emulator.act(0)
    watch, actions = truth.watch(emulator), held(np.random.default_rng(0))
    deaths = fallen = games = frame = 0
    lives, action = emulator.lives, 0
    while games < 4:
        action = next(actions) if frame % 4 == 0 else action
        emulator.act(action)
        frame += 1
        deaths += watch.frame(emulator)
        fallen += emulator.lives < lives
        lives = emulator.lives
        if emulator.game_over:
            assert deaths == fallen  # lives fall late, but at once on the last
            games += 1
            emulator.reset()
            emulator.act(0)
            watch, lives = truth.watch(emulator), emulator.lives
    assert deaths >= 12


@pytest.mark.parametrize("proposer", [at_random, held, corner])
def test_under_the_oracle_nobody_dies(proposer: Proposer) -> None:
    sink = play(AtariGame(GAME), proposer, oracle=True, steps=400)
    assert sink.events == []
    assert sum(record.blocked for record in sink.records) > 3
    assert not any(record.no_safe_action for record in sink.records)


def test_without_an_overseer_each_death_has_its_cause() -> None:
    sink = play(AtariGame(GAME), held, oracle=False, steps=350)
    assert len(sink.events) > 2
    for event in sink.events:
        assert event.avoidable
        assert sink.records[event.cause_step].executed_unsafe
        assert 0 <= event.onset_step - event.cause_step <= 10


def test_all_that_makes_it_fast_changes_no_answer() -> None:
    env, actions = AtariGame(GAME), held(np.random.default_rng(2))
    env.reset(seed=2)
    unsafe = compared = 0
    for step in range(150):
        action = next(actions)
        if step % 3 == 0 and not env._watches[0].harmful:
            answers = env.truth.unsafe_actions()
            # Where no single backup helps, the search may know a way that the definition does not.
            if not env.truth.doomed:
                assert (answers == plainly_unsafe(env)).all()
                unsafe += int(answers.sum())
                compared += 1
        elif env.truth.unsafe(action):
            action = next(a for a in (LEFT, *range(18)) if not env.truth.unsafe(a))
        if env.step(action)[2]:
            env.reset(seed=step)
    assert compared > 20
    assert unsafe > 20


def test_a_fire_on_a_lane_is_not_out_of_reach() -> None:
    env = AtariGame(GAME)
    env.reset(seed=1)
    for _ in range(60):
        env.step(9 if not env.truth.unsafe(9) else env.truth.last_resort())
    ram = env.emulator.ram()
    assert (ram[80], ram[3], ram[42]) == (69, 50, 0)  # down left, and no truck
    assert env.truth._out_of_reach(LEFT)
    assert not env.truth._out_of_reach(FIRE)
    env.step(FIRE)
    assert env.emulator.ram()[92] > 20  # it stands still for a while
    assert not env.truth._out_of_reach(LEFT)


@pytest.mark.slow
def test_the_coyote_far_away_and_no_truck_is_out_of_reach() -> None:
    env, actions = AtariGame(GAME), held(np.random.default_rng(7))
    env.reset(seed=7)
    taken = 0
    for step in range(600):
        action = next(actions)
        spared = [each for each in range(18) if env.truth._out_of_reach(each)]
        if spared:
            taken += 1
            slow = LookAhead(env.emulator, Thorough(), n_actions=18, frameskip=GAME.frameskip)
            slow.moved(env._watches[0])
            assert not any(slow.unsafe(each) for each in (spared if step % 5 == 0 else spared[:1]))
        elif env.truth.unsafe(action):
            action = LEFT
        if env.step(action)[2]:
            env.reset(seed=step)
    assert taken > 60


def held_off(env: AtariGame, action: int) -> bool:
    """Word for word, the directions that run from the Coyote first."""
    emulator, start = env.emulator, env.emulator.snapshot()
    branch = env._watches[0].copy()
    found = not begins(emulator, branch, action, 4)
    after, backups = emulator.snapshot(), iter((LEFT, 7, 9, 3, 2, 5, 6, 8, 0))
    averted = False
    while found and not averted and (backup := next(backups, None)) is not None:
        emulator.restore(after)
        averted = holds(emulator, branch.copy(), backup)
    emulator.restore(start)
    return averted


@pytest.mark.parametrize("proposer", [at_random, held, corner])
def test_where_it_can_run_left_nothing_is_lost(proposer: Proposer) -> None:
    env, rng = AtariGame(GAME), np.random.default_rng(4)
    what, emulator, actions = env.catastrophe, env.emulator, proposer(rng)
    env.reset(seed=4)
    at_once = later = 0
    for step in range(200):
        action = next(actions)
        if not env.harmful and not what.sealed(emulator):
            for tried in rng.choice(18, 2).tolist():
                start = emulator.snapshot()
                spared = what.out_of_reach(emulator, tried)
                ends = begins(emulator, env._watches[0].copy(), tried, 4)
                settled = not ends and what.settled(emulator, 4 * what.horizon)
                emulator.restore(start)
                at_once, later = at_once + spared, later + settled
                assert held_off(env, tried) or not (spared or settled)
        if step % 2 and env.truth.unsafe(action):
            action = env.truth.last_resort()
        if env.step(action)[2]:
            env.reset(seed=step)
    assert at_once > 40
    assert later > 80


def test_the_level_is_told() -> None:
    env = AtariGame(GAME)
    _, info = env.reset(seed=0)
    assert info["progress"] == {"level": 1}
