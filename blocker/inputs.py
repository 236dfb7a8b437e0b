"""What the network sees: cropped, small, of chosen moments; the same live and from the log."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["InputSpec"]


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
        for label, (first, end), limit in (
            ("rows", self.rows, 210),
            ("columns", self.columns, 160),
        ):
            if not 0 <= first < end <= limit:
                raise ValueError(
                    f"expected 0 <= first < end <= {limit} for {label}, got {first} and {end}"
                )
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
        if screens.ndim != 3 or screens.shape[1:] != (210, 160) or screens.dtype != np.uint8:
            raise ValueError(
                f"expected screens as uint8 (k, 210, 160), got {screens.dtype} {screens.shape}"
            )
        rows, columns = slice(*self.rows), slice(*self.columns)
        out = np.empty((len(screens), len(self.planes), *self.size), dtype=np.uint8)
        tables = [_table(group) for group in self.planes]
        for target, screen in zip(out, screens, strict=True):
            part = np.ascontiguousarray(screen[rows, columns].astype(np.uint8))
            for plane, table in zip(target, tables, strict=True):
                whole = cv2.LUT(part, table)
                plane[...] = cv2.resize(whole, self.size[::-1], interpolation=cv2.INTER_AREA)
        return out

    def latest(self, screens: NDArray[np.generic]) -> NDArray[np.uint8]:
        """Prepare those of a proposal's screens that are looked at.

        Raises:
            ValueError: the proposal carries too few.
        """
        if len(screens) < self.history:
            raise ValueError(
                f"expected at least {self.history} screens in a proposal, got "
                f"{len(screens)}: raise the gate's history"
            )
        return self.prepare(screens[[len(screens) - 1 - lag for lag in self.lags]])

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
                rows=_pair(data["rows"]),
                columns=_pair(data["columns"]),
                size=_pair(data["size"]),
                planes=_groups(data["planes"]),
                lags=_wholes(data["lags"]),
            )
        except KeyError as missing:
            raise ValueError(f"expected {missing} in an input description") from None


def _pair(value: object) -> tuple[int, int]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f"expected two whole numbers, got {value!r}")
    return _whole(value[0]), _whole(value[1])


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"expected a whole number, got {value!r}")  # noqa: TRY004 - file content
    return value


def _wholes(value: object) -> tuple[int, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"expected a list of whole numbers, got {value!r}")  # noqa: TRY004 - as above
    return tuple(_whole(one) for one in value)


def _groups(value: object) -> tuple[tuple[int, ...], ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"expected a list of planes, got {value!r}")  # noqa: TRY004 - as above
    return tuple(_wholes(one) for one in value)


@cache
def _table(group: tuple[int, ...]) -> NDArray[np.uint8]:
    """From a palette index to 255 if it is in the group, else 0: uint8 (256,)."""
    table = np.zeros(256, dtype=np.uint8)
    table[list(group)] = 255
    return table
