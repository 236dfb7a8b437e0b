"""Which environments the agents take."""

from __future__ import annotations

from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

__all__ = ["check_spaces"]


def check_spaces(env: VecEnv) -> None:
    """Refuse what a Double DQN here cannot learn from.

    Raises:
        ValueError: not one environment with discrete actions from 0 and arrays as observations.
    """
    actions, observations = env.action_space, env.observation_space
    if env.num_envs != 1:
        raise ValueError(f"expected one environment, got {env.num_envs}")
    if not isinstance(actions, spaces.Discrete) or actions.start != 0:
        raise ValueError(f"expected discrete actions numbered from 0, got {actions}")
    if isinstance(observations, spaces.Dict | spaces.Tuple):
        raise ValueError(  # noqa: TRY004 - the value of an attribute, not an argument's type
            f"expected arrays as observations, got {observations}"
        )
