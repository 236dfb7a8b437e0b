"""The hash chain: a digest over every row, so that no damage passes unnoticed.

Each transaction ends with a *link*: the newest key of every table, and a digest over the link
before and the rows that came since. A row that was changed, lost or put in is found by computing
the digests again. The chain is a guard against damage, not against a forger: whoever can write the
file can write a chain as well.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from sqlalchemy import Boolean, Connection, Float, Integer, LargeBinary, Table

from oversight.log import schema

__all__ = [
    "ADD_LINK",
    "CHAINED",
    "NEWEST_LINK",
    "NOTHING",
    "ChainUnreadable",
    "Link",
    "Row",
    "Through",
    "Value",
    "append_link",
    "begin_chain",
    "digest_of",
    "link_of",
    "newest_link",
    "packed",
    "plain",
    "row_of",
    "rows_after",
    "write_link",
]

Value = int | float | str | bytes | None
"""What SQLite keeps."""
Row = tuple[Value, ...]
"""A row, its columns in the table's order."""
Through = tuple[int, ...]
"""Newest key of each table in `CHAINED`; -1 for none."""

CHAINED: tuple[tuple[Table, str], ...] = (
    (schema.episodes, "episode"),
    (schema.frames, "frame"),
    (schema.decisions, "step_id"),
    (schema.amendments, "amendment"),
    (schema.events, "event"),
    (schema.rewinds, "redone_by"),
    (schema.scorers, "scorer"),
    (schema.scores, "score"),
    (schema.contexts, "context"),
    (schema.snapshots, "snapshot"),
    (schema.origins, "origin"),
    (schema.incidents, "incident"),
)
"""The tables that a link covers, each with a key that only grows. Later ones are added last."""
NEWEST_LINK = "SELECT link, durable, through, digest FROM chain ORDER BY link DESC LIMIT 1"
"""Query for the chain's end, a row for `link_of`."""
ADD_LINK = "INSERT INTO chain VALUES (?, ?, ?, ?)"
"""Statement that takes a row of `row_of`."""
NOTHING: Through = (-1,) * len(CHAINED)


class ChainUnreadable(ValueError):  # noqa: N818 - said like the errors of the log
    """A link is none that we wrote."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain.

    Attributes:
        number: from 0, which covers the table `run` alone.
        durable: the transaction was synced before it was acknowledged.
        through: newest key of each table after it.
        digest: over the link before and the rows since.
    """

    number: int
    durable: bool
    through: Through
    digest: bytes


def plain(table: Table) -> Callable[[Mapping[str, Value]], Row]:
    """From a row by names to the values that SQLite will give back, in the table's order."""
    kinds = [(column.name, _kind(column.type)) for column in table.columns]

    def ready(row: Mapping[str, Value]) -> Row:
        values: list[Value] = []
        for name, kind in kinds:
            value = row.get(name)
            values.append(None if value is None else kind(value))
        return tuple(values)

    return ready


def _kind(type_: object) -> Callable[[Value], Value]:
    if isinstance(type_, Float):
        return _number
    if isinstance(type_, Boolean | Integer):
        return int  # type: ignore[return-value]
    return bytes if isinstance(type_, LargeBinary) else str  # type: ignore[return-value]


def _number(value: Value) -> float | None:
    # SQLite keeps no NaN and no sign of zero.
    number = float(value)  # type: ignore[arg-type]
    return None if math.isnan(number) else number + 0.0


def packed(row: Sequence[Value]) -> bytes:
    """A row as bytes, the same whoever computes them. Nulls at its end are left out."""
    end = len(row)
    while end and row[end - 1] is None:
        end -= 1
    blobs = b"".join(value for value in row[:end] if isinstance(value, bytes))
    # A length stands in a tuple of its own: a blob that came to be empty is not the number 0.
    words = tuple((len(v),) if isinstance(v, bytes) else v for v in row[:end])
    # ascii() and not repr(): what repr() prints of a character depends on Python's version.
    return ascii(words).encode() + blobs


def digest_of(
    previous: bytes, rows: Iterator[tuple[int, Row]], *, durable: bool, through: Through
) -> bytes:
    """The digest of a link.

    Args:
        previous: digest of the link before; empty for the first.
        rows: place of the table in `CHAINED` (-1 for `run`), and the row.
        durable: of the link; digested as well.
        through: of the link; digested as well.
    """
    total = blake2b(previous, digest_size=16)
    for place, row in rows:
        data = packed(row)
        total.update(b"%d %d " % (place, len(data)))
        total.update(data)
    known = list(through)
    while known and known[-1] == -1:  # tables that formats to come add are empty so far
        known.pop()
    total.update(b"%d %s" % (durable, repr(known).encode()))
    return total.digest()


def newest_link(connection: Connection) -> Link | None:
    """The chain's end; None for a log of a format that had none."""
    row = connection.exec_driver_sql(NEWEST_LINK).first()
    return None if row is None else link_of(row)


def link_of(row: Sequence[object]) -> Link:
    """From a row of the table to a link.

    Raises:
        ChainUnreadable: the row is none that we wrote.
    """
    number, durable, through, digest = row
    try:
        keys = json.loads(str(through))
    except ValueError:
        keys = None
    whole = isinstance(keys, list) and all(isinstance(key, int) for key in keys)
    if not whole or not isinstance(number, int) or not isinstance(digest, bytes):
        raise ChainUnreadable(f"link {number!r} of its chain cannot be read")
    # Formats to come may chain further tables, which were empty before.
    return Link(number, bool(durable), (*keys, *NOTHING[len(keys) :]), digest)


def begin_chain(connection: Connection) -> None:
    """Write link 0, over the table `run`."""
    rows = connection.exec_driver_sql("SELECT key, value FROM run ORDER BY key").fetchall()
    numbered = ((-1, tuple(row)) for row in rows)
    digest = digest_of(b"", numbered, durable=True, through=NOTHING)
    write_link(connection, Link(0, True, NOTHING, digest))


def append_link(connection: Connection, *, durable: bool) -> Link:
    """Write a link over all rows that are in the tables and in no link yet."""
    before = newest_link(connection)
    assert before is not None, "begin_chain comes first"
    through = tuple(
        _newest(connection, table, key, known)
        for (table, key), known in zip(CHAINED, before.through, strict=True)
    )
    rows = rows_after(connection, before.through, through)
    digest = digest_of(before.digest, rows, durable=durable, through=through)
    link = Link(before.number + 1, durable, through, digest)
    write_link(connection, link)
    return link


def write_link(connection: Connection, link: Link) -> None:
    """Add a link's row, in the transaction that is open."""
    connection.exec_driver_sql(ADD_LINK, row_of(link))


def row_of(link: Link) -> tuple[int, int, str, bytes]:
    """A link as a row of the table."""
    return link.number, int(link.durable), json.dumps(link.through), link.digest


def rows_after(
    connection: Connection, after: Through, through: Through
) -> Iterator[tuple[int, Row]]:
    """Rows between two links, in the order in which they are digested."""
    for place, (table, key) in enumerate(CHAINED):
        if through[place] == after[place]:
            continue
        names = ", ".join(column.name for column in table.columns)
        rowid = next(iter(table.primary_key)).name
        query = f"SELECT {names} FROM {table.name} WHERE {key} > ? AND {key} <= ? ORDER BY {key}"
        query += "" if rowid == key else f", {rowid}"
        for row in connection.exec_driver_sql(query, (after[place], through[place])):
            yield place, tuple(row)


def _newest(connection: Connection, table: Table, key: str, known: int) -> int:
    newest = connection.exec_driver_sql(f"SELECT max({key}) FROM {table.name}").scalar()
    return known if newest is None else int(newest)
