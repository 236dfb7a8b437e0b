"""Pictures of what is around the own thing, cut out of whole screens to the native pixel.

Two ways to the same pictures: `closeups_of` in torch, of prepared screens, with a slope; and
`cut`, compiled, of screens on which every pixel already says what is drawn there.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from blocker.inputs import InputSpec
from blocker.sight import FEATURES, UNIT, CloseUp, NetworkSpec, Sight
from oversight.compiled import compiled

__all__ = ["Middles", "channels_of", "closeups_of", "cut", "drawing_table", "require_closeups"]


def channels_of(shape: NetworkSpec) -> int:
    """How many things a close-up tells apart: what is drawn, and what is beside the screen."""
    return len(shape.drawn) + 1


def require_closeups(spec: InputSpec, shape: NetworkSpec) -> None:
    """Make sure that close-ups can be cut out of screens prepared that way.

    Raises:
        ValueError: they are not prepared to the native pixel, or a close-up shows a screen that
            is not looked at.
    """
    native = (spec.rows[1] - spec.rows[0], spec.columns[1] - spec.columns[0])
    if spec.size != native:
        raise ValueError(f"expected screens of {native} for close-ups, got {spec.size}")
    for closeup in shape.closeups:
        if not set(closeup.lags) <= set(spec.lags):
            raise ValueError(f"expected lags of {spec.lags} in a close-up, got {closeup.lags}")


def drawing_table(spec: InputSpec, shape: NetworkSpec) -> NDArray[np.uint8]:
    """From a palette index to what is drawn there: uint8 (256,), 0 for nothing, else from 1."""
    table = np.zeros(256, np.uint8)
    for number, group in enumerate(shape.drawn, start=1):
        for plane in group:
            table[list(spec.planes[plane])] = number
    return table


class Middles:
    """Where the own thing is, as a network is told."""

    def __init__(self, spec: InputSpec, shape: NetworkSpec) -> None:
        """Find out where in what is told that is."""
        width = Sight.width(spec, shape)
        # Oldest first, so that the newest screen with the own thing on it has the last word.
        self._places = [screen * width + FEATURES * shape.own for screen in range(spec.screens)]
        self._half = np.array(spec.size) / 2

    def __call__(self, told: NDArray[np.float32]) -> NDArray[np.int64]:
        """Row and column of its middle, int64 (B, 2): where it was seen last, else the screen's.

        Args:
            told: float32 (B, d), all that is told of some states.
        """
        out = np.repeat(self._half[None], len(told), axis=0)
        for first in self._places:
            there = told[:, first, None] > 0
            out = np.where(there, told[:, first + 2 : first + 4] * UNIT + self._half, out)
        return np.floor(out).astype(np.int64)


def closeups_of(
    screens: Tensor, middles: NDArray[np.int64], spec: InputSpec, shape: NetworkSpec
) -> list[Tensor]:
    """Cut out all close-ups of some states.

    Args:
        screens: (B, k, planes, h, w) in [0, 255], prepared to the native pixel, oldest first.
        middles: int64 (B, 2), as from `Middles`.
        spec: how the screens were prepared.
        shape: the network's.

    Returns:
        Of each close-up float32 (B, lags * channels, rows / block, columns / block) in [0, 1].
    """
    drawn = [screens[:, :, list(group)].float().sum(dim=2) / 255 for group in shape.drawn]
    things = torch.stack([*drawn, torch.zeros_like(drawn[0])], dim=2)
    return [_closeup(things, middles, spec.lags, closeup) for closeup in shape.closeups]


def _closeup(
    things: Tensor, middles: NDArray[np.int64], lags: tuple[int, ...], closeup: CloseUp
) -> Tensor:
    (rows, columns), chosen = closeup.size, [lags.index(lag) for lag in closeup.lags]
    up, left = rows // 2, columns // 2
    parts = nn.functional.pad(things[:, chosen], (left, columns - left, up, rows - up))
    beside = parts[:, :, -1]
    beside[..., :left] = 1.0
    beside[..., left + things.shape[-1] :] = 1.0
    cuts = [
        part[..., row : row + rows, column : column + columns]
        for part, (row, column) in zip(parts, middles.tolist(), strict=True)
    ]
    return nn.functional.avg_pool2d(torch.stack(cuts).flatten(1, 2), closeup.block)


@compiled
def cut(
    drawn: NDArray[np.uint8],
    screens: NDArray[np.int64],
    middles: NDArray[np.int64],
    channels: int,
    size: tuple[int, int],
    block: int,
    out: NDArray[np.uint8],
) -> None:
    """One close-up of some states, as counts of native pixels.

    Args:
        drawn: (m, h, w), what is drawn on each pixel of some screens; see `drawing_table`.
        screens: (B, lags), rows of it.
        middles: (B, 2).
        channels: how many things are told apart; the last is what is beside the screen.
        size: native rows and columns of the close-up.
        block: side of the squares that are counted together.
        out: (B, lags * channels, size / block), all 0, to be filled.
    """
    _, height, width = drawn.shape
    rows, columns = size
    for state in range(len(screens)):
        top, left = middles[state, 0] - rows // 2, middles[state, 1] - columns // 2
        for place in range(screens.shape[1]):
            picture = drawn[screens[state, place]]
            first = place * channels
            for row in range(rows):
                i = top + row
                inside = 0 <= i < height
                for column in range(columns):
                    j = left + column
                    if not 0 <= j < width:
                        out[state, first + channels - 1, row // block, column // block] += 1
                    elif inside and picture[i, j]:
                        thing = first + picture[i, j] - 1
                        out[state, thing, row // block, column // block] += 1
