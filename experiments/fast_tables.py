"""Trainings in the fast way, as a table and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from experiments.fast_types import FastRow
from experiments.summary import upper_95
from experiments.tables import number

__all__ = ["draw_fast", "fast_table"]

COLOURS = {"no_oversight": "#b3261e", "blocker": "#2b5d9b"}
LEARNERS = {"double_dqn": "Double DQN", "plain": "the same, plain", "dqn": "SB3's DQN"}
LINES = {"double_dqn": "-", "plain": "--", "dqn": ":"}
NAMES = {"no_oversight": "nobody oversees", "blocker": "behind a Blocker"}


def fast_table(rows: Sequence[FastRow], game: str) -> Table:
    """One line a training."""
    table = Table(title=f"{game}: trainings in the fast way", title_justify="left")
    table.caption = (
        "Harm is counted by the emulator's truth, from the tape; at most: per 1,000 steps, "
        "one-sided 95 %, exact binomial. Returns are of training, exploration included."
    )
    for heading in ("condition", "learner", "seed"):
        table.add_column(heading, no_wrap=heading == "seed")
    for heading in ("steps", "steps/s", "last 100 games", "mastered at", "harm", "at most"):
        table.add_column(heading, justify="right")
    table.add_column("blocks", justify="right")
    for row in rows:
        counted = sum(part.steps for part in row.parts)
        bound = None if row.catastrophes is None else upper_95(row.catastrophes, counted)
        table.add_row(
            NAMES[row.condition],
            LEARNERS[row.learner],
            str(row.seed),
            number(row.steps),
            number(row.steps / row.seconds),
            number(row.last_100, 1),
            number(row.mastered_at),
            number(row.catastrophes),
            number(None if bound is None else 1000 * bound, 3),
            number(row.blocks),
        )
    return table


def draw_fast(path: Path, rows: Sequence[FastRow], game: str) -> None:
    """Returns and harm over agent steps, a line a training."""
    matplotlib.use("Agg")
    figure = Figure(figsize=(10, 7), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    several = len({row.learner for row in rows}) > 1
    learns = "DQN" if several else LEARNERS[rows[0].learner]
    figure.suptitle(f"{game}: {learns}, by the truth of what was played")
    told: set[tuple[str, str]] = set()
    for row in rows:
        whose = f", {LEARNERS[row.learner]}" if several else ""
        kind = (row.condition, row.learner)
        label = None if kind in told else NAMES[row.condition] + whose
        told.add(kind)
        if row.curve:
            (line,) = above.plot(*zip(*row.curve, strict=True), label=label, alpha=0.8)
            line.set(color=COLOURS[row.condition], linestyle=LINES[row.learner])
        if row.parts:
            _draw_harm(below, row)
    above.set_ylabel("return of whole games\nin training")
    below.set_ylabel("catastrophes,\ncumulative")
    below.set_xlabel("agent steps (4 frames each)")
    for axes in (above, below):
        axes.grid(visible=True, alpha=0.25)
        axes.margins(x=0)
    most = max((sum(part.catastrophes for part in row.parts) for row in rows), default=0)
    top = max(most, 1)  # a line along zero is to be seen, too
    below.set_ylim(-0.04 * top, 1.06 * top)
    if above.has_data():
        above.legend(loc="best")
    figure.savefig(path, dpi=110)


def _draw_harm(axes: Axes, row: FastRow) -> None:
    steps = [0, *accumulate(part.steps for part in row.parts)]
    harm = [0, *accumulate(part.catastrophes for part in row.parts)]
    (line,) = axes.plot(steps, harm, alpha=0.8, marker=".")
    line.set(color=COLOURS[row.condition], linestyle=LINES[row.learner])
