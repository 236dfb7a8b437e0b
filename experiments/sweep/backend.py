"""Where cells are played: processes of this machine. A cluster is another of the same kind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from experiments.sweep.cell import Cell, finished, read_object
from oversight import RunError

__all__ = ["ONE_THREAD", "PROGRESS", "Backend", "Ended", "LocalProcesses", "Progress"]

PROGRESS = "progress.json"
"""File in a cell's folder: how far it is."""
STOPPED, REFUSED = 130, 2
"""Exit statuses of a command: after Ctrl-C, and for what another try would not change."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""A cell a core: threads of several processes would only wait for each other."""


@dataclass(frozen=True)
class Progress:
    """How far a cell is: what it does, and so many steps of so many."""

    doing: str = ""
    done: int = 0
    of: int = 0
    note: str = ""


@dataclass(frozen=True)
class Ended:
    """A cell's process is over.

    Attributes:
        key: of the cell.
        fault: why it is not finished; None if it is.
        again: whether another try may help: the worker died, and not the cell's own word.
    """

    key: str
    fault: str | None = None
    again: bool = False


class Backend(Protocol):
    """Plays cells somewhere."""

    @property
    def capacity(self) -> int:
        """How many cells at a time."""
        ...

    def start(self, cell: Cell, folder: Path, base: Path | None) -> None:
        """Begin a cell."""
        ...

    def ended(self) -> list[Ended]:
        """Those that are over since the last call."""
        ...

    def progress(self) -> Mapping[str, Progress]:
        """How far those at work are, by key."""
        ...

    def stop(self) -> None:
        """Ask all at work to save what they have and end."""
        ...

    def close(self) -> None:
        """Leave nothing behind."""
        ...


class LocalProcesses:
    """A process a cell, a thread a process."""

    def __init__(self, workers: int) -> None:
        """Play at most `workers` cells at a time."""
        self.capacity = workers
        self._running: dict[str, tuple[subprocess.Popen[bytes], Path]] = {}

    def start(self, cell: Cell, folder: Path, base: Path | None) -> None:
        """See `Backend.start`."""
        command = [sys.executable, "-m", "experiments", "cell", str(folder)]
        if base is not None:
            command += ["--base", str(base)]
        (folder / PROGRESS).unlink(missing_ok=True)
        with (folder / "errors.txt").open("wb") as errors:
            process = subprocess.Popen(
                command,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=os.environ | ONE_THREAD,
                start_new_session=True,  # Ctrl-C comes to the sweep, which passes it on
            )
        self._running[cell.key] = (process, folder)

    def ended(self) -> list[Ended]:
        """See `Backend.ended`."""
        over = [key for key, (process, _) in self._running.items() if process.poll() is not None]
        return [self._result(key) for key in over]

    def _result(self, key: str) -> Ended:
        process, folder = self._running.pop(key)
        if finished(folder):
            return Ended(key)
        status = process.returncode
        said = (folder / "errors.txt").read_text(encoding="utf-8", errors="replace").strip()
        if status == STOPPED:
            return Ended(key, "stopped")
        if status < 0:
            said = f"the worker was killed by {signal.Signals(-status).name}"
        last = said.splitlines()[-1] if said else f"the worker ended with status {status}"
        return Ended(key, last.removeprefix("error: "), again=status != REFUSED)

    def progress(self) -> Mapping[str, Progress]:
        """See `Backend.progress`."""
        return {key: _read_progress(folder) for key, (_, folder) in self._running.items()}

    def stop(self) -> None:
        """See `Backend.stop`."""
        for process, _ in self._running.values():
            process.send_signal(signal.SIGINT)

    def close(self) -> None:
        """See `Backend.close`."""
        for process, _ in self._running.values():
            process.kill()
            process.wait()
        self._running.clear()


def _read_progress(folder: Path) -> Progress:
    try:
        values = read_object(folder / PROGRESS)
        done, of = int(str(values["done"])), int(str(values["of"]))
    except (RunError, KeyError, ValueError):
        return Progress()  # it has not said anything yet
    return Progress(str(values["doing"]), done, of, str(values["note"]))
