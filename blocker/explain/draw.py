"""Pictures of explanations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from blocker.artifact import Blocker
from blocker.bench.data import HeldOut
from blocker.explain.faithfulness import ABLATIONS, SHARES, Faithfulness
from blocker.explain.maps import HeatMap, on_screen
from oversight.palette import to_rgb

__all__ = ["faithfulness_figure", "maps_figure"]


def maps_figure(blocker: Blocker, data: HeldOut, maps: Mapping[str, NDArray[np.float32]]) -> Figure:
    """One row a step: the screen, the live heat map, and each method's map of the newest screen."""
    titles = ("screen", "live heat map", *maps)
    figure = Figure(figsize=(2.4 * len(titles), 3.1 * len(data)), layout="constrained")
    live = HeatMap(blocker)
    axes = figure.subplots(len(data), len(titles), squeeze=False)
    for row, line in enumerate(axes):
        screens, action = data.images[data.index[row]], int(data.action[row])
        previous = int(data.previous[row])
        heats = [live(screens, None if previous < 0 else previous, action)]
        heats += [on_screen(np.maximum(of[row, -1], 0.0), blocker.spec) for of in maps.values()]
        picture = to_rgb(screens[-1])
        risk = blocker.score(screens[None], data.previous[row : row + 1])[0, action]
        for axis, heat, title in zip(line, [None, *heats], titles, strict=True):
            axis.set_axis_off()
            axis.imshow(picture, aspect=0.8)
            if heat is not None:
                axis.imshow(heat, aspect=0.8, cmap="inferno", alpha=0.25 + 0.7 * heat, vmin=0)
            axis.set_title(title, fontsize=8)
        label = "unsafe" if data.unsafe[row] else "safe"
        line[0].set_title(
            f"{data.game.actions[action]}: {label}, {risk:.3f} "
            f"({'blocked' if risk >= blocker.threshold else 'allowed'})",
            fontsize=8,
        )
    return figure


def faithfulness_figure(found: Mapping[str, Faithfulness]) -> Figure:
    """A panel for each ablation: fall of the log-odds over the share of pixels taken away."""
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    for axis, ablation in zip(figure.subplots(1, len(ABLATIONS)), ABLATIONS, strict=True):
        for number, (name, one) in enumerate(found.items()):
            axis.plot(SHARES, one.map[ablation], "o-", color=f"C{number}", label=name)
            axis.plot(SHARES, one.chance[ablation], ":", color=f"C{number}", label="random pixels")
        axis.set_xscale("log")
        axis.set_xlabel("share of pixels taken away")
        axis.set_title(f"{ablation} ablation", fontsize=10)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=7)
    figure.supylabel("fall of the log-odds of unsafe", fontsize=9)
    return figure
