"""What is where on a screen, as numbers: what a Blocker judges by; nothing in it is learned.

Sums over pixels are those of whole numbers, in float64, and so exact: in whatever order they are
added up, here or in `blocker.eye`, a tree is told the same number and answers the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import torch
from torch import Tensor, nn

from blocker.inputs import InputSpec, pair_of, whole_of, wholes_of
from blocker.trees import MOST_LEAVES

__all__ = ["FAR", "FEATURES", "MOVES", "UNIT", "CloseUp", "NetworkSpec", "Sight"]

FEATURES = 6
"""Numbers that tell of each plane."""
RELATIVE = 4
"""Numbers that tell of each pair of planes."""
WHOLE = 255.0
"""Of a prepared pixel that has a plane's colours all over."""
UNIT = 10.0  # native pixels, the size of things in games
FLAT = 1e-8
"""Squared units under which a thing counts as not spread; a root has no slope at 0."""
LEAST = 0.1 * WHOLE  # with less of it a thing is not there
FAR = 16.0
"""How far apart two things are, in tens of pixels, of which one is not there: a screen's width.
Nothing else would do: with a 0 they would seem to touch."""
MOVES = 2
"""Numbers that tell how a plane's thing has moved since an earlier screen."""


_LATER = {"closeups", "drawn"}
"""What descriptions of before do not have."""


@dataclass(frozen=True, slots=True)
class CloseUp:
    """A part of some screens, the own thing in its middle.

    Attributes:
        size: rows and columns of native pixels, multiples of `block`.
        block: side of the squares of native pixels that become one pixel of it, their mean.
        lags: which screens it shows, some of `InputSpec.lags`.
        kernel: side of what the first convolution looks at.
        widths: channels of the convolutions, each of half as many rows and columns.
    """

    size: tuple[int, int]
    block: int
    lags: tuple[int, ...]
    kernel: int
    widths: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.block < 1 or any(side < 1 or side % self.block for side in self.size):
            raise ValueError(f"expected a size of whole blocks of {self.block}, got {self.size}")
        if not self.lags or not self.widths or min(*self.widths, self.kernel) < 1:
            raise ValueError(f"expected lags, widths and a kernel of 1 or more, got {self}")

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> CloseUp:
        """Read `dataclasses.asdict`'s answer, also after a way through JSON.

        Raises:
            ValueError: a key is missing or of another kind.
        """
        try:
            return cls(
                size=pair_of(data["size"]),
                block=whole_of(data["block"]),
                lags=wholes_of(data["lags"]),
                kernel=whole_of(data["kernel"]),
                widths=wholes_of(data["widths"]),
            )
        except KeyError as missing:
            raise ValueError(f"expected {missing} in a description of a close-up") from None


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
        near: numbers of the planes of which the nearest are told, left and right of what the agent
            moves, band by band of rows. A mean place says little of two trucks.
        bands: limits of these bands, in native rows below its middle, rising.
        flat: whether the window shows of each column only the most that any of its rows has: enough
            where things move up and down alone.
        moves: whether it is also told how far each thing has moved since each earlier screen.
        hidden: units of each layer of a member's network; 0 for trees alone.
        dropout: share of hidden units left out in training.
        identity: whether actions also get a vector of their own, beside their factors.
        ahead: for so many agent steps trees follow where each action leads: how far the own thing
            still goes while it is turned back as fast as can be. They judge by that alone; 0 for
            trees that do not look ahead. How it moves is learned without labels, see
            `blocker.foresight`.
        margin: native pixels by which what looks ahead judges each action to lead further than
            foreseen, once it has learned and its threshold is chosen.
        closeups: what is drawn around the own thing, for members that look for themselves
            (`blocker.pictures`); none for members that are told all.
        drawn: of these pictures, groups of planes that are shown as one.
    """

    members: int = 4
    trees: int = 0
    leaves: int = MOST_LEAVES
    own: int = 0
    window: tuple[int, int] = (0, 0)
    shown: tuple[int, ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()
    near: tuple[int, ...] = ()
    bands: tuple[int, ...] = ()
    flat: bool = False
    moves: bool = False
    hidden: int = 128
    dropout: float = 0.0
    identity: bool = False
    ahead: int = 0
    margin: float = 0.0
    closeups: tuple[CloseUp, ...] = ()
    drawn: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        if bool(self.closeups) != bool(self.drawn) or (self.closeups and self.trees):
            raise ValueError(
                "expected close-ups, something drawn in them and no trees, or neither of the "
                f"first two, got {self.closeups}, {self.drawn} and {self.trees} trees"
            )
        if not self.trees and not self.hidden:
            raise ValueError("expected trees, hidden units or both in a network, got neither")
        if self.ahead and (self.hidden or not self.trees):
            raise ValueError(
                "expected trees and no hidden units in a network that looks ahead, got "
                f"{self.trees} and {self.hidden}"
            )
        rising = all(one < other for one, other in itertools.pairwise(self.bands))
        if bool(self.near) != (len(self.bands) > 1) or not rising:
            raise ValueError(
                "expected planes that are near and two rising limits of bands or more, or neither, "
                f"got {self.near} and {self.bands}"
            )

    @property
    def sides(self) -> int:
        """Numbers that tell how near something is: two for each band."""
        return 2 * (len(self.bands) - 1) if self.near else 0

    def as_dict(self) -> dict[str, object]:
        """As plain data for JSON; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> NetworkSpec:
        """Read `as_dict`'s answer, also after a way through JSON.

        Raises:
            ValueError: a key is missing or unknown.
        """
        names = {field.name for field in fields(cls)}
        if not names - _LATER <= set(data) <= names:
            raise ValueError(f"expected other keys in a network description, got {sorted(data)}")
        values = {key: _frozen(value) for key, value in data.items()}
        values["closeups"] = _closeups(data.get("closeups", ()))
        return cls(**values)  # type: ignore[arg-type]


def _frozen(value: object) -> object:
    """Lists as tuples, at any depth."""
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value


def _closeups(value: object) -> tuple[CloseUp, ...]:
    """Close-ups of a description.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, list | tuple) or not all(isinstance(one, Mapping) for one in value):
        raise ValueError(f"expected a list of close-ups, got {value!r}")
    return tuple(CloseUp.from_dict(one) for one in value)


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
        self._near, self._bands = list(shape.near), [one / UNIT for one in shape.bands]
        self._pixel = (
            (spec.rows[1] - top) / height / UNIT,
            (spec.columns[1] - left) / width / UNIT,
        )
        self._middle = (height / 2, width / 2)
        ones = torch.ones(height, width, dtype=torch.float64)
        rows, columns = torch.arange(height)[:, None] * ones, torch.arange(width)[None, :] * ones
        self.register_buffer(
            "grid",
            torch.stack([ones, rows, columns, rows**2, columns**2]).reshape(5, -1),
            persistent=False,
        )

    @staticmethod
    def width(spec: InputSpec, shape: NetworkSpec) -> int:
        """How many numbers it makes of a screen."""
        window = len(shape.shown) * (1 if shape.flat else shape.window[0]) * shape.window[1]
        return FEATURES * len(spec.planes) + RELATIVE * len(shape.pairs) + shape.sides + window

    @staticmethod
    def sides(spec: InputSpec, shape: NetworkSpec) -> slice:
        """Which of a screen's numbers tell how near something is."""
        first = FEATURES * len(spec.planes) + RELATIVE * len(shape.pairs)
        return slice(first, first + shape.sides)

    def forward(self, images: Tensor) -> Tensor:
        """Float32 (m, d) of images (m, planes, h, w) in [0, 255].

        For each plane: how much of it there is, the mean place of it and how far it is spread, in
        units of 10 native pixels from the crop's middle; zeros where there is nothing.
        """
        images = images.double()
        sums = images.flatten(2) @ self.grid.T
        mass = sums[..., 0]
        there = (mass > LEAST).double()
        i, j, ii, jj = (sums[..., 1:] / mass.clamp(min=LEAST)[..., None]).unbind(-1)
        places, spread = [], []
        for at, square, pixel, middle in zip(
            (i, j), (ii, jj), self._pixel, self._middle, strict=True
        ):
            places.append((at + 0.5 - middle) * pixel)
            spread.append(((square - at * at) * (pixel * pixel)).clamp(min=FLAT).sqrt())
        seen = torch.stack([there, (mass / WHOLE + 1.0).log(), *places, *spread], dim=-1)
        seen = seen * there[..., None]
        parts = [seen.flatten(1)]
        if self._ones:
            parts.append(self._apart(seen))
        if self._near:
            own = there[:, self._own] > 0
            parts.append(self._nearest(images, i[:, self._own], j[:, self._own], own))
        if self._shown:
            around = self._around(images / WHOLE, i[:, self._own], j[:, self._own])
            parts.append(around * there[:, self._own, None])
        return torch.cat(parts, dim=1).float()

    def _apart(self, seen: Tensor) -> Tensor:
        """Of each pair how far the second is from the first: (m, pairs * 4).

        Rows and columns in tens of pixels, and again with the nearest ten spread out; far where
        one of the two is not there.
        """
        both = seen[:, self._ones, :1] * seen[:, self._others, :1]
        apart = seen[:, self._others, 2:4] - seen[:, self._ones, 2:4]
        apart = torch.where(both > 0, apart, FAR)
        return torch.cat([apart, torch.tanh(2 * apart)], dim=-1).flatten(1)

    def _nearest(self, images: Tensor, i: Tensor, j: Tensor, own: Tensor) -> Tensor:
        """How far the nearest is to the left and to the right in each band of rows: (m, bands * 2).

        In tens of pixels from a place; far where there is none, or no such place.
        """
        something = (images[:, self._near] > 0).any(dim=1)
        below = (torch.arange(self._size[0]) - i[:, None]) * self._pixel[0]
        aside = (torch.arange(self._size[1]) - j[:, None]) * self._pixel[1]
        out = []
        for first, end in itertools.pairwise(self._bands):
            rows = (below >= first) & (below < end) & own[:, None]
            columns = (something & rows[:, :, None]).any(dim=1)
            for side, away in ((aside < 0, -aside), (aside >= 0, aside)):
                out.append(torch.where(columns & side, away, FAR).amin(dim=1))
        return torch.stack(out, dim=1)

    def _around(self, images: Tensor, i: Tensor, j: Tensor) -> Tensor:
        """The shown planes in a window around places: (m, rows * columns * shown)."""
        (height, width), (rows, columns) = self._size, self._window
        padded = nn.functional.pad(
            images[:, self._shown], (columns // 2, columns // 2, rows // 2, rows // 2)
        )
        at_row = (i + 0.5).long().clamp(0, height - 1)
        at_column = (j + 0.5).long().clamp(0, width - 1)
        row = at_row[:, None] + torch.arange(rows)
        column = at_column[:, None] + torch.arange(columns)
        which = torch.arange(len(images))[:, None, None]
        # Indexing by the middle two leaves (m, rows, columns, shown).
        window = padded.transpose(1, 3)[which, column[:, None, :], row[:, :, None]]
        return (window.amax(dim=1) if self._flat else window).flatten(1)
