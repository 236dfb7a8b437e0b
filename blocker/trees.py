"""Boosted trees over what was seen: from few labels they learn sharper limits than a network does.

They are grown by scikit-learn and then kept as plain tables, which judge all actions of a state at
once. No tree is walked down. Each question that is answered "no" rules out the leaves on its other
side, and the first leaf that is left is the tree's answer (Lucchese et al., "QuickScorer", SIGIR
2015). So what is asked about the state is asked once, and not again for every action.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor, nn

__all__ = ["MOST_LEAVES", "Forest", "boosting"]

MOST_LEAVES = 16
"""Leaves of a tree at most: they are told apart by the bits of one number of 32."""
ROUND = 0.05
"""Half a pixel: over so much a step is rounded off where a slope is asked for."""
_ALL = -1  # all bits: nothing is ruled out
RATE, LEAST, RIDGE, COLUMNS = 0.06, 10, 3.0, 0.3
"""How much of each tree is added; examples of a leaf, at least; shrinkage of its value; share of
the numbers that a split chooses from."""


class Forest(nn.Module):
    """The sum of some trees. Before it has grown it says 0 of everything.

    Attributes:
        asked: int64 (trees, questions), number of the value that a question is about; those of the
            state come first, then those of the proposed action.
        limit: float32 (trees, questions), the answer is "no" above it; infinite for none.
        keeps: int32 (trees, questions), bits of the leaves that a "no" leaves over.
        value: float32 (trees, leaves), log-odds that a leaf adds.
        base: float32 (), log-odds before any tree.
    """

    asked: Tensor
    limit: Tensor
    keeps: Tensor
    value: Tensor
    base: Tensor

    def __init__(self, trees: int, leaves: int = MOST_LEAVES) -> None:
        """Make room for so many trees of so many leaves at most."""
        super().__init__()
        if trees < 1 or not 2 <= leaves <= MOST_LEAVES:
            raise ValueError(
                f"expected a tree or more of 2 to {MOST_LEAVES} leaves, got {trees} of {leaves}"
            )
        questions = (trees, leaves - 1)
        self.register_buffer("asked", torch.zeros(questions, dtype=torch.int64))
        self.register_buffer("limit", torch.full(questions, torch.inf))
        self.register_buffer("keeps", torch.full(questions, _ALL, dtype=torch.int32))
        self.register_buffer("value", torch.zeros(trees, leaves))
        self.register_buffer("base", torch.zeros(()))

    def forward(self, state: Tensor, actions: Tensor) -> Tensor:
        """Logits (B, n) of states (B, s) and actions (n, f).

        Trees have steps and no slope. Where one is asked for, as attribution maps do, each question
        about the state counts as answered "no" by so much as it nearly is, and the logits are
        those of the steps rounded off.
        """
        about_action = self.asked >= state.shape[1]
        left = self.left(state, self.asked, ~about_action)
        by_action = self.left(actions, self.asked - state.shape[1], about_action)
        logits = self._at(left[:, None] & by_action).sum(dim=-1) + self.base
        if state.requires_grad and torch.is_grad_enabled():
            logits = logits + self._rounded(state, by_action, ~about_action)
        return logits

    def _at(self, left: Tensor) -> Tensor:
        """What the trees add, float32 (..., trees), by the leaves that are left."""
        leaf = torch.log2((left & -left).float()).long()
        places = leaf + torch.arange(len(self.value)) * self.value.shape[1]
        return self.value.flatten()[places]

    def _rounded(self, state: Tensor, by_action: Tensor, mine: Tensor) -> Tensor:
        """What rounding off each step by itself adds: (B, n), with a slope."""
        questions = range(self.asked.shape[1])
        each = [self.left(state, self.asked, _only(mine, question)) for question in questions]
        total = torch.zeros(len(state), len(by_action))
        for question in questions:
            left = by_action[None].repeat(len(state), 1, 1)
            for other in questions:
                if other != question:
                    left &= each[other][:, None]
            step = self._at(left & self.keeps[:, question]) - self._at(left)
            over = state[:, torch.where(mine, self.asked, 0)[:, question]] - self.limit[:, question]
            off = torch.sigmoid(over / ROUND) - (over > 0).float()
            total = total + (step * (off * mine[:, question])[:, None]).sum(dim=-1)
        return total

    def left(self, values: Tensor, asked: Tensor, mine: Tensor) -> Tensor:
        """Bits of the leaves that some of the questions leave over: int32 (m, trees).

        Args:
            values: (m, d), what is asked about.
            asked: int64 (trees, questions), columns of it.
            mine: bool (trees, questions), which questions to ask.
        """
        left = torch.full((len(values), len(asked)), _ALL, dtype=torch.int32)
        for question in range(asked.shape[1]):
            at = torch.where(mine[:, question], asked[:, question], 0)
            no = (values[:, at] > self.limit[:, question]) & mine[:, question]
            left &= torch.where(no, self.keeps[:, question], _ALL)
        return left

    @property
    def learned(self) -> int:
        """Numbers learned: limits of the questions asked, and what their leaves add."""
        asked = torch.isfinite(self.limit)
        return int(2 * asked.sum() + asked.any(dim=1).sum())

    def scale(self, by: float, shift: float) -> None:
        """Turn logits z into by * z + shift, for good."""
        self.value.mul_(by)
        self.base.mul_(by).add_(shift)

    def plant(self, model: HistGradientBoostingClassifier, trees: int) -> None:
        """Take over a fitted model's first trees."""
        # They can be had in no other way, and `tests/blocker/test_trees.py` holds them against it.
        self.base.fill_(float(model._baseline_prediction.item()))
        for number, (tree,) in enumerate(model._predictors[:trees]):
            self._plant(number, tree.nodes)

    def _plant(self, number: int, nodes: NDArray[np.void]) -> None:
        questions = 0
        leaves = 0

        def visit(node: int) -> int:
            """Number leaves from left to right; the bits of those under the node."""
            nonlocal questions, leaves
            here = nodes[node]
            if here["is_leaf"]:
                self.value[number, leaves] = float(here["value"])
                leaves += 1
                return 1 << (leaves - 1)
            question, questions = questions, questions + 1
            yes, no = visit(int(here["left"])), visit(int(here["right"]))
            self.asked[number, question] = int(here["feature_idx"])
            self.limit[number, question] = float(_not_above(float(here["num_threshold"])))
            self.keeps[number, question] = ~yes
            return yes | no

        visit(0)


def _only(mine: Tensor, question: int) -> Tensor:
    """One of the questions, of those about the state: bool (trees, questions)."""
    return mine & (torch.arange(mine.shape[1]) == question)


def _not_above(limit: float) -> np.float32:
    """The highest float32 that is not above a limit: what float32 is above one is above both."""
    near = np.float32(limit)
    return near if near <= limit else np.nextafter(near, np.float32(-np.inf))


def boosting(
    leaves: int, seed: int, monotone: Sequence[int] | None = None
) -> HistGradientBoostingClassifier:
    """Boosted trees (Friedman, "Greedy function approximation", 2001), to be fitted pass by pass.

    The same seed gives the same trees.

    Args:
        leaves: of each tree, at most.
        seed: chooses the numbers that splits are looked for in.
        monotone: of each number whether log-odds may only rise with it (1) or only fall (-1); all
            of these few are looked for splits in.
    """
    return HistGradientBoostingClassifier(
        max_leaf_nodes=leaves,
        learning_rate=RATE,
        min_samples_leaf=LEAST,
        l2_regularization=RIDGE,
        max_features=COLUMNS if monotone is None else 1.0,
        monotonic_cst=monotone,
        early_stopping=False,
        warm_start=True,
        random_state=seed,
    )
