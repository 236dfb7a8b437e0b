"""Replay under the gate: which action is credited, and what a rewind drops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from stable_baselines3.common.vec_env import VecNormalize

from agents.settings import Credit

__all__ = ["Arrays", "OverseenReplayBuffer", "was_blocked"]

Arrays = dict[str, NDArray[np.generic]]
"""Named arrays, as a checkpoint keeps them."""


class OverseenReplayBuffer(ReplayBuffer):
    """SB3's replay buffer that knows of the gate, for one environment.

    It differs in four things: the credited action is a choice; a rewind takes transitions back;
    batches are drawn by an own generator and not by global `np.random`; and batches share no
    memory with the buffer but are not copied once more.

    From `info["oversight"]` it reads `executed_action` (int, needed for `Credit.EXECUTED`) and
    `rewound` (int, 0 if missing). When that is n > 0 the game was taken back n steps and the
    first of them done anew: the n transitions stored before are dropped, and the new one begins
    where the oldest of them began, with what was proposed there. The observation and the action
    that come with it belong to a step that was never made.

    Truncated episodes bootstrap, terminated ones do not (`info["TimeLimit.truncated"]`, which
    SB3's vectorised environments set).
    """

    def __init__(
        self,
        buffer_size: int,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        device: torch.device | str = "auto",
        n_envs: int = 1,
        optimize_memory_usage: bool = False,
        handle_timeout_termination: bool = True,
        *,
        rng: np.random.Generator,
        credit: Credit = Credit.PROPOSED,
        end_on_block: bool = False,
    ) -> None:
        """Make an empty buffer; the first seven arguments are SB3's.

        Args:
            buffer_size: transitions to keep.
            observation_space: of one environment.
            action_space: discrete.
            device: where batches go.
            n_envs: must be 1.
            optimize_memory_usage: must be False; `FrameReplayBuffer` saves more.
            handle_timeout_termination: must be True.
            rng: draws the batches.
            credit: which action is stored.
            end_on_block: a blocked step counts as the episode's end.

        Raises:
            ValueError: an argument that must have one value has another.
        """
        if n_envs != 1 or optimize_memory_usage or not handle_timeout_termination:
            raise ValueError(
                "expected one environment, optimize_memory_usage=False and "
                f"handle_timeout_termination=True, got {n_envs}, {optimize_memory_usage}, "
                f"{handle_timeout_termination}"
            )
        self.rng = rng
        self.credit = credit
        self.end_on_block = end_on_block
        self.count = 0
        self._allocate(buffer_size, observation_space, action_space, device)

    def _allocate(
        self,
        buffer_size: int,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        device: torch.device | str,
    ) -> None:
        ReplayBuffer.__init__(self, buffer_size, observation_space, action_space, device)

    def size(self) -> int:
        """How many transitions can be drawn."""
        return self.count

    def reset(self) -> None:
        """Forget all transitions."""
        super().reset()
        self.count = 0

    def add(
        self,
        obs: NDArray[np.generic],
        next_obs: NDArray[np.generic],
        action: NDArray[np.generic],
        reward: NDArray[np.generic],
        done: NDArray[np.generic],
        infos: list[dict[str, Any]],
    ) -> None:
        """Store one transition; arrays have a leading axis of length 1.

        Raises:
            ValueError: `Credit.EXECUTED` and the info does not say what was executed.
        """
        credited = self._credited(action, infos)
        rewound = _told_int(infos, "rewound")
        if rewound > self.count:
            self.drop(rewound)
            return  # where it began was never stored, or has given way since
        if rewound:
            self.drop(rewound)
            obs, proposed = self._oldest_dropped()
            credited = self._credited(proposed, infos)
        self._store(obs, next_obs)
        self.actions[self.pos] = credited.reshape(1, self.action_dim)
        self.rewards[self.pos] = reward
        ends = self.end_on_block and was_blocked(infos[0])
        self.dones[self.pos] = np.logical_or(done, ends)
        self.timeouts[self.pos] = infos[0].get("TimeLimit.truncated", False) and not ends
        self._move(1)

    def drop(self, transitions: int) -> None:
        """Forget the newest `transitions`, or all if there are fewer.

        Raises:
            ValueError: the number is negative.
        """
        if transitions < 0:
            raise ValueError(f"expected transitions to drop, at least 0, got {transitions}")
        self._move(-min(transitions, self.count))

    def sample(self, batch_size: int, env: VecNormalize | None = None) -> ReplayBufferSamples:
        """Draw a batch with replacement, each stored transition alike.

        Raises:
            ValueError: the buffer is empty.
        """
        if self.count == 0:
            raise ValueError("expected stored transitions to sample from, got an empty buffer")
        ages = self.rng.integers(self.count, size=batch_size)
        return self._get_samples((self.pos - 1 - ages) % self.buffer_size, env)

    def state(self) -> Arrays:
        """Everything needed to restore the contents, as arrays; views where possible."""
        used = self._used()
        return {
            **self._observation_state(used),
            "actions": self.actions[:used],
            "rewards": self.rewards[:used],
            "dones": self.dones[:used],
            "timeouts": self.timeouts[:used],
            "pos_count": np.array([self.pos, self.count]),
        }

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `state` gave, from a buffer of the same kind and size.

        Raises:
            ValueError: the arrays do not fit this buffer; it is unchanged then.
        """
        pos, count = (int(x) for x in state["pos_count"])
        used = len(state["actions"])
        if not (0 <= count <= used <= self.buffer_size and 0 <= pos < self.buffer_size):
            raise ValueError(f"{used} transitions do not fit a buffer of {self.buffer_size}")
        self._restore_observations(state, used)
        for name in ("actions", "rewards", "dones", "timeouts"):
            getattr(self, name)[:used] = state[name]
        self.pos, self.count = pos, count
        self.full = count == self.buffer_size

    def _get_samples(
        self, batch_inds: NDArray[np.int64], env: VecNormalize | None = None
    ) -> ReplayBufferSamples:
        if env is not None:
            raise ValueError("normalised observations or rewards are not supported in replay")
        observations, next_observations = self._observations(batch_inds)
        terminal = self.dones[batch_inds] * (1 - self.timeouts[batch_inds])
        return ReplayBufferSamples(
            observations=self._tensor(observations),
            actions=self._tensor(self.actions[batch_inds, 0]),
            next_observations=self._tensor(next_observations),
            dones=self._tensor(terminal),
            rewards=self._tensor(self.rewards[batch_inds]),
        )

    def _tensor(self, gathered: NDArray[np.generic]) -> torch.Tensor:
        return torch.as_tensor(gathered, device=self.device)

    def _credited(
        self, action: NDArray[np.generic], infos: Sequence[Mapping[str, Any]]
    ) -> NDArray[np.generic]:
        if self.credit is Credit.PROPOSED:
            return np.asarray(action)
        executed = infos[0].get("oversight", {}).get("executed_action")
        if executed is None:
            raise ValueError(
                "expected info['oversight']['executed_action'] to credit the executed action, "
                "got none; wrap the environment in the oversight wrapper"
            )
        return np.array([executed])

    def _move(self, steps: int) -> None:
        self.pos = (self.pos + steps) % self.buffer_size
        self.count = min(self.count + steps, self.buffer_size)
        self.full = self.count == self.buffer_size

    def _used(self) -> int:
        # As long as the ring never wrapped, everything lies below pos.
        return self.pos if self.count <= self.pos else self.buffer_size

    def _oldest_dropped(self) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
        # Dropping clears no memory: what the next transition overwrites is still there.
        observations, _ = self._observations(np.array([self.pos]))
        return observations.copy(), self.actions[self.pos].copy()

    def _store(self, obs: NDArray[np.generic], next_obs: NDArray[np.generic]) -> None:
        self.observations[self.pos] = obs.reshape((1, *self.obs_shape))
        self.next_observations[self.pos] = next_obs.reshape((1, *self.obs_shape))

    def _observations(
        self, batch_inds: NDArray[np.int64]
    ) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
        return self.observations[batch_inds, 0], self.next_observations[batch_inds, 0]

    def _observation_state(self, used: int) -> Arrays:
        return {
            "observations": self.observations[:used],
            "next_observations": self.next_observations[:used],
        }

    def _restore_observations(self, state: Mapping[str, NDArray[np.generic]], used: int) -> None:
        self.observations[:used] = state["observations"]
        self.next_observations[:used] = state["next_observations"]


def was_blocked(info: Mapping[str, Any]) -> bool:
    """Whether the gate blocked the step that an info is of."""
    return bool(info.get("oversight", {}).get("blocked", False))


def _told_int(infos: Sequence[Mapping[str, Any]], key: str) -> int:
    return int(infos[0].get("oversight", {}).get(key, 0))
