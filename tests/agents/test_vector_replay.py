"""Replay of several games gives the batches that SB3's own buffer gives."""

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.buffers import NStepReplayBuffer, ReplayBuffer

from agents import Credit
from agents.vector_replay import VectorFrameReplay

SPACE = spaces.Box(0, 255, (4, 5, 5), np.uint8)
GAMES = 3


class Stream:
    """Stacks of random frames of three games, in episodes of random length."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.obs = np.stack([self._first() for _ in range(GAMES)])

    def next(self) -> tuple[Any, ...]:
        """One transition of every game, as SB3's `add` takes it."""
        frames = self.rng.integers(0, 256, (GAMES, 1, 5, 5), dtype=np.uint8)
        after = np.concatenate([self.obs[:, 1:], frames], axis=1)
        done = self.rng.random(GAMES) < 0.04
        infos = [
            {"TimeLimit.truncated": bool(d and self.rng.random() < 0.5), "oversight": {
                "executed_action": 1, "rewound": 0}}
            for d in done
        ]  # fmt: skip
        action, reward = self.rng.integers(0, 3, (GAMES, 1)), self.rng.random(GAMES)
        came = (self.obs, after.copy(), action, reward, done, infos)
        for index in np.flatnonzero(done):
            after[index] = self._first()
        self.obs = after
        return came

    def _first(self) -> NDArray[np.uint8]:
        return np.repeat(self.rng.integers(0, 256, (1, 5, 5), dtype=np.uint8), 4, axis=0)


def make(
    size: int, credit: Credit = Credit.PROPOSED, *, n_steps: int = 1, gamma: float = 0.9
) -> VectorFrameReplay:
    return VectorFrameReplay(
        size, SPACE, spaces.Discrete(3), "cpu", GAMES,
        rng=np.random.default_rng(0), credit=credit, n_steps=n_steps, gamma=gamma,
    )  # fmt: skip


@pytest.mark.parametrize("seed", [0, 1])
def test_holds_what_sb3s_buffer_holds_across_ends_and_wrap_around(seed: int) -> None:
    stream, mine = Stream(seed), make(64 * GAMES)
    theirs = ReplayBuffer(64 * GAMES, SPACE, spaces.Discrete(3), "cpu", GAMES)
    for step in range(150):
        transition = stream.next()
        mine.add(*transition)
        theirs.add(*transition)
        if step in (40, 63, 149):
            first = (mine.pos - mine.count) % mine.buffer_size
            held = (first + np.arange(mine.count)) % mine.buffer_size
            # Short episodes cost frames: some of the oldest may have given way, never more.
            assert mine.count >= min(step + 1, 64) * 0.6
            batch_rows = set(held.tolist())
            assert len(batch_rows) == mine.count
            for row in held.tolist():
                got = mine._gather(np.array([row] * GAMES), np.arange(GAMES), None)
                assert np.array_equal(got.observations, theirs.observations[row])
                assert np.array_equal(got.next_observations, theirs.next_observations[row])
                terminal = theirs.dones[row] * (1 - theirs.timeouts[row])
                assert np.array_equal(got.dones[:, 0], terminal)
                assert np.array_equal(got.actions, theirs.actions[row])


def test_draws_every_transition_alike() -> None:
    stream, buffer = Stream(0), make(10 * GAMES)
    for number in range(10):
        obs, after, action, _, done, infos = stream.next()
        buffer.add(obs, after, action, np.arange(GAMES) + GAMES * number, done, infos)
    drawn = buffer.sample(6_000).rewards.squeeze(1).numpy().astype(int)
    held = buffer.size()
    counts = np.bincount(drawn, minlength=10 * GAMES)
    assert (counts > 0).sum() == held
    expected = 6_000 / held
    assert np.abs(counts[counts > 0] - expected).max() < 5 * np.sqrt(expected)


def test_credits_the_executed_action_if_asked_to() -> None:
    buffer = make(10 * GAMES, Credit.EXECUTED)
    buffer.add(*Stream(0).next())
    assert buffer.actions[0].tolist() == [1, 1, 1]


def test_a_blocked_step_ends_the_episode_if_asked_to() -> None:
    actions, rng = spaces.Discrete(3), np.random.default_rng(0)
    buffer = VectorFrameReplay(10 * GAMES, SPACE, actions, "cpu", GAMES, rng=rng, end_on_block=True)
    obs, after, action, reward, _, infos = Stream(0).next()
    infos[1]["oversight"]["blocked"] = True
    buffer.add(obs, after, action, reward, np.zeros(GAMES, bool), infos)
    assert buffer.terminals[0].tolist() == [0.0, 1.0, 0.0]


def test_refuses_a_rewind() -> None:
    transition = Stream(0).next()
    transition[-1][1]["oversight"]["rewound"] = 1
    with pytest.raises(ValueError, match="no rewinds"):
        make(10 * GAMES).add(*transition)


def test_goes_on_from_its_state() -> None:
    stream, buffer, other = Stream(0), make(8 * GAMES), make(8 * GAMES)
    for _ in range(12):
        buffer.add(*stream.next())
    other.restore(buffer.state())
    for _ in range(3):
        transition = stream.next()
        buffer.add(*transition)
        other.add(*transition)
    mine, theirs = buffer.sample(50), other.sample(50)
    assert all(np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True) if a is not None)


def test_a_million_transitions_of_atari_fit_into_seven_and_a_half_gigabytes() -> None:
    space = spaces.Box(0, 255, (4, 84, 84), np.uint8)
    thousand = VectorFrameReplay(
        8_000, space, spaces.Discrete(6), "cpu", 8, rng=np.random.default_rng(0)
    )
    assert thousand.nbytes * 125 <= 7.6e9  # the spare frames of a small one weigh more


@pytest.mark.parametrize("n_steps", [1, 3])
def test_a_plan_gathers_what_would_have_been_drawn(n_steps: int) -> None:
    """What goes to a GPU in one piece is what single draws give, rewards and ends bit for bit."""
    streams = Stream(5), Stream(5)
    buffers = make(16 * GAMES, n_steps=n_steps), make(16 * GAMES, n_steps=n_steps)
    for stream, buffer in zip(streams, buffers, strict=True):
        for _ in range(40):
            buffer.add(*stream.next())
    planned = torch.from_numpy(buffers[0].plan(6, 8))
    assert planned.shape == (6, 8, 12)
    for plan in planned:
        mine, other = buffers[0].gather(plan), buffers[1].sample(8)
        for name in mine._fields:
            assert torch.equal(getattr(mine, name), getattr(other, name)), name


def test_an_empty_buffer_plans_nothing() -> None:
    with pytest.raises(ValueError, match="an empty buffer"):
        make(30).plan(2, 4)


@pytest.mark.parametrize("n_steps", [1, 2, 3, 7])
def test_several_steps_are_added_up_as_sb3_does(
    n_steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over ends, cuts, the newest transitions and the place where the ring closes."""
    stream, mine = Stream(2), make(30 * GAMES, n_steps=n_steps)
    theirs = NStepReplayBuffer(
        30 * GAMES, SPACE, spaces.Discrete(3), "cpu", GAMES, n_steps=n_steps, gamma=0.9
    )
    for _ in range(47):
        transition = stream.next()
        mine.add(*transition)
        theirs.add(*transition)
    held = (mine.pos - mine.count + np.arange(mine.count)) % mine.buffer_size
    for game in range(GAMES):
        games = np.full(mine.count, game)
        monkeypatch.setattr(np.random, "randint", lambda *_, games=games, **__: games)
        got, expected = mine._gather(held, games, None), theirs._get_samples(held)
        for name in ("observations", "next_observations", "actions", "dones"):
            assert np.array_equal(getattr(got, name), getattr(expected, name)), name
        for name in ("rewards", "discounts"):
            torch.testing.assert_close(getattr(got, name), getattr(expected, name))


def test_checkpoints_from_before_the_ends_were_kept_can_be_gone_on_with() -> None:
    stream, buffer = Stream(1), make(20 * GAMES)
    for _ in range(12):
        buffer.add(*stream.next())
    state = {name: value for name, value in buffer.state().items() if name != "ends"}
    other = make(20 * GAMES)
    other.restore(state)
    assert np.array_equal(other.ends, buffer.terminals != 0)
