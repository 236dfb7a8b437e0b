"""Stable-Baselines3's own DQN on the same games behind the same gate: what ours is measured by."""

from __future__ import annotations

from stable_baselines3 import DQN
from stable_baselines3.common.vec_env import VecEnv

from agents.settings import reference_pace
from agents.training_types import TrainSettings

__all__ = ["make_reference"]


def make_reference(settings: TrainSettings, env: VecEnv) -> DQN:
    """Make SB3's DQN, unchanged, with the numbers that a Double DQN of these settings has.

    It differs from `DoubleDQN` as SB3 does: the target takes the best of the target network's own
    values, all games explore in the same steps, replay keeps whole stacks (56 KB a transition), and
    everything is computed in float32.

    Args:
        settings: of the training; how its agent learns, from `learning_rate` on, is taken over.
        env: overseen games with pictures of shape (4, 84, 84), uint8.

    Raises:
        RunError: updates cannot be spread evenly over steps of all games, as SB3 makes them.
    """
    every, updates = reference_pace(env.num_envs, settings.train_freq)
    return DQN(
        "CnnPolicy",
        env,
        learning_rate=settings.learning_rate,
        buffer_size=settings.buffer_size,
        learning_starts=settings.learning_starts,
        batch_size=settings.batch_size,
        gamma=settings.dqn.gamma,
        train_freq=every,
        gradient_steps=updates,
        n_steps=settings.n_steps,
        target_update_interval=settings.dqn.target_update_interval,
        # SB3 counts it as a share of all steps, and from the first one on, as we do.
        exploration_fraction=min(1.0, settings.exploration_steps / settings.steps),
        exploration_final_eps=settings.exploration_final,
        max_grad_norm=settings.dqn.max_grad_norm,
        policy_kwargs={"optimizer_kwargs": {"eps": settings.adam_epsilon}},
        seed=settings.seed,
        device=settings.device,
    )
