"""The colours of the Atari 2600, so that a screen is kept as one byte a pixel.

`ale.getScreen()` gives palette indices: 128 even numbers, hue in the upper four bits, brightness
in the three below. RGB and grey follow from them without loss; a test compares both with what
the emulator itself draws.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oversight.compiled import compiled
from oversight.types import Screen

__all__ = ["PALETTE_GREY", "PALETTE_RGB", "from_rgb", "to_grey", "to_rgb"]

# The NTSC palette of the emulator, one line a hue, dark to bright; read off ale-py 0.12.1 by
# comparing getScreen with getScreenRGB over its NTSC games.
_NTSC_HEX = (
    "000000 4a4a4a 6f6f6f 8e8e8e aaaaaa c0c0c0 d6d6d6 ececec "
    "484800 69690f 86861d a2a22a bbbb35 d2d240 e8e84a fcfc54 "
    "7c2c00 904811 a26221 b47a30 c3903d d2a44a dfb755 ecc860 "
    "901c00 a33915 b55328 c66c3a d5824a e39759 f0aa67 fcbc74 "
    "940000 a71a1a b83232 c84848 d65c5c e46f6f f08080 fc9090 "
    "840064 97197a a8308f b846a2 c659b3 d46cc3 e07cd2 ec8ce0 "
    "500084 68199a 7d30ad 9246c0 a459d0 b56ce0 c57cee d48cfc "
    "140090 331aa3 4e32b5 6848c6 7f5cd5 956fe3 a980f0 bc90fc "
    "000094 181aa7 2d32b8 4248c8 545cd6 656fe4 7580f0 8490fc "
    "001c88 183b9d 2d57b0 4272c2 548ad2 65a0e1 75b5ef 84c8fc "
    "003064 185080 2d6d98 4288b0 54a0c5 65b7d9 75cceb 84e0fc "
    "004030 193f89 2d8169 429e82 54b899 65d1ae 75e7c2 84fcd4 "
    "004400 1a661a 328432 48a048 5cba5c 6fd26f 80e880 90fc90 "
    "143c00 355f18 527e2d 6e9c42 87b754 9ed065 b4e775 c8fc84 "
    "303800 505916 6d762b 88923e a0ab4f b7c25f ccd86e e0ec7c "
    "482c00 694d14 866a26 a28638 bb9f47 d2b656 e8cc63 fce070"
)


def _palette_rgb() -> NDArray[np.uint8]:
    even = np.frombuffer(bytes.fromhex(_NTSC_HEX), dtype=np.uint8).reshape(128, 3)
    table = np.repeat(even, 2, axis=0)  # odd indices do not occur; give them their neighbour
    table.flags.writeable = False
    return table


def _palette_grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # ITU-R BT.601 luma, as the emulator rounds it.
    luma = np.round(rgb @ np.array([0.2989, 0.5870, 0.1140]))
    table: NDArray[np.uint8] = luma.astype(np.uint8)
    table.flags.writeable = False
    return table


PALETTE_RGB: NDArray[np.uint8] = _palette_rgb()
"""uint8 (256, 3), read-only: RGB of each palette index."""

PALETTE_GREY: NDArray[np.uint8] = _palette_grey(PALETTE_RGB)
"""uint8 (256,), read-only: brightness of each palette index."""


def to_rgb(screen: Screen) -> NDArray[np.uint8]:
    """Colour a screen of palette indices: (..., h, w) to (..., h, w, 3), uint8."""
    colours: NDArray[np.uint8] = PALETTE_RGB[screen.astype(np.uint8, copy=False)]
    return colours


def to_grey(screen: Screen) -> NDArray[np.uint8]:
    """Turn a screen of palette indices into brightness: (..., h, w), uint8."""
    grey: NDArray[np.uint8] = PALETTE_GREY[screen.astype(np.uint8, copy=False)]
    return grey


def _parts_of_indices(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], ...]:
    """Three tables, one a channel, whose entries for a colour add up to its index (mod 256).

    There are such tables because the colours can be put in an order in which each has a channel
    value that no later one has: taken from the end, that value's entry is still free.
    """
    left = {int(index): tuple(int(value) for value in rgb[index]) for index in range(0, 256, 2)}
    order: list[tuple[int, int]] = []
    while left:
        index, channel = next(
            (i, c)
            for i, colour in left.items()
            for c in range(3)
            if sum(other[c] == colour[c] for other in left.values()) == 1
        )
        order.append((index, channel))
        del left[index]
    tables = tuple(np.zeros(256, np.uint8) for _ in range(3))
    for index, channel in reversed(order):
        others = sum(int(tables[c][rgb[index, c]]) for c in range(3) if c != channel)
        tables[channel][rgb[index, channel]] = (index - others) % 256
    return tables


_PARTS = _parts_of_indices(PALETTE_RGB)


@compiled
def _add_parts(
    colours: NDArray[np.uint8],
    red: NDArray[np.uint8],
    green: NDArray[np.uint8],
    blue: NDArray[np.uint8],
    indices: NDArray[np.uint8],
) -> None:
    # A quarter of the time that three table look-ups by OpenCV and two sums take.
    for at in range(len(indices)):
        indices[at] = red[colours[at, 0]] + green[colours[at, 1]] + blue[colours[at, 2]]


def from_rgb(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What `to_rgb` was given, from what it made: uint8 (..., h, w, 3) to (..., h, w).

    Colours that the emulator has not make indices without meaning.
    """
    indices = np.empty(pictures.shape[:-1], np.uint8)
    red, green, blue = _PARTS
    _add_parts(np.ascontiguousarray(pictures).reshape(-1, 3), red, green, blue, indices.reshape(-1))
    return indices
