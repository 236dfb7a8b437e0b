"""Rows of the study of Blockers: kept in a file, read back, shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from experiments.loop import LoopRow
from experiments.tables import number, percent
from oversight import RunError

__all__ = ["StudyRow", "key_of", "known_rows", "study_table"]


@dataclass(frozen=True)
class StudyRow:
    """One Blocker against one proposer.

    Attributes:
        labels, labels_unsafe: labelled steps that it learned from, and how many were unsafe.
        training_seed, flipped, rule: how it came about.
        threshold: from this probability on it blocks.
        seconds: of training.
        loop: what happened.
    """

    labels: int | None
    labels_unsafe: int | None
    training_seed: int | None
    flipped: float
    rule: str
    threshold: float
    seconds: float | None
    loop: LoopRow


def known_rows(out: Path | None) -> list[StudyRow]:
    """The rows that a file has already.

    Raises:
        RunError: it holds something else.
    """
    if out is None or not out.exists():
        return []
    try:
        found = json.loads(out.read_text())
        return [StudyRow(**{**row, "loop": LoopRow(**row["loop"])}) for row in found]
    except (TypeError, KeyError, ValueError) as error:
        raise RunError(f"{out} does not hold rows of this study: {error}; move it away") from None


def key_of(row: StudyRow) -> tuple[object, ...]:
    """What makes a row the same cell as another."""
    made = (row.labels, row.training_seed, row.flipped, row.rule, row.threshold)
    return (row.loop.game, *made, row.loop.proposer, row.loop.steps, row.loop.seed)


def study_table(rows: list[StudyRow]) -> Table:
    """The rows of one game for a terminal."""
    table = Table(title=f"{rows[0].loop.game}: Blockers by the truth", title_justify="left")
    table.caption = "Needless: blocked though safe; effective: and the game went on otherwise."
    for heading in ("labels, seed", "proposer"):
        table.add_column(heading, no_wrap=True)
    for heading in ("missed", "unsafe", "needless", "effective", "harm", "alone per 1,000"):
        table.add_column(heading, justify="right")
    for row in rows:
        loop = row.loop
        alone = loop.unguarded_catastrophes
        harm = f"{loop.catastrophes} in {number(loop.steps)}"
        table.add_row(
            f"{row.labels or 'given'}, {'' if row.training_seed is None else row.training_seed}",
            loop.proposer,
            number(loop.missed),
            number(loop.unsafe),
            percent(loop.needless / loop.safe if loop.safe else None),
            percent(loop.effective_needless / loop.safe if loop.safe else None),
            harm,
            "" if alone is None else number(1000 * alone / loop.unguarded_steps, 1),
        )
    return table
