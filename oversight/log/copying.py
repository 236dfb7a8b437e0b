"""Rows of one log into another: to join logs, to save what is whole, and to read exports."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from oversight.errors import LogError
from oversight.log import schema
from oversight.log.chain import CHAINED, NOTHING, Row, Through, Value, newest_link, rows_after
from oversight.log.checking import Check, check_log
from oversight.log.commit import Committer
from oversight.log.condition import identity_of
from oversight.log.database import WriterLock, create, telling
from oversight.log.mark import MarkFile
from oversight.log.meta import LogMeta
from oversight.log.store import InterventionLog

__all__ = ["NewLog", "Shifts", "merge_logs", "rows_by_table", "salvage_log"]

ROWS_AT_A_TIME = 2_000
Progress = Callable[[int, int], None]
"""Told how many logs or rows of how many are done."""
STEPS = (
    "step_id",
    "meant_for",
    "cause_step",
    "onset_step",
    "redone_by",
    "first_step",
    "step_shift",
)
EPISODES = ("episode", "first_episode", "episode_shift")
FRAMES = ("frame", "base", "frame_before")
CHANGES = ("change", "takes_back")
_PLACES = {table.name: place for place, (table, _) in enumerate(CHAINED)}


@dataclass(frozen=True, slots=True)
class Shifts:
    """What is added to the numbers of a log whose rows come into another."""

    step: int = 0
    episode: int = 0
    frame: int = 0
    change: int = 0
    scorer: int = 0

    def applied(self, row: Mapping[str, Value]) -> dict[str, Value]:
        """A row with the other log's numbers."""
        shifted = dict(row)
        for names, shift in (
            (STEPS, self.step),
            (EPISODES, self.episode),
            (FRAMES, self.frame),
            (CHANGES, self.change),
            (("scorer",), self.scorer),
        ):
            for name in names:
                value = shifted.get(name)
                if isinstance(value, int):
                    shifted[name] = value + shift
        return shifted


class NewLog:
    """A log that is made of rows; under a name of its own until it is whole.

    Example:
        >>> with NewLog(path, meta) as new:
        ...     new.take(rows)
    """

    def __init__(self, path: Path, meta: LogMeta) -> None:
        """Begin it.

        Raises:
            LogError: there is a file already, or it cannot be made.
        """
        if path.exists():
            raise LogError(f"{path} exists already: choose another name")
        if not path.parent.is_dir():
            raise LogError(f"{path.parent} is not a directory: make it first")
        self._path = path
        self._draft = path.with_name(path.name + "-part")
        self._remove()
        about = [{"key": key, "value": json.dumps(value)} for key, value in asdict(meta).items()]
        self._lock = WriterLock(path)
        try:
            self._engine = create(self._draft, about)
            self._connection = self._engine.connect()
            identity = identity_of(self._connection)
            self._committer = Committer(
                self._connection, self._draft, MarkFile(self._draft, identity)
            )
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> NewLog:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                with telling(self._path):
                    self._commit(durable=True)
            self._connection.close()
            self._engine.dispose()
            self._committer.close()
            if kind is None:
                self._draft.replace(self._path)
                self._beside(self._draft).replace(self._beside(self._path))
        finally:
            self._remove()
            self._lock.release()

    @property
    def through(self) -> Through:
        """Newest key of each table so far."""
        link = newest_link(self._connection)
        return NOTHING if link is None else link.through

    def take(self, rows: Iterator[tuple[str, Mapping[str, Value]]]) -> None:
        """Add rows, each with its table's name; those of a table in the order of their keys."""
        for number, (name, row) in enumerate(rows, start=1):
            self._committer.add(CHAINED[_PLACES[name]][0], **row)
            if number % ROWS_AT_A_TIME == 0:
                self._commit(durable=False)
        self._commit(durable=False)

    def _commit(self, *, durable: bool) -> None:
        self._committer.commit(durable=durable)

    @staticmethod
    def _beside(path: Path) -> Path:
        return path.with_name(path.name + "-mark")

    def _remove(self) -> None:
        for end in ("", "-mark", "-wal", "-shm"):
            self._draft.with_name(self._draft.name + end).unlink(missing_ok=True)


def rows_by_table(
    connection: Connection, through: Through
) -> Iterator[tuple[str, dict[str, Value]]]:
    """A log's rows up to some keys, by their columns' names."""
    for place, row in rows_after(connection, NOTHING, through):
        table = CHAINED[place][0]
        yield table.name, _named(table.columns.keys(), row)


def merge_logs(
    paths: Sequence[Path], out: Path, progress: Progress = lambda _done, _of: None
) -> None:
    """Join logs of one game into one; steps and episodes are numbered anew, one log after another.

    The table `origins` says what came from where. The logs stay as they are.

    Args:
        paths: the logs, at least two, in the order that they are to have.
        out: a file that is not there yet.
        progress: told how many logs are done.

    Raises:
        LogError: too few logs, different games, one that cannot be read, or `out` is there.
    """
    if len(set(paths)) < 2 or len(set(paths)) != len(paths):
        raise LogError(f"expected at least two different logs to merge, got {len(paths)}")
    metas = [_meta_of(path) for path in paths]
    for path, meta in zip(paths, metas, strict=True):
        if _kind(meta) != _kind(metas[0]):
            raise LogError(
                f"expected logs of one game, played alike: {paths[0]} is {metas[0].game}, {path} "
                f"is {meta.game} or has other actions, screens or frames a step; merge each alone"
            )
    with NewLog(out, metas[0]) as new:
        for done, path in enumerate(paths):
            progress(done, len(paths))
            with InterventionLog.open(path) as log:
                _join(new, log)
        progress(len(paths), len(paths))


def salvage_log(path: Path, out: Path, progress: Progress = lambda _done, _of: None) -> Check:
    """Write what is whole of a damaged log to a new one; the old one stays as it is.

    Args:
        path: of the log.
        out: a file that is not there yet.
        progress: told how many decisions are checked.

    Returns:
        What was found; rows from the first damage on are not in the new log.

    Raises:
        LogError: nothing can be read, or `out` is there.
    """
    with _openable(path) as file:
        check = check_log(file, progress)
        with InterventionLog.open(file, damaged_too=True) as log, NewLog(out, log.meta) as new:
            new.take(rows_by_table(log.connection, check.whole_through))
            detail = f"from {path}: {check.in_words() or 'nothing was damaged'}"
            row: dict[str, Value] = {"kind": "salvaged", "detail": detail, "at": time.time()}
            new.take(iter([(schema.incidents.name, row)]))
    return check


@contextmanager
def _openable(path: Path) -> Iterator[Path]:
    """The log, or, if it was cut short, a copy as long as it says: SQLite reads no other."""
    with path.open("rb") if path.is_file() else nullcontext(BytesIO()) as file:
        head = file.read(100)
    page = int.from_bytes(head[16:18], "big") or 1
    wanted = (65_536 if page == 1 else page) * int.from_bytes(head[28:32], "big")
    if len(head) < 100 or path.stat().st_size >= wanted:
        yield path
        return
    with TemporaryDirectory(dir=path.parent, prefix="salvage-") as folder:
        copy = Path(folder) / path.name
        for end in ("", "-wal", "-mark"):
            source = path.with_name(path.name + end)
            if source.exists():
                shutil.copyfile(source, copy.with_name(copy.name + end))
        os.truncate(copy, wanted)
        yield copy


def _join(new: NewLog, log: InterventionLog) -> None:
    link = newest_link(log.connection)
    here = new.through
    at = {name: here[place] + 1 for name, place in _PLACES.items()}
    first = log.connection.exec_driver_sql("SELECT min(amendment) FROM amendments").scalar()
    scorer = log.connection.exec_driver_sql("SELECT min(scorer) FROM scorers").scalar()
    shifts = Shifts(
        step=at["decisions"],
        episode=at["episodes"],
        frame=at["frames"],
        change=at["amendments"] - int(first or 0),
        scorer=at["scorers"] - int(scorer or 0),
    )
    origin: dict[str, Value] = {
        "name": str(log.path),
        "first_step": at["decisions"],
        "step_shift": shifts.step,
        "first_episode": at["episodes"],
        "episode_shift": shifts.episode,
        "digest": "" if link is None else link.digest.hex(),
        "about": json.dumps(asdict(log.meta)),
    }
    new.take(iter([(schema.origins.name, origin)]))
    through = _all_keys(log.connection) if link is None else link.through
    rows = rows_by_table(log.connection, through)
    new.take((name, shifts.applied(row)) for name, row in rows)


def _all_keys(connection: Connection) -> Through:
    """Newest keys of a log of a format before the chain."""
    found = (
        connection.exec_driver_sql(f"SELECT max({key}) FROM {table.name}").scalar()
        for table, key in CHAINED
    )
    return tuple(-1 if newest is None else int(newest) for newest in found)


def _meta_of(path: Path) -> LogMeta:
    with InterventionLog.open(path) as log:
        return log.meta


def _kind(meta: LogMeta) -> tuple[object, ...]:
    played = {key: meta.environment.get(key) for key in ("frameskip", "sticky", "noop_max")}
    return meta.game, meta.actions, meta.screen_shape, meta.screen_dtype, str(played)


def _named(names: Sequence[str], row: Row) -> dict[str, Value]:
    return dict(zip(names, row, strict=True))
