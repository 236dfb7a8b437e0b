"""The commands: `python -m oversight games | log info | log verify | log audit`."""

from __future__ import annotations

import sys
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
from oversight.errors import OversightError, ReplayDiffers
from oversight.listing import actions_table, games_table
from oversight.verification import verify_log

__all__ = ["main"]


@dataclass(frozen=True)
class Games:
    """List the games, what must not happen in each, and what was measured of it."""

    actions: bool = False
    """List the actions of each game instead."""


@dataclass(frozen=True)
class Log:
    """Look at an intervention log.

    info: its card, with game, decisions, blocks, catastrophes and what the labels cost.
    verify: play it again and compare every screen, score and end; status 1 if something differs.
    audit: the truth of each decision; misses and false alarms by overseer, phase and situation.
    """

    what: tyro.conf.Positional[Literal["info", "verify", "audit"]]
    """What to do with it."""

    log: tyro.conf.Positional[Path]
    """The log file, such as runs/first/log.sqlite."""

    rule: str | None = None
    """Of an audit: what must not happen, by its name in the game, such as "margin" in Pong; what
    results are counted by if not given."""

    truth: Literal["auto", "replay", "logged"] = "auto"
    """Of an audit: "replay" plays the game again and asks the emulator, "logged" takes what the
    log holds, "auto" replays if it can be done."""

    json: Path | None = None
    """Of an audit: a file for the counts and for every decision with its truth."""


def _tables_of(command: Games | Log) -> list[Table]:
    if isinstance(command, Games):
        return [actions_table() if command.actions else games_table()]
    if command.what == "audit":
        return _audit(command)
    if (command.rule, command.truth, command.json) != (None, "auto", None):
        raise OversightError("--rule, --truth and --json belong to an audit: log audit LOG")
    if command.what == "verify":
        return [_verify(command.log)]
    return [card_table(card_of(command.log))]


def _audit(command: Log) -> list[Table]:
    if command.json is not None and not command.json.parent.is_dir():
        raise OversightError(f"{command.json.parent} is not a directory: make it first")
    with _bar() as progress:
        audit = audit_log(
            command.log,
            definition=command.rule,
            basis=None if command.truth == "auto" else Basis(command.truth),
            progress=progress,
        )
    if command.json is not None:
        write_audit(audit, command.json)
    return audit_tables(audit)


def _verify(path: Path) -> Table:
    with _bar() as progress:
        found = verify_log(path, progress)
    table = Table(title=f"{path}: played again, all the same", title_justify="left")
    for heading in ("decisions", "screens", "episodes", "rewinds"):
        table.add_column(heading, justify="right")
    counts = (found.decisions, found.screens, found.episodes, found.rewinds)
    table.add_row(*(f"{count:,}" for count in counts))
    return table


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("playing the log again", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    command = tyro.extras.subcommand_cli_from_dict(
        {"games": Games, "log": Log},
        args=arguments,
        prog="python -m oversight",
        description="Look at games and intervention logs.",
    )
    try:
        tables = _tables_of(command)
    except OversightError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1 if isinstance(error, ReplayDiffers) else 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    Console(highlight=False).print(*tables, sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
