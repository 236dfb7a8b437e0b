"""`python -m experiments sweep` and `cell`."""

from __future__ import annotations

import fcntl
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from experiments.reporter import Reporter
from experiments.rundir import write_json
from experiments.stopping import StopFlag
from experiments.sweep.backend import PROGRESS, Backend, LocalProcesses
from experiments.sweep.board import shown
from experiments.sweep.cell import finished
from experiments.sweep.grid import GridSettings, cells_of
from experiments.sweep.plan import plan, plan_table
from experiments.sweep.scheduler import Scheduler, State
from experiments.sweep.speed import Speeds
from experiments.sweep.worker import work_cell
from oversight import RunError

__all__ = ["CellSettings", "SweepSettings", "play_cell", "sweep"]


@dataclass(frozen=True)
class SweepSettings:
    """A grid of cells on all cores of this machine, or on a Ray cluster.

    Finished cells are never played again, a cell whose worker died goes on where it stood, and
    Ctrl-C saves: the same command goes on. `python -m experiments report` makes tables of it.
    """

    cells: Annotated[GridSettings, tyro.conf.OmitArgPrefixes] = field(default_factory=GridSettings)

    out: Path = Path("runs/sweep")
    """The sweep's folder: a folder for each cell in it."""

    workers: int | None = None
    """Cells at a time; as many as there are cores if not given."""

    ray: str | None = None
    """Address of a Ray cluster whose cores are to be used, such as 10.0.0.1:6379; needs
    pip install "hirl[ray]" there and here."""

    retries: int = 2
    """How often a cell is begun again after its worker died."""

    plan: bool = False
    """Only list the cells with their computed hours, from speeds that are measured for it."""

    def check(self) -> SweepSettings:
        """Refuse what cannot be played.

        Raises:
            RunError: says what was expected and what came.
        """
        self.cells.check()
        if self.workers is not None and self.workers < 1:
            raise RunError(f"expected 1 worker or more, got {self.workers}")
        if self.retries < 0:
            raise RunError(f"expected 0 retries or more, got {self.retries}")
        return self


@dataclass(frozen=True)
class CellSettings:
    """Play one cell of a sweep, as its workers do."""

    folder: tyro.conf.Positional[Path]
    """The cell's folder, with its cell.json."""

    base: Path | None = None
    """Folder of the finished cell that it needs, if it needs one."""


def play_cell(settings: CellSettings, stop: StopFlag) -> bool:
    """Play one cell; returns whether it is finished.

    Raises:
        OversightError: it cannot be played.
    """

    def tell(doing: str, done: int, of: int, note: str) -> None:
        write_json(
            settings.folder / PROGRESS, {"doing": doing, "done": done, "of": of, "note": note}
        )

    return work_cell(settings.folder, settings.base, tell, stop)


def sweep(settings: SweepSettings, reporter: Reporter, stop: StopFlag) -> bool:
    """List the cells, play those that are not finished; returns whether all are done.

    Raises:
        RunError: the cells cannot be played, or another sweep is at work in the folder.
    """
    cells = cells_of(settings.check().cells)
    with ExitStack() as after:
        # A plan begins nothing: it needs no cluster, and is in nobody's way.
        if not settings.plan:
            after.enter_context(_alone(settings.out))
        workers = settings.workers or os.cpu_count() or 1
        backend = LocalProcesses(workers) if settings.plan else _backend(settings, workers)
        after.callback(backend.close)
        scheduler = Scheduler(cells, settings.out, backend, retries=settings.retries, stop=stop)
        speeds = Speeds(settings.out / "speeds.json", measuring=settings.plan)
        planned = plan(scheduler.entries, speeds)
        reporter.console.print(plan_table(planned, backend.capacity))
        if settings.plan:
            return True
        _remember_command(settings.out / "command.txt")
        with shown(reporter.console, scheduler.entries) as watch:
            scheduler.run(watch)
    states = [entry.state for entry in scheduler.entries.values()]
    reporter.say(f"\n{states.count(State.DONE)} of {len(states)} cells are done in {settings.out}.")
    for entry in scheduler.entries.values():
        if entry.state is State.FAILED:
            reporter.say(f"  failed: {entry.folder.name}: {entry.fault}")
    reporter.say(f"Tables: python -m experiments report {settings.out}")
    return all(finished(entry.folder) for entry in scheduler.entries.values())


def _remember_command(path: Path) -> None:
    """Add what was typed to the commands that made this sweep, for the results to say."""
    typed = shlex.join(["python", "-m", "experiments", *sys.argv[1:]])
    before = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    lines = dict.fromkeys([*before, typed])
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _backend(settings: SweepSettings, workers: int) -> Backend:
    if settings.ray is None:
        return LocalProcesses(workers)
    from experiments.sweep.on_ray import RayCluster  # takes a second, and few need it

    return RayCluster(settings.ray, settings.workers)


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = (out / ".lock").open("w")
    except OSError as error:
        raise RunError(f"{out} cannot be written: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RunError(
                f"another sweep is at work in {out}: wait for it or choose another --out"
            ) from None
        yield
