"""Commands: `python -m oversight_ui connect | settings | keys | review | clip | agreement`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import tyro

from oversight.errors import OversightError
from oversight_ui.keys import Keys, make_keys
from oversight_ui.preferences import Preferences, read_preferences, written
from oversight_ui.review.commands import AgreementOf, Clip, Review

__all__ = ["Connect", "MakeKeys", "ShowSettings", "main"]


@dataclass(frozen=True)
class Connect:
    """Open the window of a run."""

    directory: Path | None = None
    """The directory in which a run on this machine serves its window (the run prints it)."""
    address: str | None = None
    """HOST:PORT of a run on another machine that was started with --listen."""
    key: Path | None = None
    """The window's key file for that, made by `python -m oversight_ui keys`."""
    settings: Path | None = None
    """The overseer's settings file; ~/.config/hirl/window.toml, if there is one, when not given."""
    width: int = 1280
    """Width of the window at the start, pixels."""
    height: int = 720
    """Height of the window at the start, pixels."""
    pace: float | None = None
    """Agent steps a second at the start, one of 0.5 1 2 3 4 6 8 11 15; keys change it. The
    settings file's, which is 4 without one, if not given."""
    idle_seconds: float | None = None
    """Without a key for so many seconds the game stops and asks whether you are there."""

    def preferences(self) -> Preferences:
        """The settings file's, with what was given here in its place."""
        chosen = read_preferences(self.settings)
        session = chosen.session
        pace = session.pace if self.pace is None else self.pace
        idle = session.idle_seconds if self.idle_seconds is None else self.idle_seconds
        try:
            return replace(chosen, session=replace(session, pace=pace, idle_seconds=idle))
        except ValueError as error:
            raise OversightError(str(error)) from error

    def run(self) -> None:
        """Connect, open the display, and work until either side ends."""
        from oversight_ui.client import LinkClient
        from oversight_ui.window import Window, open_display

        preferences = self.preferences()
        keys = None if self.key is None else Keys.read(self.key, "window")
        client = LinkClient(self.directory, address=self.address, keys=keys)
        try:
            full_screen = preferences.full_screen
            open_display(self.width, self.height, "hirl: overseer", full_screen=full_screen)
            Window(client, client.handshake(timeout=10.0), preferences).run()
        finally:
            client.close("the window's process ended")


@dataclass(frozen=True)
class ShowSettings:
    """Print the settings that hold, as a settings file to begin with."""

    settings: Path | None = None
    """A settings file; ~/.config/hirl/window.toml, if there is one, when not given."""

    def run(self) -> None:
        """Print them."""
        print(written(read_preferences(self.settings)), end="")


@dataclass(frozen=True)
class MakeKeys:
    """Make a pair of key files: one for a run that listens, one for its window elsewhere."""

    directory: Annotated[Path, tyro.conf.Positional]
    """Where to put run.key and window.key."""

    def run(self) -> None:
        """Make them and say what to do with them."""
        run, window = make_keys(self.directory)
        print(f"made {run}: the run reads it (--listen HOST:PORT --listen-key {run})")
        print(f"made {window}: copy it to the window's machine, by scp for instance, then there:")
        print(f"  python -m oversight_ui connect --address HOST:PORT --key {window.name}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    app = tyro.extras.SubcommandApp()
    app.command(name="connect")(Connect)
    app.command(name="review")(Review)
    app.command(name="clip")(Clip)
    app.command(name="agreement")(AgreementOf)
    app.command(name="settings")(ShowSettings)
    app.command(name="keys")(MakeKeys)
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
