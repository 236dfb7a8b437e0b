"""Finds on a game's picture what moves about and does harm; no pygame."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from oversight.game import Threats, Zone
from oversight_ui.messages import Pixels

__all__ = ["LEAST", "MARGIN", "threat_zones"]

GAP: Final = 6
"""Columns without a threat's colours that part two of them."""
MARGIN: Final = 4
"""A frame's distance from what it frames, in pixels of the game's screen."""
LEAST: Final = 8
"""Fewer pixels of a threat's colours are none."""


def threat_zones(pixels: Pixels, threats: Threats) -> tuple[Zone, ...]:
    """What is to be framed on a screen of the game, from left to right."""
    shape = (pixels.height, pixels.width, 3)
    rgb = np.frombuffer(pixels.data, np.uint8).reshape(shape)[threats.top : threats.bottom + 1]
    mask = np.zeros(rgb.shape[:2], bool)
    for colour in threats.colours:
        mask |= (rgb == np.array(colour, np.uint8)).all(axis=2)
    columns = np.flatnonzero(mask.any(axis=0))
    if len(columns) == 0:
        return ()
    parts = np.split(columns, np.flatnonzero(np.diff(columns) > GAP) + 1)
    zones = (_around(mask, part, threats.top, shape) for part in parts)
    return tuple(zone for zone in zones if zone is not None)


def _around(
    mask: NDArray[np.bool_], columns: NDArray[np.intp], top: int, shape: tuple[int, int, int]
) -> Zone | None:
    part = mask[:, columns]
    if part.sum() < LEAST:
        return None
    rows = np.flatnonzero(part.any(axis=1)) + top
    return Zone(
        top=max(0, int(rows[0]) - MARGIN),
        bottom=min(shape[0] - 1, int(rows[-1]) + MARGIN),
        left=max(0, int(columns[0]) - MARGIN),
        right=min(shape[1] - 1, int(columns[-1]) + MARGIN),
    )
