"""Errors over the number of labels: rows kept in a file, a table, a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import median

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from experiments.tables import number, percent
from oversight import RunError

__all__ = ["NAMES", "CurveRow", "curve_table", "draw_curves", "known_curves"]

NAMES = {
    "blocker": "Blocker",
    "as_logged": "Blocker, late blocks left where they came",
    "paper": "paper's network and rule",
}
COLOURS = {"blocker": "#2b5d9b", "as_logged": "#d98200", "paper": "#b3261e"}
ASIDE = {"blocker": 0.97, "as_logged": 1.0, "paper": 1.03}
"""Drawn a little left and right of the number of labels, so that equal points are both seen."""
LEAST_SHARE = 1e-4
"""Where a share of 0 is drawn on the logarithmic axis."""


@dataclass(frozen=True)
class CurveRow:
    """One judge that learned from so many labels.

    Attributes:
        game: by name.
        judge: `blocker`; `as_logged` for one that takes late blocks for judgements of the step at
            which they came; `paper` for the network and threshold rule of the paper.
        labels, labels_unsafe: labelled steps that it learned from, and how many were unsafe.
        seed: of labels and training.
        flipped: share of labels that were turned round before.
        pack: digest of the steps that it was tried on.
        threshold: from this probability on it blocks; None if there is none.
        unsafe, missed: proposals unsafe in truth, and those of them not blocked.
        safe, needless, effective: proposals safe in truth, those blocked, and those whose block
            changes the game.
        pace: agent steps a second in front of who labelled; the preset's own if None.
        person: which simulated person labelled.
        refused: why there is no judge; None if there is one, and the counts of no judge are 0.
    """

    game: str
    judge: str
    labels: int
    labels_unsafe: int
    seed: int
    flipped: float
    pack: str
    threshold: float | None = None
    unsafe: int = 0
    missed: int = 0
    safe: int = 0
    needless: int = 0
    effective: int = 0
    refused: str | None = None
    pace: float | None = None
    person: str = "typical"  # rows of before name none, and are of this one

    @property
    def key(self) -> tuple[object, ...]:
        """What makes a row the same cell as another."""
        made_of = (self.game, self.judge, self.labels, self.seed, self.flipped, self.pack)
        return (*made_of, self.pace, self.person)


def known_curves(out: Path | None) -> list[CurveRow]:
    """The rows that a file has already.

    Raises:
        RunError: it holds something else.
    """
    if out is None or not out.exists():
        return []
    try:
        return [CurveRow(**row) for row in json.loads(out.read_text(encoding="utf-8"))]
    except (TypeError, ValueError) as error:
        raise RunError(f"{out} does not hold rows of this study: {error}; move it away") from None


def _arms(rows: Sequence[CurveRow]) -> list[tuple[str, float, int, list[CurveRow]]]:
    def arm(row: CurveRow) -> tuple[str, float, int]:
        return row.judge, row.flipped, row.labels

    return [(*key, list(found)) for key, found in groupby(sorted(rows, key=arm), key=arm)]


def _shares(rows: Sequence[CurveRow], name: str) -> list[float]:
    of = "unsafe" if name == "missed" else "safe"
    return [getattr(row, name) / getattr(row, of) for row in rows if row.refused is None]


def curve_table(rows: Sequence[CurveRow]) -> Table:
    """A line for each judge and number of labels: all seeds together."""
    table = Table(title=f"{rows[0].game}: errors over labels", title_justify="left")
    table.caption = (
        "On the pack's test part, by the truth: median over seeds, in brackets from least to most. "
        "Effective: blocked though safe, and the game goes on otherwise. Refused: seeds without a "
        "judge, as there was too little to learn from, or it had not learned."
    )
    table.add_column("judge", no_wrap=True)
    for heading in ("flipped", "labels", "of them unsafe", "seeds", "refused"):
        table.add_column(heading, justify="right")
    for heading in ("seeds that miss", "missed", "effective"):
        table.add_column(heading, justify="right")
    for judge, flipped, labels, found in _arms(rows):
        made = [row for row in found if row.refused is None]
        table.add_row(
            NAMES[judge],
            percent(flipped),
            number(labels),
            number(median(row.labels_unsafe for row in found)),
            str(len(found)),
            str(len(found) - len(made)),
            str(sum(row.missed > 0 for row in made)),
            _spread(_shares(found, "missed")),
            _spread(_shares(found, "effective")),
        )
    return table


def _spread(shares: Sequence[float]) -> str:
    if not shares:
        return "-"
    return f"{percent(median(shares))} ({percent(min(shares))} to {percent(max(shares))})"


def draw_curves(path: Path, rows: Sequence[CurveRow]) -> None:
    """Missed and effectively blocked over labels: a point a seed, a line through the medians."""
    matplotlib.use("Agg")
    figure = Figure(figsize=(11, 5.5), layout="constrained")
    figure.suptitle(f"{rows[0].game}: what labels buy, on a benchmark pack, by the truth")
    left, right = figure.subplots(1, 2)
    _draw(left, rows, "missed", "unsafe proposals missed")
    _draw(right, rows, "effective", "safe proposals blocked,\nand the game changed")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.savefig(path, dpi=110)


def _draw(axes: Axes, rows: Sequence[CurveRow], name: str, label: str) -> None:
    lines: dict[tuple[str, float], list[tuple[float, float]]] = {}
    for judge, flipped, labels, found in _arms(rows):
        shares = [max(share, LEAST_SHARE) for share in _shares(found, name)]
        if shares:
            colour = COLOURS[judge]
            face = "none" if flipped else colour
            at = labels * ASIDE[judge]
            axes.scatter([at] * len(shares), shares, s=14, edgecolors=colour, facecolors=face)
            lines.setdefault((judge, flipped), []).append((at, median(shares)))
    for (judge, flipped), points in lines.items():
        told = NAMES[judge] + (f", {100 * flipped:g} % of labels flipped" if flipped else "")
        style = "--" if flipped else "-"
        axes.plot(*zip(*points, strict=True), style, color=COLOURS[judge], label=told)
    counts = sorted({row.labels for row in rows})
    axes.set_xscale("log")
    axes.set_xticks(counts, [f"{count:,}" for count in counts], minor=False)
    axes.minorticks_off()
    axes.set_yscale("log")
    axes.set_ylim(LEAST_SHARE / 1.5, 1.2)
    ticks = (LEAST_SHARE, 1e-3, 1e-2, 1e-1, 1.0)
    axes.set_yticks(ticks, ["none", *(f"{100 * tick:g} %" for tick in ticks[1:])])
    axes.set_xlabel("labelled agent steps")
    axes.set_ylabel(label)
    axes.grid(visible=True, alpha=0.25)
