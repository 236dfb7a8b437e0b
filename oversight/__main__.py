"""The commands: `python -m oversight games | log info`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro
from rich.console import Console
from rich.table import Table

from oversight.card import card_of, card_table
from oversight.errors import OversightError
from oversight.games import GAMES

__all__ = ["main"]


@dataclass(frozen=True)
class Games:
    """List the games, their actions and what must not happen in each."""


@dataclass(frozen=True)
class Log:
    """Look at an intervention log.

    info: its card, with game, decisions, blocks, catastrophes and what the labels cost.
    """

    what: tyro.conf.Positional[Literal["info"]]
    """What to do with it."""

    log: tyro.conf.Positional[Path]
    """The log file, such as runs/first/log.sqlite."""


def _table_of(command: Games | Log) -> Table:
    if isinstance(command, Log):
        return card_table(card_of(command.log))
    return _games_table()


def _games_table() -> Table:
    table = Table(title="Games", title_justify="left")
    for heading in ("name", "catastrophe", "actions", "frames a step"):
        table.add_column(heading)
    for game in GAMES.values():
        table.add_row(game.name, game.catastrophe, " ".join(game.actions), str(game.frameskip))
    return table


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    command = tyro.extras.subcommand_cli_from_dict(
        {"games": Games, "log": Log},
        args=arguments,
        prog="python -m oversight",
        description="Look at games and intervention logs.",
    )
    try:
        table = _table_of(command)
    except OversightError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    Console(highlight=False).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
