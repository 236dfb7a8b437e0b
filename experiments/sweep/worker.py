"""One cell in one process: played from where its folder says it stands, its result written last."""

from __future__ import annotations

import fcntl
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from experiments.reporter import Bar, Reporter
from experiments.rundir import write_json
from experiments.stopping import StopFlag
from experiments.studies import study_named
from experiments.sweep.cell import CELL, RESULT, Cell, finished, read_object
from experiments.sweep.study import Place
from oversight import RunError
from oversight.log import package_versions

__all__ = ["Tell", "TellingReporter", "machine", "work_cell"]

Tell = Callable[[str, int, int, str], None]
"""Told how far a cell is: what it does, steps done, of how many, a note."""

TELL_SECONDS = 1.0
"""Between two words about progress."""


class TellingReporter(Reporter):
    """Prints like any reporter, and tells a sweep how far its cell is."""

    def __init__(self, console: Console, tell: Tell) -> None:
        """Print to `console`, tell `tell`."""
        super().__init__(console)
        self._tell = tell

    @contextmanager
    def bar(self, title: str, total: int) -> Iterator[Bar]:
        """See `Reporter.bar`."""
        with super().bar(title, total) as inner:
            yield _TellingBar(inner, title, total, self._tell)


class _TellingBar(Bar):
    def __init__(self, inner: Bar, title: str, total: int, tell: Tell) -> None:
        self._inner = inner
        self._what = title, total
        self._tell = tell
        self._due = 0.0

    def show(self, done: int, note: str = "") -> None:
        self._inner.show(done, note)
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + TELL_SECONDS
            title, total = self._what
            self._tell(title, done, total, note)


def work_cell(folder: Path, base: Path | None, tell: Tell, stop: StopFlag) -> bool:
    """Play a cell; does nothing if it is finished.

    Args:
        folder: of the cell, with its `cell.json`.
        base: folder of the finished cell that it needs.
        tell: told how far it is.
        stop: asked at every step.

    Returns:
        Whether it is finished; False if it was stopped.

    Raises:
        OversightError: it cannot be played.
    """
    with _alone(folder):
        return finished(folder) or _work(folder, base, tell, stop)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else plays this cell: a worker may outlive a sweep that was killed."""
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RunError(
                f"another process plays {folder}: wait for it, or end it, and sweep again"
            ) from None
        yield


def _work(folder: Path, base: Path | None, tell: Tell, stop: StopFlag) -> bool:
    cell = Cell.from_json(read_object(folder / CELL))
    begun = time.monotonic()
    with (folder / "output.txt").open("a", encoding="utf-8") as file:
        reporter = TellingReporter(Console(file=file, highlight=False, width=110), tell)
        rows = study_named(cell.study).play(cell.settings, Place(folder, base, reporter, stop))
    if rows is None:
        return False
    write_json(
        folder / RESULT,
        {
            "cell": cell.as_json(),
            "rows": rows,
            "wall_seconds": time.monotonic() - begun,
            "command": f"python -m experiments cell {cell.key}",
            "versions": package_versions(),
            "machine": machine(),
            "finished_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        },
    )
    return True


def machine() -> dict[str, str | int | None]:
    """What it ran on: names no host."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": sys.version.split()[0],
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
