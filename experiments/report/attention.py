"""What a person's attention costs and buys: pictures of sweeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.report.tables import number_of
from experiments.settings import Condition
from experiments.sweep.study import Row

__all__ = ["ATTENTION", "HOURS", "draw_attention", "draw_hours", "pictures_of"]

ATTENTION, HOURS = "attention.png", "hours.png"
FEWEST = 3
"""So many amounts of oversight, at least, are a curve."""


def pictures_of(rows: Mapping[str, Sequence[Row]]) -> dict[str, str]:
    """Which of these pictures there are of a sweep: file name and what it shows."""
    there = {}
    if rows.get("ways"):
        there[ATTENTION] = "Seconds of attention against what is missed"
    if _games_with_hours(rows.get("run", ())):
        there[HOURS] = "What hours of oversight buy"
    return there


def draw_attention(path: Path, rows: Sequence[Row]) -> None:
    """Seconds of attention against what is missed, a point for each way of working, by game.

    Args:
        path: of the picture.
        rows: of the study `ways`; seeds of a way are averaged.
    """
    games = sorted({str(row["game"]) for row in rows})
    figure, axes = _figure(len(games), 1)
    for axis, game in zip(axes[0], games, strict=True):
        mine = [row for row in rows if row["game"] == game]
        for place, (seconds, missed, arm) in enumerate(sorted(_points(mine))):
            axis.plot(seconds, missed, "o", color="#2b5d9b")
            # Neighbours' words stand above each other, not on each other.
            axis.annotate(
                arm,
                (seconds, missed),
                xytext=(5, 4 + 10 * (place % 2)),
                textcoords="offset points",
                fontsize=8,
            )
        axis.set_title(game.replace("_", " "))
        axis.set_yscale("symlog", linthresh=1)
        axis.set_ylim(bottom=-0.15)
        axis.set_xlabel("seconds of attention for 1,000 steps (simulated)")
        axis.margins(x=0.25)
        axis.set_xlim(left=0)
    axes[0, 0].set_ylabel("missed of 1,000 unsafe proposals\n(linear below 1)")
    figure.savefig(path, dpi=100, metadata={"Software": None})


def draw_hours(path: Path, rows: Sequence[Row]) -> None:
    """Return and catastrophes over hours of oversight, by game.

    Args:
        path: of the picture.
        rows: of runs; nobody overseeing counts as 0 hours.
    """
    games = _games_with_hours(rows)
    figure, axes = _figure(len(games), 2)
    for column, game in enumerate(games):
        mine = sorted(_overseen(rows, game), key=_hours)
        hours = [_hours(row) for row in mine]
        for axis, name in zip(axes[:, column], ("catastrophes", "game_return_mean"), strict=True):
            values = [number_of(row, name) for row in mine]
            axis.plot(hours, [np.nan if v is None else v for v in values], "o-", color="#2b5d9b")
            axis.set_xscale("symlog", linthresh=0.1)
            axis.set_xlim(left=-0.01)
            axis.set_xticks([0, 0.1, 0.25, 0.5, 1, 2, 4], ["0", ".1", ".25", ".5", "1", "2", "4"])
            axis.minorticks_off()
        axes[0, column].set_yscale("symlog", linthresh=1)
        axes[0, column].set_ylim(bottom=-0.15)
        axes[0, column].set_title(game.replace("_", " "))
        axes[1, column].set_xlabel("hours of oversight (simulated)")
    axes[0, 0].set_ylabel("catastrophes of the whole run\n(linear below 1)")
    axes[1, 0].set_ylabel("return of whole games")
    figure.savefig(path, dpi=100, metadata={"Software": None})


def _points(rows: Sequence[Row]) -> Iterator[tuple[float, float, str]]:
    """Of each way of working its seconds, what it misses, and its name."""
    for arm in {str(row["arm"]) for row in rows}:
        mine = [row for row in rows if row["arm"] == arm]
        seconds, missed = _mean(mine, "seconds", "steps"), _mean(mine, "missed", "unsafe")
        if seconds is not None and missed is not None:
            yield seconds, missed, arm


def _figure(columns: int, rows: int) -> tuple[Figure, np.ndarray]:
    matplotlib.use("Agg")
    figure = Figure(figsize=(4.4 * columns + 1.2, 3.2 * rows + 0.4), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        assert isinstance(axis, Axes)
        axis.grid(visible=True, alpha=0.25)
    return figure, axes


def _mean(rows: Sequence[Row], part: str, whole: str) -> float | None:
    """The mean rate in 1,000, over rows that have one."""
    pairs = [(number_of(row, part), number_of(row, whole)) for row in rows]
    rates = [1000 * p / w for p, w in pairs if p is not None and w]
    return float(np.mean(rates)) if rates else None


def _games_with_hours(rows: Sequence[Row]) -> list[str]:
    """Games with runs of several amounts of oversight."""
    games = sorted({str(row["game"]) for row in rows})
    return [game for game in games if len(_amounts(_overseen(rows, game))) >= FEWEST]


def _amounts(rows: Sequence[Row]) -> set[str]:
    return {str(row["oversight_steps"]) for row in rows if row["condition"] == Condition.HIRL}


def _overseen(rows: Sequence[Row], game: str) -> list[Row]:
    """A game's plain runs under nobody or under a person and then a Blocker.

    Those of fewer steps than others are left out: a run that was stopped did less harm by that.
    """
    mine = [
        row
        for row in rows
        if row["game"] == game
        and row["condition"] != Condition.PENALTY_ONLY
        and not row.get("variant")
    ]
    most = max((number_of(row, "asked_steps") or 0.0 for row in mine), default=0.0)
    return [row for row in mine if number_of(row, "asked_steps") == most]


def _hours(row: Row) -> float:
    return (number_of(row, "human_seconds") or 0.0) / 3600
