"""Checking a log's rows against its hash chain: what is whole, and where damage begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from oversight.errors import LogError
from oversight.log import schema
from oversight.log.chain import (
    CHAINED,
    NOTHING,
    Link,
    Row,
    Through,
    digest_of,
    link_of,
    rows_after,
)
from oversight.log.condition import Condition, condition_of, known_mark
from oversight.log.database import UNREADABLE, connect, one_line, telling
from oversight.log.mark import MarkState
from oversight.log.migration import CHAIN_FROM

__all__ = ["Check", "Damage", "check_chain", "check_log"]

DECISIONS = [table for table, _ in CHAINED].index(schema.decisions)
Progress = Callable[[int, int], None]
"""Told how many decisions of how many are done."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One link whose rows are not what was written.

    Attributes:
        link: its number.
        first_step, last_step: the decisions that it covers, if it covers any.
        what: in words.
    """

    link: int
    first_step: int
    last_step: int
    what: str


@dataclass(frozen=True)
class Check:
    """What a check found.

    Attributes:
        path: of the log.
        links: how many were checked.
        rows: in all tables.
        decisions: of them.
        damage: links that are damaged, oldest first.
        whole_through: newest key of each table before the first damage.
        whole_links: links before the first damage.
        condition: whether the end is there.
    """

    path: Path
    links: int
    rows: int
    decisions: int
    damage: tuple[Damage, ...]
    whole_through: Through
    whole_links: int
    condition: Condition

    @property
    def sound(self) -> bool:
        """Whether everything that was acknowledged is there, and as it was written."""
        lost = self.condition.state in (
            MarkState.LOST,
            MarkState.FOREIGN,
            MarkState.UNREADABLE,
        )
        return not self.damage and not lost

    def in_words(self) -> str:
        """What is wrong, in one line."""
        harmless = (MarkState.WHOLE, MarkState.MISSING)
        words = [] if self.condition.state in harmless else [self.condition.in_words()]
        if self.damage:
            first, more = self.damage[0], len(self.damage) - 1
            steps = f"steps {first.first_step} to {first.last_step}"
            where = steps if first.first_step <= first.last_step else "no decisions"
            words.append(
                f"commit {first.link} ({where}) {first.what}"
                f"{f', and {more:,} further commits are damaged' if more else ''}; everything "
                f"before it is whole"
            )
        return "; ".join(words)


def check_log(path: Path, progress: Progress = lambda _done, _of: None) -> Check:
    """Check every row of a log, while it is written, too.

    Raises:
        LogError: it is no log, too old to have a chain, or too damaged to be opened.
    """
    mark = known_mark(path)
    engine = connect(path, read_only=True)
    try:
        with telling(path), engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")  # one state of it, whatever is written meanwhile
            version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
            if version < CHAIN_FROM:
                raise LogError(
                    f"{path} has format version {version}, which had no checksums: play it again "
                    "(log verify without --quick)"
                )
            condition = condition_of(connection, mark)
            return check_chain(connection, path, condition, progress)
    finally:
        engine.dispose()


def check_chain(
    connection: Connection, path: Path, condition: Condition, progress: Progress
) -> Check:
    """Compute every digest again; see `check_log`."""
    damage: list[Damage] = []
    whole, whole_links, rows = NOTHING, 0, 0
    before = Link(-1, True, NOTHING, b"")
    for number in range(condition.newest + 1):
        link, what, count = _checked(connection, before, number)
        rows += count
        if what is not None:
            # Where a link itself is unreadable, what it covered is told by the next one.
            first, last = before.through[DECISIONS] + 1, link.through[DECISIONS]
            damage.append(Damage(number, first, last, what))
        elif not damage:
            whole, whole_links = link.through, number + 1
        progress(link.through[DECISIONS] + 1, condition.last_step + 1)
        before = link
    damage += _beyond(connection, before) + _inconsistent(connection, condition.newest)
    return Check(
        path=path,
        links=condition.newest + 1,
        rows=rows,
        decisions=condition.last_step + 1,
        damage=tuple(damage),
        whole_through=whole,
        whole_links=whole_links,
        condition=condition,
    )


def _checked(connection: Connection, before: Link, number: int) -> tuple[Link, str | None, int]:
    """A link, what is wrong with it, and how many rows it covers."""
    try:
        link = _link(connection, number)
    except (*UNREADABLE, ValueError):
        link = None
    if link is None:
        return Link(number, True, before.through, before.digest), "cannot be read", 0
    count = 0

    def counted() -> Iterator[tuple[int, Row]]:
        nonlocal count
        for row in _covered(connection, before.through, link):
            count += 1
            yield row

    try:
        digest = digest_of(
            before.digest if number else b"",
            counted(),
            durable=link.durable,
            through=link.through,
        )
    except UNREADABLE as error:
        return link, f"cannot be read ({one_line(error)})", count
    same = digest == link.digest
    return link, None if same else "is not what was written: rows were changed or lost", count


def _covered(connection: Connection, after: Through, link: Link) -> Iterator[tuple[int, Row]]:
    if link.number == 0:
        rows = connection.exec_driver_sql("SELECT key, value FROM run ORDER BY key")
        return ((-1, tuple(row)) for row in rows)
    return rows_after(connection, after, link.through)


def _link(connection: Connection, number: int) -> Link | None:
    query = "SELECT link, durable, through, digest FROM chain WHERE link = ?"
    row = connection.exec_driver_sql(query, (number,)).first()
    return None if row is None else link_of(row)


def _inconsistent(connection: Connection, newest: int) -> list[Damage]:
    """What SQLite itself finds: a key that is read from its index need not stand in the row."""
    try:
        said = str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one())
    except UNREADABLE as error:
        said = one_line(error)
    what = f"does not fit the file's own order ({said})"
    return [] if said == "ok" else [Damage(newest + 1, 0, -1, what)]


def _beyond(connection: Connection, last: Link) -> list[Damage]:
    """Rows that no link covers: somebody else put them in."""
    found = []
    for place, (table, key) in enumerate(CHAINED):
        query = f"SELECT count(*) FROM {table.name} WHERE {key} > ?"
        try:
            more = connection.exec_driver_sql(query, (last.through[place],)).scalar_one()
        except UNREADABLE as error:
            found.append(Damage(last.number + 1, 0, -1, f"cannot be read ({one_line(error)})"))
            continue
        if more:
            what = f"{more:,} rows of {table.name} are in no commit"
            found.append(Damage(last.number + 1, 0, -1, what))
    return found
