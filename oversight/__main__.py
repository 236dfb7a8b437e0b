"""The commands: `python -m oversight games | log info | log verify | log audit | log ...`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import cast

import tyro
from rich.table import Table

from oversight.errors import LogCorrupted, OversightError, ReplayDiffers
from oversight.listing import actions_table, games_table
from oversight.log_commands import LOG_COMMANDS, LogCommand
from oversight.terminal import open_console

__all__ = ["main"]


@dataclass(frozen=True)
class Games:
    """List the games, what must not happen in each, and what was measured of it."""

    actions: bool = False
    """List the actions of each game instead."""

    def run(self) -> list[Table]:
        """Show them."""
        return [actions_table() if self.actions else games_table()]


def _parsed(arguments: list[str]) -> Games | LogCommand:
    if arguments[:1] == ["log"]:
        command = tyro.extras.subcommand_cli_from_dict(
            LOG_COMMANDS,
            args=arguments[1:],
            prog="python -m oversight log",
            description="Look at an intervention log, check it, mend it, take it elsewhere.",
        )
        return cast(LogCommand, command)
    command = tyro.extras.subcommand_cli_from_dict(
        {"games": Games, "log": _any_log},
        args=arguments,
        prog="python -m oversight",
        description="Look at games and intervention logs.",
    )
    return cast(Games, command)


def _any_log() -> None:
    """Look at an intervention log, check it, mend it, take it elsewhere: log --help."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    command = _parsed(sys.argv[1:] if arguments is None else arguments)
    try:
        tables = command.run()
    except OversightError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1 if isinstance(error, ReplayDiffers | LogCorrupted) else 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    open_console().print(*tables, sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
