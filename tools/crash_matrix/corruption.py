"""Bytes that flip and files that are cut: never unnoticed, and the way out works."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
from sessions import Row, session

from oversight import InterventionLog, LogError, LogVersionMismatch
from oversight.log.checking import check_log
from oversight.log.copying import salvage_log
from oversight.log.migration import COLUMNS, TABLES
from oversight.log.schema import FORMAT_VERSION

ENDS = ("", "-wal", "-mark")
Harm = Callable[[bytearray, np.random.Generator], None]


def flip(data: bytearray, rng: np.random.Generator) -> None:
    data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))


def cut(data: bytearray, rng: np.random.Generator) -> None:
    del data[int(rng.integers(len(data))) :]


def samples(folder: Path) -> tuple[Path, Path]:
    """A log that was closed, and one as a kill leaves it: with its end in the write-ahead log."""
    closed, killed = folder / "closed", folder / "left"
    closed.mkdir()
    killed.mkdir()
    session(closed / "log.sqlite", lambda _: None, steps=150)
    copied = False

    def copy_late(through: int) -> None:
        nonlocal copied
        if through >= 119 and not copied:
            copied = True
            copy(folder / "live.sqlite", killed / "log.sqlite")

    session(folder / "live.sqlite", copy_late, steps=150)
    return closed / "log.sqlite", killed / "log.sqlite"


def copy(path: Path, to: Path) -> None:
    for end in ENDS:
        source = path.with_name(path.name + end)
        if source.exists():
            shutil.copy(source, to.with_name(to.name + end))


def content(path: Path) -> tuple[object, ...]:
    """All that a log says, to be compared."""
    with closing(sqlite3.connect(path)) as raw:
        names = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
        return tuple(tuple(raw.execute(f"SELECT * FROM {name}")) for (name,) in names.fetchall())


def damaged(
    case: str, sample: Path, end: str, harm: Harm, times: int, rng: np.random.Generator
) -> Row:
    """Harm one of a log's files again and again.

    Each time it must be told, or all that the log says must be what it was.
    """
    row, work = Row(case), sample.parent / "work"
    shutil.copytree(sample.parent, work)
    whole = content(work / "log.sqlite")
    shutil.rmtree(work)
    for _ in range(times):
        work.mkdir()
        path = work / "log.sqlite"
        copy(sample, path)
        hurt = path.with_name(path.name + end)
        data = bytearray(hurt.read_bytes())
        harm(data, rng)
        hurt.write_bytes(data)
        row.trials += 1
        told = one_damage(path, row)
        if not told:
            same = content(path) == whole
            row.count("harmless: all as it was" if same else "silent")
            row.unnoticed += not same
        shutil.rmtree(work)
    return row


def one_damage(path: Path, row: Row) -> bool:
    """Whether it is told; and if so, whether what is whole can be saved."""
    try:
        with InterventionLog.open(path):
            pass
        sound = check_log(path)
        if sound.sound and sound.condition.state.value == "whole":
            return False
    except LogError as error:
        if "\n" in str(error):
            raise
    row.count("noticed")
    out = path.with_name("saved.sqlite")
    try:
        salvage_log(path, out)
        with InterventionLog.open(out) as log:
            ids = log.steps(undone=True).step_id
            if len(ids):
                log.frames(log.steps().frame)
        assert (ids == np.arange(len(ids))).all(), "a beginning without gaps"
        row.count("saved to a new log")
        row.count("decisions saved", len(ids))
    except LogError:
        row.count("nothing readable")
    return True


def versions(folder: Path) -> Row:
    """A log of each older format, and of a newer one."""
    row = Row("older and newer formats")
    session(folder / "now.sqlite", lambda _: None, steps=50)
    for version in (*range(1, FORMAT_VERSION), FORMAT_VERSION + 1):
        path = folder / f"format{version}.sqlite"
        copy(folder / "now.sqlite", path)
        as_format(path, version)
        before = path.read_bytes()
        row.trials += 1
        row.acknowledged += 50
        if version > FORMAT_VERSION:
            for read_only in (True, False):
                try:
                    InterventionLog.open(path, read_only=read_only).close()
                    row.unnoticed += 1
                except LogVersionMismatch:
                    row.count("newer: refused in one line")
            row.lost += 50 * (path.read_bytes() != before)
            continue
        with InterventionLog.open(path) as log:
            row.lost += 50 - len(log.steps())
        row.lost += 50 * (path.read_bytes() != before)  # reading changes nothing
        session(path, lambda _: None, steps=10)
        with InterventionLog.open(path) as log:
            row.lost += 60 - len(log.steps())
        row.unnoticed += not check_log(path).sound
        row.count("older: read, upgraded and gone on with")
    return row


def as_format(path: Path, version: int) -> None:
    """Make of a log one as another format had it."""
    with closing(sqlite3.connect(path)) as raw:
        later = [c for format_, many in COLUMNS.items() if format_ > version for c in many]
        if any(column.name == "base" for column in later):
            whole_screens(raw, path)
        for column in later:
            raw.execute(f"ALTER TABLE {column.table.name} DROP COLUMN {column.name}")
        for table in (t for format_, many in TABLES.items() if format_ > version for t in many):
            raw.execute(f"DROP TABLE {table.name}")
        raw.execute(f"PRAGMA user_version = {version}")
        raw.commit()
    if version < FORMAT_VERSION:
        path.with_name(path.name + "-mark").unlink()


def whole_screens(raw: sqlite3.Connection, path: Path) -> None:
    import zstandard

    with InterventionLog.open(path) as log:
        keys = np.unique(log.steps().frame)
        for key, shown in zip(keys.tolist(), log.frames(keys), strict=True):
            data = zstandard.compress(shown.tobytes())
            raw.execute("UPDATE frames SET data = ?, base = NULL WHERE frame = ?", (data, key))
