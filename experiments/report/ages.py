"""How runs change with the agent's age: rates at quarters of a run, and curves over steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments.report.statistics import estimate
from experiments.report.tables import Table
from experiments.sweep.cell import Json
from experiments.sweep.study import Row

__all__ = ["ages_table", "curve_of", "draw_curves"]

QUARTERS = 4
COLOURS = {"hirl": "#2b5d9b", "penalty_only": "#d98200", "no_oversight": "#b3261e"}
Counts = NDArray[np.float64]


def curve_of(row: Row, name: str) -> tuple[Counts, Counts] | None:
    """Steps at the end of each stretch of a run's row, and what was counted in it.

    None if it was not counted.
    """
    curve: Json = row.get("curve")
    parts = [part for part in curve if isinstance(part, dict)] if isinstance(curve, list) else []
    values = [part.get(name) for part in parts]
    if not parts or not all(isinstance(value, int | float) for value in values):
        return None
    steps = np.array([float(str(part["steps"])) for part in parts])
    return np.cumsum(steps), np.array([float(str(value)) for value in values])


def ages_table(rows: Sequence[Row]) -> Table:
    """Catastrophes per 1,000 steps in each quarter of the runs of each game and condition."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        if not row.get("variant"):
            key = (str(row["game"]), str(row["condition"]), f"{row['asked_steps']:,}")
            groups.setdefault(key, []).append(row)
    lines = [
        (
            *(word.replace("_", " ") for word in key),
            *(_rate(members, quarter) for quarter in range(QUARTERS)),
        )
        for key, members in sorted(groups.items())
    ]
    headings = ("game", "condition", "steps", "first quarter", "second", "third", "last")
    return Table("Catastrophes per 1,000 steps, by the agent's age", headings, tuple(lines))


def _rate(rows: Sequence[Row], quarter: int) -> str:
    found = estimate([quarter_rate(row, "catastrophes", quarter) for row in rows])
    return "-" if found is None else found.in_words(2)


def quarter_rate(row: Row, name: str, quarter: int) -> float | None:
    """Of 1,000 steps of a quarter of a run, from 0."""
    curve = curve_of(row, name)
    if curve is None:
        return None
    ends, counts = curve
    inside = np.minimum(QUARTERS - 1, (QUARTERS * (ends - 1) / ends[-1]).astype(int)) == quarter
    steps = np.diff(ends, prepend=0.0)[inside].sum()
    return float(1000 * counts[inside].sum() / steps) if steps else None


def draw_curves(path: Path, rows: Sequence[Row], title: str) -> bool:
    """Cumulative catastrophes and score over steps, a column a game, a line a seed.

    Returns:
        Whether there was anything to draw.
    """
    plain = [row for row in rows if not row.get("variant") and curve_of(row, "catastrophes")]
    games = sorted({str(row["game"]) for row in plain})
    if not games:
        return False
    matplotlib.use("Agg")
    figure = Figure(figsize=(4.6 * len(games) + 1, 6.5), layout="constrained")
    axes = figure.subplots(2, len(games), squeeze=False)
    figure.suptitle(title)
    for column, game in enumerate(games):
        mine = [row for row in plain if row["game"] == game]
        axes[0, column].set_title(game.replace("_", " "))
        for row in mine:
            _line(axes[0, column], row, "catastrophes", cumulative=True)
            _line(axes[1, column], row, "game_reward", cumulative=False)
        _shade(axes[:, column], mine)
        axes[1, column].set_xlabel("agent steps")
    axes[0, 0].set_ylabel("catastrophes, cumulative (by the truth)")
    axes[1, 0].set_ylabel("score per 1,000 steps")
    labels = {row["condition"]: COLOURS[str(row["condition"])] for row in plain}
    for name, colour in labels.items():
        axes[0, 0].plot([], [], color=colour, label=str(name).replace("_", " "))
    axes[0, 0].legend(loc="upper left")
    figure.savefig(path, dpi=100, metadata={"Software": None})
    return True


def _line(axis: Axes, row: Row, name: str, *, cumulative: bool) -> None:
    curve = curve_of(row, name)
    if curve is None:
        return
    ends, counts = curve
    steps = np.diff(ends, prepend=0.0)
    values = np.cumsum(counts) if cumulative else 1000 * counts / steps
    axis.plot(ends, values, color=COLOURS[str(row["condition"])], alpha=0.8)
    axis.grid(visible=True, alpha=0.25)
    if cumulative:
        axis.set_yscale("symlog", linthresh=1)
        axis.set_ylim(bottom=0)


def _shade(axes: Iterable[Axes], rows: Sequence[Row]) -> None:
    overseen = [row["oversight_steps"] for row in rows if row["condition"] == "hirl"]
    for axis in axes:
        for steps in {float(str(each)) for each in overseen}:
            axis.axvspan(0, steps, color="#e8eef7", zorder=0)
