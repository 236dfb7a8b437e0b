"""What is where on a screen, straight from its colours: the same numbers as `blocker.sight`, fast.

`Sight` prepares a picture for each colour group and sums over all of its pixels. Here every native
pixel is looked at once, and only where something is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from blocker.looking import count_pixels, find_spans, tell_of_screen, tell_of_state
from blocker.sight import FEATURES, UNIT, WHOLE, Sight
from blocker.telling import Telling

__all__ = ["Eye"]

Array = NDArray[np.float32]
NOTHING = -1  # of a colour that is in no group
_SAME = np.arange(256)  # the prepared pixel as it is


class Eye:
    """Tells what a network is told of raw screens."""

    def __init__(self, network: Telling) -> None:
        """Make tables of what the network's `Sight` goes by."""
        spec, shape = network.spec, network.shape
        self._spec = spec
        self._told, self._width = network.told, Sight.width(spec, shape)
        self._places = FEATURES * len(spec.planes) if shape.moves else 0
        rows, columns = spec.rows[1] - spec.rows[0], spec.columns[1] - spec.columns[0]
        high, wide = rows // spec.size[0], columns // spec.size[1]
        colours = [index for group in spec.planes for index in group]
        whole = (high * spec.size[0], wide * spec.size[1]) == (rows, columns)
        self._quick = whole and len(set(colours)) == len(colours) and high * wide < WHOLE
        self._plane = np.full(256, NOTHING, dtype=np.int8)
        for number, group in enumerate(spec.planes):
            self._plane[list(group)] = number
        share = np.arange(high * wide + 1) * (WHOLE / (high * wide))
        self._value = np.rint(share).astype(np.int64)
        self._crop = np.array([spec.rows[0], spec.columns[0], high, wide])
        self._pixel = np.array([rows / spec.size[0] / UNIT, columns / spec.size[1] / UNIT])
        self._pairs = np.array(shape.pairs, dtype=np.int64).reshape(-1, 2)
        self._near = np.zeros(len(spec.planes), dtype=np.bool_)
        self._near[list(shape.near)] = True
        self._bands = np.array(shape.bands, dtype=np.float64) / UNIT
        sides = Sight.sides(spec, shape)
        moved = shape.moves and spec.screens > 1
        self._sides = np.array([sides.start, sides.stop if moved else sides.start])
        self._own, self._shown = shape.own, np.array(shape.shown, dtype=np.int64)
        self._window = np.array([*shape.window, shape.flat], dtype=np.int64)
        self._tables = (
            self._pixel,
            self._pairs,
            self._near,
            self._bands,
            self._own,
            self._shown,
            self._window,
        )

    def see(self, proposals: Sequence[NDArray[np.generic]]) -> Array:
        """All that a network is told of some states: float32 (B, d).

        Args:
            proposals: of each the raw screens uint8 (k, 210, 160), oldest first.

        Raises:
            ValueError: too few screens, or another shape or dtype.
        """
        spec = self._spec
        for screens in proposals:
            spec.require(screens)
        if not self._quick:
            return self.told(np.stack([spec.latest(one) for one in proposals]))
        seen = np.zeros((spec.screens, self._width), dtype=np.float32)
        picture = np.zeros((len(spec.planes), *spec.size), dtype=np.uint8)
        spans = np.empty((*picture.shape[:2], 2), dtype=np.int64)
        out = np.empty((len(proposals), self._told), dtype=np.float32)
        for screens, row in zip(proposals, out, strict=True):
            words = np.ascontiguousarray(screens, dtype=np.uint8).view(np.uint64)
            for lag, told in zip(spec.lags, seen, strict=True):
                count_pixels(words[len(words) - 1 - lag], self._crop, self._plane, picture, spans)
                tell_of_screen(picture, spans, self._value, *self._tables, told)
            tell_of_state(seen, self._places, self._sides, row)
        return out

    def seen(self, images: NDArray[np.uint8]) -> Array:
        """What is where on each of some prepared screens, as `BlockerNetwork.see` has it.

        Args:
            images: uint8 (m, planes, h, w).

        Returns:
            float32 (m, d).
        """
        out = np.zeros((len(images), self._width), dtype=np.float32)
        spans = np.empty((*images.shape[1:3], 2), dtype=np.int64)
        for image, told in zip(images, out, strict=True):
            picture = image.copy()
            find_spans(picture, spans)
            tell_of_screen(picture, spans, _SAME, *self._tables, told)
        return out

    def told(self, screens: NDArray[np.uint8]) -> Array:
        """`see` of prepared screens: float32 (B, d) of uint8 (B, k, planes, h, w)."""
        states, count = screens.shape[:2]
        seen = self.seen(screens.reshape(-1, *screens.shape[2:])).reshape(states, count, -1)
        out = np.empty((states, self._told), dtype=np.float32)
        for state, row in zip(seen, out, strict=True):
            tell_of_state(state, self._places, self._sides, row)
        return out
