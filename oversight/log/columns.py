"""Decisions as columns, read straight into arrays.

A row by row reading of half a million decisions takes twice as long as a reader wants to wait, and
leaves ten million Python objects behind; so SQLite gives numbers for words and for nulls, and NumPy
takes the rows as they come.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    Select,
    case,
    func,
    literal,
    select,
)
from sqlalchemy.sql.elements import ColumnElement

from oversight.log import schema
from oversight.log.table import SAFE, UNKNOWN, UNSAFE, UNSURE
from oversight.types import Verdict

__all__ = ["CODES", "decision_columns"]

CODES = {Verdict.SAFE.value: SAFE, Verdict.UNSAFE.value: UNSAFE, Verdict.UNSURE.value: UNSURE}
NULL = -1e300
"""Stands for null among floats on the way: SQLite has no NaN."""
WORDS = ("phase", "source")
LEFT_OUT = ("decided_at", "meant_for")
"""Columns that no `StepTable` has."""


def decision_columns(
    connection: Connection,
    phases: Sequence[str] | None,
    *,
    undone: bool,
    episode: int | None,
    between: tuple[int, int] | None,
) -> dict[str, NDArray[Any]]:
    """The columns of some decisions, in the order of step_id, as they were first written.

    Null is NaN among floats and UNKNOWN among others; verdicts are codes. To be called within a
    transaction: words that came between its two queries would have no number.
    """
    table = schema.decisions

    def chosen(query: Select[Any]) -> Select[Any]:
        return _chosen(query, phases, undone=undone, episode=episode, between=between)

    words = {name: _words(connection, chosen(select(table.c[name]))) for name in WORDS}
    kept = [column for column in table.columns if column.name not in LEFT_OUT]
    query = chosen(select(*(_asked(column, words) for column in kept))).order_by(table.c.step_id)
    # Rows of the driver itself: SQLAlchemy's own cost three times as much each.
    text = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    cursor = connection.exec_driver_sql(str(text)).cursor
    assert cursor is not None, "a query has one"
    taken = cast(Iterable[tuple[Any, ...]], cursor)
    rows = np.fromiter(taken, dtype=np.dtype([(c.name, _dtype(c)) for c in kept]))
    return {column.name: _given(rows[column.name], column, words) for column in kept}


def _chosen(
    query: Select[Any],
    phases: Sequence[str] | None,
    *,
    undone: bool,
    episode: int | None,
    between: tuple[int, int] | None,
) -> Select[Any]:
    columns = schema.decisions.c
    if phases is not None:
        query = query.where(columns.phase.in_(list(phases)))
    if episode is not None:
        query = query.where(columns.episode == episode)
    if between is not None:
        query = query.where(columns.step_id.between(*between))
    if not undone:
        query = query.where(columns.step_id.not_in(select(schema.rewinds.c.step_id)))
    return query


def _words(connection: Connection, query: Select[Any]) -> list[str]:
    """Every word of a column, once."""
    return [word for (word,) in connection.execute(query.distinct())]


def _asked(column: Column[Any], words: dict[str, list[str]]) -> ColumnElement[Any]:
    if column.name == "verdict":
        return case(CODES, value=column).label(column.name)
    if column.name in words:
        numbers = {word: number for number, word in enumerate(words[column.name])}
        return (case(numbers, value=column) if numbers else literal(0)).label(column.name)
    if not column.nullable:
        return column
    missing = NULL if isinstance(column.type, Float) else UNKNOWN
    return func.coalesce(column, literal(missing)).label(column.name)


def _dtype(column: Column[Any]) -> type[np.generic]:
    if column.name == "verdict" or (isinstance(column.type, Boolean) and column.nullable):
        return np.int8
    if isinstance(column.type, Boolean):
        return np.bool_
    if isinstance(column.type, Float):
        return np.float64
    return np.int64 if isinstance(column.type, Integer) else np.int32


def _given(values: NDArray[Any], column: Column[Any], words: dict[str, list[str]]) -> NDArray[Any]:
    if column.name in words:
        known = np.array(words[column.name] or [""], np.str_)
        return known[values.astype(np.int64)] if len(values) else np.array([], np.str_)
    if isinstance(column.type, Float) and column.nullable:
        return np.where(values == NULL, np.nan, values)
    return np.ascontiguousarray(values)
