"""A trained network's judgement without torch's cost for each call: the same numbers.

A decision is a look at a few screens and some small products of matrices, or questions to trees. In
torch each of some sixty calls costs as much as what it does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from blocker.eye import Eye
from blocker.foresight import HALVES, MONOTONE, WAYS, Foresight
from blocker.network import NO_FACTORS, BlockerNetwork, Member, TreeMember
from blocker.sight import FAR, UNIT
from blocker.trees import Forest
from oversight.compiled import compiled

__all__ = ["SwiftJudge"]

Array = NDArray[np.float32]
_HALF = np.float32(2 * UNIT)  # half pixels in ten pixels


class SwiftJudge:
    """Judges as a `BlockerNetwork` does; its weights are copied when it is made."""

    def __init__(self, network: BlockerNetwork) -> None:
        """Copy a network that is in evaluation mode."""
        self._eye = Eye(network)
        trees = [member for member in network.each() if isinstance(member, TreeMember)]
        nets = [member for member in network.each() if isinstance(member, Member)]
        nets += [member.net for member in trees if member.net is not None]
        self._judges: list[Callable[[Array, NDArray[np.int64]], Array]] = []
        if nets:
            self._judges.append(_Nets(network, nets))
        if network.shape.ahead:
            self._judges.append(_Ahead(trees))
        elif trees:
            forests = [member.forest for member in trees]
            self._judges.append(_Forests(network.told, network.factors, forests))

    def of_screens(
        self, proposals: Sequence[NDArray[np.generic]], previous: NDArray[np.int64]
    ) -> tuple[Array, Array]:
        """What is told of raw screens, float32 (B, d), see `Eye.see`; and `member_logits` by it."""
        told = self._eye.see(proposals)
        return told, self.member_logits(told, previous)

    def of_prepared(self, screens: NDArray[np.uint8], previous: NDArray[np.int64]) -> Array:
        """`member_logits` of prepared screens uint8 (B, k, planes, h, w)."""
        return self.member_logits(self._eye.told(screens), previous)

    def member_logits(self, seen: Array, previous: NDArray[np.int64]) -> Array:
        """Each member's logits: float32 (members, B, n_actions).

        Args:
            seen: (B, d), as `look` or `see` gives it.
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

    def __init__(self, told: int, factors: torch.Tensor, forests: list[Forest]) -> None:
        """Copy trees that are told so many numbers, and what an action's factors are."""
        both = told + factors.shape[1]
        proposed, before, tables = [], [], []
        for one in forests:
            about_both, about_proposed = one.asked >= told, one.asked >= both
            proposed.append(one.left(factors[:-1], one.asked - both, about_proposed))
            before.append(one.left(factors, one.asked - told, about_both & ~about_proposed))
            here = torch.where(about_both, torch.inf, one.limit)
            tables.append((torch.where(about_both, 0, one.asked), here, one.keeps))
        asked, limit, keeps = (torch.cat(parts).numpy() for parts in zip(*tables, strict=True))
        order = np.argsort(limit, axis=1, kind="stable")  # what is never asked is last
        self._questions = np.isfinite(limit).sum(axis=1)
        self._asked = np.take_along_axis(asked, order, axis=1).astype(np.int32)
        self._limit = np.take_along_axis(limit, order, axis=1)
        self._keeps = np.take_along_axis(keeps, order, axis=1)
        self._proposed = np.ascontiguousarray(torch.cat(proposed, dim=1).numpy().T)
        self._before = np.ascontiguousarray(torch.cat(before, dim=1).numpy())
        # A tree that is not asked about the action says the same of all.
        self._alike = (self._proposed == self._proposed[:, :1]).all(axis=1)
        self._value = _weights([one.value for one in forests])
        self._base = _weights([one.base for one in forests])

    def __call__(self, seen: Array, previous: NDArray[np.int64]) -> Array:
        out = np.empty((len(self._base), len(seen), self._proposed.shape[1]), dtype=np.float32)
        before = self._before[previous]
        tables = (self._questions, self._asked, self._limit, self._keeps)
        _ask(seen, before, *tables, self._proposed, self._alike, self._value, self._base, out)
        return out


class _Ahead:
    """Trees that are told where each action leads; see `blocker.foresight`."""

    def __init__(self, members: list[TreeMember]) -> None:
        nothing = NO_FACTORS.repeat(2, 1)  # of the action, and of the one before
        self._forests = [_Forests(WAYS, nothing, [member.forest]) for member in members]
        self._tables = [_Moves(one) for one in (m.foresight for m in members) if one is not None]

    def __call__(self, seen: Array, previous: NDArray[np.int64]) -> Array:
        out = []
        for table, forest in zip(self._tables, self._forests, strict=True):
            ways = table(seen, previous)
            rows = ways.reshape(-1, WAYS)
            out.append(forest(rows, np.zeros(len(rows), np.int64)).reshape(ways.shape[:2]))
        return np.stack(out)


class _Moves:
    """One member's foresight."""

    def __init__(self, foresight: Foresight) -> None:
        moves = foresight.moves
        self._moves = np.ascontiguousarray(moves.numpy())
        backs = [(sign * moves).argmin(dim=2) for sign in MONOTONE]
        self._backs = np.ascontiguousarray(torch.stack(backs).numpy())
        self._where = np.array([foresight.first, foresight.earlier, foresight.steps])
        self._margin = np.float32(foresight.margin.item())

    def __call__(self, told: Array, previous: NDArray[np.int64]) -> Array:
        """See `Foresight.forward`."""
        out = np.empty((len(told), self._moves.shape[2], WAYS), dtype=np.float32)
        _foresee(told, previous, self._moves, self._backs, self._where, self._margin, out)
        return out


@compiled
def _foresee(
    told: Array,
    previous: NDArray[np.int64],
    moves: Array,
    backs: NDArray[np.int64],
    where: NDArray[np.int64],
    margin: np.float32,
    out: Array,
) -> None:
    """Follow all actions of some states.

    Args:
        told: (B, d).
        previous: (B,).
        moves: as in `Foresight.moves`.
        backs: (`WAYS`, moves, before), the action that turns back fastest.
        where: number of the own thing's first number now and before, and steps to follow.
        margin: in tens of pixels, by which each action leads further.
        out: (B, n_actions, `WAYS`), to be filled.
    """
    first, earlier, steps = where
    for state in range(len(told)):
        there, row = told[state, first], told[state, first + 2]
        moved = np.float32(0.0)
        if there > 0 and told[state, earlier] > 0:
            moved = row - told[state, earlier + 2]
        begin = _half(moved)
        for action in range(out.shape[1]):
            for way in range(WAYS):
                sign = MONOTONE[way]
                if not there > 0:
                    out[state, action, way] = -sign * FAR
                    continue
                move, done = moves[begin, previous[state], action], action
                at = row + move
                furthest = at
                for _ in range(steps):
                    half = _half(move)
                    back = backs[way, half, done]
                    move, done = moves[half, done, back], back
                    at += move
                    if sign * at > sign * furthest:
                        furthest = at
                out[state, action, way] = furthest + sign * margin


@compiled
def _half(moved: np.float32) -> int:
    """Which of the moves told apart it is; see `blocker.foresight.halves`."""
    number = int(np.rint(moved * _HALF)) + HALVES // 2
    return min(max(number, 0), HALVES - 1)


_ALL = np.int32(-1)  # all bits: nothing is ruled out


@compiled
def _ask(
    seen: Array,
    before: NDArray[np.int32],
    questions: NDArray[np.int64],
    asked: NDArray[np.int32],
    limit: Array,
    keeps: NDArray[np.int32],
    proposed: NDArray[np.int32],
    alike: NDArray[np.bool_],
    value: Array,
    base: Array,
    out: Array,
) -> None:
    """What all trees say of some states.

    Args:
        seen: (B, d), what is told of the screens.
        before: (B, all trees), leaves that the action executed before leaves over.
        questions: (all trees,), how many are about the screens.
        asked: (all trees, most questions), number of the value that a question is about.
        limit: of the same shape; the answer is "no" above it.
        keeps: of the same shape, leaves that a "no" leaves over.
        proposed: (all trees, n_actions), leaves that each proposed action leaves over.
        alike: (all trees,), whether all actions leave the same.
        value: (members, trees, leaves).
        base: (members,).
        out: (members, B, n_actions), to be filled.
    """
    members, trees, _ = value.shape
    actions = proposed.shape[1]
    for state in range(len(seen)):
        for member in range(members):
            row = out[member, state]
            for action in range(actions):
                row[action] = 0.0
            all_alike = np.float32(0.0)
            for number in range(trees):
                tree = member * trees + number
                left = before[state, tree]
                for question in range(questions[tree]):
                    no = seen[state, asked[tree, question]] > limit[tree, question]
                    left &= keeps[tree, question] if no else _ALL
                if alike[tree]:
                    all_alike += value[member, number, _lowest(left & proposed[tree, 0])]
                else:
                    for action in range(actions):
                        leaf = _lowest(left & proposed[tree, action])
                        row[action] += value[member, number, leaf]
            for action in range(actions):
                row[action] += all_alike + base[member]


@compiled
def _lowest(bits: int) -> int:
    """The lowest bit that is set, of 16 at most."""
    alone = bits & -bits
    return (
        (8 if alone & 0xFF00 else 0)
        + (4 if alone & 0xF0F0 else 0)
        + (2 if alone & 0xCCCC else 0)
        + (1 if alone & 0xAAAA else 0)
    )


def _relu(values: Array) -> Array:
    return np.maximum(values, 0.0, out=values)


def _weights(parts: list[torch.Tensor]) -> Array:
    with torch.no_grad():
        return np.ascontiguousarray(torch.stack(list(parts)).numpy())
