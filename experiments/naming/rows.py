"""What naming came to: rows kept in a file, read back, shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from experiments.naming.check import Checked, LabelCheck
from experiments.tables import number
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
    """The rows as a table."""
    table = Table(title="A catastrophe named on screens, by the truth")
    table.caption = (
        "States left out, where harm was seen or no way out: by the spotter alone, by the "
        "definition alone, by both."
    )
    for column in (
        "game", "seed", "who", "minutes", "shown", "bad", "wrong",
        "events unseen", "imagined", "bad pairs missed", "called bad falsely",
        "unsafe actions missed", "safe called unsafe", "states left out",
    ):  # fmt: skip
        table.add_column(column, justify="left" if column in ("game", "who") else "right")
    for row in rows:
        kind = "simulated " if row.simulated else ""
        table.add_row(
            row.game,
            str(row.seed),
            f"{kind}{row.namer}",
            f"{row.minutes:.1f}",
            *(number(each) for each in (row.shown, row.marked, row.wrong)),
            *_pair_cells(row.pairs),
            *_label_cells(row.labels),
        )
    return table


def _pair_cells(pairs: Checked | None) -> tuple[str, ...]:
    if pairs is None:
        return ("-",) * 4
    return (
        f"{pairs.unseen} of {pairs.events}",
        number(pairs.imagined),
        f"{pairs.missed} of {pairs.bad:,}",
        f"{pairs.falsely} of {pairs.pairs - pairs.bad:,}",
    )


def _label_cells(labels: LabelCheck | None) -> tuple[str, ...]:
    if labels is None:
        return ("-",) * 3
    return (
        f"{labels.missed} of {labels.unsafe:,}",
        f"{labels.falsely} of {labels.safe:,}",
        f"{labels.out_by_name} + {labels.out_by_truth} + {labels.out_by_both}",
    )
