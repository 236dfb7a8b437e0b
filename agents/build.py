"""From a plain Gymnasium environment to an agent."""

from __future__ import annotations

from typing import Any

import gymnasium
import torch
from gymnasium import spaces
from stable_baselines3.common.preprocessing import is_image_space, is_image_space_channels_first
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecTransposeImage

from agents.double_dqn import DoubleDQN
from agents.settings import DoubleDQNSettings

__all__ = ["make_agent"]


def make_agent(
    env: gymnasium.Env[Any, Any],
    settings: DoubleDQNSettings | None = None,
    seed: int = 0,
    device: torch.device | str = "auto",
) -> DoubleDQN:
    """Make a Double DQN for an environment that is already overseen.

    Image observations (uint8, three axes; stacks of frames with the newest last) get the
    network of Nature's DQN, others a network of dense layers. No `Monitor` is added: the
    rewards that it would count are the agent's, not the game's.

    Args:
        env: discrete actions, numbered from 0. Its first reset gets `seed`, unless a checkpoint
            is loaded before; then it is not seeded and continues with its own random state.
        settings: the numbers; the defaults if None.
        seed: of weights, exploration, replay and the environment.
        device: "auto" takes a GPU if there is one.

    Returns:
        The agent; `agents.learn` trains it.

    Raises:
        ValueError: the environment's spaces are not as above.
    """
    vector: VecEnv = DummyVecEnv([lambda: env])
    space = vector.observation_space
    if _is_channels_last_image(space):
        vector = VecTransposeImage(vector)
    return DoubleDQN(vector, settings or DoubleDQNSettings(), seed=seed, device=device)


def _is_channels_last_image(space: spaces.Space[Any]) -> bool:
    if not isinstance(space, spaces.Box) or not is_image_space(space):
        return False
    return not is_image_space_channels_first(space)
