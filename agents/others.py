"""SB3's own policy-gradient agents on the same games behind the same gate."""

from __future__ import annotations

from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from sb3_contrib import RecurrentPPO
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger, TensorBoardOutputFormat
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv

from agents.games import overseen_games
from agents.training import Episodes, Told, kept_tape
from agents.training_types import Algorithm, Training, TrainSettings
from oversight.errors import OversightError, RunError
from oversight.overseer import Overseer

__all__ = ["load_policy", "make_other", "train_other"]


def make_other(settings: TrainSettings, env: VecEnv) -> OnPolicyAlgorithm:
    """Make an agent of SB3's or sb3-contrib's, with the tuned Atari settings of RL Baselines3 Zoo.

    Raises:
        ValueError: Double DQN is not made here.
    """
    common: dict[str, Any] = {"seed": settings.seed, "device": settings.device}
    common |= {"ent_coef": settings.entropy}
    if settings.algorithm is Algorithm.A2C:
        optimizer = {"optimizer_kwargs": {"eps": 1e-5}}
        return A2C("CnnPolicy", env, vf_coef=0.25, policy_kwargs=optimizer, **common)
    clipped: dict[str, Any] = {
        "n_steps": 128,
        "n_epochs": 4,
        "batch_size": min(256, 128 * env.num_envs),
        "learning_rate": 2.5e-4,
    }
    clipped |= {"clip_range": 0.1, "vf_coef": 0.5}
    if settings.algorithm is Algorithm.PPO:
        return PPO("CnnPolicy", env, **clipped, **common)
    if settings.algorithm is Algorithm.RECURRENT_PPO:
        return RecurrentPPO("CnnLstmPolicy", env, **clipped, **common)
    raise ValueError(f"expected one of SB3's on-policy algorithms, got {settings.algorithm}")


class _Watcher(BaseCallback):
    """Sees every step as SB3 makes it; stops by answering False."""

    def __init__(self, episodes: Episodes, told: Told) -> None:
        super().__init__()
        self._episodes = episodes
        self._told = told
        self._vector_steps = 0

    def _on_step(self) -> bool:
        rewards, dones = self.locals["rewards"], self.locals["dones"]
        for index, info in enumerate(self.locals["infos"]):
            reward, done = float(rewards[index]), bool(dones[index])
            self._episodes.take(index, self.num_timesteps, reward, info, done=done)
        self._vector_steps += 1
        if self._vector_steps % 16:
            return True
        return self._told(self.num_timesteps, self._episodes.note)


def train_other(training: Training, told: Told, *, overseer: Overseer | None = None) -> bool:
    """Train an agent of SB3's from the beginning.

    It keeps its weights when it ends or is stopped, and cannot be gone on with: what SB3 would
    need for that it keeps in pickles, which this program does not read.

    Args:
        training: its directory.
        told: told of progress now and then.
        overseer: who judges; as the settings say if None.

    Returns:
        Whether it is complete.

    Raises:
        RunError: it was begun before, or its files cannot be written.
        OversightError: a weight is not finite any more.
    """
    settings = training.settings().check()
    if training.policy.exists():
        raise RunError(
            f"{training.path} holds a trained {settings.algorithm.value}: only double_dqn can be "
            "gone on with; choose another --out"
        )
    tape = kept_tape(training, settings)
    env, gate = overseen_games(settings, overseer=overseer, tape=tape)
    agent = make_other(settings, env)
    folder = str(training.tensorboard)
    agent.set_logger(Logger(folder, [TensorBoardOutputFormat(folder)]))
    watcher = _Watcher(Episodes(training, settings.games), told)
    try:
        agent.learn(settings.steps, callback=watcher)
    finally:
        agent.logger.close()
        _save_policy(agent, training)
        if tape is not None:
            tape.save(training.tape)
        training.keep_tally(gate.gate.tally)
    _check_finite(agent, settings)
    return bool(agent.num_timesteps >= settings.steps)


def load_policy(agent: OnPolicyAlgorithm, training: Training) -> None:
    """Give an agent the weights that a training kept.

    Raises:
        RunError: there are none, or they are of another network.
    """
    try:
        agent.policy.load_state_dict(load_file(training.policy))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise RunError(f"expected weights in {training.policy}, got: {error}") from error


def _save_policy(agent: OnPolicyAlgorithm, training: Training) -> None:
    # The extractors of policy and value share tensors, which safetensors wants apart.
    tensors = {name: x.detach().cpu().clone() for name, x in agent.policy.state_dict().items()}
    try:
        save_file(tensors, training.policy)
    except (OSError, SafetensorError) as error:
        raise RunError(f"expected to write {training.policy}, got: {error}") from error


def _check_finite(agent: OnPolicyAlgorithm, settings: TrainSettings) -> None:
    if not all(bool(torch.isfinite(weight).all()) for weight in agent.policy.parameters()):
        raise OversightError(
            f"expected finite weights, got others after {agent.num_timesteps} steps: learning "
            f"diverged; lower the entropy weight ({settings.entropy:g}) or keep the reward clipped"
        )
