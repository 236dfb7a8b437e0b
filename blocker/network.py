"""The Blocker's network: where things are, then one forward pass judges every action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields

import torch
from torch import Tensor, nn

from blocker.inputs import InputSpec
from blocker.trees import MOST_LEAVES, Forest

__all__ = [
    "FACTORS",
    "FEATURES",
    "BlockerNetwork",
    "Member",
    "NetworkSpec",
    "Sight",
    "TreeMember",
    "action_factors",
]

FEATURES = 6
"""Numbers that tell of each plane."""
RELATIVE = 4
"""Numbers that tell of each pair of planes."""
_UNIT = 10.0  # native pixels, the size of things in games
_FLAT = 1e-8
"""Squared units under which a thing counts as not spread; a root has no slope at 0."""
_LEAST = 0.1  # pixels; with less of it a thing is not there
FAR = 16.0
"""How far apart two things are, in tens of pixels, of which one is not there: a screen's width.
Nothing else would do: with a 0 they would seem to touch."""
MOVES = 2
"""Numbers that tell how a plane's thing has moved since an earlier screen."""

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


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """The network's shape.

    Attributes:
        members: judges whose logits are averaged; each has learned from other episodes.
        trees: boosted trees of each member; 0 for a small network alone.
        leaves: of each tree, at most.
        own: number of the plane that shows what the agent moves.
        window: rows and columns, in pixels of the prepared screen and odd, of what is looked at
            around it; (0, 0) for nothing.
        shown: numbers of the planes that the window shows.
        pairs: numbers of two planes each, whose places are also given relative to each other; near
            each other finely, for there a pixel decides.
        flat: whether the window shows of each column only the most that any of its rows has: enough
            where things move up and down alone.
        moves: whether it is also told how far each thing has moved since each earlier screen.
        hidden: units of each layer of a member's network; 0 for trees alone.
        dropout: share of hidden units left out in training.
        identity: whether actions also get a vector of their own, beside their factors.
    """

    members: int = 4
    trees: int = 0
    leaves: int = MOST_LEAVES
    own: int = 0
    window: tuple[int, int] = (0, 0)
    shown: tuple[int, ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()
    flat: bool = False
    moves: bool = False
    hidden: int = 128
    dropout: float = 0.0
    identity: bool = False

    def __post_init__(self) -> None:
        if not self.trees and not self.hidden:
            raise ValueError("expected trees, hidden units or both in a network, got neither")

    def as_dict(self) -> dict[str, object]:
        """As plain data for JSON; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> NetworkSpec:
        """Read `as_dict`'s answer, also after a way through JSON.

        Raises:
            ValueError: a key is missing or unknown.
        """
        if set(data) != {field.name for field in fields(cls)}:
            raise ValueError(f"expected other keys in a network description, got {sorted(data)}")
        return cls(**{key: _frozen(value) for key, value in data.items()})  # type: ignore[arg-type]


def _frozen(value: object) -> object:
    """Lists as tuples, at any depth."""
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value


class Sight(nn.Module):
    """Where the things on a screen are, and what is around one's own: nothing in it is learned.

    What is unsafe hangs on where things are, to the pixel. Their places as numbers carry that from
    a few dozen unsafe examples on, where a network over pixels has to see every place first. A
    window around what the agent moves goes with it: a hole in a barrier is learned once, not once
    for every column.
    """

    grid: Tensor

    def __init__(self, spec: InputSpec, shape: NetworkSpec) -> None:
        """Prepare for screens of that size."""
        super().__init__()
        (height, width), (top, left) = spec.size, (spec.rows[0], spec.columns[0])
        self._size, self._window = spec.size, shape.window
        self._own, self._shown, self._flat = shape.own, list(shape.shown), shape.flat
        self._ones, self._others = ([pair[end] for pair in shape.pairs] for end in (0, 1))
        y = (torch.arange(height) + 0.5) * (spec.rows[1] - top) / height / _UNIT
        x = (torch.arange(width) + 0.5) * (spec.columns[1] - left) / width / _UNIT
        self._middle = ((spec.rows[1] - top) / 2 / _UNIT, (spec.columns[1] - left) / 2 / _UNIT)
        self._pixel = (float(y[0]) * 2, float(x[0]) * 2)
        ones = torch.ones(height, width)
        rows, columns = y[:, None] * ones, x[None, :] * ones
        self.register_buffer(
            "grid",
            torch.stack([ones, rows, columns, rows**2, columns**2]).reshape(5, -1),
            persistent=False,
        )

    @staticmethod
    def width(spec: InputSpec, shape: NetworkSpec) -> int:
        """How many numbers it makes of a screen."""
        window = len(shape.shown) * (1 if shape.flat else shape.window[0]) * shape.window[1]
        return FEATURES * len(spec.planes) + RELATIVE * len(shape.pairs) + window

    def forward(self, images: Tensor) -> Tensor:
        """Float32 (m, d) of images float32 (m, planes, h, w) in [0, 1].

        For each plane: how much of it there is, the mean place of it and how far it is spread, in
        units of 10 native pixels from the crop's middle; zeros where there is nothing.
        """
        sums = images.flatten(2) @ self.grid.T
        mass = sums[..., 0]
        there = (mass > _LEAST).float()
        y, x, yy, xx = (sums[..., 1:] / mass.clamp(min=_LEAST)[..., None]).unbind(-1)
        spread = [(square - mean**2).clamp(min=_FLAT).sqrt() for square, mean in ((yy, y), (xx, x))]
        places = [y - self._middle[0], x - self._middle[1], *spread]
        seen = torch.stack([there, mass.add(1.0).log(), *places], dim=-1) * there[..., None]
        parts = [seen.flatten(1)]
        if self._ones:
            parts.append(self._apart(seen))
        if self._shown:
            around = self._around(images, y[:, self._own], x[:, self._own])
            parts.append(around * there[:, self._own, None])
        return torch.cat(parts, dim=1)

    def _apart(self, seen: Tensor) -> Tensor:
        """Of each pair how far the second is from the first: (m, pairs * 4).

        Rows and columns in tens of pixels, and again with the nearest ten spread out; far where
        one of the two is not there.
        """
        both = seen[:, self._ones, :1] * seen[:, self._others, :1]
        apart = seen[:, self._others, 2:4] - seen[:, self._ones, 2:4]
        apart = torch.where(both > 0, apart, FAR)
        return torch.cat([apart, torch.tanh(2 * apart)], dim=-1).flatten(1)

    def _around(self, images: Tensor, y: Tensor, x: Tensor) -> Tensor:
        """The shown planes in a window around places: (m, rows * columns * shown)."""
        (height, width), (rows, columns) = self._size, self._window
        padded = nn.functional.pad(
            images[:, self._shown], (columns // 2, columns // 2, rows // 2, rows // 2)
        )
        at_row = (y / self._pixel[0]).long().clamp(0, height - 1)
        at_column = (x / self._pixel[1]).long().clamp(0, width - 1)
        row = at_row[:, None] + torch.arange(rows)
        column = at_column[:, None] + torch.arange(columns)
        which = torch.arange(len(images))[:, None, None]
        # Indexing by the middle two leaves (m, rows, columns, shown).
        window = padded.transpose(1, 3)[which, column[:, None, :], row[:, :, None]]
        return (window.amax(dim=1) if self._flat else window).flatten(1)


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

    def forward(self, seen: Tensor, previous: Tensor, actions: Tensor) -> Tensor:
        """Logits (B, n) from what was seen (B, k * d), previous (B, f) and actions (n, f)."""
        state = torch.relu(self.view(seen) + self.recall(previous))
        joint = self.mix(self.drop(state))[:, None, :] + self.propose(actions)[None, :, :]
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
    mean of both is right where either alone is not.
    """

    def __init__(self, shape: NetworkSpec, seen: int, inputs: int) -> None:
        """Make room for the trees; before they grow they judge all alike."""
        super().__init__()
        self.forest = Forest(shape.trees, shape.leaves)
        self.net = Member(shape, seen, inputs) if shape.hidden else None

    def forward(self, seen: Tensor, previous: Tensor, actions: Tensor) -> Tensor:
        """See `Member.forward`."""
        logits: Tensor = self.forest(torch.cat([seen, previous], dim=1), actions)
        if self.net is None:
            return logits
        both: Tensor = (logits + self.net(seen, previous, actions)) / 2
        return both

    def scale(self, by: float, shift: float) -> None:
        """See `Member.scale`."""
        self.forest.scale(by, shift)
        if self.net is not None:
            self.net.scale(by, shift)


class BlockerNetwork(nn.Module):
    """Judges all actions of a state at once.

    Args:
        actions: names of the actions, in the order of their numbers.
        spec: how screens are prepared.
        shape: the network's shape.

    Raises:
        ValueError: the shape names planes that there are not.
    """

    factors: Tensor

    def __init__(self, actions: Sequence[str], spec: InputSpec, shape: NetworkSpec) -> None:
        super().__init__()
        named = (shape.own, *shape.shown, *(one for pair in shape.pairs for one in pair))
        if max(named) >= len(spec.planes):
            raise ValueError(
                f"expected plane numbers under {len(spec.planes)}, got own {shape.own}, shown "
                f"{shape.shown} and pairs {shape.pairs}"
            )
        factors = action_factors(actions)
        if shape.identity:
            factors = torch.cat([factors, torch.eye(len(actions))], dim=1)
        # One more row for "no earlier action known", so that -1 finds it.
        known = torch.cat([factors, torch.ones(len(factors), 1)], dim=1)
        nothing = torch.zeros(1, known.shape[1])
        self.register_buffer("factors", torch.cat([known, nothing]), persistent=False)
        self.sight = Sight(spec, shape)
        planes, earlier = len(spec.planes), spec.screens - 1
        self._places = [FEATURES * plane for plane in range(planes)] if shape.moves else []
        self.told = Sight.width(spec, shape) * spec.screens + MOVES * len(self._places) * earlier
        self.members = nn.ModuleList(
            TreeMember(shape, self.told, known.shape[1])
            if shape.trees
            else Member(shape, self.told, known.shape[1])
            for _ in range(shape.members)
        )

    def each(self) -> list[Member | TreeMember]:
        """The members."""
        return [one for one in self.members if isinstance(one, Member | TreeMember)]

    def scale(self, by: float, shift: float) -> None:
        """Turn logits z into by * z + shift, for good: what calibration found."""
        for member in self.each():
            member.scale(by, shift)

    def see(self, images: Tensor) -> Tensor:
        """What is where on each of some prepared screens: float32 (m, d) of (m, planes, h, w)."""
        return self.sight(images.float() / 255.0)  # type: ignore[no-any-return]

    def whole(self, seen: Tensor) -> Tensor:
        """All that a member is told of some states: (B, d) of what was seen (B, k, d').

        What is on each screen, and how far each thing has moved to where it is now; 0 where it was
        not there before or is not now.
        """
        parts = [seen.flatten(1)]
        if self._places:
            there = seen[..., self._places]
            for place in (2, 3):
                at = seen[..., [first + place for first in self._places]]
                moved = (at[:, -1:] - at[:, :-1]) * there[:, -1:] * there[:, :-1]
                parts.append(moved.flatten(1))
        return torch.cat(parts, dim=1)

    def one(self, member: Member | TreeMember, seen: Tensor, previous: Tensor) -> Tensor:
        """One member's logits (B, n_actions).

        Args:
            member: one of `each()`.
            seen: (B, k, d), what was seen on each screen, oldest first.
            previous: int64 (B,).
        """
        return member(  # type: ignore[no-any-return]
            self.whole(seen), self.factors[previous], self.factors[:-1]
        )

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
