"""Pong: what a Blocker thinks of each action at each height of the paddle."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from blocker.artifact import Blocker
from blocker.bench.data import HISTORY
from oversight.catastrophes.pong import (
    FIELD_BOTTOM,
    FIELD_TOP,
    PADDLE_COLOUR,
    PADDLE_ROWS,
)
from oversight.games import PONG

__all__ = ["PADDLE_COLUMNS", "by_height", "paddle_figure", "with_paddle"]

PADDLE_COLUMNS = slice(140, 144)
FALL = 12
"""Rows that the paddle comes down in a step of held LEFT, once it moves; 8 to 24 were seen."""


def with_paddle(screen: NDArray[np.uint8], lowest: int) -> NDArray[np.uint8]:
    """A screen of Pong with the right paddle moved so that its lowest row is `lowest`.

    Args:
        screen: uint8 (210, 160), palette indices; where the paddle was becomes background.
        lowest: row of the screen; what is outside of the play field is not drawn.
    """
    out = screen.copy()
    field = out[FIELD_TOP : FIELD_BOTTOM + 1, PADDLE_COLUMNS]
    background = np.bincount(screen[FIELD_TOP : FIELD_BOTTOM + 1, 80:120].ravel()).argmax()
    field[field == PADDLE_COLOUR] = background
    top = max(lowest - PADDLE_ROWS + 1, FIELD_TOP)
    out[top : min(lowest, FIELD_BOTTOM) + 1, PADDLE_COLUMNS] = PADDLE_COLOUR
    return out


def by_height(
    blocker: Blocker, screen: NDArray[np.uint8], *, fall: int = 0, previous: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Probability of "unsafe" over the paddle's height.

    Args:
        blocker: one for Pong.
        screen: of the game; the paddle in it is moved.
        fall: rows that the paddle came down in each of the steps before.
        previous: action executed before.

    Returns:
        Lowest rows of the paddle (h,), and probabilities (h, n_actions).
    """
    heights = np.arange(FIELD_TOP + PADDLE_ROWS, FIELD_BOTTOM + 1, 2)
    risks = []
    for lowest in heights:
        back = [
            with_paddle(screen, max(int(lowest) - fall * lag, FIELD_TOP + PADDLE_ROWS - 1))
            for lag in range(HISTORY - 1, -1, -1)
        ]
        risks.append(blocker.score([np.stack(back)], np.array([previous], np.int64))[0])
    return heights, np.stack(risks)


def paddle_figure(blocker: Blocker, screen: NDArray[np.uint8]) -> Figure:
    """Two panels: the paddle at rest after NOOP, and coming down under LEFT."""
    figure = Figure(figsize=(9.5, 5.2), layout="constrained")
    cases = (
        ("at rest, NOOP before", 0, 0),
        (f"coming down {FALL} rows a step, LEFT before", FALL, 3),
    )
    picture = None
    for axis, (title, fall, previous) in zip(figure.subplots(1, 2), cases, strict=True):
        heights, risks = by_height(blocker, screen, fall=fall, previous=previous)
        picture = axis.imshow(
            risks,
            aspect="auto",
            cmap="magma",
            vmin=0,
            vmax=1,
            extent=(-0.5, PONG.n_actions - 0.5, heights[-1] + 1, heights[0] - 1),
        )
        axis.axhline(177.5, color="white", ls="--", lw=1)
        axis.set_xticks(range(PONG.n_actions), PONG.actions, fontsize=8, rotation=30)
        axis.set_ylabel("lowest row of the paddle; the zone begins at 178")
        axis.set_title(title, fontsize=10)
    if picture is not None:
        figure.colorbar(picture, ax=figure.axes, label="probability of unsafe")
    figure.suptitle(f"Blocks from {blocker.threshold:.3f} on", fontsize=10)
    return figure
