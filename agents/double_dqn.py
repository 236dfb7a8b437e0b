"""Double DQN as a small, visible difference from SB3's `DQN`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3 import DQN
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.preprocessing import is_image_space
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.dqn.policies import CnnPolicy, MlpPolicy

from agents.exploration import HeldExploration
from agents.learn_step import LearnStep
from agents.parts import policy_kwargs, prepare_weights, replay_for, replay_kwargs, updates_for
from agents.replay import OverseenReplayBuffer
from agents.settings import DoubleDQNSettings, epsilon_at, updates_due
from agents.spaces import check_spaces
from agents.updates import Updates
from agents.vector_replay import VectorFrameReplay

__all__ = ["DoubleDQN"]

# Of our attributes none is for other tools: SB3's zip holds what its own DQN understands.
OWN_ATTRIBUTES = [
    *("settings", "exploration", "_held", "_q_cache", "_loss"),
    *("updates", "replay_buffer_class", "_ahead"),
]


class DoubleDQN(DQN):
    """Double DQN (arXiv:1509.06461) on one environment or several of a kind.

    It differs from SB3's `DQN` in the target (`update`), in random numbers that come from own
    seeded generators, in exploration by absolute steps, and in no forward pass while exploring.

    Attributes:
        settings: the numbers it was made with.
        exploration: draws whether and what to explore.
        updates: how it learns, in which precision.
    """

    replay_buffer: OverseenReplayBuffer | VectorFrameReplay
    updates: Updates

    def __init__(
        self,
        env: VecEnv,
        settings: DoubleDQNSettings,
        *,
        seed: int,
        device: torch.device | str = "auto",
    ) -> None:
        """Make an agent that has learned nothing; see `make_agent` for a plain environment.

        Args:
            env: with discrete actions, numbered from 0. Its next reset gets `seed`. More than
                one environment needs image observations.
            settings: the numbers.
            seed: of weights, exploration and replay, at least 0.
            device: "auto" takes a GPU if there is one.

        Raises:
            ValueError: the environment is not as above.
        """
        image = is_image_space(env.observation_space)
        check_spaces(env, settings, image=image)
        exploration, replay = np.random.SeedSequence(seed).spawn(2)
        self.settings = settings
        self._ahead = 0  # updates made behind an overseer since the last ones fell due
        self.exploration = np.random.default_rng(exploration)
        n_actions = int(env.action_space.n)  # type: ignore[attr-defined]
        hold = settings.exploration_hold
        self._held = [HeldExploration(n_actions, hold) for _ in range(env.num_envs)]
        self._q_cache: tuple[int, NDArray[np.generic], NDArray[np.float32]] | None = None
        self._loss: float | None = None
        super().__init__(
            CnnPolicy if image else MlpPolicy,
            env,
            learning_rate=settings.learning_rate,
            buffer_size=settings.buffer_size,
            learning_starts=settings.learning_starts,
            batch_size=settings.batch_size,
            gamma=settings.gamma,
            train_freq=settings.train_freq,
            gradient_steps=settings.updates,
            replay_buffer_class=replay_for(settings, games=env.num_envs, image=image),
            replay_buffer_kwargs=replay_kwargs(
                settings, games=env.num_envs, rng=np.random.default_rng(replay)
            ),
            target_update_interval=settings.target_update_interval,
            max_grad_norm=settings.max_grad_norm,
            policy_kwargs=policy_kwargs(settings, image=image),
            seed=seed,
            device=device,
        )
        # SB3's default logger makes a folder for every call of learn().
        self.set_logger(Logger(folder=None, output_formats=[]))

    def _setup_model(self) -> None:
        super()._setup_model()
        self.exploration_rate = epsilon_at(0, self.settings)
        prepare_weights(self.policy, self.settings, image=is_image_space(self.observation_space))
        self.updates = updates_for(self.settings, self.policy, games=self.n_envs)

    @property
    def n_actions(self) -> int:
        """How many actions there are."""
        assert isinstance(self.action_space, spaces.Discrete)
        return int(self.action_space.n)

    # Learning: `train` is SB3's, restated because it has no hook at the target.

    def train(self, gradient_steps: int, batch_size: int = 100) -> None:
        """Make some updates from replay; see `update`."""
        self._update_learning_rate(self.policy.optimizer)
        number = self._n_updates + 1
        losses = self.updates.learn_from(self.replay_buffer, gradient_steps, batch_size, number)
        self._q_cache = None  # the fused kernel does not count its changes; see `_values`
        self._n_updates += gradient_steps
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        if losses:
            self._loss = losses[-1]
            self.logger.record("train/loss", float(np.mean(losses)))

    def learn_once(self) -> None:
        """Make an update, if learning has begun, that the next due one is paid by."""
        if self.num_timesteps > self.learning_starts and self.replay_buffer.size() > 0:
            self.train(1, self.batch_size)
            self._ahead += 1

    def update(self, batch: ReplayBufferSamples) -> float:
        """One step of the optimizer towards the double-Q target; returns the Huber loss.

        Raises:
            OversightError: the loss is not a finite number; the network is as it was before.
        """
        loss = self.updates.update(batch, self._n_updates + 1)
        self._q_cache = None
        return loss

    # Acting.

    def predict(
        self,
        observation: NDArray[np.generic] | dict[str, NDArray[np.generic]],
        state: tuple[NDArray[np.generic], ...] | None = None,
        episode_start: NDArray[np.generic] | None = None,  # noqa: ARG002 - SB3's signature
        deterministic: bool = False,
    ) -> tuple[NDArray[np.int64], tuple[NDArray[np.generic], ...] | None]:
        """Choose actions, exploring by `exploration_rate` unless `deterministic`.

        Args:
            observation: one, or a batch with a leading axis.
            state: handed back; there is none.
            episode_start: not used.
            deterministic: never explore.

        Returns:
            Actions, int64, shape () or (batch,), and `state`.

        Raises:
            TypeError: the observation is a dictionary.
        """
        if isinstance(observation, dict):
            raise TypeError("expected an array as observation, got a dictionary")
        single = not self.policy.is_vectorized_observation(observation)
        batch = observation[None] if single else observation
        actions = self._choose(batch, 0.0 if deterministic else self.exploration_rate)
        return (actions.reshape(()) if single else actions), state

    def _choose(self, batch: NDArray[np.generic], epsilon: float) -> NDArray[np.int64]:
        if epsilon == 0.0:
            return self._greedy(batch)
        exploring = self.exploration.random(len(batch)) < epsilon
        explored = self.exploration.integers(self.n_actions, size=len(batch))
        if exploring.all():
            return explored
        return np.where(exploring, explored, self._greedy(batch))

    def _greedy(self, batch: NDArray[np.generic]) -> NDArray[np.int64]:
        best: NDArray[np.int64] = self._values(batch).argmax(axis=1)
        return best

    def _sample_action(
        self,
        learning_starts: int,  # noqa: ARG002 - SB3's signature
        action_noise: object = None,  # noqa: ARG002
        n_envs: int = 1,  # noqa: ARG002
    ) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
        # SB3 would draw the first `learning_starts` actions from the action space's own generator.
        assert isinstance(self._last_obs, np.ndarray), "learning has not been set up"
        explored = [held.next(self.exploration_rate, self.exploration) for held in self._held]
        if None in explored:
            greedy = self._greedy(self._last_obs)
            chosen = zip(explored, greedy, strict=True)
            actions = np.array([g if e is None else e for e, g in chosen])
        else:
            actions = np.array(explored)
        return actions, actions

    def q_values(self, observation: NDArray[np.generic]) -> NDArray[np.float32]:
        """Values of all actions in one observation, float32 (n_actions,).

        Asking again for the observation that was acted on last costs no forward pass.
        """
        values: NDArray[np.float32] = self._values(np.asarray(observation)[None])[0].copy()
        return values

    def ranking(self, observation: NDArray[np.generic]) -> list[int]:
        """All actions from best to worst; among equals the lower number first."""
        order: list[int] = np.argsort(-self.q_values(observation), kind="stable").tolist()
        return order

    def _values(self, batch: NDArray[np.generic]) -> NDArray[np.float32]:
        # The version counts changes in place such as loading, but not a fused Adam's.
        version = next(self.q_net.parameters())._version
        known = self._q_cache
        if known is not None and known[0] == version and np.array_equal(known[1], batch):
            return known[2]
        tensor, _ = self.policy.obs_to_tensor(batch)
        assert isinstance(tensor, torch.Tensor)
        values: NDArray[np.float32] = self.updates.values(tensor).cpu().numpy()
        # A copy: environments may write the next observation into the same array.
        self._q_cache = (version, batch.copy(), values)
        return values

    # One step at a time, so that every stop lies between two whole steps.

    def begin(self, steps: int) -> None:
        """Get ready for `steps` more agent steps; the very first time the environment is reset."""
        self._setup_learn(steps, reset_num_timesteps=False)

    def expect_reset(self) -> None:
        """Let the next `begin` reset the environment, without giving it a seed."""
        assert self.env is not None, "an agent that learns has an environment"
        self._last_obs = None
        for held in self._held:
            held.forget()
        self.env._reset_seeds()

    def step(self) -> list[LearnStep]:
        """Act once in each environment, keep the transitions and make the updates that are due.

        After an error from the environment the agent is as if the step had not been begun,
        except for the exploration's generator.

        Returns:
            What each environment's agent step brought, in order.

        Raises:
            OversightError: learning diverged, or the environment's (`OverseerGone`).
        """
        assert self.env is not None, "begin() comes first"
        actions, credited = self._sample_action(self.learning_starts)
        if self.updates.beside:
            self._learn_what_is_due()  # since the last step; a GPU does it while the games go on
        observations, rewards, dones, infos = self.env.step(actions)
        assert isinstance(observations, np.ndarray), "checked when the agent was made"
        self.num_timesteps += self.n_envs
        self._update_info_buffer(infos, dones)
        self._store_transition(self.replay_buffer, credited, observations, rewards, dones, infos)
        self._update_current_progress_remaining(self.num_timesteps, self._total_timesteps)
        self._on_step()
        self._episode_num += int(dones.sum())
        for index in np.flatnonzero(dones).tolist():
            self._held[index].forget()
        if not self.updates.beside:
            self._learn_what_is_due()
        return self._reports(rewards, dones, infos)

    def _learn_what_is_due(self) -> None:
        due = updates_due(self.num_timesteps - self.n_envs, self.num_timesteps, self.settings)
        if due == 0 or self.replay_buffer.size() == 0:
            return
        left, self._ahead = due - self._ahead, 0
        if left > 0:
            self.train(left, self.batch_size)

    def _reports(
        self,
        rewards: NDArray[np.float32],
        dones: NDArray[np.bool_],
        infos: Sequence[Mapping[str, Any]],
    ) -> list[LearnStep]:
        first = self.num_timesteps - self.n_envs + 1
        return [
            LearnStep(
                step=first + index,
                reward=float(rewards[index]),
                done=bool(dones[index]),
                info=info,
                epsilon=self.exploration_rate,
                updates=self._n_updates,
                loss=self._loss,
            )
            for index, info in enumerate(infos)
        ]

    def _on_step(self) -> None:
        super()._on_step()
        if self._n_calls % max(self.target_update_interval // self.n_envs, 1) == 0:
            self.updates.adopt_target()
        self.exploration_rate = epsilon_at(self.num_timesteps, self.settings)
        self.logger.record("rollout/exploration_rate", self.exploration_rate)

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), *OWN_ATTRIBUTES, "replay_buffer_kwargs"]
