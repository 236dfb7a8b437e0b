"""Logs of older formats: brought to this one to be written, read as they are otherwise."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Connection, Table
from sqlalchemy.schema import CreateColumn

from oversight.log.schema import FORMAT_VERSION, decisions, frames, rewinds

__all__ = ["update"]

VIEWING = (decisions.c.pace, decisions.c.speed_up, decisions.c.hint, decisions.c.previewed)
ADDED: dict[int, tuple[Column[Any], ...]] = {
    3: (frames.c.base, decisions.c.meant_for),
    4: VIEWING,
}
"""Columns that a format brought to tables that were there before it. They may be null."""


def update(connection: Connection, *, read_only: bool) -> None:
    """Bring an opened log of an older format to this one, at one go and losing nothing.

    A log that is only read stays as it is on disk: what it lacks is shown by views that live in
    this connection's memory. One that another process upgrades meanwhile has to be opened anew.

    Args:
        connection: to the log; nobody else writes it.
        read_only: whether the file may not be changed.
    """
    version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    if version != FORMAT_VERSION:
        connection.exec_driver_sql("BEGIN")  # not implied by what makes tables
        if read_only:
            _show(connection, version)
        else:
            _upgrade(connection, version)
            connection.exec_driver_sql(f"PRAGMA user_version = {FORMAT_VERSION}")
    connection.commit()


def _upgrade(connection: Connection, version: int) -> None:
    if version < 2:
        rewinds.create(connection)
    for column in _lacking(version):
        words = CreateColumn(column).compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {column.table.name} ADD COLUMN {words}")


def _show(connection: Connection, version: int) -> None:
    if version < 2:
        columns = ", ".join(column.name for column in rewinds.columns)
        connection.exec_driver_sql(f"CREATE TEMP TABLE rewinds ({columns})")
    lacking = _lacking(version)
    for table in {column.table for column in lacking}:
        connection.exec_driver_sql(_view(table, lacking))


def _view(table: Table, lacking: tuple[Column[Any], ...]) -> str:
    shown = (
        f"NULL AS {column.name}" if column in lacking else column.name for column in table.columns
    )
    return f"CREATE TEMP VIEW {table.name} AS SELECT {', '.join(shown)} FROM main.{table.name}"


def _lacking(version: int) -> tuple[Column[Any], ...]:
    return tuple(c for format_, added in ADDED.items() if version < format_ for c in added)
