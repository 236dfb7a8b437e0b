"""An audit as tables for a terminal, and as JSON for other programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from oversight.audit.counts import Counts, Rate
from oversight.audit.run import Audit, Basis
from oversight.errors import OversightError

__all__ = ["SCHEMA_VERSION", "audit_tables", "write_audit"]

SCHEMA_VERSION = 1
"""Of the JSON file; raised when a key changes its meaning."""


def audit_tables(audit: Audit) -> list[Table]:
    """What was wrong with the decisions, then what they cost, group by group."""
    return [_faults(audit), _cost(audit)]


def write_audit(audit: Audit, path: Path) -> None:
    """Write groups and rows as JSON.

    Raises:
        OversightError: the file cannot be written.
    """
    about = {
        "schema_version": SCHEMA_VERSION,
        "log": str(audit.path),
        "game": audit.game,
        "truth": audit.basis.value,
        "definition": audit.definition,
        "note": audit.note,
        "decisions": audit.decisions,
        "differing": audit.differing,
        "groups": [asdict(group) for group in audit.groups],
        "rows": [asdict(row) for row in audit.rows],
    }
    try:
        path.write_text(json.dumps(about, allow_nan=False) + "\n")
    except OSError as error:
        raise OversightError(f"{path} cannot be written: {error.strerror}") from None


def _faults(audit: Audit) -> Table:
    table = _table(
        f"{audit.path}: {audit.game}, {_basis(audit)}",
        (
            "decisions",
            "missed,\nof unsafe",
            "moments\nmissed",
            "false alarms,\nof safe",
            "effective",
        ),
    )
    _fill(
        table,
        audit,
        lambda counts: [
            f"{counts.decisions:,}",
            _with_bounds(counts.misses),
            _of(counts.missed_moments),
            _with_bounds(counts.false_alarms),
            f"{counts.effective_false_alarms:,}",
        ],
    )
    table.caption = _caption(audit)
    return table


def _cost(audit: Audit) -> Table:
    table = _table(
        None,
        (
            "answered\nlate",
            "late\nblocks",
            "unsafe\nexecuted",
            "re-\nlabelled",
            "attention",
            "reaction,\nmedian",
            "95th of\n100",
        ),
    )
    _fill(
        table,
        audit,
        lambda counts: [
            f"{counts.answered_late:,}",
            f"{counts.late_blocks:,}",
            f"{counts.unsafe_executed:,}",
            f"{counts.relabelled:,}",
            f"{counts.attention_seconds / 60:,.1f} min",
            _seconds(counts.reaction_median),
            _seconds(counts.reaction_p95),
        ],
    )
    if any(counts.simulated for counts in audit.groups):
        table.caption = "Attention and reactions are those of a simulated person."
    return table


def _table(title: str | None, headings: Sequence[str]) -> Table:
    # Narrow enough for 80 columns: long tables of figures are read from logs and pages, too.
    table = Table(
        title=title,
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=0,
        pad_edge=False,
    )
    table.add_column("")
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _fill(table: Table, audit: Audit, cells: Callable[[Counts], list[str]]) -> None:
    sizes = Counter(counts.group for counts in audit.groups)
    shown = [c for c in audit.groups if c.group in ("all", "situation") or sizes[c.group] > 1]
    for before, counts in zip([None, *shown], shown, strict=False):
        if before is not None and counts.group != before.group:
            table.add_section()
        table.add_row(counts.name, *cells(counts))


def _basis(audit: Audit) -> str:
    if audit.basis is Basis.LOGGED:
        return "by the truth in the log"
    return f"played again, catastrophe {audit.definition!r}"


def _caption(audit: Audit) -> str:
    notes = ["Verdicts are as first given; intervals are exact (95 %, binomial, row by row)."]
    if audit.note is not None:
        notes.append(f"The log was not played again: {audit.note}.")
    unknown = audit.decisions - len(audit.rows)
    if unknown:
        notes.append(f"Of {unknown:,} decisions no truth is known; they are left out.")
    if audit.differing:
        notes.append(f"The log holds another truth about {audit.differing:,} decisions.")
    return " ".join(notes)


def _of(rate: Rate) -> str:
    return f"{rate.events:,} of {rate.trials:,}"


def _with_bounds(rate: Rate) -> str:
    bounds = f"{100 * rate.low:.1f} to {100 * rate.high:.1f} %" if rate.trials else "-"
    return f"{_of(rate)}\n{bounds}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"
