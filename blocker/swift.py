"""A trained network's judgement in NumPy: the same numbers, without torch's cost for each call.

A decision is a few small products of matrices. In torch each of some sixty calls costs as much as
the product itself; here all members go through together.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from blocker.network import BlockerNetwork

__all__ = ["SwiftJudge"]

Array = NDArray[np.float32]


class SwiftJudge:
    """Judges as a `BlockerNetwork` does; its weights are copied when it is made."""

    def __init__(self, network: BlockerNetwork) -> None:
        """Copy a network that is in evaluation mode."""
        members = network.each()
        self._network = network
        self._view = _weights([member.view.weight.T for member in members])
        self._view_bias = _weights([member.view.bias for member in members])[:, None]
        # What an action adds before the first layer, and what a proposed one adds after it.
        self._recall = _weights([network.factors @ m.recall.weight.T for m in members])
        self._propose = _weights([network.factors[:-1] @ m.propose.weight.T for m in members])
        self._mix = _weights([member.mix.weight.T for member in members])
        self._mix_bias = _weights([member.mix.bias for member in members])[:, None]
        self._weigh = _weights([member.weigh.weight.T for member in members])
        self._weigh_bias = _weights([member.weigh.bias for member in members])[:, None]
        self._answer = _weights([member.answer.weight.T for member in members])
        self._answer_bias = _weights([member.answer.bias for member in members])[:, None]

    def see(self, screens: NDArray[np.uint8]) -> Array:
        """What is where: float32 (B, k * d) of prepared screens uint8 (B, k, planes, h, w)."""
        with torch.inference_mode():
            seen = self._network.see(torch.from_numpy(screens).flatten(0, 1))
        return np.asarray(seen.numpy(), dtype=np.float32).reshape(len(screens), -1)

    def member_logits(self, seen: Array, previous: NDArray[np.int64]) -> Array:
        """Each member's logits: float32 (members, B, n_actions).

        Args:
            seen: (B, k * d), as `see` gives it.
            previous: int64 (B,), the action executed before, -1 for none known.
        """
        state = _relu(seen @ self._view + self._view_bias + self._recall[:, previous])
        mixed = state @ self._mix + self._mix_bias
        joint = _relu(mixed[:, :, None, :] + self._propose[:, None, :, :])
        members, batch, actions, hidden = joint.shape
        thought = _relu(
            joint.reshape(members, batch * actions, hidden) @ self._weigh + self._weigh_bias
        )
        answers = thought @ self._answer + self._answer_bias
        return np.asarray(answers.reshape(members, batch, actions))


def _relu(values: Array) -> Array:
    return np.maximum(values, 0.0, out=values)


def _weights(parts: list[torch.Tensor]) -> Array:
    with torch.no_grad():
        return np.ascontiguousarray(torch.stack(list(parts)).numpy())
