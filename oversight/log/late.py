"""Blocks that came late: when they arrived, and which step they were meant for."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from sqlalchemy import select

from oversight.log import schema
from oversight.log.database import connect, telling

__all__ = ["late_presses"]


def late_presses(path: Path) -> dict[int, int]:
    """From the step at which a late block arrived to the earlier one that it was meant for.

    Raises:
        LogError: the log cannot be read.
    """
    engine = connect(path, read_only=True)
    columns = schema.decisions.c
    query = select(columns.step_id, columns.meant_for).where(columns.meant_for.is_not(None))
    try:
        with telling(path), closing(engine.connect()) as connection:
            return {row.step_id: row.meant_for for row in connection.execute(query)}
    finally:
        engine.dispose()
