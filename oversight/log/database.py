"""Opening the log's file: created whole or not at all, and never a foreign one."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import zstandard
from sqlalchemy import Connection, Engine, create_engine, insert
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import StaticPool

from oversight.errors import LogCorrupted, LogError, LogVersionMismatch
from oversight.log.chain import ChainUnreadable, begin_chain
from oversight.log.schema import APPLICATION_ID, FORMAT_VERSION, metadata, run

__all__ = ["UNREADABLE", "WriterLock", "connect", "create", "driver_of", "one_line", "telling"]


SALVAGE = "python -m oversight log salvage"
WAL_PAGES = 250
"""The write-ahead log is folded into the file, and begun anew, after so many pages of 4 KB. A sync
of what overwrites takes half as long as one of a file that grows (100 against 190 microseconds on
ext4), so a quarter of SQLite's own number shortens the wait of a new session's first decisions."""
UNREADABLE = (DatabaseError, UnicodeDecodeError)
"""What reading a damaged file raises; the second where SQLite's own complaint quotes the damage."""


class WriterLock:
    """Held by the one process that writes a log; a killed process lets go of it by dying.

    SQLite would let two writers take turns, and each would number its steps from the same one.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock of the log at `path`, a file beside it.

        Raises:
            LogError: somebody writes the log already, or no file can be made beside it.
        """
        self._file = path.with_name(path.name + "-lock")
        try:
            self._handle = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LogError(f"{path} cannot be locked for writing: {error.strerror}") from None
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The last writer may have taken the file away between our open and our lock.
            held = os.fstat(self._handle).st_ino == self._file.stat().st_ino
        except OSError:
            held = False
        if not held:
            os.close(self._handle)
            raise LogError(f"{path} is being written by another process: let it end first")

    def release(self) -> None:
        """Let the next one write."""
        self._file.unlink(missing_ok=True)
        os.close(self._handle)


def create(path: Path, about: Sequence[dict[str, str]]) -> Engine:
    """Make a new log file: written aside and renamed, so that no half of one is ever there.

    The caller holds the `WriterLock`, so nobody else makes the same file meanwhile.

    Args:
        path: of the log.
        about: rows of the table `run`.

    Raises:
        LogError: there is a file already, or it cannot be made.
    """
    if path.exists():
        raise LogError(f"{path} exists already: open it, or choose another name")
    draft = path.with_name(path.name + "-new")
    draft.unlink(missing_ok=True)
    engine = _engine(draft, "rwc")
    try:
        with telling(path), engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version = {FORMAT_VERSION}")
            connection.exec_driver_sql("BEGIN")  # the tables at one go: one wait for the disk
            metadata.create_all(connection)
            connection.execute(insert(run), list(about))
            begin_chain(connection)
        engine.dispose()  # the last connection folds the WAL into the file, and syncs it
        draft.replace(path)
        _sync_directory(path.parent)
    finally:
        engine.dispose()
        draft.unlink(missing_ok=True)
    return _engine(path, "rw")


def connect(path: Path, *, read_only: bool) -> Engine:
    """Open a log file.

    Raises:
        LogError: no such file, or not one of ours.
        LogVersionMismatch: written by a version of the format that this program does not know.
        LogCorrupted: SQLite cannot make sense of it.
    """
    if not path.is_file():
        raise LogError(f"{path}: no such log")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as raw:
            application = raw.execute("PRAGMA application_id").fetchone()[0]
            version = raw.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.OperationalError as error:
        raise LogError(f"{path} cannot be opened: {error}") from None
    except sqlite3.DatabaseError as error:
        raise LogCorrupted(f"{path} is not an intervention log, or damaged: {error}") from None
    if application != APPLICATION_ID:
        raise LogError(f"{path} is an SQLite file, but not an intervention log")
    if not 1 <= version <= FORMAT_VERSION:
        raise LogVersionMismatch(
            f"{path} has format version {version}, this program reads 1 to {FORMAT_VERSION}: "
            f"use the hirl that wrote it (see the table `run` in it)"
        )
    return _engine(path, "ro" if read_only else "rw")


def driver_of(connection: Connection) -> sqlite3.Connection:
    """SQLite's own connection beneath one of SQLAlchemy's: for where microseconds count."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection), "the engines here are made of it"
    return driver


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Turn errors of the database into a `LogError` of one line that says what to do."""
    try:
        yield
    except zstandard.ZstdError as error:
        raise LogCorrupted(f"{path} is damaged: a screen does not unpack ({error})") from None
    except ChainUnreadable as error:
        raise LogCorrupted(f"{path} is damaged: {error}; {SALVAGE} {path} --out NEW") from None
    except UnicodeDecodeError as error:
        raise LogCorrupted(
            f"{path} is damaged: {one_line(error)}; {SALVAGE} {path} --out NEW"
        ) from None
    except (DatabaseError, sqlite3.DatabaseError) as error:
        raise _in_words(path, one_line(error)) from None


def one_line(error: DatabaseError | sqlite3.DatabaseError | UnicodeDecodeError) -> str:
    """What SQLite says, which may quote a statement of several lines."""
    if isinstance(error, UnicodeDecodeError):
        return "a text that is no UTF-8"  # Python raises it while it makes SQLite's own complaint
    cause = error.orig if isinstance(error, DatabaseError) else error
    return " ".join(str(cause).split())


def _in_words(path: Path, text: str) -> LogError:
    if "malformed" in text or "not a database" in text:
        return LogCorrupted(
            f"{path} is damaged: {text}; keep the file, earlier rows may still be read: {SALVAGE} "
            f"{path} --out NEW"
        )
    if "full" in text or "I/O" in text:
        return LogError(
            f"{path} cannot be written or read, the disk may be full: {text}; "
            "free some space, then resume: what was recorded is kept"
        )
    if "locked" in text:
        return LogError(f"{path} is being written by another process: let it end first")
    return LogError(f"{path} cannot be written or read: {text}")


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)  # a new name survives a power loss only after this
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _engine(path: Path, mode: str) -> Engine:
    uri = f"{path.resolve().as_uri()}?mode={mode}"

    def connection() -> sqlite3.Connection:
        # Foreign keys are declared but not enforced: a row that refers to nothing can be told
        # later, a batch of decisions that is turned down because of it cannot be had back.
        driver = sqlite3.connect(uri, uri=True, timeout=5.0)
        driver.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        return driver

    return create_engine("sqlite://", creator=connection, poolclass=StaticPool)
