"""The part of the screen that matters, and its enlargement without loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from oversight.palette import to_rgb
from oversight_ui.naming.sheet import SCREEN

__all__ = ["Part", "enlarged", "part_of"]

LEAST: Final = (24, 60)
"""Rows and columns that are shown at least: less shows no eye where it looks."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows and columns of the screen, each from the first to the one after the last."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, pixels of the Atari."""
        return self.bottom - self.top, self.right - self.left

    def colours(self, screen: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """This part of a screen of palette indices, uint8 (h, w, 3)."""
        return to_rgb(screen[self.top : self.bottom, self.left : self.right])


def part_of(rows: tuple[int, int], columns: tuple[int, int]) -> Part:
    """What is shown of the screen: at least `LEAST`, and nothing beyond the screen.

    Args:
        rows: the first, and the one after the last.
        columns: the same.

    Raises:
        ValueError: they hold nothing of the screen.
    """
    top, bottom = _widened(rows, LEAST[0], SCREEN[0])
    left, right = _widened(columns, LEAST[1], SCREEN[1])
    return Part(top, bottom, left, right)


def _widened(ends: tuple[int, int], least: int, length: int) -> tuple[int, int]:
    first, last = max(0, ends[0]), min(length, ends[1])
    if first >= last:
        raise ValueError(f"expected a part of 0 to {length}, got {ends[0]} to {ends[1]}")
    if last - first >= least:
        return first, last
    start = (first + last - least) // 2
    start = min(max(start, 0), length - least)
    return start, start + least


def enlarged(colours: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture in another size, each of its pixels with the same share of the area.

    By a whole number this repeats pixels. Otherwise a pixel on the edge of two has a mixture of
    both, so that nothing thin is lost and nothing grows twice as thick as its neighbour.

    Args:
        colours: uint8 (h, w, 3).
        size: height and width wanted.

    Returns:
        uint8 (*size, 3).
    """
    down, across = _shares(len(colours), size[0]), _shares(colours.shape[1], size[1])
    mixed = np.einsum("yh,hwc->ywc", down, colours.astype(np.float32), optimize=True)
    mixed = np.einsum("xw,ywc->yxc", across, mixed, optimize=True)
    return np.ascontiguousarray(np.clip(np.rint(mixed), 0, 255).astype(np.uint8))


def _shares(length: int, wanted: int) -> NDArray[np.float32]:
    """How much of each old pixel lies in each new one: (wanted, length), rows add up to 1."""
    edges = np.arange(wanted + 1) * (length / wanted)
    old = np.arange(length)
    first = np.maximum(edges[:-1, None], old[None, :])
    last = np.minimum(edges[1:, None], old[None, :] + 1)
    shares = np.clip(last - first, 0.0, None) * (wanted / length)
    found: NDArray[np.float32] = shares.astype(np.float32)
    return found
