"""The compiled loop that tells of a pair of screens: where things are, what has come and gone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oversight.compiled import compiled

__all__ = ["BOXES", "EXTENT", "NOWHERE", "tell_of_pair"]

EXTENT = 7
"""Numbers of a set of pixels: how many, their mean row and column, first and last of both."""
BOXES = 9
"""Boxes around a place, three by three."""
HIGH, WIDE = 6, 4
"""Rows and columns of a box. A shot of Space Invaders flies 4 rows in an agent step, so the box
under a hole holds the shot that made it."""
NOWHERE = -50.0
"""A place where there is none: left of and above all screens."""


@compiled
def tell_of_pair(
    before: NDArray[np.uint8],
    now: NDArray[np.uint8],
    plane: NDArray[np.int8],
    planes: int,
    focus: int,
    out: NDArray[np.float32],
) -> None:
    """Fill in all but the last number; see `View.tell`.

    In turn: of each plane the pixels that are there now, that have gone and that have come; how far
    planes are from each other now; of each plane, before and now, how many pixels are in the boxes
    around the middle of what has gone of the plane in focus.

    Args:
        before: (h, w), palette indices.
        now: (h, w).
        plane: (256,), each colour's plane, -1 for none.
        planes: how many.
        focus: number of a plane.
        out: (d,).
    """
    sums = np.zeros((3, planes, 3), dtype=np.int64)
    edges = np.empty((3, planes, 4), dtype=np.int64)
    edges[:, :, 0], edges[:, :, 2] = now.shape
    edges[:, :, 1], edges[:, :, 3] = -1, -1
    _look(before, now, plane, sums, edges)
    at = 0
    for which in range(3):
        for number in range(planes):
            at = _extent(sums[which, number], edges[which, number], out, at)
    for number in range(planes):
        for other in range(number):
            at = _apart(sums[0, number], sums[0, other], out, at)
    out[at : at + 2 * BOXES * planes] = NOWHERE
    gone = sums[1, focus]
    if gone[0]:
        middle = (int(gone[1] / gone[0] + 0.5), int(gone[2] / gone[0] + 0.5))
        _boxes(before, plane, planes, middle, out[at:])
        _boxes(now, plane, planes, middle, out[at + BOXES * planes :])


@compiled
def _look(
    before: NDArray[np.uint8],
    now: NDArray[np.uint8],
    plane: NDArray[np.int8],
    sums: NDArray[np.int64],
    edges: NDArray[np.int64],
) -> None:
    """Count each plane's pixels that are there now, that have gone, that have come."""
    for i in range(now.shape[0]):
        for j in range(now.shape[1]):
            was, here = plane[before[i, j]], plane[now[i, j]]
            if here >= 0:
                _count(sums[0, here], edges[0, here], i, j)
            if was != here:
                if was >= 0:
                    _count(sums[1, was], edges[1, was], i, j)
                if here >= 0:
                    _count(sums[2, here], edges[2, here], i, j)


@compiled
def _apart(
    one: NDArray[np.int64], other: NDArray[np.int64], out: NDArray[np.float32], at: int
) -> int:
    """Write how far a plane's middle is from another's; returns the place after it."""
    for axis in range(1, 3):
        there = one[0] and other[0]
        out[at] = one[axis] / one[0] - other[axis] / other[0] if there else NOWHERE
        at += 1
    return at


@compiled
def _count(sums: NDArray[np.int64], edges: NDArray[np.int64], i: int, j: int) -> None:
    sums[0] += 1
    sums[1] += i
    sums[2] += j
    edges[0], edges[1] = min(edges[0], i), max(edges[1], i)
    edges[2], edges[3] = min(edges[2], j), max(edges[3], j)


@compiled
def _extent(
    sums: NDArray[np.int64], edges: NDArray[np.int64], out: NDArray[np.float32], at: int
) -> int:
    """Write a set's numbers; returns the place after them."""
    out[at] = sums[0]
    if sums[0]:
        out[at + 1], out[at + 2] = sums[1] / sums[0], sums[2] / sums[0]
        for edge in range(4):
            out[at + 3 + edge] = edges[edge]
    else:
        out[at + 1 : at + EXTENT] = NOWHERE
    return at + EXTENT


@compiled
def _boxes(
    screen: NDArray[np.uint8],
    plane: NDArray[np.int8],
    planes: int,
    middle: tuple[int, int],
    out: NDArray[np.float32],
) -> None:
    """How many pixels of each plane are in each box: planes, rows, columns."""
    out[: BOXES * planes] = 0.0
    top, left = middle[0] - HIGH - HIGH // 2, middle[1] - WIDE - WIDE // 2
    for i in range(max(top, 0), min(top + 3 * HIGH, screen.shape[0])):
        for j in range(max(left, 0), min(left + 3 * WIDE, screen.shape[1])):
            here = plane[screen[i, j]]
            if here >= 0:
                out[here * BOXES + (i - top) // HIGH * 3 + (j - left) // WIDE] += 1.0
