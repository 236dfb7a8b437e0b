"""Steps and pixels of a timeline: pure functions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from oversight_ui.layout import Box

__all__ = ["cells", "peaks", "row_at", "runs", "x_of"]


def row_at(x: int, box: Box, first: int, count: int, total: int) -> int:
    """The step under a pixel.

    Args:
        x: the pixel's column.
        box: the timeline.
        first: row of its first step.
        count: how many steps it has room for.
        total: how many there are; the answer is one of them.
    """
    row = first + (x - box.x) * count // max(1, box.w)
    return min(max(row, 0), max(total - 1, 0))


def x_of(row: float, box: Box, first: int, count: int) -> int:
    """First pixel column of a step."""
    return box.x + round((row - first) * box.w / max(1, count))


def cells(first: int, count: int, total: int, width: int) -> NDArray[np.int64]:
    """Which steps each pixel column of a timeline stands for.

    Returns:
        int64 (columns, 2): first row and the one after the last, never empty. Columns beyond the
        last step are left out.
    """
    edges = first + np.arange(width + 1, dtype=np.int64) * count // max(1, width)
    starts, stops = edges[:-1], np.maximum(edges[1:], edges[:-1] + 1)
    there = starts < total
    return np.stack([starts[there], np.minimum(stops[there], total)], axis=1)


def peaks(values: NDArray[np.float64], columns: NDArray[np.int64]) -> NDArray[np.float64]:
    """The greatest value in each pixel column, so that a single step is never lost from sight.

    Args:
        values: float64 (n,); NaN counts as 0.
        columns: as `cells` gives them.

    Returns:
        float64 (columns,).
    """
    if not len(columns):
        return np.zeros(0)
    first, last = int(columns[0, 0]), int(columns[-1, 1])
    part = np.nan_to_num(values[first:last])
    starts, stops = columns[:, 0] - first, columns[:, 1] - first
    if (stops[:-1] > starts[1:]).any():  # columns share steps: each has one
        return part[starts]
    greatest: NDArray[np.float64] = np.maximum.reduceat(part, starts)
    return greatest


def runs(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First and one after the last place of each run of true values."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
