"""The compiled loops of a Blocker's eye: from pixels to the numbers that `blocker.sight` makes.

Each says of which function there it is the fast form; `tests/blocker/test_eye.py` compares them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from blocker.sight import FAR, FEATURES, FLAT, LEAST, RELATIVE, WHOLE
from oversight.compiled import compiled

__all__ = ["count_pixels", "find_spans", "tell_of_screen", "tell_of_state"]

Array = NDArray[np.float32]


@compiled
def find_spans(picture: NDArray[np.uint8], spans: NDArray[np.int64]) -> None:
    """In which columns of each plane's rows there is something: see `count_pixels`."""
    planes, height, width = picture.shape
    for number in range(planes):
        for i in range(height):
            first, last = width, -1
            for j in range(width):
                if picture[number, i, j]:
                    first, last = min(first, j), j
            spans[number, i, 0], spans[number, i, 1] = first, last


@compiled
def count_pixels(
    screen: NDArray[np.uint64],
    crop: NDArray[np.int64],
    plane: NDArray[np.int8],
    picture: NDArray[np.uint8],
    spans: NDArray[np.int64],
) -> None:
    """How many native pixels of each prepared one are of each plane.

    `crop` is first row and column, native rows and columns of a prepared pixel; `plane` (256,) each
    colour's group, -1 for none. `screen` (210, 20) has eight palette indices in a number.

    And in which columns of each row there are any: spans (planes, h, 2), the first and the last.
    Background goes on and on: eight pixels that hold what eight others held are passed over at once
    if there was nothing in those. Only of eights wholly in the crop is that known: at its edge the
    rest was not looked at.
    """
    _, height, width = picture.shape
    top, left, high, wide = crop[0], crop[1], crop[2], crop[3]
    right = left + width * wide
    pixels = screen.view(np.uint8)
    picture[:] = 0
    spans[:, :, 0], spans[:, :, 1] = width, -1
    nothing = ~screen[top, left // 8]
    for row in range(top, top + height * high):
        i = (row - top) // high
        for eight in range(left // 8, (right + 7) // 8):
            if screen[row, eight] == nothing:
                continue
            empty = 8 * eight >= left and 8 * eight + 8 <= right
            for column in range(max(left, 8 * eight), min(right, 8 * eight + 8)):
                here = plane[pixels[row, column]]
                if here >= 0:
                    empty = False
                    j = (column - left) // wide
                    picture[here, i, j] += 1
                    spans[here, i, 0] = min(spans[here, i, 0], j)
                    spans[here, i, 1] = max(spans[here, i, 1], j)
            if empty:
                nothing = screen[row, eight]


@compiled
def _sum(
    value: NDArray[np.int64],
    picture: NDArray[np.uint8],
    spans: NDArray[np.int64],
    sums: NDArray[np.int64],
) -> None:
    """From counts to a prepared picture, and the sums (planes, 5) that `Sight` takes of it."""
    planes, height, _ = picture.shape
    for number in range(planes):
        for i in range(height):
            for j in range(spans[number, i, 0], spans[number, i, 1] + 1):
                count = picture[number, i, j]
                if count:
                    much = value[count]
                    picture[number, i, j] = much
                    sums[number, 0] += much
                    sums[number, 1] += much * i
                    sums[number, 2] += much * j
                    sums[number, 3] += much * i * i
                    sums[number, 4] += much * j * j


@compiled
def tell_of_screen(
    picture: NDArray[np.uint8],
    spans: NDArray[np.int64],
    value: NDArray[np.int64],
    pixel: NDArray[np.float64],
    pairs: NDArray[np.int64],
    near: NDArray[np.bool_],
    bands: NDArray[np.float64],
    own: int,
    shown: NDArray[np.int64],
    window: NDArray[np.int64],
    out: Array,
) -> None:
    """`Sight.forward` of one screen.

    Args:
        picture: (planes, h, w), as `value` reads it; becomes the prepared picture.
        spans: (planes, h, 2), first and last column with something.
        value: of a prepared pixel by what stands in `picture`.
        pixel: height and width of a prepared pixel, in tens of native ones.
        pairs: (n, 2), planes whose places are told relative to each other.
        near: (planes,), whether the nearest of it are told.
        bands: limits of bands of rows, in tens of native ones below the own thing's middle.
        own: plane of what the agent moves.
        shown: planes that the window shows.
        window: its rows and columns, and whether it is flat.
        out: (d,), to be filled.
    """
    sums = np.zeros((len(picture), 5), dtype=np.int64)
    _sum(value, picture, spans, sums)
    _of_planes(sums, pixel, pairs, picture, out)
    at = len(picture) * FEATURES + len(pairs) * RELATIVE
    there = sums[own, 0] > LEAST
    mass = float(max(sums[own, 0], 1))
    i, j = sums[own, 1] / mass, sums[own, 2] / mass
    if len(bands) > 1:
        end = at + 2 * (len(bands) - 1)
        out[at:end] = FAR
        if there:
            _nearest(picture, spans, near, bands, (i, j), pixel, out[at:end])
        at = end
    if len(shown):
        out[at:] = 0.0
        if there:
            _around(picture, shown, (int(i + 0.5), int(j + 0.5)), window, out[at:])


@compiled
def _of_planes(
    sums: NDArray[np.int64],
    pixel: NDArray[np.float64],
    pairs: NDArray[np.int64],
    picture: NDArray[np.uint8],
    out: Array,
) -> None:
    """The part of `Sight.forward` that tells of planes and pairs."""
    planes, height, width = picture.shape
    seen = np.zeros((planes, FEATURES), dtype=np.float64)
    for number in range(planes):
        _of_plane(sums[number], height, width, pixel, seen[number])
        for feature in range(FEATURES):
            out[number * FEATURES + feature] = seen[number, feature]
    at = planes * FEATURES
    for number in range(len(pairs)):
        _apart(seen[pairs[number, 0]], seen[pairs[number, 1]], out[at : at + RELATIVE])
        at += RELATIVE


@compiled
def _of_plane(
    sums: NDArray[np.int64],
    height: int,
    width: int,
    pixel: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """What a plane's sums tell: (6,), nothing of what is not there."""
    if sums[0] <= LEAST:
        return
    mass = float(sums[0])
    out[0] = 1.0
    out[1] = np.log(mass / WHOLE + 1.0)
    for axis in range(2):
        at, square = sums[1 + axis] / mass, sums[3 + axis] / mass
        middle = (height if axis == 0 else width) / 2
        out[2 + axis] = (at + 0.5 - middle) * pixel[axis]
        out[4 + axis] = np.sqrt(max((square - at * at) * (pixel[axis] * pixel[axis]), FLAT))


@compiled
def _apart(one: NDArray[np.float64], other: NDArray[np.float64], out: Array) -> None:
    """How far the other is from the one: (4,)."""
    for axis in range(2):
        apart = FAR
        if one[0] * other[0] > 0:
            apart = other[2 + axis] - one[2 + axis]
        out[axis] = apart
        out[2 + axis] = np.tanh(2 * apart)


@compiled
def _nearest(
    picture: NDArray[np.uint8],
    spans: NDArray[np.int64],
    near: NDArray[np.bool_],
    bands: NDArray[np.float64],
    middle: tuple[float, float],
    pixel: NDArray[np.float64],
    out: Array,
) -> None:
    """`Sight._nearest` of one screen; `out` is all `FAR`."""
    planes, height, _ = picture.shape
    band = 0
    for i in range(height):
        below = (i - middle[0]) * pixel[0]
        if below < bands[0]:
            continue
        while band < len(bands) - 1 and below >= bands[band + 1]:
            band += 1
        if band == len(bands) - 1:
            return
        for number in range(planes):
            if not near[number]:
                continue
            for j in range(spans[number, i, 0], spans[number, i, 1] + 1):
                if picture[number, i, j]:
                    aside = (j - middle[1]) * pixel[1]
                    side = 2 * band + (1 if aside >= 0 else 0)
                    out[side] = min(out[side], np.float32(abs(aside)))


@compiled
def _around(
    picture: NDArray[np.uint8],
    shown: NDArray[np.int64],
    middle: tuple[int, int],
    window: NDArray[np.int64],
    out: Array,
) -> None:
    """`Sight._around` of one screen: rows, columns, planes; `out` is all zeros."""
    _, height, width = picture.shape
    rows, columns, flat = window[0], window[1], window[2]
    for column in range(columns):
        j = middle[1] + column - columns // 2
        if j < 0 or j >= width:
            continue
        for row in range(rows):
            i = middle[0] + row - rows // 2
            if i < 0 or i >= height:
                continue
            for number in range(len(shown)):
                here = np.float32(picture[shown[number], i, j] / WHOLE)
                if flat:
                    at = column * len(shown) + number
                    out[at] = max(out[at], here)
                else:
                    out[(row * columns + column) * len(shown) + number] = here


@compiled
def tell_of_state(seen: Array, places: int, sides: NDArray[np.int64], out: Array) -> None:
    """`BlockerNetwork.whole` of one state: what each screen shows (k, d), and the moves."""
    screens, width = seen.shape
    at = 0
    for screen in range(screens):
        for number in range(width):
            out[at] = seen[screen, number]
            at += 1
    for axis in range(2, 4):
        for screen in range(screens - 1):
            for first in range(0, places, FEATURES):
                now, before = seen[screens - 1, first + axis], seen[screen, first + axis]
                there = seen[screens - 1, first] * seen[screen, first]
                out[at] = (now - before) * there
                at += 1
    for number in range(sides[0], sides[1]):
        out[at] = seen[screens - 1, number] - seen[screens - 2, number]
        at += 1
