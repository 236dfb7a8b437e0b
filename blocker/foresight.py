"""Where the agent's own thing will be, and whether it can still turn back: learned without labels.

Every overseen step shows how something moved after an action, whether anyone blocked it or not. A
person labels a few dozen moments of danger; of how a paddle falls after its button was let go, each
of the thousands of steps tells. So motion is learned from all of them, and the labels are left with
one question: how far is too far.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from torch import Tensor, nn

from blocker.dataset import NO_ACTION, Examples
from blocker.sight import FAR, FEATURES, UNIT

__all__ = ["HALVES", "MONOTONE", "WAYS", "Foresight", "Moves", "learn_moves", "moves_seen"]

WAYS = 2
"""Numbers that tell of each action: how far down it leads, and how far up."""
MONOTONE = (1, -1)
"""What is further down is never safer for it, nor what is further up."""
REACH = 32.0  # native pixels a step, beyond which a move is taken for one of so many
HALVES = 2 * int(REACH) * 2 + 1
"""Moves told apart: every half pixel, which is as fine as the middle of a thing of pixels moves."""
LEAST_MOVES = 50
"""Fewer steps in a row do not show how something moves."""
WHOLE_SHARE = 0.95
"""With less of it to be seen than this share of the usual it is cut off by the screen's edge, and
its middle moves otherwise than it does."""
TREES, LEAVES, RATE, LEAST = 100, 16, 0.06, 5
"""Of the boosted trees that motion is learned with, before it is kept as a table."""


class Foresight(nn.Module):
    """Follows each action a few steps: one step of it, then back as fast as can be.

    Attributes:
        moves: float32 (`HALVES`, n_actions + 1, n_actions), move of the next step in tens of pixels
            downwards, by the last move in half pixels, by the action executed before (the last
            row for none known) and by the action.
        margin: float32 (), in tens of pixels; so much further than foreseen each action is taken
            to lead. 0 while labels are learned from and a threshold is chosen.
    """

    moves: Tensor
    margin: Tensor

    def __init__(self, first: int, earlier: int, actions: int, steps: int) -> None:
        """Before it has learned nothing moves.

        Args:
            first: number of the first of the own thing's numbers, now, among all that is told.
            earlier: the same on the screen before.
            actions: how many there are.
            steps: how many steps the way back is followed for.
        """
        super().__init__()
        self.first, self.earlier, self.steps = first, earlier, steps
        self.register_buffer("moves", torch.zeros(HALVES, actions + 1, actions))
        self.register_buffer("margin", torch.zeros(()))

    def forward(self, told: Tensor, previous: Tensor) -> Tensor:
        """How far down and how far up each action leads: float32 (B, n_actions, `WAYS`).

        In tens of pixels from the crop's middle, downwards. With the first the way back is up, as
        fast as any action takes it there, with the second down. Where the thing is not there it
        leads nowhere: as far up as can be, and as far down.

        Args:
            told: float32 (B, d), as `BlockerNetwork.whole` gives it.
            previous: int64 (B,), the action executed before, -1 for none known.
        """
        there, row = told[:, self.first] > 0, told[:, self.first + 2]
        known = there & (told[:, self.earlier] > 0)
        moved = torch.where(known, row - told[:, self.earlier + 2], 0.0)
        first = self.moves[halves(moved), previous]
        at = row[:, None] + first
        ways = torch.stack([self._furthest(at, first, sign) for sign in MONOTONE], dim=-1)
        return torch.where(there[:, None, None], ways, torch.tensor([-FAR, FAR]))

    def _furthest(self, at: Tensor, moved: Tensor, sign: int) -> Tensor:
        """The place furthest down (1) or up (-1) on the way back, as fast as it can be."""
        best = (sign * self.moves).argmin(dim=2)
        action = torch.arange(at.shape[1]).expand_as(at)
        furthest = at
        for _ in range(self.steps):
            half = halves(moved)
            back = best[half, action]
            moved, action = self.moves[half, action, back], back
            at = at + moved
            furthest = torch.where(sign * at > sign * furthest, at, furthest)
        return furthest + sign * self.margin

    def keep_away(self, pixels: float) -> None:
        """Take each action to lead so many native pixels further than foreseen."""
        self.margin.fill_(pixels / UNIT)


def halves(moved: Tensor) -> Tensor:
    """Which of the moves told apart the given ones are, in tens of pixels: int64."""
    number = torch.round(moved * (2 * UNIT)) + HALVES // 2
    return number.clamp(0, HALVES - 1).long()


@dataclass(frozen=True)
class Moves:
    """What was seen of how something moves; tens of pixels, downwards.

    Attributes:
        moved: float64 (n,), in the step before.
        previous: int64 (n,), the action of that step, -1 for none known.
        action: int64 (n,), the action of this step.
        next: float64 (n,), in this step.
    """

    moved: NDArray[np.float64]
    previous: NDArray[np.int64]
    action: NDArray[np.int64]
    next: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.action)


def moves_seen(
    seen: NDArray[np.float32], rows: NDArray[np.int64], examples: Examples, own: int
) -> Moves:
    """Find steps that follow each other, with the thing wholly on the screen; labels do not count.

    Args:
        seen: (m, d), what is on each screen.
        rows: (n, k), each example's screens, oldest first.
        examples: the n examples.
        own: number of the plane that shows the thing.
    """
    order = np.lexsort((examples.step, examples.episode))
    order = order[~examples.implied[order]]
    one, next_one = order[:-1], order[1:]
    there, mass, place = (seen[:, FEATURES * own + n] for n in (0, 1, 2))
    sizes = np.expm1(mass)
    usual = np.median(sizes[there > 0]) if (there > 0).any() else np.inf
    whole = sizes >= WHOLE_SHARE * usual
    before, now, after = rows[one, -2], rows[one, -1], rows[next_one, -1]
    follow = (
        (examples.episode[one] == examples.episode[next_one])
        & (examples.step[one] + 1 == examples.step[next_one])
        & (examples.previous[next_one] != NO_ACTION)
    )
    use = np.flatnonzero(follow & (there[before] > 0) & whole[now] & whole[after])
    before, now, after, place = before[use], now[use], after[use], place.astype(np.float64)
    return Moves(
        place[now] - place[before],
        examples.previous[one[use]],
        examples.previous[next_one[use]],
        place[after] - place[now],
    )


def learn_moves(moves: Moves, factors: Tensor, seed: int) -> Tensor:
    """Learn how something moves, as the table of `Foresight.moves`.

    Boosted trees find it in few steps, as actions share factors; a table answers at once, and as
    the last move is one of a few dozen it says what they say.

    Args:
        moves: seen.
        factors: float32 (n_actions + 1, f), of each action and of none known.
        seed: of the trees.

    Raises:
        ValueError: too few moves; says what to do.
    """
    if len(moves) < LEAST_MOVES:
        raise ValueError(
            f"expected {LEAST_MOVES} steps in a row or more that show how what the agent moves "
            f"does so, got {len(moves)}: oversee for longer"
        )
    model = HistGradientBoostingRegressor(
        max_iter=TREES,
        max_leaf_nodes=LEAVES,
        learning_rate=RATE,
        min_samples_leaf=LEAST,
        early_stopping=False,
        random_state=seed,
    )
    known = factors.numpy().astype(np.float64)
    columns = [moves.moved[:, None], known[moves.previous], known[moves.action]]
    model.fit(np.concatenate(columns, axis=1), moves.next)
    actions = len(known) - 1
    half, before, action = (
        axis.ravel() for axis in np.indices((HALVES, actions + 1, actions), dtype=np.int64)
    )
    last = (half - HALVES // 2) / (2 * UNIT)
    answers = model.predict(np.column_stack([last, known[before], known[action]]))
    return torch.from_numpy(answers.astype(np.float32).reshape(HALVES, actions + 1, actions))
