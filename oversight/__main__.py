"""The commands: `python -m oversight games | log info`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

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
class LogInfo:
    """Print a log's card: game, decisions, blocks, catastrophes, what the labels cost."""

    log: tyro.conf.Positional[Path]
    """The log file, such as runs/first/log.sqlite."""


def _games_table() -> Table:
    table = Table(title="Games", title_justify="left")
    for heading in ("name", "catastrophe", "actions", "frames a step"):
        table.add_column(heading)
    for game in GAMES.values():
        table.add_row(game.name, game.catastrophe, " ".join(game.actions), str(game.frameskip))
    return table


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    command: Games | LogInfo = tyro.extras.subcommand_cli_from_dict(
        {"games": Games, "log info": LogInfo},
        args=arguments,
        prog="python -m oversight",
        description="Look at games and intervention logs.",
    )
    try:
        table = _games_table() if isinstance(command, Games) else card_table(card_of(command.log))
    except OversightError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    Console(highlight=False).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
