"""A trained network's judgement in NumPy: the same numbers, without torch's cost for each call.

A decision is a few small products of matrices. In torch each of some sixty calls costs as much as
the product itself; here all members go through together.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from blocker.network import BlockerNetwork, Member, TreeMember
from blocker.trees import MOST_LEAVES, Forest

__all__ = ["SwiftJudge"]

Array = NDArray[np.float32]


class SwiftJudge:
    """Judges as a `BlockerNetwork` does; its weights are copied when it is made."""

    def __init__(self, network: BlockerNetwork) -> None:
        """Copy a network that is in evaluation mode."""
        self._network = network
        nets, forests = [], []
        for member in network.each():
            net = member.net if isinstance(member, TreeMember) else member
            nets += [net] if net is not None else []
            forests += [member.forest] if isinstance(member, TreeMember) else []
        self._judges: list[Callable[[Array, NDArray[np.int64]], Array]] = []
        if nets:
            self._judges.append(_Nets(network, nets))
        if forests:
            self._judges.append(_Forests(network, forests))

    def see(self, screens: NDArray[np.uint8]) -> Array:
        """All that is told of prepared screens uint8 (B, k, planes, h, w): float32 (B, d)."""
        with torch.inference_mode():
            seen = self._network.see(torch.from_numpy(screens).flatten(0, 1))
            whole = self._network.whole(seen.reshape(*screens.shape[:2], -1))
        return np.asarray(whole.numpy(), dtype=np.float32)

    def member_logits(self, seen: Array, previous: NDArray[np.int64]) -> Array:
        """Each member's logits: float32 (members, B, n_actions).

        Args:
            seen: (B, d), as `see` gives it.
            previous: int64 (B,), the action executed before, -1 for none known.
        """
        logits = self._judges[0](seen, previous)
        for judge in self._judges[1:]:
            logits = logits + judge(seen, previous)
        return logits / np.float32(len(self._judges))


class _Nets:
    """Small networks, all in one go."""

    def __init__(self, network: BlockerNetwork, members: list[Member]) -> None:
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

    def __call__(self, seen: Array, previous: NDArray[np.int64]) -> Array:
        state = _relu(seen @ self._view + self._view_bias + self._recall[:, previous])
        mixed = state @ self._mix + self._mix_bias
        joint = _relu(mixed[:, :, None, :] + self._propose[:, None, :, :])
        members, batch, actions, hidden = joint.shape
        thought = _relu(
            joint.reshape(members, batch * actions, hidden) @ self._weigh + self._weigh_bias
        )
        answers = thought @ self._answer + self._answer_bias
        return np.asarray(answers.reshape(members, batch, actions))


class _Forests:
    """Trees, all in one go; see `blocker.trees`.

    Which leaves an action leaves over, and the one executed before, is known beforehand for every
    action there is; only what is asked about the screens is asked each time.
    """

    def __init__(self, network: BlockerNetwork, forests: list[Forest]) -> None:
        told, factors = network.told, network.factors
        both = told + factors.shape[1]
        proposed, before, tables = [], [], []
        for one in forests:
            about_both, about_proposed = one.asked >= told, one.asked >= both
            proposed.append(one.left(factors[:-1], one.asked - both, about_proposed))
            before.append(one.left(factors, one.asked - told, about_both & ~about_proposed))
            here = torch.where(about_both, torch.inf, one.limit)
            tables.append((torch.where(about_both, 0, one.asked), here, one.keeps))
        asked, limit, keeps = (torch.cat(parts).T.numpy() for parts in zip(*tables, strict=True))
        most = max(int(np.isfinite(limit).sum(axis=0).max()), 1)
        order = np.argsort(limit, axis=0, kind="stable")[:most]  # what is never asked is last
        self._asked = np.take_along_axis(asked, order, axis=0)
        self._limit = np.take_along_axis(limit, order, axis=0)
        self._keeps = _bits(np.take_along_axis(keeps, order, axis=0))
        self._proposed = _bits(torch.cat(proposed, dim=1).numpy())
        self._before = _bits(torch.cat(before, dim=1).numpy())
        value = _weights([one.value for one in forests])
        self._first = np.arange(value.shape[0] * value.shape[1]) * value.shape[2]
        self._value, self._members = value.ravel(), len(forests)
        self._base = _weights([one.base for one in forests])

    def __call__(self, seen: Array, previous: NDArray[np.int64]) -> Array:
        no = seen[:, self._asked] > self._limit
        left = np.bitwise_and.reduce(np.where(no, self._keeps, _EVERY), axis=1)
        left = (left & self._before[previous])[:, None] & self._proposed
        values = self._value[_LOWEST[left] + self._first]
        sums = values.reshape(*values.shape[:2], self._members, -1).sum(axis=-1) + self._base
        return np.ascontiguousarray(np.moveaxis(sums, -1, 0))


_EVERY = np.uint16(0xFFFF)
_LOWEST = np.array([(bits & -bits).bit_length() - 1 for bits in range(1 << MOST_LEAVES)])
"""The lowest bit of every set of leaves."""


def _bits(leaves: NDArray[np.int32]) -> NDArray[np.uint16]:
    return (leaves & 0xFFFF).astype(np.uint16)


def _relu(values: Array) -> Array:
    return np.maximum(values, 0.0, out=values)


def _weights(parts: list[torch.Tensor]) -> Array:
    with torch.no_grad():
        return np.ascontiguousarray(torch.stack(list(parts)).numpy())
