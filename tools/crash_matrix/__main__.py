"""What the intervention log survives: kills, full disks, two writers, power losses, damage.

    python tools/crash_matrix [--kills 200] [--out results/log/crash_matrix.json]

Real processes, real kills, real files. Ends with status 1 if a decision that was acknowledged is
lost, or damage passed unnoticed. Root makes a small file system for the full disk; others limit
the size of files. The power losses need strace.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import tyro
from corruption import cut, damaged, flip, samples, versions
from power import power_losses
from rich.console import Console
from rich.table import Table
from sessions import Row, full_disk, kills, readers, two_writers


@dataclass(frozen=True)
class CrashMatrix:
    """What the intervention log survives."""

    kills: int = 200
    """Kills of a running session."""
    losses: int = 200
    """Losses of power."""
    damages: int = 200
    """Damages of each kind."""
    others: int = 20
    """Repeats of everything else."""
    seed: int = 0
    """Of the random moments and places."""
    out: Path | None = None
    """A file for the figures."""


def rows_of(settings: CrashMatrix, folder: Path) -> Iterator[Row]:
    """Every line of the matrix, one after another."""
    rng = np.random.default_rng(settings.seed)
    yield kills(folder, settings.kills, rng)
    yield full_disk(folder, max(1, settings.others // 5))
    yield two_writers(folder, settings.others)
    yield readers(folder, settings.others)
    yield power_losses(folder, settings.losses, rng)
    yield versions(folder)
    closed, killed = samples(folder)
    for case, sample, end, harm in (
        ("a flipped bit in the file", closed, "", flip),
        ("a flipped bit in the write-ahead log", killed, "-wal", flip),
        ("a flipped bit in the mark", closed, "-mark", flip),
        ("the file cut short", closed, "", cut),
        ("the write-ahead log cut short", killed, "-wal", cut),
    ):
        yield damaged(case, sample, end, harm, settings.damages, rng)


def shown(rows: list[Row]) -> Table:
    table = Table(title="what the log survives", title_justify="left")
    for heading in ("case", "trials", "acknowledged", "lost", "unnoticed", "further"):
        table.add_column(heading, justify="left" if heading in {"case", "further"} else "right")
    for row in rows:
        further = ", ".join(f"{name} {count:,}" for name, count in row.figures.items())
        counts = (row.trials, row.acknowledged, row.lost, row.unnoticed)
        table.add_row(row.case, *(f"{count:,}" for count in counts), further or row.note)
    return table


def main(settings: CrashMatrix) -> int:
    """Run it; returns the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for row in rows_of(settings, Path(folder)):
            print(f"{row.case}: {row.trials} trials, lost {row.lost}", file=sys.stderr, flush=True)
            rows.append(row)
    Console().print(shown(rows))
    if settings.out is not None:
        settings.out.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    return int(any(row.lost or row.unnoticed for row in rows))


if __name__ == "__main__":
    sys.exit(main(tyro.cli(CrashMatrix)))
