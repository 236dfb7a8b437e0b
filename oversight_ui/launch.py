"""Starting and ending the window's process; no pygame here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from oversight.errors import LinkError
from oversight.game import Game
from oversight_ui.display import display_problem
from oversight_ui.keys import Keys
from oversight_ui.link import LinkServer
from oversight_ui.messages import Pixels

__all__ = ["await_window", "open_window"]

LOG_NAME = "window.log"


@contextmanager
def open_window(
    game: Game,
    *,
    directory: Path | None = None,
    timeout: float = 30.0,
    options: Sequence[str] = (),
    opening: Pixels | None = None,
) -> Iterator[LinkServer]:
    """Serve a run's link, start the window and wait until it is connected; end it afterwards.

    Args:
        game: what is overseen.
        directory: for the socket, mode 0700; a temporary one if None.
        timeout: seconds that the window may take to open.
        opening: a screen of the game, to explain the task by.
        options: further flags of `python -m oversight_ui connect`, such as `--pace`, `8`.

    Yields:
        The run's end of the link, with the window connected.

    Raises:
        LinkError: no display, the directory is in use, or the window's process died (its own
            error line is in the text).
    """
    if (problem := display_problem(os.environ)) is not None:
        raise LinkError(problem)
    own = directory is None
    place = Path(tempfile.mkdtemp(prefix="hirl-")) if directory is None else directory
    try:
        with LinkServer(place, game) as server, (place / LOG_NAME).open("w+") as log:
            server.opening = opening
            process = _start(place, options, log)
            try:
                _await_window(server, process, log, timeout)
                yield server
            finally:
                server.drop_window("the run has ended")
                _end(process)
    finally:
        if own:
            shutil.rmtree(place, ignore_errors=True)


@contextmanager
def await_window(
    game: Game,
    listen: str,
    keys: Keys,
    *,
    alive: Callable[[], bool] = lambda: True,
    opening: Pixels | None = None,
) -> Iterator[LinkServer]:
    """Listen on a network for a window on another machine, and wait until it has connected.

    Args:
        game: what is overseen.
        listen: `HOST:PORT`.
        keys: the run's.
        alive: asked ten times a second; False ends the wait.
        opening: a screen of the game, to explain the task by.

    Raises:
        LinkError: the address is in use or none, or the wait was ended.
    """
    place = Path(tempfile.mkdtemp(prefix="hirl-"))
    try:
        with LinkServer(place, game, listen=listen, keys=keys) as server:
            server.opening = opening
            server.wait_for_window(float("inf"), alive)
            yield server
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _start(place: Path, options: Sequence[str], log: IO[str]) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "oversight_ui",
        "connect",
        "--directory",
        str(place.absolute()),
    ]
    return subprocess.Popen(
        [*command, *options],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=Path(__file__).resolve().parent.parent,  # finds this very package, installed or not
        start_new_session=True,  # Ctrl-C is the run's to handle; it ends the window itself
    )


def _await_window(
    server: LinkServer, process: subprocess.Popen[bytes], log: IO[str], timeout: float
) -> None:
    try:
        server.wait_for_window(timeout, alive=lambda: process.poll() is None)
    except LinkError as error:
        log.seek(0)
        lines = [line.strip() for line in log.read().splitlines() if line.strip()]
        reason = lines[-1] if lines and process.poll() is not None else str(error)
        raise LinkError(f"the window did not open: {reason}") from error


def _end(process: subprocess.Popen[bytes], patience: float = 5.0) -> None:
    """Wait for the process, then ask it to end, then end it."""
    for stop in (process.terminate, process.kill):
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            stop()
        else:
            return
    process.wait()
