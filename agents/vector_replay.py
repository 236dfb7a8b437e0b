"""Replay of several games at once, each frame kept once, on the CPU or on the GPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.buffers import BaseBuffer, ReplayBuffer
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from stable_baselines3.common.vec_env import VecNormalize

from agents.frame_replay import TRANSITIONS_PER_SPARE_FRAME
from agents.replay import Arrays, was_blocked
from agents.returns import Ahead, n_step
from agents.settings import Credit
from agents.strips import FrameStrips

__all__ = ["VectorFrameReplay"]

Ints = NDArray[np.int64]


class VectorFrameReplay(ReplayBuffer):
    """What `FrameReplayBuffer` is for one game, for several that step together.

    A row holds one transition of each game; their frames lie in `FrameStrips`, and on a GPU never
    leave it. Stacks are compared when they come in: a game that goes on adds one frame, any other
    stack is kept whole. There are no rewinds in front of several games.

    Attributes:
        rng: draws the batches.
        credit: which action is stored.
        strips: the frames, on `device`.
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
        n_steps: int = 1,
        gamma: float = 0.99,
    ) -> None:
        """Make an empty buffer; the first seven arguments are SB3's.

        Args:
            buffer_size: transitions to keep, of all games together.
            observation_space: of one game, stacks of uint8 frames.
            action_space: discrete.
            device: where the frames lie.
            n_envs: how many games.
            optimize_memory_usage: must be False; this saves more.
            handle_timeout_termination: must be True.
            rng: draws the batches.
            credit: which action is stored.
            end_on_block: a blocked step counts as the episode's end.
            n_steps: steps whose rewards are added up in a transition that is drawn.
            gamma: discount per step, for that.

        Raises:
            ValueError: an argument that must have one value has another.
        """
        rows = max(buffer_size // n_envs, 1)
        # Not ReplayBuffer.__init__: it would allocate both full observations of a transition.
        BaseBuffer.__init__(self, rows, observation_space, action_space, device, n_envs)
        if len(self.obs_shape) != 3 or observation_space.dtype != np.uint8:
            raise ValueError(f"expected stacks of uint8 frames, got {observation_space}")
        if optimize_memory_usage or not handle_timeout_termination:
            raise ValueError(
                "expected optimize_memory_usage=False, handle_timeout_termination=True"
            )
        self.rng = rng
        self.credit = credit
        self.end_on_block = end_on_block
        self.n_steps = n_steps
        self._gamma = gamma
        self.count = 0
        self.optimize_memory_usage = False
        self.handle_timeout_termination = True
        self.depth = self.obs_shape[0]
        each = rows + rows // TRANSITIONS_PER_SPARE_FRAME + 2 * self.depth
        self.strips = FrameStrips(n_envs, self.obs_shape, each, self.device)
        self.obs_at = np.zeros((rows, n_envs), np.int64)
        self.next_at = np.zeros((rows, n_envs), np.int64)
        self.actions = np.zeros((rows, n_envs), np.int64)
        self.rewards = np.zeros((rows, n_envs), np.float32)
        self.terminals = np.zeros((rows, n_envs), np.float32)
        self.ends = np.zeros((rows, n_envs), np.bool_)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays when the buffer is full."""
        arrays = (self.obs_at, self.next_at, self.actions, self.rewards, self.terminals, self.ends)
        return self.strips.frames.nbytes + sum(array.nbytes for array in arrays)

    def size(self) -> int:
        """How many transitions can be drawn."""
        return self.count * self.n_envs

    def reset(self) -> None:
        """Forget all transitions."""
        super().reset()
        self.count = 0

    def add(
        self,
        obs: NDArray[np.uint8],
        next_obs: NDArray[np.uint8],
        action: NDArray[np.generic],
        reward: NDArray[np.generic],
        done: NDArray[np.generic],
        infos: list[dict[str, Any]],
    ) -> None:
        """Store one transition of every game.

        Raises:
            ValueError: `Credit.EXECUTED` and the infos do not say what was executed, or a game was
                taken back.
        """
        if self.count == self.buffer_size:
            self.count -= 1  # the oldest row lies at pos and gives way now
        self.obs_at[self.pos] = self.strips.place(obs)
        self.next_at[self.pos] = self.strips.place(next_obs)
        self._forget_overwritten()
        cut = [bool(info.get("TimeLimit.truncated", False)) for info in infos]
        self.actions[self.pos] = self._credited(action, infos)
        self.rewards[self.pos] = reward
        blocked = [self.end_on_block and was_blocked(info) for info in infos]
        self.terminals[self.pos] = (np.asarray(done, np.bool_) & ~np.array(cut)) | blocked
        self.ends[self.pos] = np.asarray(done, np.bool_) | blocked
        self.pos = (self.pos + 1) % self.buffer_size
        self.count += 1
        self.full = self.count == self.buffer_size

    def sample(self, batch_size: int, env: VecNormalize | None = None) -> ReplayBufferSamples:
        """Draw a batch with replacement, each stored transition alike.

        Raises:
            ValueError: the buffer is empty.
        """
        return self._gather(*self._draw(batch_size), env)

    def plan(self, batches: int, batch_size: int) -> NDArray[np.int32]:
        """Draw as `sample` does, so many times, without gathering what was drawn.

        Returns:
            For each transition where its frames lie, its action, and its reward, end and discount
            as the bits of float32: int32 (batches, batch_size, 2 * depth + 4), which `gather`
            takes batch by batch. To a GPU it goes in one piece.

        Raises:
            ValueError: the buffer is empty.
        """
        drawn = np.array([self._draw(batch_size) for _ in range(batches)])
        rows, games = drawn[:, 0].reshape(-1), drawn[:, 1].reshape(-1)
        ahead = self._ahead(rows, games)
        seen = self.obs_at[rows, games], self.next_at[ahead.last, games]
        places = [self.strips.places(games, newest) for newest in seen]
        told = (ahead.rewards, self.terminals[ahead.last, games], ahead.discounts)
        columns = [self.actions[rows, games], *(each.view(np.int32) for each in told)]
        found = [*places, np.stack(columns, axis=1)]
        return np.concatenate(found, axis=1, dtype=np.int32).reshape(batches, batch_size, -1)

    def gather(self, planned: torch.Tensor) -> ReplayBufferSamples:
        """What was planned for one batch, by calls that a CUDA graph can hold.

        Args:
            planned: int32 (batch_size, 2 * depth + 4), on `device`.
        """
        both = 2 * self.depth
        taken = self.strips.frames.index_select(0, planned[:, :both].reshape(-1))
        stacks = taken.view(len(planned), both, *self.obs_shape[1:])
        paid = planned[:, both + 1 :].contiguous().view(torch.float32)
        return ReplayBufferSamples(
            observations=stacks[:, : self.depth],
            actions=planned[:, both : both + 1].long(),
            next_observations=stacks[:, self.depth :],
            dones=paid[:, 1:2],
            rewards=paid[:, :1],
            discounts=paid[:, 2:],
        )

    def state(self) -> Arrays:
        """Everything needed to restore the contents, as arrays; views where possible."""
        used = self.pos if self.count <= self.pos else self.buffer_size
        return {
            "vector_frames": self.strips.frames.cpu().numpy(),
            "heads": self.strips.heads,
            "last": self.strips.last,
            "obs_at": self.obs_at[:used],
            "next_at": self.next_at[:used],
            "actions": self.actions[:used],
            "rewards": self.rewards[:used],
            "terminals": self.terminals[:used],
            "ends": self.ends[:used],
            "pos_count": np.array([self.pos, self.count]),
        }

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `state` gave, from a buffer of the same kind and size.

        Raises:
            ValueError: the arrays do not fit this buffer; it is unchanged then.
        """
        pos, count = (int(x) for x in state["pos_count"])
        used = len(state["actions"])
        frames, strips = state["vector_frames"], self.strips
        fits = frames.shape == strips.frames.shape and state["heads"].shape == (self.n_envs,)
        if not fits or not 0 <= count <= used <= self.buffer_size:
            raise ValueError(f"frames of shape {frames.shape} do not fit this buffer")
        strips.frames.copy_(torch.from_numpy(frames))
        strips.heads[:], strips.last[:] = state["heads"], state["last"]
        for name in ("obs_at", "next_at", "actions", "rewards", "terminals"):
            getattr(self, name)[:used] = state[name]
        self.ends[:used] = state.get("ends", state["terminals"]) != 0
        self.pos, self.count = pos, count
        self.full = count == self.buffer_size

    def _draw(self, batch_size: int) -> tuple[Ints, Ints]:
        if self.count == 0:
            raise ValueError("expected stored transitions to sample from, got an empty buffer")
        drawn = self.rng.integers(self.count * self.n_envs, size=batch_size)
        rows = (self.pos - 1 - drawn // self.n_envs) % self.buffer_size
        return rows, drawn % self.n_envs

    def _forget_overwritten(self) -> None:
        first_allowed = self.strips.first_whole
        while self.count and (self.obs_at[self._oldest()] < first_allowed).any():
            self.count -= 1

    def _oldest(self) -> int:
        return (self.pos - self.count) % self.buffer_size

    def _credited(
        self, action: NDArray[np.generic], infos: list[dict[str, Any]]
    ) -> NDArray[np.generic] | list[int]:
        told = [info.get("oversight", {}) for info in infos]
        if any(one.get("rewound", 0) for one in told):
            raise ValueError("expected no rewinds in front of several games, got one")
        if self.credit is Credit.PROPOSED:
            return np.asarray(action).reshape(self.n_envs)
        if any("executed_action" not in one for one in told):
            raise ValueError(
                "expected info['oversight']['executed_action'] to credit the executed action, "
                "got none; wrap the environments in the oversight wrapper"
            )
        return [int(one["executed_action"]) for one in told]

    def _get_samples(
        self, batch_inds: NDArray[np.int64], env: VecNormalize | None = None
    ) -> ReplayBufferSamples:
        return self._gather(batch_inds // self.n_envs, batch_inds % self.n_envs, env)

    def _gather(self, rows: Ints, games: Ints, env: VecNormalize | None) -> ReplayBufferSamples:
        if env is not None:
            raise ValueError("normalised observations or rewards are not supported in replay")
        ahead = self._ahead(rows, games)
        first, then = self.obs_at[rows, games], self.next_at[ahead.last, games]
        observations, next_observations = self.strips.pairs(games, first, then)
        return ReplayBufferSamples(
            observations=observations,
            actions=self._column(self.actions[rows, games]),
            next_observations=next_observations,
            dones=self._column(self.terminals[ahead.last, games]),
            rewards=self._column(ahead.rewards),
            discounts=self._column(ahead.discounts),
        )

    def _ahead(self, rows: Ints, games: Ints) -> Ahead:
        newer = (self.pos - 1 - rows) % self.buffer_size
        return n_step(
            rows,
            games,
            newer,
            steps=self.n_steps,
            gamma=self._gamma,
            rewards=self.rewards,
            ends=self.ends,
        )

    def _column(self, values: NDArray[np.generic]) -> torch.Tensor:
        return torch.from_numpy(values[:, None]).to(self.device, non_blocking=True)
