"""Figures of a comparison, drawn without a display."""

from __future__ import annotations

import base64
import io

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from blocker.bench.run import Bench, Row
from blocker.calibration import reliability

__all__ = ["as_data_uri", "group_figure", "reliability_figure", "trade_off_figure"]


def _shown(bench: Bench) -> list[Row]:
    """Those that learned something."""
    return [row for row in bench.rows if row.judge.parameters != 0]


def trade_off_figure(bench: Bench) -> Figure:
    """Share of safe proposals blocked over share of unsafe ones missed, at every threshold."""
    figure = Figure(figsize=(7.5, 4.8), layout="constrained")
    axis = figure.subplots()
    unsafe = bench.data.unsafe
    for number, row in enumerate(_shown(bench)):
        misses, alarms = _curve(row.judged.probability, unsafe)
        (line,) = axis.plot(misses, alarms, label=row.judge.name, lw=1.2)
        at = row.measures
        axis.plot(
            at.misses.rate or 0.0,
            at.false_alarms.rate or 0.0,
            "os^Dv"[number % 5],
            color=line.get_color(),
        )
    least = 1 / max(int(unsafe.sum()), 1)
    axis.set_xscale("symlog", linthresh=least)
    axis.set_yscale("symlog", linthresh=1 / max(int((~unsafe).sum()), 1))
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1)
    axis.set_xlabel("share of unsafe proposals missed")
    axis.set_ylabel("share of safe proposals blocked")
    axis.set_title("Misses against needless blocks; marks are each judge's own threshold")
    axis.legend(fontsize=7)
    axis.grid(alpha=0.3)
    return figure


def _curve(
    probability: NDArray[np.float64], unsafe: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    order = np.argsort(-probability, kind="stable")
    caught = np.cumsum(unsafe[order]) / max(int(unsafe.sum()), 1)
    alarms = np.cumsum(~unsafe[order]) / max(int((~unsafe).sum()), 1)
    last = np.append(np.diff(probability[order]) != 0, True)  # equal ones are blocked together
    return (
        np.concatenate([[1.0], 1 - caught[last]]),
        np.concatenate([[0.0], alarms[last]]),
    )


def reliability_figure(bench: Bench) -> Figure:
    """Seen share of what the rule calls unsafe, over the stated probability."""
    figure = Figure(figsize=(5.2, 4.8), layout="constrained")
    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], color="0.7", lw=1)
    for row in _shown(bench):
        parts = reliability(row.judged.probability, bench.data.rule)
        axis.plot(
            [stated for stated, _, _ in parts],
            [seen for _, seen, _ in parts],
            "o-",
            ms=3,
            lw=1,
            label=row.judge.name,
        )
    axis.set_xlabel("stated probability of unsafe")
    axis.set_ylabel("share unsafe by the rule")
    axis.set_title("Reliability")
    axis.legend(fontsize=7)
    axis.grid(alpha=0.3)
    return figure


def group_figure(bench: Bench, kind: str) -> Figure:
    """Needless blocks and misses of each group, by judge; counts stand in the cells."""
    rows = _shown(bench)
    names = list(rows[0].measures.groups[kind])
    figure = Figure(
        figsize=(3.2 + 1.05 * len(names), 1.6 + 0.34 * 2 * len(rows)), layout="constrained"
    )
    for axis, title in zip(
        figure.subplots(2, 1),
        ("safe proposals blocked, %", "unsafe proposals missed, %"),
        strict=True,
    ):
        missed = title.startswith("unsafe")
        shares = np.full((len(rows), len(names)), np.nan)
        for line, row in enumerate(rows):
            for column, name in enumerate(names):
                group = row.measures.groups[kind][name]
                events, trials = (
                    (group.misses, group.positives)
                    if missed
                    else (group.false_alarms, group.negatives)
                )
                if trials:
                    shares[line, column] = 100 * events / trials
                text = f"{events}/{trials}" if trials else "-"
                axis.text(column, line, text, ha="center", va="center", fontsize=7)
        axis.imshow(np.sqrt(shares), cmap="Reds", aspect="auto", vmin=0, vmax=10, alpha=0.8)
        axis.set_xticks(range(len(names)), names, fontsize=7, rotation=20, ha="right")
        axis.set_yticks(range(len(rows)), [row.judge.name for row in rows], fontsize=7)
        axis.set_title(f"{title}, by {kind}", fontsize=9)
    return figure


def as_data_uri(figure: Figure, dpi: int = 90) -> str:
    """The figure as a PNG inside a page."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
