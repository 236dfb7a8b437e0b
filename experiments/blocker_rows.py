"""Rows of the study of Blockers: kept in a file, read back, shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from experiments.loop import LoopRow
from experiments.tables import number, percent
from oversight import RunError

__all__ = ["StudyRow", "call_back_table", "key_of", "known_rows", "study_table"]


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
    table = _table(f"{rows[0].loop.game}: Blockers by the truth")
    table.caption = "Needless: blocked though safe; effective: and the game went on otherwise."
    for heading in ("missed", "needless", "effective", "harm", "alone\nper 1,000"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        loop = row.loop
        alone = loop.unguarded_catastrophes
        table.add_row(
            *_who(row),
            f"{number(loop.missed)} of {number(loop.unsafe)}",
            percent(loop.needless / loop.safe if loop.safe else None),
            percent(loop.effective_needless / loop.safe if loop.safe else None),
            f"{number(loop.catastrophes)} in {number(loop.steps)}",
            "" if alone is None else number(1000 * alone / loop.unguarded_steps, 1),
        )
    return table


def call_back_table(rows: list[StudyRow]) -> Table | None:
    """What calling the person back would have found; None if no Blocker watches for what is new."""
    watched = [row for row in rows if row.loop.called_back_steps is not None and row.loop.steps]
    if not watched:
        return None
    table = _table(f"{rows[0].loop.game}: were a person called back for what is new")
    table.caption = "Errors: missed proposals and unsafe replacements."
    for heading in ("steps that they would judge", "errors among these"):
        table.add_column(heading, justify="right")
    for row in watched:
        loop = row.loop
        called, found = loop.called_back_steps or 0, loop.called_back_errors or 0
        errors = loop.missed + loop.unsafe_replacements
        table.add_row(
            *_who(row), percent(called / loop.steps), f"{number(found)} of {number(errors)}"
        )
    return table


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("labels,\nseed", no_wrap=True)
    table.add_column("proposer", no_wrap=True)
    return table


def _who(row: StudyRow) -> tuple[str, str]:
    seed = "" if row.training_seed is None else row.training_seed
    return f"{row.labels or 'given'}, {seed}", row.loop.proposer
