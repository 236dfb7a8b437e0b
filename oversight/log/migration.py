"""Logs of older formats: brought to this one to be written, read as they are otherwise."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Table
from sqlalchemy.schema import CreateColumn

from oversight.log import schema
from oversight.log.chain import append_link, begin_chain

__all__ = ["CHAIN_FROM", "update"]

T = TypeVar("T")

COLUMNS: dict[int, tuple[Column[Any], ...]] = {
    3: (schema.frames.c.base, schema.decisions.c.meant_for),
    4: (
        schema.decisions.c.pace,
        schema.decisions.c.speed_up,
        schema.decisions.c.hint,
        schema.decisions.c.previewed,
    ),
    5: (
        schema.frames.c.crc,
        schema.decisions.c.frame_before,
        schema.amendments.c.name,
        schema.amendments.c.change,
        schema.amendments.c.takes_back,
    ),
}
"""Columns that a format brought to tables that were there before it. They may be null."""
TABLES: dict[int, tuple[Table, ...]] = {
    2: (schema.rewinds,),
    5: (
        schema.scorers,
        schema.scores,
        schema.contexts,
        schema.snapshots,
        schema.origins,
        schema.incidents,
        schema.chain,
    ),
}
"""Tables that a format brought."""
CHAIN_FROM = 5
"""The format that brought the chain."""


def update(connection: Connection, *, read_only: bool) -> None:
    """Bring an opened log of an older format to this one, at one go and losing nothing.

    A log that is only read stays as it is on disk: what it lacks is shown by views that live in
    this connection's memory. One that another process upgrades meanwhile has to be opened anew.

    Args:
        connection: to the log; nobody else writes it.
        read_only: whether the file may not be changed.
    """
    version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    if version != schema.FORMAT_VERSION:
        connection.exec_driver_sql("BEGIN")  # not implied by what makes tables
        if read_only:
            _show(connection, version)
        else:
            _upgrade(connection, version)
            connection.exec_driver_sql(f"PRAGMA user_version = {schema.FORMAT_VERSION}")
    connection.commit()


def _upgrade(connection: Connection, version: int) -> None:
    for table in _later(TABLES, version):
        table.create(connection)
    for column in _later(COLUMNS, version):
        words = CreateColumn(column).compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {column.table.name} ADD COLUMN {words}")
    if version < CHAIN_FROM:
        # From here on nothing of what was found can change unnoticed.
        begin_chain(connection)
        append_link(connection, durable=True)


def _show(connection: Connection, version: int) -> None:
    lacking_tables = _later(TABLES, version)
    for table in lacking_tables:
        columns = ", ".join(column.name for column in table.columns)
        connection.exec_driver_sql(f"CREATE TEMP TABLE {table.name} ({columns})")
    lacking = _later(COLUMNS, version)
    for table in {column.table for column in lacking}:
        assert isinstance(table, Table), "a column of one of the log's tables"
        connection.exec_driver_sql(_view(table, lacking))


def _view(table: Table, lacking: tuple[Column[Any], ...]) -> str:
    shown = (
        f"NULL AS {column.name}" if column in lacking else column.name for column in table.columns
    )
    return f"CREATE TEMP VIEW {table.name} AS SELECT {', '.join(shown)} FROM main.{table.name}"


def _later(added: dict[int, tuple[T, ...]], version: int) -> tuple[T, ...]:
    return tuple(one for format_, many in added.items() if version < format_ for one in many)
