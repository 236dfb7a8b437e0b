"""The Blocker's network: one forward pass judges every action."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields

import torch
from torch import Tensor, nn

from blocker.inputs import InputSpec

__all__ = ["FACTORS", "BlockerNetwork", "NetworkSpec", "action_factors"]

FACTORS = ("LEFT", "RIGHT", "UP", "DOWN", "FIRE")
"""What Atari actions are made of; NOOP has none of them."""


_PLACE_SCALE = 8.0  # one unit of a place is about 10 native rows, the size of things in games


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
        members: networks whose logits are averaged; they differ in their first weights.
        channels: of the first convolution.
        stride: rows and columns the first convolution moves by.
        points: maps of the second convolution, each of which points at one place a screen.
        hidden: units of the layers after them.
        dropout: share of hidden units left out in training.
        identity: whether actions also get a vector of their own, beside their factors.
    """

    members: int = 3
    channels: int = 8
    stride: tuple[int, int] = (1, 2)
    points: int = 4
    hidden: int = 64
    dropout: float = 0.0
    identity: bool = False

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
        values = {key: tuple(v) if isinstance(v, list) else v for key, v in data.items()}
        return cls(**values)  # type: ignore[arg-type]


class _Points(nn.Module):
    """Convolutions whose maps each point at one place of a screen (spatial soft-argmax).

    What is unsafe hangs on where things are, to the pixel. A place as a number, the mean position
    under a softmax over the map, carries that from a few dozen unsafe examples on, where a dense
    layer over pixels has to see every position first.
    """

    grid: Tensor

    def __init__(self, spec: NetworkSpec, size: tuple[int, int]) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, spec.channels, 5, stride=spec.stride, padding=2)
        self.second = nn.Conv2d(spec.channels, spec.points, 3, padding=1)
        height, width = (-(-pixels // by) for pixels, by in zip(size, spec.stride, strict=True))
        y, x = torch.meshgrid(
            torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij"
        )
        self.register_buffer("grid", torch.stack([y, x]).reshape(2, -1), persistent=False)
        # Where to look, beside what to look for: in a softmax the two multiply.
        self.place = nn.Parameter(torch.randn(spec.points, 2))

    def forward(self, screens: Tensor) -> Tensor:
        """Places (B, points * 2) in [-1, 1], of screens (B, 1, h, w)."""
        maps = self.second(torch.relu(self.first(screens))).flatten(2)
        where = torch.softmax(maps + self.place @ self.grid, dim=2) @ self.grid.T
        return where.flatten(1)


class _Member(nn.Module):
    """Places on each screen, then a head that each action enters by its factors."""

    def __init__(self, spec: NetworkSpec, screens: int, size: tuple[int, int], inputs: int) -> None:
        super().__init__()
        self.points = _Points(spec, size)
        self.see = nn.Linear(2 * spec.points * screens, spec.hidden)
        self.recall = nn.Linear(inputs, spec.hidden, bias=False)
        self.mix = nn.Linear(spec.hidden, spec.hidden)
        self.propose = nn.Linear(inputs, spec.hidden, bias=False)
        self.drop = nn.Dropout(spec.dropout)
        self.judge = nn.Linear(spec.hidden, 1)

    def forward(self, screens: Tensor, previous: Tensor, actions: Tensor) -> Tensor:
        """Logits (B, n): screens (B, k, h, w), previous (B, f), actions (n, f)."""
        batch, count = screens.shape[:2]
        places = self.points(screens.reshape(batch * count, 1, *screens.shape[2:]))
        places = places.reshape(batch, -1) * _PLACE_SCALE
        seen = torch.relu(self.see(places) + self.recall(previous))
        joint = self.mix(self.drop(seen))[:, None, :] + self.propose(actions)[None, :, :]
        return self.judge(self.drop(torch.relu(joint))).squeeze(-1)  # type: ignore[no-any-return]


class BlockerNetwork(nn.Module):
    """Judges all actions of a state at once.

    Args:
        actions: names of the actions, in the order of their numbers.
        screens: how many screens are looked at.
        size: their height and width.
        centre: grey level that becomes zero.
        spread: grey levels that become one.
        spec: the network's shape.
    """

    factors: Tensor
    scaling: Tensor

    def __init__(
        self,
        actions: Sequence[str],
        *,
        screens: int,
        size: tuple[int, int],
        centre: float,
        spread: float,
        spec: NetworkSpec,
    ) -> None:
        super().__init__()
        factors = action_factors(actions)
        if spec.identity:
            factors = torch.cat([factors, torch.eye(len(actions))], dim=1)
        # One more row for "no earlier action known", so that -1 finds it.
        known = torch.cat([factors, torch.ones(len(factors), 1)], dim=1)
        nothing = torch.zeros(1, known.shape[1])
        self.register_buffer("factors", torch.cat([known, nothing]), persistent=False)
        self.register_buffer("scaling", torch.tensor([centre, spread]), persistent=False)
        self.members = nn.ModuleList(
            _Member(spec, screens, size, known.shape[1]) for _ in range(spec.members)
        )

    @classmethod
    def for_input(
        cls, actions: Sequence[str], spec: InputSpec, shape: NetworkSpec
    ) -> BlockerNetwork:
        """Build the network for prepared screens.

        Raises:
            ValueError: the spec's centre or spread is still open.
        """
        if spec.centre is None or spec.spread is None:
            raise ValueError("expected an input with centre and spread: call fitted() first")
        return cls(
            actions,
            screens=spec.screens,
            size=spec.size,
            centre=spec.centre,
            spread=spec.spread,
            spec=shape,
        )

    def calibrate(self, weight: float) -> None:
        """Take back that unsafe examples were weighted up, so that outputs are probabilities."""
        with torch.no_grad():
            for member in self.members:
                assert isinstance(member, _Member)
                member.judge.bias.sub_(math.log(weight))

    def member_logits(self, screens: Tensor, previous: Tensor) -> Tensor:
        """Each member's logits, float32 (members, B, n_actions); arguments as in `forward`."""
        scaled = (screens.float() - self.scaling[0]) / self.scaling[1]
        before = self.factors[previous]
        return torch.stack([m(scaled, before, self.factors[:-1]) for m in self.members])

    def forward(self, screens: Tensor, previous: Tensor) -> Tensor:
        """Judge every action.

        Args:
            screens: uint8 (B, k, h, w), prepared, oldest first.
            previous: int64 (B,), the action executed just before, -1 for none known.

        Returns:
            float32 (B, n_actions), logits of "unsafe".
        """
        return self.member_logits(screens, previous).mean(dim=0)
