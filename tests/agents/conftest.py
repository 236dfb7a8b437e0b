"""Small environments and settings that the agents' tests share."""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from numpy.typing import NDArray

from agents import DoubleDQNSettings


class Chain(gymnasium.Env[NDArray[np.float32], int]):
    """Five states in a row; 1 goes right, 0 goes left. Right out of the last one pays 1 and ends.

    Left in the first state pays 0.02, a lure that a short-sighted agent keeps to. Cut after 20
    steps. The optimum from the start is 1 after five steps.
    """

    observation_space = spaces.Box(0.0, 1.0, (5,), np.float32)
    action_space = spaces.Discrete(2)
    length = 20

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        super().reset(seed=seed)
        self.state, self.time = 0, 0
        return self._observe(), {}

    def step(self, action: int) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        self.time += 1
        lured = self.state == 0 and action == 0
        self.state += 1 if action == 1 else -1
        terminated = self.state == 5
        self.state = min(max(self.state, 0), 4)
        reward = 1.0 if terminated else 0.02 * lured
        return self._observe(), reward, terminated, self.time >= self.length, {}

    def _observe(self) -> NDArray[np.float32]:
        return np.eye(5, dtype=np.float32)[self.state]


class Screens(gymnasium.Env[NDArray[np.uint8], int]):
    """Stacks of four random grey frames, the newest last, in episodes of fixed length.

    Even episodes terminate, odd ones are cut. Action 1 pays 1. Frames depend on the episode's
    number and the step alone, so that a copy that is brought to an episode shows the same.
    """

    observation_space = spaces.Box(0, 255, (4, 84, 84), np.uint8)
    action_space = spaces.Discrete(3)

    def __init__(self, length: int = 40) -> None:
        self.length = length
        self.episode = -1

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        super().reset(seed=seed)
        self.episode += 1
        self.time = 0
        self.stack = np.repeat(self._frame(), 4, axis=0)
        return self.stack.copy(), {}

    def step(self, action: int) -> tuple[NDArray[np.uint8], float, bool, bool, dict[str, Any]]:
        self.time += 1
        self.stack = np.concatenate([self.stack[1:], self._frame()])
        over = self.time >= self.length
        terminated = over and self.episode % 2 == 0
        info = {"oversight": {"executed_action": 2, "rewound": 0}}
        return self.stack.copy(), float(action == 1), terminated, over and not terminated, info

    def _frame(self) -> NDArray[np.uint8]:
        rng = np.random.default_rng([self.episode, self.time])
        return rng.integers(0, 256, (1, 84, 84), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    # More threads than free cores make small kernels wait for each other.
    torch.set_num_threads(1)


@pytest.fixture
def make_chain() -> Callable[[], Chain]:
    return Chain


@pytest.fixture
def make_screens() -> Callable[..., Screens]:
    return Screens


@pytest.fixture
def chain_settings() -> DoubleDQNSettings:
    return DoubleDQNSettings(
        learning_rate=2e-3,
        gamma=0.9,
        buffer_size=1_000,
        learning_starts=50,
        train_freq=2,
        target_update_interval=50,
        exploration_steps=600,
        hidden=(32,),
    )


@pytest.fixture
def screen_settings() -> DoubleDQNSettings:
    return DoubleDQNSettings(
        buffer_size=64,
        learning_starts=16,
        batch_size=4,
        train_freq=8,
        target_update_interval=24,
        exploration_steps=60,
    )
