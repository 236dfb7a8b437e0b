"""Which environments the agents take."""

from __future__ import annotations

from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

from agents.settings import DoubleDQNSettings, Precision

__all__ = ["check_spaces"]


def check_spaces(env: VecEnv, settings: DoubleDQNSettings, *, image: bool) -> None:
    """Refuse what a Double DQN here cannot learn from.

    Raises:
        ValueError: not discrete actions from 0 and arrays as observations; or several environments
            or bfloat16 with observations that are no images.
    """
    actions, observations = env.action_space, env.observation_space
    if env.num_envs != 1 and not (image and settings.frames_once):
        raise ValueError(
            f"expected one environment, got {env.num_envs}: several need image observations and "
            "frames_once"
        )
    if settings.n_steps > 1 and env.num_envs == 1:
        raise ValueError(f"expected several environments for n_steps {settings.n_steps}, got one")
    if settings.precision is Precision.BF16 and not image:
        raise ValueError(f"expected image observations to learn in bf16, got {observations}")
    if not isinstance(actions, spaces.Discrete) or actions.start != 0:
        raise ValueError(f"expected discrete actions numbered from 0, got {actions}")
    if isinstance(observations, spaces.Dict | spaces.Tuple):
        raise ValueError(  # noqa: TRY004 - the value of an attribute, not an argument's type
            f"expected arrays as observations, got {observations}"
        )
