"""What of a game's screens is looked at to say whether something bad has happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from blocker.inputs import groups_of, pair_of, require_part, whole_of, wholes_of
from blocker.naming.looks import BOXES, EXTENT, tell_of_pair
from blocker.presets import input_for

__all__ = ["View", "view_for"]

Array = NDArray[np.float32]
FOCUS: Mapping[str, int] = MappingProxyType({"pong": 0, "space_invaders": 1, "road_runner": 0})
"""Number of the plane around whose vanishing pixels is looked closely: paddle, barriers, bird."""
BLINKING: Mapping[str, tuple[int, ...]] = MappingProxyType({"space_invaders": (6,)})
"""Palette indices of what the console draws on every other frame: shots."""


@dataclass(frozen=True)
class View:
    """Which part of a screen, and which things on it; told as numbers of a pair of screens.

    Attributes:
        rows: first row and the row after the last.
        columns: first column and the column after the last.
        planes: palette indices of things that are told apart, a group for each.
        focus: number of the plane around whose vanishing pixels is looked closely.
        blinking: palette indices of what is drawn on every other frame alone.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]
    planes: tuple[tuple[int, ...], ...]
    focus: int = 0
    blinking: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        require_part(self.rows, self.columns)
        colours = [*self.blinking, *(index for group in self.planes for index in group)]
        if not all(0 <= one <= 255 for one in colours) or not 0 <= self.focus < len(self.planes):
            raise ValueError(
                f"expected palette indices and a plane in focus, got {self.planes} and {self.focus}"
            )

    @property
    def told(self) -> int:
        """How many numbers tell of a pair of screens."""
        planes = len(self.planes)
        return 3 * EXTENT * planes + planes * (planes - 1) + 2 * BOXES * planes + 1

    @cached_property
    def _plane(self) -> NDArray[np.int8]:
        plane = np.full(256, -1, dtype=np.int8)
        for number, group in enumerate(self.planes):
            plane[list(group)] = number
        return plane

    @cached_property
    def _blinks(self) -> NDArray[np.bool_]:
        return np.isin(np.arange(256), self.blinking)

    def steady(self, screen: NDArray[np.uint8], previous: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A screen with what blinks, and was there on the frame before, put back.

        Args:
            screen: uint8, the whole or its part from `crop`.
            previous: the same of the frame before.
        """
        if not self.blinking:
            return screen
        back = self._blinks[previous] & (self._plane[screen] < 0)
        return np.where(back, previous, screen)

    def crop(self, screen: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The part that is looked at, a copy: uint8 (h, w) of uint8 (210, 160)."""
        return np.ascontiguousarray(screen[slice(*self.rows), slice(*self.columns)])

    def tell(self, before: NDArray[np.uint8], now: NDArray[np.uint8], *, over: bool) -> Array:
        """What there is now and what has changed: float32 (d,).

        Args:
            before: an agent step earlier, from `crop`.
            now: from `crop`.
            over: whether the game has ended with it.
        """
        out = np.empty(self.told, dtype=np.float32)
        tell_of_pair(before, now, self._plane, len(self.planes), self.focus, out)
        out[-1] = over
        return out

    def as_dict(self) -> dict[str, object]:
        """As plain data for JSON; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> View:
        """Read `as_dict`'s answer, also after a way through JSON.

        Raises:
            ValueError: a key is missing or of another kind.
        """
        try:
            return cls(
                rows=pair_of(data["rows"]),
                columns=pair_of(data["columns"]),
                planes=groups_of(data["planes"]),
                focus=whole_of(data["focus"]),
                blinking=wholes_of(data["blinking"]),
            )
        except KeyError as missing:
            raise ValueError(f"expected {missing} in a view's description") from None


def view_for(game: str) -> View:
    """What is looked at in a game: the part and the things that its Blocker sees.

    Raises:
        ValueError: no Blocker of that game; the message lists those there are.
    """
    spec = input_for(game)
    return View(spec.rows, spec.columns, spec.planes, FOCUS.get(game, 0), BLINKING.get(game, ()))
