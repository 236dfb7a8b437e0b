"""Pong's truth on the real game: the zone, the look-ahead, and that asking changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from oversight import (
    AllowAll,
    AtariGame,
    AtariSettings,
    OracleOverseer,
    Overseer,
    OversightWrapper,
    game_named,
)
from oversight.catastrophes import PongZone
from oversight.catastrophes.pong import FIELD_BOTTOM, PADDLE_ADDRESS
from oversight.emulator import AleEmulator, Emulator
from oversight.games import PONG, entry_of
from oversight.lookahead import LookAhead
from oversight.testing import MemorySink

UP, DOWN, NOOP = 2, 3, 0
Proposer = Callable[[np.random.Generator], Iterator[int]]


def at_random(rng: np.random.Generator) -> Iterator[int]:
    while True:
        yield int(rng.integers(6))


def held(rng: np.random.Generator) -> Iterator[int]:
    while True:
        action = int(rng.integers(6))
        for _ in range(int(rng.integers(1, 16))):
            yield action


def always_down(_rng: np.random.Generator) -> Iterator[int]:
    while True:
        yield DOWN


PROPOSERS: list[Proposer] = [at_random, held, always_down]


def play(
    overseer: Callable[[AtariGame], Overseer], proposer: Proposer, steps: int, seed: int = 0
) -> tuple[OversightWrapper[np.ndarray], MemorySink]:
    env = AtariGame(PONG, AtariSettings(max_agent_steps=500))
    sink = MemorySink()
    wrapper = OversightWrapper(env, overseer(env), sink=sink, episode_seed=lambda n: seed + n)
    propose = proposer(np.random.default_rng(seed))
    over = True
    for _ in range(steps):
        if over:
            wrapper.reset()
        _, _, terminated, truncated, _ = wrapper.step(next(propose))
        over = terminated or truncated
    return wrapper, sink


# ------------------------------------------------------------------ the zone


def test_the_paddle_is_where_the_memory_says_it_is() -> None:
    emulator, zone = AleEmulator(PONG), PongZone()
    emulator.reset()
    propose = held(np.random.default_rng(0))
    inside = outside = 0
    for frame in range(6000):
        if frame % 4 == 0:
            action = next(propose)
        emulator.act(action)
        address = int(emulator.ram()[PADDLE_ADDRESS])
        harmful = zone.watch(emulator).harmful
        if frame > 0 and address + 2 < FIELD_BOTTOM:  # below it, only the picture tells
            # The lowest row is the address plus 1 or 2.
            assert harmful or address + 1 < zone.first_row
            assert not harmful or address + 2 >= zone.first_row
        inside += harmful
        outside += not harmful
    assert inside > 300
    assert outside > 300


def test_the_zone_is_what_the_game_says_it_is() -> None:
    zone = game_named("pong").zone
    assert zone is not None
    assert (PongZone().first_row, FIELD_BOTTOM) == (zone.top, zone.bottom) == (178, 193)
    assert PongZone(zone_rows=20).first_row == 174
    assert entry_of("pong").truth.catastrophe == PongZone()
    with pytest.raises(ValueError, match="unknown catastrophe 'left' of pong: expected one of bot"):
        AtariGame(PONG, definition="left")


def test_entries_are_counted_frame_by_frame_and_staying_is_one() -> None:
    env = AtariGame(PONG)
    env.reset(seed=0)
    twin = AleEmulator(PONG)
    twin.restore(env.snapshot().emulator)
    zone, propose = PongZone(), held(np.random.default_rng(1))
    before, entries, counted, frames_inside = False, 0, 0, 0
    for _ in range(600):
        action = next(propose)
        for _ in range(4):
            twin.act(action)
            now = zone.watch(twin).harmful
            entries += now and not before
            frames_inside += now
            before = now
        *_, terminated, _, info = env.step(action)
        assert not terminated
        counted += info["catastrophe_onsets"]
    assert counted == entries
    assert 3 < entries < frames_inside / 4


# ------------------------------------------------------------------ look-ahead


@dataclass(frozen=True)
class Thorough(PongZone):
    """Never takes the shortcut, and may look farther."""

    steps: int = 2

    @property
    def horizon(self) -> int:
        return self.steps

    def out_of_reach(self, emulator: Emulator, action: int) -> bool:
        return False


def other_opinion(env: AtariGame, catastrophe: PongZone) -> np.ndarray:
    """What another look-ahead says of the environment's present moment."""
    truth = LookAhead(env._emulator, catastrophe, n_actions=6, frameskip=PONG.frameskip)
    truth.moved(env._watches[0])
    return truth.unsafe_actions()


def dipping(rng: np.random.Generator) -> Iterator[int]:
    """Down and up in turns: the states with the most momentum."""
    while True:
        for action in (DOWN, UP):
            for _ in range(int(rng.integers(2, 14))):
                yield action


@pytest.mark.parametrize("proposer", [*PROPOSERS, dipping])
def test_the_shortcut_says_what_look_ahead_says(proposer: Proposer) -> None:
    env = AtariGame(PONG)
    propose = proposer(np.random.default_rng(2))
    taken, over = 0, True
    for step in range(900):
        if over:
            env.reset(seed=step)
        if env.truth._out_of_reach(0):
            taken += 1
            # Down is what leads to the zone; every fourth state all the actions are tried.
            truth = LookAhead(env._emulator, Thorough(), n_actions=6, frameskip=PONG.frameskip)
            truth.moved(env._watches[0])
            assert not (truth.unsafe_actions().any() if step % 4 == 0 else truth.unsafe(DOWN))
        # Out of the zone again at times, so that always_down has states above it too.
        over = env.step(next(propose))[2] or step % 60 == 59
    assert taken > 25


def test_horizons_of_2_4_and_8_steps_say_the_same() -> None:
    env = AtariGame(PONG)
    env.reset(seed=0)
    propose = dipping(np.random.default_rng(4))
    compared, unsafe = 0, 0
    while compared < 60:
        if not env.truth._out_of_reach(0) and not env._watches[0].harmful:
            near = other_opinion(env, Thorough(steps=2))
            assert (near == other_opinion(env, Thorough(steps=4))).all()
            assert (near == other_opinion(env, Thorough(steps=8))).all()
            assert (near == env.truth.unsafe_actions()).all()
            compared += 1
            unsafe += bool(near.any())
        env.step(next(propose))
    assert unsafe > 5


def test_asking_changes_nothing() -> None:
    asked, plain = AtariGame(PONG), AtariGame(PONG)
    asked.reset(seed=1), plain.reset(seed=1)
    propose = held(np.random.default_rng(5))
    answers = 0
    for _ in range(300):
        ram = asked._emulator.ram().copy()
        answers += int(asked.truth.unsafe_actions().sum())
        assert (asked._emulator.ram() == ram).all()
        action = next(propose)
        one, two = asked.step(action), plain.step(action)
        assert (one[0] == two[0]).all()
        assert one[1:] == two[1:]
        assert (asked.screen() == plain.screen()).all()
        assert (asked._emulator.ram() == plain._emulator.ram()).all()
    assert answers > 10  # the zone was near, so clones were played


def test_asking_changes_nothing_frame_by_frame_either() -> None:
    # With one frame a step the frame before the first is the one that look-ahead leaves stale.
    every_frame = PONG.with_frameskip(1)
    asked, plain = AtariGame(every_frame), AtariGame(every_frame)
    asked.reset(seed=1), plain.reset(seed=1)
    for action in [DOWN] * 60 + [UP] * 20 + [DOWN] * 40:
        asked.truth.unsafe_actions()
        assert (asked.step(action)[0] == plain.step(action)[0]).all()


def test_answers_are_forgotten_when_the_game_moves_on() -> None:
    env = AtariGame(PONG)
    env.reset(seed=0)
    answers = set()
    for _ in range(60):
        answers.add(env.truth.unsafe(DOWN))
        if not env.truth.unsafe(DOWN):
            env.step(DOWN)
        else:
            env.step(UP)
    assert answers == {False, True}


def test_there_is_no_truth_before_the_game_begins() -> None:
    with pytest.raises(RuntimeError, match="expected a game in progress"):
        AtariGame(PONG).truth.unsafe(DOWN)


def test_inside_the_zone_it_is_staying_longer_that_is_unsafe() -> None:
    env = AtariGame(PONG)
    env.reset(seed=0)
    while not env.step(DOWN)[-1]["harmful_frames"]:
        pass
    env.step(DOWN)
    assert env.truth.unsafe(DOWN)
    assert env.truth.unsafe(NOOP)
    assert not env.truth.unsafe(UP)


# ------------------------------------------------------------------ the whole gate, for real


@pytest.mark.parametrize("proposer", PROPOSERS)
def test_under_the_oracle_the_zone_is_never_entered(proposer: Proposer) -> None:
    wrapper, sink = play(lambda env: OracleOverseer([env.truth]), proposer, 1300)
    tally = wrapper.gate.tally
    assert tally.catastrophes == 0
    assert sink.events == []
    assert tally.blocks > 10
    assert tally.needless_blocks == 0
    assert tally.no_safe_action == 0
    assert not any(r.executed_unsafe for r in sink.records)
    # What is refused is what the truth calls unsafe, no more and no less.
    assert tally.proposed_catastrophes == tally.blocks


@pytest.mark.parametrize("proposer", PROPOSERS)
def test_without_an_overseer_it_is_and_each_entry_has_its_cause(proposer: Proposer) -> None:
    wrapper, sink = play(lambda _env: AllowAll(), proposer, 700)
    tally = wrapper.gate.tally
    assert tally.blocks == 0
    assert tally.catastrophes == len(sink.events) > 0
    assert tally.proposed_catastrophes is not None
    for event in sink.events:
        cause = sink.records[event.cause_step]
        onset = sink.records[event.onset_step]
        assert event.avoidable
        assert cause.executed_unsafe
        assert cause.proposal.episode == onset.proposal.episode
        assert 0 <= event.onset_step - event.cause_step <= 3  # the look-ahead's 12 frames


def test_always_down_is_an_entry_a_game() -> None:
    _, sink = play(lambda _env: AllowAll(), always_down, 700)
    assert [e.onset_step // 500 for e in sink.events] == [0, 1]
