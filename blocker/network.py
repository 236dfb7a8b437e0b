"""The Blocker's network: where things are, then one forward pass judges every action."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from blocker.foresight import Foresight
from blocker.inputs import InputSpec
from blocker.sight import FEATURES, NetworkSpec, Sight
from blocker.telling import Telling
from blocker.trees import Forest

__all__ = ["NO_FACTORS", "BlockerNetwork", "Member", "TreeMember"]

NO_FACTORS = torch.zeros(1, 1)
"""Stands for the action where all that the trees are told is already of one; they ask nothing of
it."""


class Member(nn.Module):
    """One network of what is where; an action enters it by its factors."""

    def __init__(self, shape: NetworkSpec, seen: int, inputs: int) -> None:
        """Build it for so many numbers seen and actions of so many factors."""
        super().__init__()
        self.view = nn.Linear(seen, shape.hidden)
        self.recall = nn.Linear(inputs, shape.hidden, bias=False)
        self.mix = nn.Linear(shape.hidden, shape.hidden)
        self.propose = nn.Linear(inputs, shape.hidden, bias=False)
        self.weigh = nn.Linear(shape.hidden, shape.hidden)
        self.drop = nn.Dropout(shape.dropout)
        self.answer = nn.Linear(shape.hidden, 1)

    def forward(self, told: Tensor, previous: Tensor, factors: Tensor) -> Tensor:
        """Logits float32 (B, n_actions).

        Args:
            told: float32 (B, d), all that is told of the screens.
            previous: int64 (B,), the action executed before, -1 for none known.
            factors: float32 (n_actions + 1, f), of each action and of none known.
        """
        state = torch.relu(self.view(told) + self.recall(factors[previous]))
        joint = self.mix(self.drop(state))[:, None, :] + self.propose(factors[:-1])[None, :, :]
        thought = torch.relu(self.weigh(self.drop(torch.relu(joint))))
        return self.answer(thought).squeeze(-1)  # type: ignore[no-any-return]

    def scale(self, by: float, shift: float) -> None:
        """Turn logits z into by * z + shift, for good."""
        with torch.no_grad():
            self.answer.weight.mul_(by)
            self.answer.bias.mul_(by).add_(shift)


class TreeMember(nn.Module):
    """Boosted trees over the same numbers; beside a small network, if there is one, in halves.

    Trees find sharp limits, a network goes on evenly between them: where few numbers decide, the
    mean of both is right where either alone is not. Trees that look ahead are told nothing but
    where each action leads, and have no network beside them.

    Attributes:
        forest: the trees.
        net: the small network; None for none.
        foresight: where actions lead; None for trees that do not look ahead.
    """

    def __init__(
        self, shape: NetworkSpec, told: int, inputs: int, foresight: Foresight | None
    ) -> None:
        """Make room for the trees; before they grow they judge all alike."""
        super().__init__()
        self.forest = Forest(shape.trees, shape.leaves)
        self.net = Member(shape, told, inputs) if shape.hidden else None
        self.foresight = foresight

    def forward(self, told: Tensor, previous: Tensor, factors: Tensor) -> Tensor:
        """See `Member.forward`."""
        if self.foresight is not None:
            ways = self.foresight(told, previous)
            return self.forest(ways.flatten(0, 1), NO_FACTORS).reshape(ways.shape[:2])  # type: ignore[no-any-return]
        state = torch.cat([told, factors[previous]], dim=1)
        logits: Tensor = self.forest(state, factors[:-1])
        if self.net is None:
            return logits
        both: Tensor = (logits + self.net(told, previous, factors)) / 2
        return both

    def asked(self, told: Tensor, previous: Tensor, action: Tensor, factors: Tensor) -> Tensor:
        """All that the trees go by to judge one action of each state: float32 (B, d').

        Args:
            told: float32 (B, d), all that is told of the screens.
            previous: int64 (B,), the action executed before, -1 for none known.
            action: int64 (B,), the action to judge.
            factors: float32 (n_actions + 1, f), of each action and of none known.
        """
        if self.foresight is None:
            return torch.cat([told, factors[previous], factors[action]], dim=1)
        ways: Tensor = self.foresight(told, previous)
        return ways[torch.arange(len(action)), action]

    def scale(self, by: float, shift: float) -> None:
        """See `Member.scale`."""
        self.forest.scale(by, shift)
        if self.net is not None:
            self.net.scale(by, shift)


class BlockerNetwork(Telling):
    """Judges all actions of a state at once.

    Args:
        actions: names of the actions, in the order of their numbers.
        spec: how screens are prepared.
        shape: the network's shape.

    Raises:
        ValueError: the shape names planes that there are not, or looks ahead from screens that do
            not show the last move.
    """

    def __init__(self, actions: Sequence[str], spec: InputSpec, shape: NetworkSpec) -> None:
        super().__init__(actions, spec, shape)
        if shape.ahead and not spec.shows_moves:
            raise ValueError(
                f"expected the current screen and the one before to look ahead, got {spec.lags}"
            )
        self.members = nn.ModuleList(self._member() for _ in range(shape.members))

    def _member(self) -> Member | TreeMember:
        """One that has learned nothing."""
        shape, inputs = self.shape, self.factors.shape[1]
        if not shape.trees:
            return Member(shape, self.told, inputs)
        if not shape.ahead:
            return TreeMember(shape, self.told, inputs, None)
        width, own = Sight.width(self.spec, shape), FEATURES * shape.own
        first, earlier = ((self.spec.screens - back) * width + own for back in (1, 2))
        actions = len(self.factors) - 1
        return TreeMember(shape, self.told, inputs, Foresight(first, earlier, actions, shape.ahead))

    def each(self) -> list[Member | TreeMember]:
        """The members."""
        return [one for one in self.members if isinstance(one, Member | TreeMember)]

    @property
    def learned(self) -> int:
        """How many numbers were learned, in trees and networks."""
        trees = (one.forest.learned for one in self.each() if isinstance(one, TreeMember))
        return sum(weights.numel() for weights in self.parameters()) + sum(trees)

    def scale(self, by: float, shift: float) -> None:
        """Turn logits z into by * z + shift, for good: what calibration found."""
        for member in self.each():
            member.scale(by, shift)

    def one(self, member: Member | TreeMember, seen: Tensor, previous: Tensor) -> Tensor:
        """One member's logits (B, n_actions).

        Args:
            member: one of `each()`.
            seen: (B, k, d), what was seen on each screen, oldest first.
            previous: int64 (B,).
        """
        return member(self.whole(seen), previous, self.factors)  # type: ignore[no-any-return]

    def member_logits(self, screens: Tensor, previous: Tensor) -> Tensor:
        """Each member's logits, float32 (members, B, n_actions); arguments as in `forward`."""
        seen = self.see(screens.flatten(0, 1)).reshape(*screens.shape[:2], -1)
        return torch.stack([self.one(m, seen, previous) for m in self.each()])

    def forward(self, screens: Tensor, previous: Tensor) -> Tensor:
        """Judge every action.

        Args:
            screens: uint8 (B, k, planes, h, w), prepared, oldest first.
            previous: int64 (B,), the action executed just before, -1 for none known.

        Returns:
            float32 (B, n_actions), logits of "unsafe".
        """
        return self.member_logits(screens, previous).mean(dim=0)
