"""Decisions as columns, read straight into arrays.

A row by row reading of half a million decisions takes twice as long as a reader wants to wait, and
leaves ten million Python objects behind; so SQLite gives numbers for words and for nulls, all
columns of few values as the digits of one number, and NumPy takes the rows as they come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray
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
    type_coerce,
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
ROWS = 65_536
"""Rows that are turned into columns at a time: what reading needs beside its result stays small."""


@dataclass(frozen=True)
class _Digit:
    """A column of few values as a digit of one number.

    Attributes:
        name: of the column.
        asked: what SQLite gives, 0 to `base` - 1.
        base: how many values there are.
        values: what each stands for, shape (base,).
    """

    name: str
    asked: ColumnElement[Any]
    base: int
    values: NDArray[Any]


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

    kept = [column for column in table.columns if column.name not in LEFT_OUT]
    nullable = [c for c in kept if c.nullable and not isinstance(c.type, Boolean)]
    words, empty = _census(connection, chosen, nullable)
    digits = [digit for column in kept if (digit := _digit(column, words)) is not None]
    small = {digit.name for digit in digits}
    large = [column for column in kept if column.name not in small | empty]
    query = chosen(select(*(_asked(column) for column in large), _number(digits)))
    query = query.order_by(table.c.step_id)
    # Rows of the driver itself: SQLAlchemy's own cost three times as much each.
    text = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    cursor = connection.exec_driver_sql(str(text)).cursor
    assert cursor is not None, "a query has one"
    parts: dict[str, list[NDArray[Any]]] = {column.name: [] for column in kept}
    for rows in _batches(cast(Iterator[tuple[Any, ...]], cursor), large):
        for column in large:
            parts[column.name].append(_given(rows[column.name], column))
        for name, values in _taken_apart(rows["digits"], digits):
            parts[name].append(values)
        for column in nullable:
            if column.name in empty:
                parts[column.name].append(_nulls(column, len(rows)))
    return {column.name: np.concatenate(parts.pop(column.name)) for column in kept}


def _census(
    connection: Connection,
    chosen: Callable[[Select[Any]], Select[Any]],
    nullable: Sequence[Column[Any]],
) -> tuple[dict[str, list[str]], set[str]]:
    """The words that there are, and the columns that hold nothing: they need not be read."""
    told = [schema.decisions.c[name] for name in WORDS]
    rows = connection.execute(chosen(select(*told)).distinct()).fetchall()
    words = {name: sorted({row[place] for row in rows}) for place, name in enumerate(WORDS)}
    filled: list[ColumnElement[Any]] = [func.count(column) for column in nullable]
    counts = connection.execute(chosen(select(*filled))).one()
    empty = {c.name for c, count in zip(nullable, counts, strict=True) if count == 0}
    return words, empty


def _batches(
    rows: Iterator[tuple[Any, ...]], large: Sequence[Column[Any]]
) -> Iterator[NDArray[Any]]:
    """Rows as structured arrays, at least one of them, the last one not full."""
    fields: list[tuple[str, DTypeLike]] = [
        (column.name, np.float64 if isinstance(column.type, Float) else np.int64)
        for column in large
    ]
    while True:
        batch = np.fromiter(islice(rows, ROWS), dtype=np.dtype([*fields, ("digits", np.int64)]))
        yield batch
        if len(batch) < ROWS:
            return


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


def _digit(column: Column[Any], words: dict[str, list[str]]) -> _Digit | None:
    """A column as a digit; None if it has too many values for one."""
    if column.name == "verdict":
        codes = np.array(sorted(CODES.values()), np.int8)
        return _Digit(column.name, case(CODES, value=column), len(codes), codes)
    if column.name in words:
        known = words[column.name]
        numbers = {word: number for number, word in enumerate(known)}
        asked = case(numbers, value=column) if numbers else literal(0)
        return _Digit(column.name, asked, max(1, len(known)), np.array(known or [""], np.str_))
    if not isinstance(column.type, Boolean):
        return None
    # Not 0, whatever damage left there: no digit may run over into the next.
    truth = type_coerce(type_coerce(column, Integer) != literal(0), Integer)
    if not column.nullable:
        return _Digit(column.name, truth, 2, np.array([False, True]))
    values = np.array([UNKNOWN, 0, 1], np.int8)
    return _Digit(column.name, func.coalesce(truth, literal(-1)) + literal(1), 3, values)


def _number(digits: Sequence[_Digit]) -> ColumnElement[Any]:
    number: ColumnElement[Any] = literal(0)
    for digit in digits:  # Horner's rule: the first digit counts most
        number = number * literal(digit.base) + digit.asked
    return number.label("digits")


def _taken_apart(
    numbers: NDArray[np.int64], digits: Sequence[_Digit]
) -> Iterator[tuple[str, NDArray[Any]]]:
    for digit in reversed(digits):
        yield digit.name, digit.values[numbers % digit.base]
        numbers = numbers // digit.base


def _asked(column: Column[Any]) -> ColumnElement[Any]:
    if not column.nullable:
        return column
    missing = NULL if isinstance(column.type, Float) else UNKNOWN
    return func.coalesce(column, literal(missing)).label(column.name)


def _nulls(column: Column[Any], count: int) -> NDArray[Any]:
    if isinstance(column.type, Float):
        return np.full(count, np.nan)
    return np.full(count, UNKNOWN, np.int64)


def _given(values: NDArray[Any], column: Column[Any]) -> NDArray[Any]:
    if isinstance(column.type, Float) and column.nullable:
        return np.where(values == NULL, np.nan, values)
    return np.ascontiguousarray(values)
