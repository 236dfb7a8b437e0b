"""Transactions of a log: rows that wait, and what makes them stand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Table, insert

from oversight.errors import LogCorrupted
from oversight.log import schema
from oversight.log.chain import (
    ADD_LINK,
    CHAINED,
    NEWEST_LINK,
    Link,
    Row,
    Value,
    digest_of,
    link_of,
    plain,
    row_of,
)
from oversight.log.database import driver_of, telling
from oversight.log.mark import MarkFile

__all__ = ["Committer"]

NUMBERED = (
    schema.amendments,
    schema.events,
    schema.scorers,
    schema.scores,
    schema.contexts,
    schema.snapshots,
    schema.origins,
    schema.incidents,
)
"""Tables whose rows get their numbers when they are committed: other processes write them, too."""


class Committer:
    """Gathers rows and writes them in one transaction, with a link and the mark.

    Any number of processes may each have one for the same log: a transaction waits for its turn,
    and the chain's end is read within it.

    SQLAlchemy writes the statements; SQLite's own driver runs them. Through SQLAlchemy's connection
    each took 35 microseconds more, five times in every decision that a person waits for.
    """

    def __init__(self, connection: Connection, path: Path, mark: MarkFile) -> None:
        """Begin with no rows.

        Args:
            connection: to the log, to be written.
            path: of the log, for messages.
            mark: the log's; closed with this object.
        """
        self._driver = driver_of(connection)
        self._path = path
        self._mark = mark
        self._durable: bool | None = None
        self._last: Link | None = None
        self._tables = [table for table, _ in CHAINED]
        self._ready = {table: plain(table) for table in self._tables}
        self._insert = {table: _statement(connection, table) for table in self._tables}
        self._rows: dict[Table, list[Row]] = {table: [] for table in self._tables}

    def add(self, table: Table, **row: Value) -> None:
        """Have a row wait for the next commit."""
        self._rows[table].append(self._ready[table](row))

    def waiting(self, table: Table) -> int:
        """How many rows of a table wait."""
        return len(self._rows[table])

    @contextmanager
    def turn(self, *, durable: bool, keep: bool = True) -> Iterator[Link]:
        """Hold the log for one transaction; what was added is written at its end.

        Args:
            durable: survive a power loss and not only a crash of this process.
            keep: if it fails, the rows wait for a later try; otherwise they are forgotten.

        Yields:
            The chain's end as it is before; nobody else writes meanwhile.

        Raises:
            LogError: the log cannot be written.
        """
        with telling(self._path):
            try:
                before = self._begin(durable=durable)
                yield before
                if not any(self._rows.values()):
                    self._driver.rollback()
                    return
                link = self._write(before, durable=durable)
                self._driver.commit()
            except BaseException:
                self._driver.rollback()
                if not keep:
                    self._discard()
                raise
        self._last = link
        self._discard()
        self._mark.reached(link.number, durable=durable)

    def commit(self, *, durable: bool) -> None:
        """Write what waits; see `turn`."""
        with self.turn(durable=durable):
            pass

    def close(self) -> None:
        """Let go of the mark."""
        self._mark.close()

    def _discard(self) -> None:
        for rows in self._rows.values():
            rows.clear()

    def _begin(self, *, durable: bool) -> Link:
        if durable != self._durable:
            level = "FULL" if durable else "NORMAL"
            self._driver.execute(f"PRAGMA synchronous = {level}")
            self._driver.commit()
            self._durable = durable
        self._driver.execute("BEGIN IMMEDIATE")
        row = self._driver.execute(NEWEST_LINK).fetchone()
        if row is None:
            raise LogCorrupted(f"{self._path} is damaged: its chain is gone; keep the file")
        known = self._last
        if known is not None and (row[0], row[3]) == (known.number, known.digest):
            return known
        return link_of(row)  # the first, or another process wrote meanwhile

    def _write(self, before: Link, *, durable: bool) -> Link:
        through = list(before.through)
        numbered: list[tuple[int, Row]] = []
        for place, (table, key) in enumerate(CHAINED):
            rows = self._rows[table]
            if not rows:
                continue
            if table in NUMBERED:
                rows = [(through[place] + n, *row[1:]) for n, row in enumerate(rows, start=1)]
            self._driver.executemany(self._insert[table], rows)
            through[place] = _key_of(table, key, rows[-1])
            numbered += [(place, row) for row in rows]
        digest = digest_of(before.digest, iter(numbered), durable=durable, through=tuple(through))
        link = Link(before.number + 1, durable, tuple(through), digest)
        self._driver.execute(ADD_LINK, row_of(link))
        return link


def _statement(connection: Connection, table: Table) -> str:
    return str(insert(table).compile(dialect=connection.dialect))


def _key_of(table: Table, key: str, row: Row) -> int:
    value = row[list(table.columns.keys()).index(key)]
    assert isinstance(value, int), "keys are numbers and never null"
    return value
