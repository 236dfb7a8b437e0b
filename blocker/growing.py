"""Growing a member's trees, pass by pass, watched on the fold that it does not see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from blocker.dataset import Examples
from blocker.foresight import MONOTONE, learn_moves, moves_seen
from blocker.judging import scores_of
from blocker.metrics import average_precision
from blocker.network import BlockerNetwork, TreeMember
from blocker.trees import boosting

__all__ = ["A_PASS", "Grown", "grow", "look_ahead", "told_of"]

A_PASS = 30
"""Trees that a pass over the examples adds."""
MANY, LONG_PASS = 50_000, 100
"""From so many examples on a pass adds more: each sorts all numbers into bins anew, which takes as
long as 25 trees."""


@dataclass(frozen=True, slots=True)
class Grown:
    """What a pass came to.

    Attributes:
        number: of the pass, from 1.
        loss, held_out_loss, held_out_precision: as in `Epoch`.
    """

    number: int
    loss: float
    held_out_loss: float
    held_out_precision: float | None


def told_of(
    net: BlockerNetwork,
    member: TreeMember,
    seen: Tensor,
    rows: NDArray[np.int64],
    examples: Examples,
) -> NDArray[np.float32]:
    """All that a member's trees are told of some examples: float32 (n, d).

    Args:
        net: whose member.
        member: has learned how things move, if it looks ahead.
        seen: float32 (m, d'), what is on each screen.
        rows: int64 (n, k), each example's screens.
        examples: the n examples.
    """
    told = member.asked(
        net.whole(seen[torch.from_numpy(rows)]),
        torch.from_numpy(examples.previous),
        torch.from_numpy(examples.action),
        net.factors,
    )
    return np.asarray(told.numpy(), dtype=np.float32)


def look_ahead(
    net: BlockerNetwork,
    member: TreeMember,
    seen: Tensor,
    rows: NDArray[np.int64],
    mine: Examples,
    seed: int,
) -> None:
    """Let a member that looks ahead learn how the own thing moves, from examples of its folds.

    Args:
        net: whose member.
        member: whose.
        seen: float32 (m, d'), what is on each screen.
        rows: int64 (n, k), each example's screens.
        mine: the n examples to learn from.
        seed: of the member.

    Raises:
        ValueError: too few steps in a row; says what to do.
    """
    if member.foresight is not None:
        moves = moves_seen(seen.numpy(), rows, mine, net.shape.own)
        member.foresight.moves.copy_(learn_moves(moves, net.factors, seed))


def grow(
    member: TreeMember,
    numbers: NDArray[np.float32],
    learn: Examples,
    mine: NDArray[np.int64],
    other: NDArray[np.int64],
    *,
    passes: int,
    patience: int,
    seed: int,
    on_pass: Callable[[Grown, bool], None],
    should_stop: Callable[[], bool],
) -> tuple[int, bool]:
    """Grow a member's trees; those of the best pass are kept.

    Args:
        member: has none yet.
        numbers: as from `told_of`, of all examples.
        learn: all examples.
        mine: rows to learn from.
        other: rows to watch, of other episodes.
        passes: at most.
        patience: passes without a better held-out loss after which it ends.
        seed: of the member.
        on_pass: told of each pass, and whether it is the best so far.
        should_stop: asked after each pass.

    Returns:
        The pass that was kept, and whether it was stopped from outside.
    """
    trees, leaves = member.forest.value.shape
    monotone = None if member.foresight is None else MONOTONE
    model = boosting(leaves, seed, monotone)
    a_pass = A_PASS if len(mine) < MANY else LONG_PASS
    held_out, best, lowest, stopped = learn.where(other), 0, np.inf, False
    for number in range(1, min(passes, -(-trees // a_pass)) + 1):
        model.set_params(max_iter=min(a_pass * number, trees))
        model.fit(numbers[mine], learn.unsafe[mine])
        logit = model.decision_function(numbers[other])
        loss = log_loss(logit, held_out.unsafe)
        better = loss < lowest
        if better:
            best, lowest = number, loss
        on_pass(
            Grown(
                number,
                log_loss(model.decision_function(numbers[mine]), learn.unsafe[mine]),
                loss,
                average_precision(scores_of(logit, held_out)),
            ),
            better,
        )
        stopped = should_stop()
        if stopped or number - best >= patience:
            break
    member.forest.plant(model, min(a_pass * best, trees))
    return best, stopped


def log_loss(logit: NDArray[np.float64], unsafe: NDArray[np.bool_]) -> float:
    """Mean cross-entropy."""
    return float(np.logaddexp(0.0, np.where(unsafe, -logit, logit)).mean())
