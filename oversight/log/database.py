"""Opening the log's file: created whole or not at all, and never a foreign one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool

from oversight.errors import LogCorrupted, LogError, LogVersionMismatch
from oversight.log.schema import APPLICATION_ID, FORMAT_VERSION, metadata

__all__ = ["connect", "create", "say"]


def create(path: Path) -> Engine:
    """Make a new log file with its tables.

    Raises:
        LogError: there is a file already, or it cannot be made.
    """
    if path.exists():
        raise LogError(f"{path} exists already: open it, or choose another name")
    if not path.parent.is_dir():
        raise LogError(f"{path.parent} is not a directory: make it first")
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
            connection.commit()
    except sqlite3.Error as error:
        raise LogError(f"{path} cannot be made: {error}") from None
    engine = _engine(path, read_only=False)
    metadata.create_all(engine)
    return engine


def connect(path: Path, *, read_only: bool) -> Engine:
    """Open a log file.

    Raises:
        LogError: no such file, or not one of ours.
        LogVersionMismatch: written by another version of the format.
        LogCorrupted: SQLite cannot make sense of it.
    """
    if not path.is_file():
        raise LogError(f"{path}: no such log")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as raw:
            application = raw.execute("PRAGMA application_id").fetchone()[0]
            version = raw.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise LogCorrupted(f"{path} is not an intervention log, or damaged: {error}") from None
    if application != APPLICATION_ID:
        raise LogError(f"{path} is an SQLite file, but not an intervention log")
    if version != FORMAT_VERSION:
        raise LogVersionMismatch(
            f"{path} has format version {version}, this program reads {FORMAT_VERSION}: "
            f"use the hirl that wrote it (see the table `run` in it)"
        )
    return _engine(path, read_only=read_only)


def say(path: Path, error: Exception) -> LogError:
    """Turn a database's error into one line that says what to do."""
    text = str(getattr(error, "orig", None) or error)
    if "malformed" in text or "not a database" in text:
        return LogCorrupted(f"{path} is damaged: {text}; keep the file, rows before it may read")
    if "full" in text:
        return LogError(f"{path}: the disk is full; free some space, then resume: nothing was lost")
    if "locked" in text:
        return LogError(f"{path} is being written by another process: let it end first")
    return LogError(f"{path} cannot be written or read: {text}")


def _engine(path: Path, *, read_only: bool) -> Engine:
    uri = f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rw'}"

    def connection() -> sqlite3.Connection:
        # Another thread may read progress; SQLAlchemy's one connection serialises them.
        raw = sqlite3.connect(uri, uri=True, timeout=5.0, check_same_thread=False)
        raw.execute("PRAGMA foreign_keys = ON")
        return raw

    return create_engine("sqlite://", creator=connection, poolclass=StaticPool)
