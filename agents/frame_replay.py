"""Replay for stacks of frames that keeps each frame once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.buffers import BaseBuffer

from agents.frames import FrameRing
from agents.replay import Arrays, OverseenReplayBuffer

__all__ = ["FrameReplayBuffer"]

# Beginning an episode costs depth - 1 frames more than a step. One spare frame for 32
# transitions pays for them if episodes last 96 steps on average; with shorter ones the buffer
# holds fewer transitions than it was asked to, never wrong ones.
TRANSITIONS_PER_SPARE_FRAME = 32


class FrameReplayBuffer(OverseenReplayBuffer):
    """The same for stacks of frames (depth, height, width), each frame kept once.

    7 KB a transition for four 84x84 frames, where SB3 takes 56 KB. Batches are equal to SB3's
    for any stream, across ends of episodes, truncations and wrap-around: stacks are compared
    when they come in, never assumed to continue. The newest frame must be the last of a stack
    for the saving to happen.
    """

    def _allocate(
        self,
        buffer_size: int,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        device: torch.device | str,
    ) -> None:
        # Not ReplayBuffer.__init__: it would allocate both full observations of a transition.
        BaseBuffer.__init__(self, buffer_size, observation_space, action_space, device)
        depth = self.obs_shape[0]
        spare = buffer_size // TRANSITIONS_PER_SPARE_FRAME + 2 * depth
        dtype = np.dtype(observation_space.dtype)
        self.ring = FrameRing(buffer_size + spare, self.obs_shape, dtype)
        self.obs_at = np.zeros(buffer_size, dtype=np.int64)
        self.next_at = np.zeros(buffer_size, dtype=np.int64)
        self.actions = np.zeros((buffer_size, 1, self.action_dim), dtype=np.int64)
        self.rewards = np.zeros((buffer_size, 1), dtype=np.float32)
        self.dones = np.zeros((buffer_size, 1), dtype=np.float32)
        self.timeouts = np.zeros((buffer_size, 1), dtype=np.float32)
        self.optimize_memory_usage = False
        self.handle_timeout_termination = True

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays when the buffer is full."""
        arrays = (self.ring.frames, self.obs_at, self.next_at, self.actions)
        flags = (self.rewards, self.dones, self.timeouts)
        return sum(array.nbytes for array in (*arrays, *flags))

    def drop(self, transitions: int) -> None:
        """See `OverseenReplayBuffer.drop`; their frames make room again."""
        before = self.count
        super().drop(transitions)
        if self.count < before:
            # Frames come in the order of transitions: what is left uses none after this one.
            self.ring.take_back(int(self.obs_at[self.pos]))

    def _store(self, obs: NDArray[np.generic], next_obs: NDArray[np.generic]) -> None:
        if self.count == self.buffer_size:
            self.count -= 1  # the oldest lies at pos and gives way now
        self.obs_at[self.pos] = self.ring.place(obs[0])
        self.next_at[self.pos] = self.ring.place(next_obs[0])
        self._forget_overwritten()

    def _forget_overwritten(self) -> None:
        first_allowed = self.ring.oldest + self.ring.depth - 1
        while self.count and self.obs_at[self._oldest()] < first_allowed:
            self.count -= 1

    def _oldest(self) -> int:
        return (self.pos - self.count) % self.buffer_size

    def _observations(
        self, batch_inds: NDArray[np.int64]
    ) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
        return (
            self.ring.stacks(self.obs_at[batch_inds]),
            self.ring.stacks(self.next_at[batch_inds]),
        )

    def _observation_state(self, used: int) -> Arrays:
        return {
            "frames": self.ring.frames[: min(self.ring.head, self.ring.capacity)],
            "head": np.array([self.ring.head]),
            "obs_at": self.obs_at[:used],
            "next_at": self.next_at[:used],
        }

    def _restore_observations(self, state: Mapping[str, NDArray[np.generic]], used: int) -> None:
        frames, head = state["frames"], int(state["head"][0])
        if len(frames) != min(head, self.ring.capacity) or frames.shape[1:] != self.obs_shape[1:]:
            raise ValueError(f"frames of shape {frames.shape} do not fit this buffer")
        self.ring.frames[: len(frames)] = frames
        self.ring.head = head
        self.obs_at[:used] = state["obs_at"]
        self.next_at[:used] = state["next_at"]
