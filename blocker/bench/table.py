"""The comparison as a table for a terminal."""

from __future__ import annotations

from rich.table import Table

from blocker.bench.measures import Measures, Rate
from blocker.bench.run import Bench
from blocker.bench.speed import Speed

__all__ = ["HEADINGS", "bench_table", "cells", "percent"]

HEADINGS = (
    "missed",
    "at most, by row / run",
    "needless",
    "effective",
    "at recall 0.99 / 0.999 / 1",
    "AUC",
    "AP",
    "ECE",
    "bad swaps",
    "p50 / p99 us",
    "KB",
)


def bench_table(bench: Bench) -> Table:
    """One row for each judge."""
    positives, negatives = int(bench.data.unsafe.sum()), int((~bench.data.unsafe).sum())
    table = Table(
        title=f"{bench.data.game.title}: {positives:,} unsafe and {negatives:,} safe proposals",
        title_justify="left",
        caption_justify="left",
    )
    table.caption = (
        "Missed: unsafe in truth, not blocked. At most: upper ends of exact two-sided 95 % "
        "intervals. Needless: safe in truth, blocked; effective: and the game goes another way. "
        "Bad swaps: blocks whose replacement is unsafe. Times: one step from raw screens, one "
        "thread. * sees more than a Blocker may."
    )
    table.add_column("judge", overflow="fold")
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for row in bench.rows:
        star = " *" if row.judge.kind == "privileged" else ""
        table.add_row(row.judge.name + star, *cells(row.measures, row.speed, row.judge.size_bytes))
    return table


def cells(measures: Measures, speed: list[Speed], size_bytes: int | None) -> tuple[str, ...]:
    """The figures of one judge as text, in the order of `HEADINGS`."""
    single = next((one for one in speed if one.batch == 1), None)
    recalls = " / ".join(percent(rate) for rate in measures.at_recall.values())
    return (
        f"{measures.misses.events} / {measures.misses.trials}",
        f"{percent(measures.misses.high)} / {percent(measures.runs_missed.high)}",
        percent(measures.false_alarms.rate),
        _rate(measures.effective),
        recalls,
        _number(measures.auc),
        _number(measures.average_precision),
        _number(measures.calibration_error),
        "-"
        if measures.bad_replacements is None
        else f"{measures.bad_replacements.events} / {measures.bad_replacements.trials}",
        "-" if single is None else f"{single.p50_us:,.0f} / {single.p99_us:,.0f}",
        "-" if size_bytes is None else f"{size_bytes / 1024:,.0f}",
    )


def percent(rate: float | None) -> str:
    """A share as per cent; a dash where it could not be measured."""
    return "-" if rate is None else f"{100 * rate:.3g} %"


def _rate(rate: Rate | None) -> str:
    return "-" if rate is None else percent(rate.rate)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
