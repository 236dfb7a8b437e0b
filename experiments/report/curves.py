"""Pictures of runs over agent steps: what each condition cost, and what its agent scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from experiments.figures import SHADES
from experiments.report.ages import QUARTERS, Counts, curve_of, quarter_rate
from experiments.report.paper import of_paper
from experiments.settings import Condition
from experiments.sweep.study import Row

__all__ = ["agents_of", "curves_of", "draw_curves", "draw_story", "returns_of", "spread"]

COLOURS: Mapping[Condition, str] = MappingProxyType(
    {
        Condition.NO_OVERSIGHT: "#b3261e",
        Condition.PENALTY_ONLY: "#d98200",
        Condition.HIRL: "#2b5d9b",
    }
)
NAMES: Mapping[Condition, str] = MappingProxyType(
    {
        Condition.NO_OVERSIGHT: "nobody oversees",
        Condition.PENALTY_ONLY: "penalty only",
        Condition.HIRL: "HIRL: overseen, then a Blocker",
    }
)
APART = 0.075
"""Of an axis' height: labels nearer than that would stand on each other."""
Panel = Callable[[Axes, str, Sequence[Row]], None]


def agents_of(rows: Sequence[Row]) -> list[str]:
    """Agents of whose plain runs there is a curve: each has a picture of its own."""
    there = {str(row["agent"]) for row in rows if _has_curve(row)}
    return sorted(there)


def curves_of(agent: str) -> str:
    """Name of an agent's picture in a sweep's folder of results."""
    return f"curves-{agent}.png"


def _has_curve(row: Row) -> bool:
    return not row.get("variant") and curve_of(row, "catastrophes") is not None


def returns_of(row: Row) -> tuple[Counts, Counts] | None:
    """Steps at the end of each stretch in which whole games ended, and their mean return.

    None if no game ended, or a run's row says nothing of them.
    """
    games, returns = curve_of(row, "games_finished"), curve_of(row, "game_returns")
    if games is None or returns is None or not games[1].any():
        return None
    ended = games[1] > 0
    return games[0][ended], returns[1][ended] / games[1][ended]


def draw_curves(path: Path, rows: Sequence[Row], title: str) -> bool:
    """Catastrophes, their rate by age and the return, a column a game, a line a seed.

    Returns:
        Whether there was anything to draw.
    """
    panels: dict[str, Panel] = {
        "catastrophes so far\n(by the truth; linear below 1)": _steeply,
        "catastrophes per 1,000 steps\nby quarter; dashed: the paper's mean": _by_age,
        "return of whole games": _returns,
    }
    return _draw(path, rows, title, panels)


def draw_story(path: Path, rows: Sequence[Row]) -> bool:
    """What a reader should see first: the harm done while learning, and what was learned.

    Returns:
        Whether there was anything to draw.
    """
    panels: dict[str, Panel] = {
        "catastrophes so far": _plainly,
        "return of whole games": _returns,
    }
    return _draw(path, rows, "Catastrophes while the agent learns, by the emulator's truth", panels)


def _draw(path: Path, rows: Sequence[Row], title: str, panels: Mapping[str, Panel]) -> bool:
    plain = [row for row in rows if _has_curve(row)]
    games = sorted({str(row["game"]) for row in plain}, key=_as_in_the_paper)
    if not games:
        return False
    matplotlib.use("Agg")
    figure = Figure(figsize=(4.4 * len(games) + 2, 2.9 * len(panels) + 0.9), layout="constrained")
    axes = figure.subplots(len(panels), len(games), squeeze=False)
    figure.suptitle(title, fontsize=13)
    for column, game in enumerate(games):
        mine = [row for row in plain if row["game"] == game]
        for axis, panel in zip(axes[:, column], panels.values(), strict=True):
            panel(axis, game, mine)
            axis.grid(visible=True, alpha=0.25)
        axes[0, column].set_title(game.replace("_", " "))
    for axis, heading in zip(axes[:, 0], panels, strict=True):
        axis.set_ylabel(heading)
    _legend(figure, axes[0, 0], plain)
    figure.savefig(path, dpi=100, metadata={"Software": None})
    return True


def _as_in_the_paper(game: str) -> tuple[int, str]:
    order = ("pong", "space_invaders", "road_runner")
    return (order.index(game) if game in order else len(order)), game


def _legend(figure: Figure, axis: Axes, rows: Sequence[Row]) -> None:
    there = {str(row["condition"]) for row in rows}
    lines = [
        axis.plot([], [], color=colour, linewidth=2.5, label=NAMES[condition])[0]
        for condition, colour in COLOURS.items()
        if condition in there
    ]
    figure.legend(
        handles=lines,
        loc="outside lower center",
        ncols=len(lines),
        frameon=False,
        fontsize=9,
        columnspacing=1.2,
    )


def _steeply(axis: Axes, game: str, rows: Sequence[Row]) -> None:
    _cumulative(axis, game, rows)
    axis.set_yscale("symlog", linthresh=1)
    axis.set_ylim(bottom=0)


def _plainly(axis: Axes, game: str, rows: Sequence[Row]) -> None:
    _cumulative(axis, game, rows)
    most = max(float(curve[1].sum()) for curve in _curves(rows, "catastrophes"))
    top = 1.12 * max(1.0, most)
    axis.set_ylim(-0.02 * top, top)
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    ends: dict[Condition, float] = {}
    longest = max(_steps(rows))
    words: dict[Condition, str] = {}
    for condition in COLOURS:
        mine = [row for row in rows if row["condition"] == condition]
        if counts := [float(curve[1].sum()) for curve in _curves(mine, "catastrophes")]:
            ends[condition] = float(np.mean(counts))
            short = min(_steps(mine)) < longest
            words[condition] = f" in {min(_steps(mine)):,} steps" if short else ""
    heights = spread([(0.02 * top + value) / (1.02 * top) for value in ends.values()], APART)
    for (condition, value), height in zip(ends.items(), heights, strict=True):
        axis.text(
            1.01, height, f"{value:,.0f}{words[condition]}", transform=axis.transAxes, va="center",
            color=COLOURS[condition], fontweight="bold",
        )  # fmt: skip


def _steps(rows: Iterable[Row]) -> list[int]:
    return [int(str(row["asked_steps"])) for row in rows]


def spread(heights: Sequence[float], apart: float) -> list[float]:
    """Move heights up until none is nearer than `apart` to the one below; order is kept."""
    moved = list(heights)
    last = -np.inf
    for index in np.argsort(heights, kind="stable"):
        last = moved[index] = max(moved[index], last + apart)
    return moved


def _curves(rows: Iterable[Row], name: str) -> list[tuple[Counts, Counts]]:
    return [curve for row in rows if (curve := curve_of(row, name)) is not None]


def _cumulative(axis: Axes, _game: str, rows: Sequence[Row]) -> None:
    for row in rows:
        for ends, counts in _curves([row], "catastrophes"):
            axis.plot(
                np.concatenate([[0.0], ends]),
                np.concatenate([[0.0], np.cumsum(counts)]),
                color=COLOURS[Condition(str(row["condition"]))],
                linewidth=2,
                alpha=0.9,
                clip_on=False,
            )
    _phases(axis, rows)


def _returns(axis: Axes, _game: str, rows: Sequence[Row]) -> None:
    for row in rows:
        if (found := returns_of(row)) is not None:
            colour = COLOURS[Condition(str(row["condition"]))]
            axis.plot(*found, "o-", color=colour, markersize=3.5, linewidth=1, alpha=0.85)
    if all(returns_of(row) is None for row in rows):
        axis.set_yticks([])
        axis.text(0.5, 0.5, "no whole game ended", transform=axis.transAxes, ha="center")
    _phases(axis, rows)


def _phases(axis: Axes, rows: Sequence[Row]) -> None:
    """Shade who judged in the HIRL runs, and say it."""
    axis.set_xlim(0, max(_steps(rows)))
    axis.xaxis.set_major_locator(MaxNLocator(5))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _position: f"{value:,.0f}"))
    axis.set_xlabel("agent steps")
    for row in rows:
        if row["condition"] == Condition.HIRL:
            overseen, end = int(str(row["oversight_steps"])), int(str(row["asked_steps"]))
            axis.axvspan(0, overseen, color=SHADES["oversight"], zorder=0)
            axis.axvspan(overseen, end, color=SHADES["blocker"], zorder=0)
            place = axis.get_xaxis_transform()
            words = {"va": "top", "fontsize": 8, "color": "#555555", "transform": place}
            axis.text(0, 0.99, f" {row['overseer']}", **words)  # type: ignore[arg-type]
            axis.text(overseen, 0.93, " Blocker", **words)  # type: ignore[arg-type]
            return


def _by_age(axis: Axes, game: str, rows: Sequence[Row]) -> None:
    conditions = [c for c in COLOURS if any(row["condition"] == c for row in rows)]
    width = 0.8 / len(conditions)
    for place, condition in enumerate(conditions):
        mine = [row for row in rows if row["condition"] == condition]
        for quarter in range(QUARTERS):
            rates = [quarter_rate(row, "catastrophes", quarter) for row in mine]
            known = [rate for rate in rates if rate is not None]
            x = quarter + (place - (len(conditions) - 1) / 2) * width
            height = float(np.mean(known)) if known else 0.0
            axis.bar(x, height, width, color=COLOURS[condition])
            if known and height == 0:
                axis.text(x, 0, "0", ha="center", va="bottom", color=COLOURS[condition])
        if (theirs := of_paper(game, condition)) is not None and theirs.per_1000 > 0:
            axis.axhline(theirs.per_1000, color=COLOURS[condition], linestyle="--", linewidth=1)
    axis.set_xticks(range(QUARTERS), ["first", "second", "third", "last"])
    axis.set_yscale("symlog", linthresh=0.1)
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _position: f"{value:g}"))
    axis.set_xlabel("quarter of the run")
