"""The commands `python -m oversight log ...` as typed settings; each runs and gives tables."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from oversight.audit import Basis, audit_log, audit_tables, write_audit
from oversight.card import card_of, card_table
from oversight.errors import OversightError
from oversight.exchange import from_minari, from_parquet, to_minari, to_parquet
from oversight.log import InterventionLog, LogAnnotator
from oversight.log.copying import merge_logs, salvage_log
from oversight.types import Verdict
from oversight.verification import verify_log

__all__ = ["LOG_COMMANDS", "LogCommand"]

LogPath = tyro.conf.Positional[Path]


@dataclass(frozen=True)
class Info:
    """Its card: game, decisions, blocks, catastrophes, what the labels cost, and its condition."""

    log: LogPath
    """The log file, such as runs/first/log.sqlite."""

    def run(self) -> list[Table]:
        """Show it."""
        return [card_table(card_of(self.log))]


@dataclass(frozen=True)
class Verify:
    """Check every row, then play the log again and compare every screen, score and end.

    Status 1 if something differs or is damaged.
    """

    log: LogPath
    """The log file."""

    quick: bool = False
    """Checksums and the end of the file alone; plays nothing again."""

    def run(self) -> list[Table]:
        """Check it."""
        with _bar("checking" if self.quick else "playing the log again") as progress:
            found = verify_log(self.log, progress, quick=self.quick)
        what = "its checksums hold" if self.quick else "played again, all the same"
        table = Table(title=f"{self.log}: {what}", title_justify="left", caption=found.end)
        for heading in ("decisions", "screens", "episodes", "rewinds", "commits"):
            table.add_column(heading, justify="right")
        links = "-" if found.links is None else f"{found.links:,}"
        counts = (found.decisions, found.screens, found.episodes, found.rewinds)
        table.add_row(*(f"{count:,}" for count in counts), links)
        return [table]


@dataclass(frozen=True)
class Audit:
    """The truth of each decision; misses and false alarms by overseer, phase and situation."""

    log: LogPath
    """The log file."""

    rule: str | None = None
    """What must not happen, by its name in the game, such as "margin" in Pong; what results are
    counted by if not given."""

    truth: Literal["auto", "replay", "logged"] = "auto"
    """"replay" plays the game again and asks the emulator, "logged" takes what the log holds,
    "auto" replays if it can be done."""

    json: Path | None = None
    """A file for the counts and for every decision with its truth."""

    def run(self) -> list[Table]:
        """Find it out."""
        if self.json is not None and not self.json.parent.is_dir():
            raise OversightError(f"{self.json.parent} is not a directory: make it first")
        with _bar("playing the log again") as progress:
            audit = audit_log(
                self.log,
                definition=self.rule,
                basis=None if self.truth == "auto" else Basis(self.truth),
                progress=progress,
            )
        if self.json is not None:
            write_audit(audit, self.json)
        return audit_tables(audit)


@dataclass(frozen=True)
class History:
    """All that was ever said about one decision: who, what, when, why."""

    log: LogPath
    """The log file."""

    step: tyro.conf.Positional[int]
    """The decision's step_id."""

    def run(self) -> list[Table]:
        """Show it."""
        with InterventionLog.open(self.log) as log, _known():
            words = log.words(self.step)
        table = Table(title=f"{self.log}: decision {self.step}", title_justify="left")
        for heading in ("when (UTC)", "verdict", "by", "why", "change", "takes back"):
            table.add_column(heading)
        for word in words:
            when = datetime.datetime.fromtimestamp(word.at, datetime.UTC)
            numbers = ("-" if n is None else str(n) for n in (word.change, word.takes_back))
            by = word.name or str(word.author)
            at = f"{when:%Y-%m-%d %H:%M:%S}"
            table.add_row(at, word.verdict, by, word.reason or "-", *numbers)
        return [table]


@dataclass(frozen=True)
class Relabel:
    """Set the verdict of a decision, or of a span of them, by rows of their own; or undo that.

    A run may be writing the log meanwhile.
    """

    log: LogPath
    """The log file."""

    by: str
    """Who says so."""

    reason: str
    """Why."""

    verdict: Literal["safe", "unsafe", "unsure"] | None = None
    """What is to hold from now on."""

    first: int | None = None
    """step_id of the decision, or of the first of a span."""

    last: int | None = None
    """step_id of the last one of a span, itself included."""

    undo: int | None = None
    """In place of all that: the number of a change that is to be taken back."""

    def run(self) -> list[Table]:
        """Do it."""
        if (self.undo is None) != (self.verdict is not None and self.first is not None):
            raise OversightError("expected --verdict and --first, or --undo, and not both")
        with LogAnnotator.open(self.log) as log, _known():
            if self.undo is not None:
                change = log.take_back(self.undo, by=self.by, reason=self.reason)
            else:
                assert self.first is not None, "checked above"
                assert self.verdict is not None, "checked above"
                last = self.first if self.last is None else self.last
                span = range(self.first, last + 1)
                change = log.relabel(span, Verdict(self.verdict), by=self.by, reason=self.reason)
        table = Table(title=str(self.log), title_justify="left")
        for heading in ("change", "decisions", "left alone"):
            table.add_column(heading, justify="right")
        table.add_row(str(change.number), f"{len(change.steps):,}", f"{len(change.left):,}")
        return [table]


@dataclass(frozen=True)
class Merge:
    """Join logs of one game into a new one; `origins` in it says what came from where."""

    logs: tyro.conf.Positional[tuple[Path, ...]]
    """The logs, in the order that they are to have."""

    out: Path
    """The new file."""

    def run(self) -> list[Table]:
        """Do it."""
        with _bar("merging") as progress:
            merge_logs(self.logs, self.out, progress)
        return [card_table(card_of(self.out))]


@dataclass(frozen=True)
class Export:
    """Write a log for other tools: as a Minari data set or as Parquet files, one for each table."""

    log: LogPath
    """The log file."""

    to: Literal["minari", "parquet"]
    """Minari: screens, executed actions and rewards by episode, verdicts in its infos; what rewinds
    undid is left out. Parquet: every row of every table."""

    out: Path
    """A folder that is not there yet."""

    def run(self) -> list[Table]:
        """Do it."""
        table = Table(title=str(self.out), title_justify="left")
        if self.to == "minari":
            table.add_column("steps", justify="right")
            table.add_row(f"{to_minari(self.log, self.out):,}")
            return [table]
        table.add_column("table")
        table.add_column("rows", justify="right")
        for name, rows in to_parquet(self.log, self.out).items():
            table.add_row(name, f"{rows:,}")
        return [table]


@dataclass(frozen=True)
class Import:
    """Make a log of what an export wrote."""

    folder: LogPath
    """The folder that `log export` made, of either kind."""

    out: Path
    """The new log file."""

    def run(self) -> list[Table]:
        """Do it."""
        if not self.folder.is_dir():
            raise OversightError(f"{self.folder}: no such folder")
        read = from_minari if (self.folder / "data").is_dir() else from_parquet
        read(self.folder, self.out)
        return [card_table(card_of(self.out))]


@dataclass(frozen=True)
class Salvage:
    """Write what is whole of a damaged log to a new one; the old one stays as it is."""

    log: LogPath
    """The damaged log."""

    out: Path
    """The new file."""

    def run(self) -> list[Table]:
        """Do it."""
        with _bar("checking") as progress:
            salvage_log(self.log, self.out, progress)
        return [card_table(card_of(self.out))]


LogCommand = Info | Verify | Audit | History | Relabel | Merge | Export | Import | Salvage

LOG_COMMANDS: dict[str, Callable[..., LogCommand]] = {
    "info": Info,
    "verify": Verify,
    "audit": Audit,
    "history": History,
    "relabel": Relabel,
    "merge": Merge,
    "export": Export,
    "import": Import,
    "salvage": Salvage,
}
"""By the names under which they are called."""


@contextmanager
def _known() -> Iterator[None]:
    """What is not there and what does not fit as the one line of an error."""
    try:
        yield
    except (KeyError, ValueError) as error:
        raise OversightError(str(error.args[0])) from None


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
