"""Space Invaders' truth on the real game: own shots at own barriers, in four wordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from oversight import AllowAll, AtariGame, OracleOverseer, OversightWrapper, game_named
from oversight.catastrophes import BarrierShot
from oversight.catastrophes.space_invaders import (
    FIRES,
    NO_SHOT,
    SHOT_HEIGHT,
    WITHOUT_FIRE,
    under_barrier,
)
from oversight.emulator import AleEmulator, Emulator
from oversight.games import entry_of
from oversight.lookahead import LookAhead
from oversight.testing import MemorySink

GAME = game_named("space_invaders")
BARRIER_RGB = (181, 83, 40)
Proposer = Callable[[np.random.Generator], Iterator[int]]


def at_random(rng: np.random.Generator) -> Iterator[int]:
    while True:
        yield int(rng.integers(6))


def held(rng: np.random.Generator) -> Iterator[int]:
    while True:
        action = int(rng.integers(6))
        for _ in range(int(rng.integers(1, 16))):
            yield action


def under_fire(rng: np.random.Generator) -> Iterator[int]:
    """FIRE, with a move between now and then: mostly from under a barrier, where it starts."""
    while True:
        yield from [1] * int(rng.integers(5, 30))
        yield from [int(rng.choice([2, 3]))] * int(rng.integers(0, 4))


PROPOSERS: list[Proposer] = [at_random, held, under_fire]


@dataclass(frozen=True)
class Thorough(BarrierShot):
    """Takes no shortcut."""

    def harmless(self, action: int) -> bool:
        return False

    def settled(self, emulator: Emulator, frames: int, held: int | None = None) -> bool:
        return False


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


def test_the_memory_counts_the_barriers_pixels() -> None:
    emulator, actions = AleEmulator(GAME), at_random(np.random.default_rng(0))
    emulator.reset()
    before = fell = compared = 0
    for frame in range(4_000):
        if frame % 4 == 0:
            action = next(actions)
        emulator.act(action)
        seen = int((emulator.screen_rgb()[157:175] == BARRIER_RGB).all(axis=2).sum()) // 2
        now = int(np.bitwise_count(emulator.ram()[43:70]).sum())
        if frame > 10 and seen and not emulator.game_over:
            # The memory leads the picture by one frame; a bomb can cover a part of it.
            assert seen <= before
            compared += seen == before
            fell += now < before
        before = now
    assert compared > 1_000
    assert fell > 5


@pytest.mark.parametrize("proposer", PROPOSERS)
def test_under_the_oracle_no_own_barrier_is_hit(proposer: Proposer) -> None:
    sink = play(AtariGame(GAME), proposer, oracle=True, steps=700)
    assert sink.events == []
    assert sum(record.blocked for record in sink.records) > 3
    # What is executed instead moves as the proposed action did.
    for record in sink.records:
        if record.blocked:
            assert record.executed == WITHOUT_FIRE[record.proposal.action]
            assert record.proposed_unsafe


@pytest.mark.parametrize("proposer", PROPOSERS)
def test_without_an_overseer_every_hit_is_one_shots_doing(proposer: Proposer) -> None:
    sink = play(AtariGame(GAME), proposer, oracle=False, steps=700)
    assert len(sink.events) > 2
    causes = [event.cause_step for event in sink.events]
    assert len(set(causes)) == len(causes) == sum(bool(r.executed_unsafe) for r in sink.records)
    for event in sink.events:
        assert event.avoidable
        assert sink.records[event.cause_step].executed in FIRES
        assert 0 <= event.onset_step - event.cause_step <= 5


@pytest.mark.parametrize("proposer", PROPOSERS)
def test_the_shortcuts_say_what_look_ahead_says(proposer: Proposer) -> None:
    env, actions = AtariGame(GAME), proposer(np.random.default_rng(3))
    env.reset(seed=3)
    # What is unsafe is not done, so that the barriers stay.
    unsafe = 0
    for step in range(240):
        if step % 2 == 0:
            slow = LookAhead(env.emulator, Thorough(), n_actions=6, frameskip=GAME.frameskip)
            slow.moved(env._watches[0])
            assert (slow.unsafe_actions() == env.truth.unsafe_actions()).all()
            unsafe += int(env.truth.unsafe_actions().sum())
        action = next(actions)
        if env.step(WITHOUT_FIRE[action] if env.truth.unsafe(action) else action)[2]:
            env.reset(seed=step)
    assert unsafe > 0


def test_a_gun_that_comes_free_within_the_step_adds_to_what_is_blocked() -> None:
    env = AtariGame(GAME)
    narrow = AtariGame(replace(entry_of(GAME.name), rule="gun_free"))
    actions = np.random.default_rng(3)
    env.reset(seed=3), narrow.reset(seed=3)
    added = 0
    for _ in range(400):
        within, now = env.rule.unsafe_actions(), narrow.rule.unsafe_actions()
        assert (within >= now).all()
        if int(env.emulator.ram()[SHOT_HEIGHT]) == NO_SHOT:
            assert (within == now).all()
        assert not within[[0, 2, 3]].any()
        added += int((within & ~now).sum())
        action = int(actions.integers(6))
        ended = env.step(action)[2]
        assert narrow.step(action)[2] == ended
        if ended:
            break
    assert added > 0


def test_the_wordings_differ_where_they_should() -> None:
    games = {
        name: AtariGame(GAME, definition=name) for name in ("direct", "counterfactual", "paper")
    }
    actions = held(np.random.default_rng(5))
    for env in games.values():
        env.reset(seed=5)
    counts = dict.fromkeys([*games, "gun_free_within"], 0)
    apart = 0
    for _ in range(260):
        direct = games["direct"]
        answers = {name: env.truth.unsafe_actions() for name, env in games.items()}
        answers["gun_free_within"] = direct.rule.unsafe_actions()
        for name, answer in answers.items():
            assert not answer[[0, 2, 3]].any()  # what does not fire is never blamed
            counts[name] += int(answer.sum())
        assert (answers["gun_free_within"] >= answers["direct"]).all()
        assert (answers["paper"][1]) == under_barrier(direct.emulator)
        apart += int((answers["direct"] != answers["counterfactual"]).sum())
        action = next(actions)
        if True in [env.step(action)[2] for env in games.values()]:
            for env in games.values():
                env.reset(seed=6)
    assert 0 < counts["direct"] < counts["gun_free_within"]
    assert counts["direct"] < counts["paper"]
    # Everything that lost the barrier bits, bombs too, is an event to the counterfactual: it
    # misjudges a few shots whose hit a bomb would have made anyway.
    assert apart < 0.05 * counts["direct"]


@pytest.mark.parametrize("rule", ["gun_free", "gun_free_within"])
def test_the_gun_free_rules_leave_the_game_alone(rule: str) -> None:
    asked, plain = AtariGame(replace(entry_of(GAME.name), rule=rule)), AtariGame(GAME)
    asked.reset(seed=1), plain.reset(seed=1)
    for action in [1, 1, 2, 4, 1, 3, 5, 1, 0, 1] * 8:
        asked.rule.unsafe_actions(), asked.truth.unsafe_actions()
        assert asked.emulator.ram()[SHOT_HEIGHT] == plain.emulator.ram()[SHOT_HEIGHT]
        assert (asked.step(action)[0] == plain.step(action)[0]).all()
        assert (asked.emulator.ram() == plain.emulator.ram()).all()
