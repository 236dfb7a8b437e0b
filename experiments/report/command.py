"""`python -m experiments report`: small files and figures from sweeps, and the page of results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.table import Table as RichTable

from experiments.report.ages import ages_tables
from experiments.report.attention import (
    ATTENTION,
    HOURS,
    draw_attention,
    draw_hours,
    pictures_of,
)
from experiments.report.beside import sections_beside
from experiments.report.collect import (
    ROWS,
    Collected,
    collect,
    plain_rows,
    read_collected,
    read_one,
)
from experiments.report.curves import agents_of, curves_of, draw_curves, draw_story
from experiments.report.layouts import tables_of
from experiments.report.page import page
from experiments.report.tables import Table, write_csv
from experiments.reporter import Reporter
from oversight import RunError

__all__ = ["ReportSettings", "report"]


@dataclass(frozen=True)
class ReportSettings:
    """Tables and figures of sweeps: interquartile means with bootstrap intervals over seeds.

    Each sweep's rows go to a folder of its name in --results, with its command, versions and
    seeds; --page is then made of all that lies in --results. Missing cells are marked as missing.
    A sweep may be played in parts, and its folders may go: what an earlier report found stays.
    Words that you write into `notes.md` there stand on the page above that sweep's tables, and
    the rows of `labour`, `assisted`, `name` and `fast` (`labour.json`, `assisted.json`,
    `named.json`, `fast_*.json`) that lie in --results become tables of their own.
    """

    sweeps: tyro.conf.Positional[tuple[Path, ...]] = ()
    """Folders of sweeps; with none only the page is made anew."""

    results: Path = Path("results/experiments")
    """Where the small files go."""

    page: Path | None = Path("docs/results.md")
    """The page that is made of them; `None` makes none."""

    picture: Path | None = None
    """Where to draw all games' catastrophes and returns as one picture, from the same files."""


def report(settings: ReportSettings, reporter: Reporter) -> list[Collected]:
    """Collect sweeps, print and write their tables, and make the page.

    Raises:
        RunError: a folder is not a sweep's, or a file cannot be written.
    """
    names = [sweep.resolve().name for sweep in settings.sweeps]
    if len(set(names)) < len(names):
        raise RunError(
            f"expected sweeps of different names, got {', '.join(sorted(names))}: what is made of "
            "each goes to a folder of its name; rename one"
        )
    try:
        for sweep in settings.sweeps:
            _keep(collect(sweep), settings.results, reporter)
        everything = read_collected(settings.results)
        if settings.page is not None:
            settings.page.write_text(
                page(everything, sections_beside(settings.results)), encoding="utf-8"
            )
            reporter.say(f"Page: {settings.page}")
        if settings.picture is not None:
            _draw(settings.picture, everything, reporter)
    except OSError as error:
        raise RunError(f"the report cannot be written: {error}") from None
    return everything


def _draw(path: Path, everything: list[Collected], reporter: Reporter) -> None:
    if not draw_story(path, plain_rows(everything)):
        raise RunError("there is no picture without a run of the paper's conditions: sweep first")
    reporter.say(f"Picture: {path}")


def _keep(collected: Collected, results: Path, reporter: Reporter) -> None:
    folder = results / collected.name
    if (before := read_one(folder)) is not None:
        here = {result.key for result in collected.results if result.missing is None}
        collected = collected.beside(before)
        there = [r for r in collected.results if r.missing is None and r.key not in here]
        if there:
            reporter.say(
                f"{len(there)} finished cells are known from an earlier report alone: they stay. "
                f"Remove {folder / ROWS} to forget them"
            )
    collected.write(folder)
    studies = dict.fromkeys(result.study for result in collected.results)
    rows = {name: collected.rows_of(name) for name in studies}
    missing = {
        name: [r.settings for r in collected.results if r.study == name and r.missing is not None]
        for name in studies
    }
    tables = tables_of(rows, missing)
    if rows.get("run"):
        tables += ages_tables(rows["run"])
        for agent in agents_of(rows["run"]):
            mine = [row for row in rows["run"] if row["agent"] == agent]
            title = f"sweep {collected.name}, {agent.replace('_', ' ')}"
            draw_curves(folder / curves_of(agent), mine, title)
    drawn = pictures_of(rows)
    if ATTENTION in drawn:
        draw_attention(folder / ATTENTION, rows["ways"])
    if HOURS in drawn:
        draw_hours(folder / HOURS, rows["run"])
    for table in tables:
        write_csv(folder / f"{_file_name(table.title)}.csv", table)
        reporter.console.print(_rich(table))
    absent = [result for result in collected.results if result.missing is not None]
    for result in absent:
        reporter.say(f"missing: {result.label}: {result.missing}")
    reporter.say(f"Results: {folder}")


def _file_name(title: str) -> str:
    words = title.split(":", maxsplit=1)[0].split("(", maxsplit=1)[0].lower()
    return "_".join("".join(c if c.isalnum() else " " for c in words).split())


def _rich(table: Table) -> RichTable:
    shown = RichTable(title=table.title, title_justify="left")
    for heading in table.headings:
        shown.add_column(heading)
    for row in table.rows:
        shown.add_row(*row)
    return shown
