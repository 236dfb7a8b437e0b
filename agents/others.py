"""SB3's own agents on the same games behind the same gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from sb3_contrib import RecurrentPPO
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger, TensorBoardOutputFormat
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv

from agents.games import overseen_games
from agents.reference import make_reference
from agents.training import Episodes, Told, kept_tape
from agents.training_types import Algorithm, Training, TrainSettings
from oversight.errors import OversightError, RunError
from oversight.overseer import Overseer

__all__ = [
    "load_policy",
    "load_policy_agent",
    "make_other",
    "make_policy_agent",
    "policy_agent_was_kept",
    "save_policy_agent",
    "train_other",
]

ENTROPY = 0.01
"""Weight of the policy's entropy in the loss, of RL Baselines3 Zoo's Atari settings."""
KEPT = "policy.safetensors"
"""File in a policy agent's folder: weights, optimizer's state and how many steps it has made."""


def make_other(settings: TrainSettings, env: VecEnv) -> BaseAlgorithm:
    """Make the agent of a training.

    Raises:
        RunError: SB3's DQN cannot learn at that pace.
        ValueError: Double DQN is not made here.
    """
    if settings.algorithm is Algorithm.DQN:
        return make_reference(settings, env)
    return make_policy_agent(
        settings.algorithm,
        env,
        seed=settings.seed,
        device=settings.device,
        entropy=settings.entropy,
    )


def make_policy_agent(
    algorithm: Algorithm,
    env: VecEnv,
    *,
    seed: int = 0,
    device: str = "auto",
    entropy: float = ENTROPY,
) -> OnPolicyAlgorithm:
    """Make an agent of SB3's or sb3-contrib's, with the tuned Atari settings of RL Baselines3 Zoo.

    Args:
        algorithm: which; no DQN.
        env: overseen games with pictures of shape (4, 84, 84), uint8.
        seed: of weights and actions; given to the games' first reset as well.
        device: "auto" takes a GPU if there is one.
        entropy: weight of the policy's entropy in the loss: how much it explores.

    Raises:
        ValueError: a DQN is not made here.
    """
    common: dict[str, Any] = {"seed": seed, "device": device, "ent_coef": entropy}
    if algorithm is Algorithm.A2C:
        optimizer = {"optimizer_kwargs": {"eps": 1e-5}}
        return A2C("CnnPolicy", env, vf_coef=0.25, policy_kwargs=optimizer, **common)
    clipped: dict[str, Any] = {
        "n_steps": 128,
        "n_epochs": 4,
        "batch_size": min(256, 128 * env.num_envs),
        "learning_rate": 2.5e-4,
    }
    clipped |= {"clip_range": 0.1, "vf_coef": 0.5}
    if algorithm is Algorithm.PPO:
        return PPO("CnnPolicy", env, **clipped, **common)
    if algorithm is Algorithm.RECURRENT_PPO:
        return RecurrentPPO("CnnLstmPolicy", env, **clipped, **common)
    raise ValueError(f"expected one of SB3's on-policy algorithms, got {algorithm}")


def save_policy_agent(agent: OnPolicyAlgorithm, folder: Path) -> None:
    """Keep weights, optimizer and steps so that it can go on, whole or not at all.

    A rollout that was begun is not kept: it is begun anew.

    Raises:
        RunError: it cannot be written.
    """
    tensors = {f"policy.{name}": tensor for name, tensor in agent.policy.state_dict().items()}
    for index, values in agent.policy.optimizer.state_dict()["state"].items():
        for name, value in values.items():
            tensors[f"optimizer.{index}.{name}"] = torch.as_tensor(value)
    # The extractors of policy and value share tensors, which safetensors wants apart.
    apart = {name: tensor.detach().cpu().clone() for name, tensor in tensors.items()}
    path = folder / KEPT
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(path.name + ".new")
        save_file(apart, beside, {"steps": str(agent.num_timesteps)})
        beside.replace(path)
    except (OSError, SafetensorError) as error:
        raise RunError(f"expected to write {path}, got: {error}") from error


def policy_agent_was_kept(folder: Path) -> bool:
    """Whether an agent was kept there; a first time that a kill cut short left none."""
    return (folder / KEPT).exists()


def load_policy_agent(agent: OnPolicyAlgorithm, folder: Path) -> None:
    """Let an agent of the same kind go on where another one was kept.

    Raises:
        RunError: there is none, or it is of another kind.
    """
    path = folder / KEPT
    try:
        with safe_open(path, framework="pt") as file:
            steps = int(file.metadata()["steps"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        policy, optimizer = _parts(tensors)
        agent.policy.load_state_dict(policy)
        state = agent.policy.optimizer.state_dict()
        agent.policy.optimizer.load_state_dict({**state, "state": optimizer})
    except (OSError, SafetensorError, RuntimeError, KeyError, ValueError) as error:
        raise RunError(f"expected an agent of this kind in {path}, got: {error}") from error
    agent.num_timesteps = steps


def _parts(
    tensors: Mapping[str, torch.Tensor],
) -> tuple[dict[str, torch.Tensor], dict[int, dict[str, torch.Tensor]]]:
    """Weights by name, and the optimizer's state by parameter and name."""
    policy: dict[str, torch.Tensor] = {}
    optimizer: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        part, rest = name.split(".", 1)
        if part == "policy":
            policy[rest] = tensor
        else:
            index, what = rest.split(".", 1)
            optimizer.setdefault(int(index), {})[what] = tensor
    return policy, optimizer


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
        training.keep_counts(asdict(gate.gate.tally))
    _check_finite(agent, settings)
    return bool(agent.num_timesteps >= settings.steps)


def load_policy(agent: BaseAlgorithm, training: Training) -> None:
    """Give an agent the weights that a training kept.

    Raises:
        RunError: there are none, or they are of another network.
    """
    try:
        agent.policy.load_state_dict(load_file(training.policy))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise RunError(f"expected weights in {training.policy}, got: {error}") from error


def _save_policy(agent: BaseAlgorithm, training: Training) -> None:
    # The extractors of policy and value share tensors, which safetensors wants apart.
    tensors = {name: x.detach().cpu().clone() for name, x in agent.policy.state_dict().items()}
    try:
        save_file(tensors, training.policy)
    except (OSError, SafetensorError) as error:
        raise RunError(f"expected to write {training.policy}, got: {error}") from error


def _check_finite(agent: BaseAlgorithm, settings: TrainSettings) -> None:
    if not all(bool(torch.isfinite(weight).all()) for weight in agent.policy.parameters()):
        raise OversightError(
            f"expected finite weights, got others after {agent.num_timesteps} steps: learning "
            f"diverged; lower the entropy weight ({settings.entropy:g}) or keep the reward clipped"
        )
