"""What a network is told of some states: where things are on each screen, and how they moved."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from blocker.inputs import InputSpec
from blocker.sight import FEATURES, MOVES, NetworkSpec, Sight

__all__ = ["FACTORS", "Telling", "action_factors"]

FACTORS = ("LEFT", "RIGHT", "UP", "DOWN", "FIRE")
"""What Atari actions are made of; NOOP has none of them."""


def action_factors(actions: Sequence[str]) -> Tensor:
    """Which factors each action has: float32 (n_actions, 5), in the order of `FACTORS`.

    "UPRIGHTFIRE" has UP, RIGHT and FIRE; so actions share what they have in common.

    Raises:
        ValueError: no actions.
    """
    if not actions:
        raise ValueError("expected at least one action name")
    return torch.tensor([[float(factor in name) for factor in FACTORS] for name in actions])


class Telling(nn.Module):
    """The part of a network that learns nothing: from screens to what its members are told.

    Args:
        actions: names of the actions, in the order of their numbers.
        spec: how screens are prepared.
        shape: the network's shape.

    Attributes:
        spec: how screens are prepared.
        shape: the network's shape.
        told: how many numbers a member is told of a state.
        factors: float32 (n_actions + 1, f), what each action is made of, the last of none known.

    Raises:
        ValueError: the shape names planes that there are not.
    """

    factors: Tensor

    def __init__(self, actions: Sequence[str], spec: InputSpec, shape: NetworkSpec) -> None:
        super().__init__()
        named = (
            shape.own,
            *shape.shown,
            *shape.near,
            *(one for pair in shape.pairs for one in pair),
            *(one for group in shape.drawn for one in group),
        )
        if max(named) >= len(spec.planes):
            raise ValueError(
                f"expected plane numbers under {len(spec.planes)}, got own {shape.own}, shown "
                f"{shape.shown}, near {shape.near}, drawn {shape.drawn} and pairs {shape.pairs}"
            )
        factors = action_factors(actions)
        if shape.identity:
            factors = torch.cat([factors, torch.eye(len(actions))], dim=1)
        # One more row for "no earlier action known", so that -1 finds it.
        known = torch.cat([factors, torch.ones(len(factors), 1)], dim=1)
        nothing = torch.zeros(1, known.shape[1])
        self.register_buffer("factors", torch.cat([known, nothing]), persistent=False)
        self.spec, self.shape = spec, shape
        self.sight = Sight(spec, shape)
        planes, earlier = len(spec.planes), spec.screens - 1
        self._places = [FEATURES * plane for plane in range(planes)] if shape.moves else []
        self._sides = Sight.sides(spec, shape) if shape.moves and earlier else slice(0, 0)
        self.told = Sight.width(spec, shape) * spec.screens + MOVES * len(self._places) * earlier
        self.told += self._sides.stop - self._sides.start

    def see(self, images: Tensor) -> Tensor:
        """What is where on each of some prepared screens: float32 (m, d) of (m, planes, h, w)."""
        return self.sight(images)  # type: ignore[no-any-return]

    def whole(self, seen: Tensor) -> Tensor:
        """All that a member is told of some states: (B, d) of what was seen (B, k, d').

        What is on each screen, and how far each thing has moved to where it is now; 0 where it was
        not there before or is not now. And how much nearer or further the nearest are than on the
        screen before.
        """
        parts = [seen.flatten(1)]
        if self._places:
            there = seen[..., self._places]
            for place in (2, 3):
                at = seen[..., [first + place for first in self._places]]
                moved = (at[:, -1:] - at[:, :-1]) * there[:, -1:] * there[:, :-1]
                parts.append(moved.flatten(1))
        if self._sides.stop:
            parts.append(seen[:, -1, self._sides] - seen[:, -2, self._sides])
        return torch.cat(parts, dim=1)
