"""Tables of results: rows of a study grouped, and what the seeds of a group say together."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.report.statistics import Estimate, estimate
from experiments.sweep.cell import Json
from experiments.sweep.study import Row
from oversight.bounds import upper_bound

__all__ = ["Column", "Layout", "Table", "as_markdown", "grouped", "number_of", "write_csv"]

MISSING = "missing"


def number_of(row: Mapping[str, Json], name: str) -> float | None:
    """A row's figure; None where it could not be measured. "phases.blocker.blocks" goes in."""
    value: Json = dict(row)
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return float(value) if isinstance(value, int | float) else None


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: above it.
        of: from a group's rows to its text.
    """

    heading: str
    of: Callable[[Sequence[Row]], str]

    @classmethod
    def mean(cls, heading: str, name: str, digits: int = 1, per: str | None = None) -> Column:
        """Interquartile mean with its interval over seeds; of 1,000 `per` if that is named."""

        def of(rows: Sequence[Row]) -> str:
            found: Estimate | None = estimate([_rate(row, name, per) for row in rows])
            return "-" if found is None else found.in_words(digits)

        return cls(heading, of)

    @classmethod
    def share(cls, heading: str, part: str, whole: str) -> Column:
        """Interquartile mean of a share, as per cent."""

        def of(rows: Sequence[Row]) -> str:
            rates = [_rate(row, part, whole) for row in rows]
            found = estimate([None if rate is None else rate / 10 for rate in rates])
            return "-" if found is None else found.in_words(2) + " %"

        return cls(heading, of)

    @classmethod
    def count(cls, heading: str, events: str, trials: str) -> Column:
        """Sum over seeds, with the exact upper bound of its rate for 1,000 trials."""

        def of(rows: Sequence[Row]) -> str:
            pairs = [(number_of(row, events), number_of(row, trials)) for row in rows]
            known = [(int(e), int(t)) for e, t in pairs if e is not None and t]
            if not known:
                return "-"
            seen, tried = sum(e for e, _ in known), sum(t for _, t in known)
            bound = 1000 * upper_bound(min(seen, tried), tried)
            return f"{seen:,} in {tried:,} (at most {bound:.3g})"

        return cls(heading, of)

    @classmethod
    def total(cls, heading: str, name: str, scale: float = 1.0, digits: int = 0) -> Column:
        """Sum over seeds."""

        def of(rows: Sequence[Row]) -> str:
            known = [v for v in (number_of(row, name) for row in rows) if v is not None]
            return f"{sum(known) * scale:,.{digits}f}" if known else "-"

        return cls(heading, of)


def _rate(row: Row, name: str, per: str | None) -> float | None:
    value = number_of(row, name)
    if per is None or value is None:
        return value
    whole = number_of(row, per)
    return 1000 * value / whole if whole else None


@dataclass(frozen=True)
class Layout:
    """How a study's rows become a table.

    Attributes:
        title: above it.
        by: what groups are made by, with their headings.
        columns: what is said of a group.
        note: what a reader has to know, above the table.
    """

    title: str
    by: Mapping[str, str]
    columns: tuple[Column, ...]
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table of texts, with a note above it or none."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def grouped(rows: Sequence[Row], layout: Layout, expected: Sequence[Row] = ()) -> Table:
    """Group rows and say what each group's seeds say together.

    Args:
        rows: of one study.
        layout: how.
        expected: what was asked for: a group of it that no row is in is marked as missing.
    """
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in (*expected, *rows):
        groups.setdefault(tuple(_word(row.get(name)) for name in layout.by), [])
    for row in rows:
        groups[tuple(_word(row.get(name)) for name in layout.by)].append(row)
    table = [
        _line(key, members, layout.columns) for key, members in sorted(groups.items(), key=_order)
    ]
    headings = (*layout.by.values(), "seeds", *(column.heading for column in layout.columns))
    return Table(layout.title, headings, tuple(table), layout.note)


def _order(group: tuple[tuple[str, ...], list[Row]]) -> list[tuple[int, str]]:
    """Numbers by their size, words by the alphabet."""
    plain = [word.replace(",", "") for word in group[0]]
    return [(int(word) if word.isdecimal() else 0, word) for word in plain]


def _line(key: tuple[str, ...], rows: list[Row], columns: Sequence[Column]) -> tuple[str, ...]:
    if not rows:
        return (*key, "0", *(MISSING for _ in columns))
    seeds = {row.get("seed") for row in rows}
    return (*key, str(len(seeds)), *(column.of(rows) for column in columns))


def _word(value: Json) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else str(value).replace("_", " ")


def as_markdown(table: Table) -> str:
    """For a page."""
    lines = [table.headings, tuple("---" for _ in table.headings), *table.rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_csv(path: Path, table: Table) -> None:
    """For other programs."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([table.headings, *table.rows])
