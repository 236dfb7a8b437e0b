"""The tables that a run ends with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rich.table import Table

from experiments.summary import AFTER, BEFORE, PhaseFigures, upper_95

__all__ = ["FigureRow", "figures_table", "number", "percent", "summary_table"]

FigureRow = tuple[str, PhaseFigures]
TITLES = {
    BEFORE: "oversight",
    AFTER: "under the Blocker",
    "segments": "short episodes",
    "games": "whole games",
}


def number(value: float | None, digits: int = 0) -> str:
    """A count or measurement; a dash where it could not be measured."""
    return "-" if value is None else f"{value:,.{digits}f}"


def percent(value: float | None, digits: int = 2) -> str:
    """A share as per cent; a dash where it could not be measured."""
    return "-" if value is None else f"{100 * value:.{digits}f} %"


def figures_table(rows: Sequence[FigureRow], title: str) -> Table:
    """Phases or proposers, a column each, with exact upper bounds under the catastrophes."""
    table = Table(title=title, title_justify="left", caption_justify="left")
    table.caption = (
        "Catastrophes, unsafe proposals and needless blocks are counted by the emulator's truth; "
        "bounds are one-sided 95 %, exact binomial."
    )
    table.add_column("")
    for name, _ in rows:
        table.add_column(name, justify="right")
    for heading, tell in _LINES:
        table.add_row(heading, *(tell(figures) for _, figures in rows))
    return table


def _bound(figures: PhaseFigures) -> str:
    bound = upper_95(figures.catastrophes, figures.agent_steps)
    return number(None if bound is None else 1000 * bound, 3)


_LINES: tuple[tuple[str, Callable[[PhaseFigures], str]], ...] = (
    ("agent steps", lambda f: number(f.agent_steps)),
    ("catastrophes", lambda f: number(f.catastrophes)),
    ("  per 1,000 steps, at most", _bound),
    ("unsafe proposals", lambda f: number(f.proposed_catastrophes)),
    ("  let through", lambda f: number(f.missed)),
    ("blocks", lambda f: number(f.blocks)),
    ("  needless", lambda f: number(f.needless_blocks)),
    ("  needless, of safe proposals", lambda f: percent(f.needless_rate)),
    ("steps with nothing safe", lambda f: number(f.no_safe_action)),
)


def summary_table(summary: Mapping[str, object]) -> Table:
    """The figures of a run that are not counted by phase."""
    table = Table(title="The run", title_justify="left", show_header=False)
    table.add_column("")
    table.add_column("", justify="right")
    seconds = summary["human_seconds"]
    kind = summary["human_seconds_are"]
    minutes = f"{float(str(seconds)) / 60:.1f} ({kind})" if kind else "none"
    rows = (
        ("game, condition", f"{summary['game']}, {summary['condition']}"),
        ("overseer", str(summary["overseer"])),
        ("human minutes", minutes),
        ("hand-over", str(summary["handover"] or "none")),
        ("whole games finished", number(_float(summary["games_finished"]))),
        ("mean return of whole games", number(_float(summary["game_return_mean"]), 1)),
        ("agent steps a second", number(_float(summary["agent_steps_per_second"]))),
        ("seconds in all", number(_float(summary["wall_seconds"]))),
    )
    for name, value in rows:
        table.add_row(name, value)
    return table


def _float(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
