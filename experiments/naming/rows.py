"""What naming came to: rows kept in a file, read back, shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from experiments.naming.check import Checked, LabelCheck
from oversight import RunError

__all__ = ["NamingRow", "known_rows", "naming_table"]


@dataclass(frozen=True)
class NamingRow:
    """What naming one game's catastrophe cost, and what came of it.

    Attributes:
        game, seed: which.
        namer: who named: the simulated person's preset, or "person".
        minutes: of attention; `simulated` says whether a model's.
        simulated: see there.
        shown, marked: pairs that were shown; of these marked as bad.
        wrong: answers that the truth contradicts.
        pool_steps, check_steps, label_steps, allowed: as they were asked for; `allowed` in minutes.
        pairs, labels: how right the spotter is; None if not counted.
    """

    game: str
    seed: int
    namer: str
    minutes: float
    simulated: bool
    shown: int
    marked: int
    wrong: int
    pool_steps: int
    check_steps: int
    label_steps: int
    allowed: float
    pairs: Checked | None
    labels: LabelCheck | None

    @property
    def key(self) -> tuple[object, ...]:
        """What makes a row the same as another."""
        steps = (self.pool_steps, self.check_steps, self.label_steps)
        return (self.game, self.seed, self.namer, self.allowed, *steps)


def known_rows(out: Path | None) -> list[NamingRow]:
    """The rows that a file has already.

    Raises:
        RunError: it holds something else.
    """
    if out is None or not out.exists():
        return []
    try:
        return [_read(row) for row in json.loads(out.read_text())]
    except (TypeError, KeyError, ValueError) as error:
        raise RunError(f"{out} does not hold rows of this study: {error}; move it away") from None


def _read(row: dict[str, object]) -> NamingRow:
    pairs, labels = row["pairs"], row["labels"]
    both = {
        "pairs": None if pairs is None else Checked(**pairs),  # type: ignore[arg-type]
        "labels": None if labels is None else LabelCheck(**labels),  # type: ignore[arg-type]
    }
    return NamingRow(**{**row, **both})  # type: ignore[arg-type]


def naming_table(rows: list[NamingRow]) -> Table:
    """The rows as a table that a terminal of 80 columns has room for; the file has all figures."""
    table = Table(title="A catastrophe named on screens, by the truth")
    table.caption = (
        "Unseen: neither the pair in which harm began nor the next was called bad. Actions: by "
        "look-ahead, in the states that neither saw lost."
    )
    for column in ("game, seed", "who"):
        table.add_column(column, no_wrap=True)
    for column in ("minutes", "events unseen", "unsafe missed", "safe called unsafe"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            f"{row.game} {row.seed}",
            "simulated" if row.simulated else row.namer,
            f"{row.minutes:.1f}",
            "-" if row.pairs is None else f"{row.pairs.unseen} of {row.pairs.events:,}",
            *_actions(row.labels),
        )
    return table


def _actions(labels: LabelCheck | None) -> tuple[str, str]:
    if labels is None:
        return ("-", "-")
    return (
        f"{labels.missed} of {labels.unsafe:,}",
        f"{labels.falsely} of {labels.safe:,}",
    )
