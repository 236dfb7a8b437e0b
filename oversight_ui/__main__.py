"""Commands: `python -m oversight_ui connect | review | clip | agreement`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from oversight.errors import OversightError
from oversight_ui.review.commands import AgreementOf, Clip, Review

__all__ = ["Connect", "main"]


@dataclass(frozen=True)
class Connect:
    """Open the window of a run on this machine."""

    directory: Path
    """The directory in which the run serves its window (the run prints it)."""
    width: int = 1280
    """Width of the window at the start, pixels."""
    height: int = 720
    """Height of the window at the start, pixels."""
    pace: float = 4.0
    """Agent steps a second at the start, one of 0.5 1 2 3 4 6 8 11 15; keys change it."""
    idle_seconds: float = 20.0
    """Without a key for so many seconds the game stops and asks whether you are there."""

    def run(self) -> None:
        """Connect, open the display, and work until either side ends."""
        from oversight_ui.link import LinkClient
        from oversight_ui.state import Settings
        from oversight_ui.window import Window, open_display

        try:
            settings = Settings(pace=self.pace, idle_seconds=self.idle_seconds)
        except ValueError as error:
            raise OversightError(str(error)) from error
        client = LinkClient(self.directory)
        try:
            open_display(self.width, self.height, "hirl: overseer")
            Window(client, client.handshake(timeout=10.0), settings).run()
        finally:
            client.close("the window's process ended")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    app = tyro.extras.SubcommandApp()
    app.command(name="connect")(Connect)
    app.command(name="review")(Review)
    app.command(name="clip")(Clip)
    app.command(name="agreement")(AgreementOf)
    command = app.cli(args=arguments, prog="python -m oversight_ui", description=__doc__)
    try:
        command.run()
    except OversightError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
