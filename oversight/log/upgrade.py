"""Bringing a log of an older format up to date without writing anything else to it."""

from __future__ import annotations

from pathlib import Path

from oversight.log.database import WriterLock, connect
from oversight.log.migration import update
from oversight.log.schema import FORMAT_VERSION

__all__ = ["bring_up_to_date"]


def bring_up_to_date(path: Path) -> None:
    """Upgrade a log if it is of an older format: only while nobody else writes it.

    Raises:
        LogError: no such log, foreign, or being written.
    """
    engine = connect(path, read_only=True)
    try:
        with engine.connect() as connection:
            version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    finally:
        engine.dispose()
    if version == FORMAT_VERSION:
        return
    lock = WriterLock(path)
    try:
        engine = connect(path, read_only=False)
        try:
            with engine.connect() as connection:
                update(connection, read_only=False)
        finally:
            engine.dispose()
    finally:
        lock.release()
