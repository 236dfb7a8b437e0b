"""Cells on a Ray cluster: a task a cell, played on the worker's own disk and shipped when done.

Every machine needs the same version of hirl. Nothing is shared between them but what Ray carries:
the files of a needed cell go there, the files of a finished one come back. A log is written on one
host, as SQLite wants it. Ray lets whoever reaches its port run code: keep the cluster to yourself.
"""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from experiments.rundir import write_json
from experiments.stopping import StopFlag
from experiments.sweep.backend import ONE_THREAD, Ended, Progress
from experiments.sweep.cell import CELL, RESULT, Cell
from experiments.sweep.worker import work_cell
from oversight import OversightError, RunError

__all__ = ["RayCluster", "bring", "play_shipped", "ship"]

STAYS = {".lock", "progress.json", "errors.txt", "agent.zip", "tensorboard"}
"""What a worker keeps to itself: nothing here reads it again."""

Files = dict[str, bytes]
"""Content by path within a cell's folder."""


def ship(folder: Path) -> Files:
    """All files of a cell's folder but what stays where it is."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not STAYS & set(path.relative_to(folder).parts)
    }


def bring(files: Files, folder: Path) -> None:
    """Write shipped files; the result last, so that a cell with one is whole.

    Raises:
        RunError: a path leads out of the folder, or a file cannot be written.
    """
    for name in sorted(files, key=lambda each: each == RESULT):
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise RunError(f"expected files of {folder}, got {name}")
        beside = path.with_name(path.name + ".new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(files[name])
            beside.replace(path)
        except OSError as error:
            raise RunError(f"{path} cannot be written: {error.strerror}; make room") from None


class _Board(Protocol):
    """Where workers say how far they are: a Ray actor."""

    tell: Any


def play_shipped(
    values: Mapping[str, Any], key: str, base: Files | None, board: _Board
) -> Files | str:
    """Play a cell on a worker's own disk.

    A try that died before on the same machine left its folder there: this one goes on with it.

    Returns:
        The files of the finished cell; or why it cannot be played, in words.
    """
    scratch = Path(tempfile.gettempdir()) / f"hirl-cells-{os.getuid()}"
    folder, needed = scratch / key, scratch / f"{key}-needs"
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / CELL, values)

    def tell(doing: str, done: int, of: int, note: str) -> None:
        board.tell.remote(key, doing, done, of, note)

    try:
        if base is not None:
            bring(base, needed)
        # Ray cancels by an exception, so nothing asks the flag to stop.
        work_cell(folder, None if base is None else needed, tell, StopFlag())
    except OversightError as error:
        return str(error)
    files = ship(folder)
    for done_with in (folder, needed):
        shutil.rmtree(done_with, ignore_errors=True)
    return files


def _ray() -> Any:  # noqa: ANN401 - an extra, which need not be there
    try:
        return importlib.import_module("ray")
    except ImportError:
        raise RunError(
            'Ray is not installed: pip install "hirl[ray]" here and on the cluster'
        ) from None


class _Told:
    """The board's side: the newest word of every cell."""

    def __init__(self) -> None:
        self._newest: dict[str, tuple[str, int, int, str]] = {}

    def tell(self, key: str, doing: str, done: int, of: int, note: str) -> None:
        """Hear how far a cell is."""
        self._newest[key] = (doing, done, of, note)

    def newest(self) -> dict[str, tuple[str, int, int, str]]:
        """The newest words."""
        return self._newest


class RayCluster:
    """Plays cells as tasks of a Ray cluster, a core each; a `Backend`."""

    def __init__(self, address: str, workers: int | None = None) -> None:
        """Connect.

        Args:
            address: of the cluster's head, such as "10.0.0.1:6379", or "auto".
            workers: cells at a time; the cluster's cores if not given.

        Raises:
            RunError: Ray is not installed, or nobody answers.
        """
        ray = _ray()
        root = str(Path(__file__).resolve().parents[2])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        variables = ONE_THREAD | {"PYTHONPATH": os.pathsep.join(paths)}
        try:
            ray.init(
                address=address,
                runtime_env={"env_vars": variables},
                log_to_driver=False,
                logging_level="ERROR",
            )
        except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
            line = " ".join(str(error).split())[:160]
            raise RunError(f"no Ray cluster answers at {address}: {line}") from None
        self._ray = ray
        self.capacity = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        # Here and nowhere else: the board must not go down with a machine that plays cells.
        here = ray.get_runtime_context().get_node_id()
        strategy = importlib.import_module("ray.util.scheduling_strategies")
        self._board = (
            ray.remote(num_cpus=0)(_Told)
            .options(scheduling_strategy=strategy.NodeAffinitySchedulingStrategy(here, soft=False))
            .remote()
        )
        # A cell is begun again by the sweep, which counts: Ray itself tries once.
        self._task = ray.remote(num_cpus=1, max_retries=0)(play_shipped)
        self._running: dict[Any, tuple[Cell, Path]] = {}

    def start(self, cell: Cell, folder: Path, base: Path | None) -> None:
        """See `Backend.start`."""
        needed = None if base is None else ship(base)
        task = self._task.remote(cell.as_json(), cell.key, needed, self._board)
        self._running[task] = (cell, folder)

    def ended(self) -> list[Ended]:
        """See `Backend.ended`."""
        if not self._running:
            return []
        waiting = list(self._running)
        over, _ = self._ray.wait(waiting, num_returns=len(waiting), timeout=0, fetch_local=False)
        return [self._result(task) for task in over]

    def _result(self, task: Any) -> Ended:  # noqa: ANN401 - Ray's own reference
        cell, folder = self._running.pop(task)
        problems = self._ray.exceptions
        try:
            answer = self._ray.get(task)
        except problems.TaskCancelledError:
            return Ended(cell.key, "stopped")
        except problems.RayTaskError as error:
            return Ended(cell.key, str(error).splitlines()[-1])
        except problems.RayError as error:  # the worker or its machine died
            return Ended(cell.key, " ".join(str(error).split())[:120], again=True)
        if isinstance(answer, str):
            return Ended(cell.key, answer)
        bring(answer, folder)
        return Ended(cell.key)

    def progress(self) -> Mapping[str, Progress]:
        """See `Backend.progress`."""
        if not self._running:
            return {}
        at_work = {cell.key for cell, _ in self._running.values()}
        try:
            newest = self._ray.get(self._board.newest.remote())
        except self._ray.exceptions.RayError:
            return {}  # a table without its numbers is no reason to stop
        return {key: Progress(*told) for key, told in newest.items() if key in at_work}

    def stop(self) -> None:
        """See `Backend.stop`."""
        for task in self._running:
            self._ray.cancel(task, force=False)

    def close(self) -> None:
        """See `Backend.close`."""
        self._ray.shutdown()
