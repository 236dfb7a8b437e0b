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
    *,
    seed_env: bool = True,
) -> DoubleDQN:
    """Make a Double DQN for an environment that is already overseen.

    Image observations (uint8, three axes; stacks of frames with the newest last) get the
    network of Nature's DQN, others a network of dense layers. No `Monitor` is added: the
    rewards that it would count are the agent's, not the game's.

    Args:
        env: discrete actions, numbered from 0.
        settings: the numbers; the defaults if None.
        seed: of weights, exploration and replay.
        device: "auto" takes a GPU if there is one.
        seed_env: give `seed` to the environment's first reset as well. False leaves all resets
            without a seed, for environments that choose their own. After a checkpoint was loaded
            none is given either.

    Returns:
        The agent; `agents.learn` trains it.

    Raises:
        ValueError: the environment's spaces are not as above.
    """
    vector: VecEnv = DummyVecEnv([lambda: env])
    space = vector.observation_space
    if _is_channels_last_image(space):
        vector = VecTransposeImage(vector)
    agent = DoubleDQN(vector, settings or DoubleDQNSettings(), seed=seed, device=device)
    if not seed_env:
        agent.expect_reset()
    return agent


def _is_channels_last_image(space: spaces.Space[Any]) -> bool:
    if not isinstance(space, spaces.Box) or not is_image_space(space):
        return False
    return not is_image_space_channels_first(space)
