"""The worst misses and false alarms as pictures."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from blocker.bench.measures import Judged
from oversight.palette import to_rgb

__all__ = ["gallery", "worst"]

COLUMNS = 5


def worst(judged: Judged, *, missed: bool, count: int = COLUMNS) -> NDArray[np.int64]:
    """Rows of the gravest errors, one an episode at most, for neighbours look alike.

    Args:
        judged: what a judge did.
        missed: misses of least probability; otherwise false alarms of most.
        count: how many at most.

    Returns:
        int64, gravest first.
    """
    errors = np.flatnonzero(judged.missed if missed else judged.needless)
    probability = judged.probability[errors]
    order = errors[np.argsort(probability if missed else -probability, kind="stable")]
    _, first = np.unique(judged.data.episode[order], return_index=True)
    return order[np.sort(first)][:count]


def gallery(judged: Judged, name: str) -> Figure:
    """Two rows of screens: misses above, false alarms below."""
    figure = Figure(figsize=(2.3 * COLUMNS, 7.4), layout="constrained")
    figure.suptitle(f"{name}: gravest misses (above) and false alarms (below)", fontsize=11)
    axes = figure.subplots(2, COLUMNS)
    for line, missed in zip(axes, (True, False), strict=True):
        rows = worst(judged, missed=missed)
        for column, axis in enumerate(line):
            axis.set_axis_off()
            if column < len(rows):
                _draw(axis, judged, int(rows[column]))
            elif column == 0:
                axis.text(0, 0.5, "no miss" if missed else "no false alarm", fontsize=10)
    return figure


def _draw(axis: object, judged: Judged, row: int) -> None:
    from matplotlib.axes import Axes

    assert isinstance(axis, Axes)
    data = judged.data
    axis.imshow(to_rgb(data.images[data.index[row, -1]]), aspect=0.8)
    action = data.game.actions[int(data.action[row])]
    axis.set_title(
        f"{action}, {judged.probability[row]:.3f} against {judged.threshold:.3f}\n"
        f"{data.policy[row]}, {data.situation[row]}",
        fontsize=7,
    )
