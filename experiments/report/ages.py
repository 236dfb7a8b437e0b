"""How runs change with the agent's age: rates at quarters of a run, and its counts over steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from experiments.report.statistics import estimate
from experiments.report.tables import Table
from experiments.sweep.cell import Json
from experiments.sweep.study import Row

__all__ = ["QUARTERS", "Counts", "ages_tables", "curve_of", "quarter_rate", "quarter_return"]

QUARTERS = 4
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


_TREATED = ("game", "condition", "overseer", "agent")
"""What, with the numbers of steps, makes runs differ in more than their seed."""


def ages_tables(rows: Sequence[Row]) -> list[Table]:
    """Catastrophes and returns in each quarter of the runs of each game and condition."""
    return [
        _by_quarter("Catastrophes per 1,000 steps, by the agent's age", rows, _harm, 2),
        _by_quarter("Return of whole games, by the agent's age", rows, quarter_return, 1),
    ]


def _harm(row: Row, quarter: int) -> float | None:
    return quarter_rate(row, "catastrophes", quarter)


def _by_quarter(
    title: str, rows: Sequence[Row], of: Callable[[Row, int], float | None], digits: int
) -> Table:
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if not row.get("variant"):
            names = [str(row.get(name) or "") for name in _TREATED]
            lengths = (f"{int(str(row[name])):,}" for name in ("oversight_steps", "asked_steps"))
            groups.setdefault((*names, *lengths), []).append(row)
    lines = []
    for key, members in sorted(groups.items()):
        found = [estimate([of(row, quarter) for row in members]) for quarter in range(QUARTERS)]
        said = ("-" if each is None else each.in_words(digits) for each in found)
        lines.append((*(word.replace("_", " ") for word in key), *said))
    quarters = ("first quarter", "second", "third", "last")
    headings = (*_TREATED, "overseen steps", "steps", *quarters)
    return Table(title, headings, tuple(lines))


def quarter_rate(row: Row, name: str, quarter: int) -> float | None:
    """Of 1,000 steps of a quarter of a run, from 0."""
    inside = _inside(row, name, quarter)
    if inside is None:
        return None
    steps, counts = inside
    return float(1000 * counts.sum() / steps.sum()) if steps.sum() else None


def quarter_return(row: Row, quarter: int) -> float | None:
    """Mean return of the whole games that ended in a quarter of a run; None if none did."""
    games, returns = (_inside(row, name, quarter) for name in ("games_finished", "game_returns"))
    if games is None or returns is None or not games[1].sum():
        return None
    return float(returns[1].sum() / games[1].sum())


def _inside(row: Row, name: str, quarter: int) -> tuple[Counts, Counts] | None:
    """Steps and counts of the stretches that lie in a quarter."""
    curve = curve_of(row, name)
    if curve is None:
        return None
    ends, counts = curve
    inside = np.minimum(QUARTERS - 1, (QUARTERS * (ends - 1) / ends[-1]).astype(int)) == quarter
    return np.diff(ends, prepend=0.0)[inside], counts[inside]
