"""`docs/results.md`, made from the small files in `results/` and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from experiments.report.ages import ages_tables
from experiments.report.attention import pictures_of
from experiments.report.collect import Collected, Result, plain_rows
from experiments.report.curves import agents_of, curves_of
from experiments.report.layouts import tables_of
from experiments.report.paper import DIFFERENCES, PAPER, SOURCE, PaperFigure
from experiments.report.statistics import estimate
from experiments.report.tables import MISSING, Table, as_markdown, number_of
from experiments.settings import Condition
from experiments.sweep.cell import Json
from experiments.sweep.study import Row
from oversight.bounds import upper_bound

__all__ = ["page", "paper_table"]

HEAD = """# Results

Made by `python -m experiments report` from the files in `results/experiments/`, not by hand.
Catastrophes are counted by the emulator's truth. Figures over seeds are interquartile means with
95 % bootstrap intervals in brackets; "at most" is the one-sided exact 95 % bound for 1,000 steps,
steps taken as independent, which they are not quite. **Every human minute is simulated.** What was
not played yet is marked *missing*. Minutes are of a wall clock, with other cells and other work on
the machine. What the figures mean: [summary.md](summary.md).
Blockers by themselves: [blocker_study.md](blocker_study.md), named on screens:
[naming.md](naming.md); the truth that counts them: [truth_table.md](truth_table.md).
"""


def page(collected: Sequence[Collected], beside: Iterable[str] = ()) -> str:
    """The whole page; `beside` are lines from `sections_beside`."""
    parts = [HEAD, "## The paper's table", "", as_markdown(paper_table(collected)), ""]
    parts += [
        "The paper's figures were read off its plots, within about 3 % "
        f"({SOURCE}). How the set-ups differ:",
        "",
        *(f"- {each}" for each in DIFFERENCES),
        "",
        *beside,
    ]
    for each in collected:
        parts += list(_section(each))
    if not collected:
        parts += ["No sweep's results are in `results/experiments/` yet.", ""]
    return "\n".join(parts).rstrip() + "\n"


def paper_table(collected: Sequence[Collected]) -> Table:
    """Nine cells of the paper, ours of the largest budget beside them."""
    rows = plain_rows(collected)
    lines = tuple(_beside(figure, rows) for figure in PAPER)
    headings = (
        *("game", "condition", "paper: catastrophes", "frames", "per 1,000", "remarks"),
        *("ours: steps", "overseen", "seeds", "catastrophes", "after hand-over"),
        *("per 1,000 steps", "return"),
    )
    return Table("The paper's table", headings, lines)


def _beside(figure: PaperFigure, rows: Sequence[Row]) -> tuple[str, ...]:
    theirs = (
        figure.game.replace("_", " "),
        figure.condition.value.replace("_", " "),
        f"{figure.catastrophes:,}",
        f"{figure.frames:,}",
        f"{figure.per_1000:.3g}",
        figure.note,
    )
    mine = [r for r in rows if (r["game"], r["condition"]) == (figure.game, figure.condition)]
    if not mine:
        return (*theirs, *(MISSING for _ in range(7)))
    counts = [(int(number_of(r, "catastrophes") or 0), int(str(r["agent_steps"]))) for r in mine]
    seen, tried = sum(c for c, _ in counts), sum(t for _, t in counts)
    rate = estimate([1000 * c / t for c, t in counts])
    score = estimate([number_of(r, "game_return_mean") for r in mine])
    said = "-" if rate is None else rate.in_words(2)
    if seen == 0:
        said = f"0 (at most {1000 * upper_bound(0, tried):.3g})"
    scored = "-" if score is None else score.in_words()
    seeds = len({row["seed"] for row in mine})
    overseen, after = _handed_over(mine)
    steps = f"{mine[0]['asked_steps']:,}"
    return (*theirs, steps, overseen, str(seeds), f"{seen:,}", after, said, scored)


def _handed_over(rows: Sequence[Row]) -> tuple[str, str]:
    """For how many steps a person oversees, and what is counted after; nothing without HIRL."""
    if rows[0]["condition"] != Condition.HIRL:
        return "-", "-"
    overseen = [int(str(row["oversight_steps"])) for row in rows]
    steps = sum(int(str(row["agent_steps"])) for row in rows) - sum(overseen)
    counts = [number_of(row, "catastrophes_after_handover") for row in rows]
    asked = ", ".join(f"{each:,}" for each in sorted(set(overseen)))
    known = [int(count) for count in counts if count is not None]
    if len(known) < len(rows) or steps <= 0:
        return asked, "-"
    return asked, f"{sum(known):,} in {steps:,}"


def _section(collected: Collected) -> Iterator[str]:
    missing = [result for result in collected.results if result.missing is not None]
    done = [result for result in collected.results if result.missing is None]
    yield from (f"## Sweep `{collected.name}`", "", "```", collected.command, "```", "")
    hours = sum(result.wall_seconds or 0.0 for result in done) / 3600
    cells = f"{len(done)} of {len(collected.results)} cells"
    yield f"{cells}, {hours:.2f} hours of computing{_on(done)}."
    yield ""
    if collected.notes:
        yield from (collected.notes, "")
    studies = {result.study for result in collected.results}
    rows = {name: collected.rows_of(name) for name in studies}
    absent = {name: [r.settings for r in missing if r.study == name] for name in studies}
    tables = tables_of(rows, absent)
    if rows.get("run"):
        tables[1:1] = ages_tables(rows["run"])
        for agent in agents_of(rows["run"]):
            place = f"../results/experiments/{collected.name}/{curves_of(agent)}"
            yield from (f"![Catastrophes and returns, {agent.replace('_', ' ')}]({place})", "")
    for picture, words in pictures_of(rows).items():
        yield from (f"![{words}](../results/experiments/{collected.name}/{picture})", "")
    tables.append(_cells(collected.results))
    for table in tables:
        note = (table.note, "") if table.note else ()
        yield from (f"### {table.title}", "", *note, as_markdown(table), "")


def _cells(results: Sequence[Result]) -> Table:
    """Every cell with its size and the time that it took, or why there is nothing of it."""
    lines = tuple(
        (
            each.study.replace("_", " "),
            each.label,
            f"{_steps(each.settings):,}",
            "-" if each.wall_seconds is None else f"{each.wall_seconds / 60:.1f}",
            "done" if each.missing is None else f"{MISSING}: {each.missing}",
        )
        for each in results
    )
    headings = ("study", "cell", "agent steps", "minutes", "state")
    return Table("Cells and their time", headings, lines)


def _steps(settings: Mapping[str, Json]) -> int:
    """Of a run, or of a study about one."""
    names = ("steps",) if "steps" in settings else ("oversight_steps", "blocker_steps")
    return sum(int(str(settings[name])) for name in names)


def _on(done: Sequence[Result]) -> str:
    machines = {_words(result) for result in done if result.machine}
    return " on " + "; ".join(sorted(machines)) if machines else ""


def _words(result: Result) -> str:
    facts, versions = result.machine or {}, result.versions or {}
    torch = versions.get("torch", "?")
    return f"{facts.get('processor')} ({facts.get('cores')} cores), torch {torch}"
