"""What the network sees: cropped, small, of chosen moments; the same live and from the log."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["InputSpec", "groups_of", "pair_of", "require_part", "whole_of", "wholes_of"]


AT_A_TIME = 8
"""Screens that are prepared together, of many: few enough for the processor's cache."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """How screens become the network's input; see `blocker.presets`.

    Attributes:
        rows: first row and the row after the last, of the native screen (210 rows).
        columns: first column and the column after the last (160 columns).
        size: height and width in pixels after the resize.
        planes: palette indices of things that are told apart, a group for each: plane i shows where
            the colours of group i are. On a console a thing has its colours, and few of them; so
            nothing has to be learned of what a bird looks like before it is known where one is.
        lags: which screens are looked at, in agent steps before the decision, oldest first; the
            last is the current one, 0.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]
    size: tuple[int, int]
    planes: tuple[tuple[int, ...], ...]
    lags: tuple[int, ...] = (1, 0)

    def __post_init__(self) -> None:
        require_part(self.rows, self.columns)
        if min(self.size) < 1:
            raise ValueError(f"expected a positive size, got {self.size}")
        falling = all(old > new for old, new in itertools.pairwise(self.lags))
        if not self.lags or self.lags[-1] != 0 or not falling:
            raise ValueError(f"expected falling lags that end with 0, got {self.lags}")
        colours = [index for group in self.planes for index in group]
        if not all(self.planes) or not self.planes or not all(0 <= one <= 255 for one in colours):
            raise ValueError(f"expected groups of palette indices as planes, got {self.planes}")

    @property
    def screens(self) -> int:
        """How many screens are looked at."""
        return len(self.lags)

    @property
    def history(self) -> int:
        """How many screens a proposal has to carry, the current one and those before it."""
        return self.lags[0] + 1

    @property
    def shows_moves(self) -> bool:
        """Whether the last step's move can be seen: the screen before the current one is there."""
        return self.lags[-2:] == (1, 0)

    def prepare(self, screens: NDArray[np.generic]) -> NDArray[np.uint8]:
        """Turn raw screens into the network's input.

        Args:
            screens: uint8 (k, 210, 160), palette indices, oldest first; any k.

        Returns:
            uint8 (k, planes, height, width): how much of each pixel's area has its colours,
            255 for all of it. So a shift of one native row still changes the picture.

        Raises:
            ValueError: another shape or dtype.
        """
        _require(screens)
        parts = screens[:, slice(*self.rows), slice(*self.columns)].astype(np.uint8, copy=False)
        out = np.empty((len(screens), len(self.planes), *self.size), dtype=np.uint8)
        height, width = self.size
        block = (parts.shape[1] // height, parts.shape[2] // width)
        whole = (block[0] * height, block[1] * width) == parts.shape[1:]
        bits = (block[0] * block[1]).bit_length()
        if whole and bits * len(self.planes) < 16 and len(parts) >= AT_A_TIME:
            for start in range(0, len(parts), AT_A_TIME):
                some = slice(start, start + AT_A_TIME)
                _count(parts[some], self.planes, block, out[some])
        else:
            _average(parts, self.planes, out)
        return out

    def latest(self, screens: NDArray[np.generic]) -> NDArray[np.uint8]:
        """Prepare those of a proposal's screens that are looked at.

        Raises:
            ValueError: the proposal carries too few, or of another shape or dtype.
        """
        self.require(screens)
        return self.prepare(screens[[len(screens) - 1 - lag for lag in self.lags]])

    def require(self, screens: NDArray[np.generic]) -> None:
        """Make sure that a proposal's screens can be looked at.

        Raises:
            ValueError: as `latest` does.
        """
        _require(screens)
        if len(screens) < self.history:
            raise ValueError(
                f"expected at least {self.history} screens in a proposal, got "
                f"{len(screens)}: raise the gate's history"
            )

    def as_dict(self) -> dict[str, object]:
        """As plain data for JSON; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> InputSpec:
        """Read `as_dict`'s answer, also after a way through JSON.

        Raises:
            ValueError: a key is missing or of another kind.
        """
        try:
            return cls(
                rows=pair_of(data["rows"]),
                columns=pair_of(data["columns"]),
                size=pair_of(data["size"]),
                planes=groups_of(data["planes"]),
                lags=wholes_of(data["lags"]),
            )
        except KeyError as missing:
            raise ValueError(f"expected {missing} in an input description") from None


def _require(screens: NDArray[np.generic]) -> None:
    if screens.ndim != 3 or screens.shape[1:] != (210, 160) or screens.dtype != np.uint8:
        raise ValueError(
            f"expected screens as uint8 (k, 210, 160), got {screens.dtype} {screens.shape}"
        )


def require_part(rows: tuple[int, int], columns: tuple[int, int]) -> None:
    """Make sure that rows and columns, first and behind the last, are a part of the screen.

    Raises:
        ValueError: they are not.
    """
    for label, (first, end), limit in (("rows", rows, 210), ("columns", columns, 160)):
        if not 0 <= first < end <= limit:
            raise ValueError(
                f"expected 0 <= first < end <= {limit} for {label}, got {first} and {end}"
            )


def pair_of(value: object) -> tuple[int, int]:
    """Two whole numbers of a description.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f"expected two whole numbers, got {value!r}")
    return whole_of(value[0]), whole_of(value[1])


def whole_of(value: object) -> int:
    """A whole number of a description.

    Raises:
        ValueError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"expected a whole number, got {value!r}")  # noqa: TRY004 - file content
    return value


def wholes_of(value: object) -> tuple[int, ...]:
    """Whole numbers of a description.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, list | tuple):
        raise ValueError(f"expected a list of whole numbers, got {value!r}")  # noqa: TRY004 - as above
    return tuple(whole_of(one) for one in value)


def groups_of(value: object) -> tuple[tuple[int, ...], ...]:
    """Groups of whole numbers of a description.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, list | tuple):
        raise ValueError(f"expected a list of planes, got {value!r}")  # noqa: TRY004 - as above
    return tuple(wholes_of(one) for one in value)


def _average(
    parts: NDArray[np.uint8], planes: tuple[tuple[int, ...], ...], out: NDArray[np.uint8]
) -> None:
    """How much of each pixel's area has a plane's colours, for any sizes.

    Args:
        parts: (k, rows, columns), palette indices.
        planes: groups of them.
        out: (k, planes, height, width), to be filled.
    """
    tables = [_table(group) for group in planes]
    size = out.shape[:1:-1]
    for target, part in zip(out, parts, strict=True):
        for plane, table in zip(target, tables, strict=True):
            whole = cv2.LUT(np.ascontiguousarray(part), table)
            plane[...] = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)


def _count(
    parts: NDArray[np.uint8],
    planes: tuple[tuple[int, ...], ...],
    block: tuple[int, int],
    out: NDArray[np.uint8],
) -> None:
    """The same as `_average` where a pixel is a whole block of native ones: all planes at once.

    Each plane's count has a few bits of its own in one number of 15, so adding numbers up counts
    for all planes. It pays for several screens at once, and no more with numbers of 32 bits.
    """
    high, wide = block
    bits = (high * wide).bit_length()
    flat = np.ascontiguousarray(parts).reshape(-1, parts.shape[2])
    ones = cast(NDArray[np.int16], cv2.LUT(flat, _digits(planes, bits)))
    tall = ones.reshape(-1, high, parts.shape[2])
    lines = tall[:, 0].copy()
    for row in range(1, high):
        lines += tall[:, row]
    counts = lines[:, ::wide].copy()
    for column in range(1, wide):
        counts += lines[:, column::wide]
    parts_of_255 = np.rint(255 / (high * wide) * np.arange(1 << bits)).clip(0, 255).astype(np.uint8)
    for place in range(len(planes)):
        count = (counts >> bits * place) & ((1 << bits) - 1)
        out[:, place] = parts_of_255[count].reshape(out.shape[0], *out.shape[2:])


@cache
def _digits(planes: tuple[tuple[int, ...], ...], bits: int) -> NDArray[np.int16]:
    """From a palette index to a number whose digit i, of so many bits, is 1 if it is in group i."""
    table = np.zeros(256, np.int16)
    for place, group in enumerate(planes):
        table[list(group)] |= 1 << bits * place
    return table


@cache
def _table(group: tuple[int, ...]) -> NDArray[np.uint8]:
    """From a palette index to 255 if it is in the group, else 0: uint8 (256,)."""
    table = np.zeros(256, dtype=np.uint8)
    table[list(group)] = 255
    return table
