"""The sweep's order: what is finished is left alone, what waits for another waits, faults retry."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from experiments.sweep.backend import Backend, Ended, Progress
from experiments.sweep.cell import Cell, finished

__all__ = ["Entry", "Scheduler", "State", "with_bases"]


class State(StrEnum):
    """Where a cell of a sweep stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass
class Entry:
    """A cell of a sweep.

    Attributes:
        cell: what it is.
        folder: where.
        state: where it stands.
        tries: how often it was begun in this sweep.
        fault: why it failed, or what befell its last try.
        progress: how far it is with what it does now.
        since: by the monotonic clock, when that was first told of.
        since_done: how much of it was done by then.
    """

    cell: Cell
    folder: Path
    state: State
    tries: int = 0
    fault: str | None = None
    progress: Progress = field(default_factory=Progress)
    since: float = 0.0
    since_done: int = 0

    def hear(self, progress: Progress, now: float) -> None:
        """Take a word about how far it is.

        A run's phases count from 0 each, and one that goes on from a checkpoint does not: so speed
        is measured from the first word about what is done now.

        Args:
            progress: the word.
            now: by the monotonic clock.
        """
        was = self.progress
        if (was.doing, was.of) != (progress.doing, progress.of) or progress.done < was.done:
            self.since, self.since_done = now, progress.done
        self.progress = progress

    def steps_per_second(self, now: float) -> float | None:
        """How fast it goes; None until something was done since the first word.

        Args:
            now: by the monotonic clock.
        """
        done, seconds = self.progress.done - self.since_done, now - self.since
        return done / seconds if done > 0 and seconds > 0 else None


def with_bases(cells: Sequence[Cell]) -> list[Cell]:
    """All cells and those that they need, each once, needed ones first."""
    found: dict[str, Cell] = {}
    for cell in cells:
        if cell.base is not None:
            for needed in with_bases([cell.base]):
                found.setdefault(needed.key, needed)
        found.setdefault(cell.key, cell)
    return list(found.values())


class Scheduler:
    """Plays cells on a backend until all are done, failed or stopped."""

    def __init__(
        self,
        cells: Sequence[Cell],
        out: Path,
        backend: Backend,
        *,
        retries: int,
        stop: Callable[[], bool],
    ) -> None:
        """See which cells are finished; nothing is made before `run`.

        Args:
            cells: in the order in which they are begun; what they need comes before them.
            out: the sweep's folder.
            backend: where they are played.
            retries: how often a cell is begun again after its worker died.
            stop: asked all the time.
        """
        self.entries: dict[str, Entry] = {}
        for cell in with_bases(cells):
            folder = cell.folder(out)
            state = State.DONE if finished(folder) else State.WAITING
            self.entries[cell.key] = Entry(cell, folder, state)
        self._out = out
        self._backend = backend
        self._retries = retries
        self._stop = stop

    def run(self, watch: Callable[[], None], *, pause: float = 0.2) -> None:
        """Put all cells' folders where they belong, and play until nothing is left to do.

        Args:
            watch: called again and again, to draw.
            pause: seconds between two looks.

        Raises:
            RunError: a folder cannot be made.
        """
        for entry in self.entries.values():
            entry.cell.put(self._out)
        asked = False
        while self._work_left(stopping=asked):
            if self._stop() and not asked:
                asked = True
                self._backend.stop()
            if not asked:
                self._begin()
            for ended in self._backend.ended():
                self._settle(ended, stopping=asked)
            for key, progress in self._backend.progress().items():
                self.entries[key].hear(progress, time.monotonic())
            watch()
            time.sleep(pause)
        for entry in self.entries.values():
            if entry.state is State.WAITING:
                entry.state = State.STOPPED
        watch()

    def _work_left(self, *, stopping: bool) -> bool:
        states = {entry.state for entry in self.entries.values()}
        return State.RUNNING in states or (State.WAITING in states and not stopping)

    def _begin(self) -> None:
        free = self._backend.capacity - self._count(State.RUNNING)
        for entry in self.entries.values():
            if entry.state is not State.WAITING or not self._may_begin(entry):
                continue
            if free <= 0:
                return
            free -= 1
            base = entry.cell.base
            entry.state, entry.tries, entry.progress = State.RUNNING, entry.tries + 1, Progress()
            where = None if base is None else self.entries[base.key].folder
            self._backend.start(entry.cell, entry.folder, where)

    def _may_begin(self, entry: Entry) -> bool:
        if entry.cell.base is None:
            return True
        base = self.entries[entry.cell.base.key]
        if base.state in (State.FAILED, State.STOPPED):
            entry.state, entry.fault = base.state, f"needs {base.cell.key}: {base.state}"
        return base.state is State.DONE

    def _settle(self, ended: Ended, *, stopping: bool) -> None:
        entry = self.entries[ended.key]
        entry.fault = ended.fault
        if ended.fault is None:
            entry.state = State.DONE
        elif stopping or ended.fault == "stopped":
            entry.state = State.STOPPED
        elif ended.again and entry.tries <= self._retries:
            entry.state = State.WAITING
        else:
            entry.state = State.FAILED

    def _count(self, state: State) -> int:
        return sum(entry.state is state for entry in self.entries.values())
