"""Whether a log's end is there: the high-water mark held against the chain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from oversight.errors import LogCorrupted
from oversight.log.chain import ChainUnreadable, link_of, newest_link
from oversight.log.database import UNREADABLE
from oversight.log.mark import Mark, MarkState, compare, read_mark

__all__ = ["Condition", "condition_of", "identity_of", "known_mark", "refuse_losses"]

NOT_OURS = Mark("damaged", -1, -1)
"""Stands for a mark that cannot be read."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether a log's end is there.

    Attributes:
        state: what the mark says.
        newest: number of the newest link that is there; -1 in formats before the chain.
        mark: the mark, if there is one.
        last_step: newest decision that is there; -1 for none.
    """

    state: MarkState
    newest: int
    mark: Mark | None
    last_step: int

    def in_words(self) -> str:
        """One line."""
        mark, state = self.mark, self.state
        if state is MarkState.WHOLE:
            return "nothing is missing at its end"
        if state is MarkState.UNREADABLE:
            return f"its chain cannot be read from commit {self.newest + 1} on"
        if state is MarkState.MISSING or mark is None:
            return "no high-water mark stands beside it: a lost end could not be told"
        if state is MarkState.FOREIGN:
            return "the high-water mark beside it is another log's, or damaged"
        lost = (mark.recorded if state is MarkState.TAIL_LOST else mark.acknowledged) - self.newest
        what = "machine's" if state is MarkState.TAIL_LOST else "acknowledged"
        return (
            f"{lost:,} commits of {what} decisions are missing after step {self.last_step}"
            f"{' (a power loss may take these)' if state is MarkState.TAIL_LOST else ''}"
        )


def known_mark(path: Path) -> Mark | None:
    """A log's mark. To be read before the log is: commits come before their marks."""
    try:
        return read_mark(path)
    except (ValueError, OSError):
        return NOT_OURS


def identity_of(connection: Connection) -> str:
    """What tells this log from others: the digest of its first link in hex; "" without a chain."""
    row = connection.exec_driver_sql("SELECT digest FROM chain WHERE link = 0").first()
    return "" if row is None else bytes(row[0]).hex()


def condition_of(connection: Connection, mark: Mark | None) -> Condition:
    """Hold a mark against the log that is open now."""
    try:
        link = newest_link(connection)
        last = connection.exec_driver_sql("SELECT max(step_id) FROM decisions").scalar()
    except (ChainUnreadable, *UNREADABLE):
        return Condition(MarkState.UNREADABLE, _readable(connection), mark, -1)
    newest = -1 if link is None else link.number
    if link is None:
        state = MarkState.WHOLE if mark is None else MarkState.FOREIGN
    else:
        state = compare(mark, identity_of(connection), newest)
    return Condition(state, newest, mark, -1 if last is None else int(last))


def _readable(connection: Connection) -> int:
    """The newest link before the first that cannot be read; -1 for none."""
    number = 0
    while True:
        query = "SELECT link, durable, through, digest FROM chain WHERE link = ?"
        try:
            row = connection.exec_driver_sql(query, (number,)).first()
            if row is None:
                return number - 1
            link_of(row)
        except (ChainUnreadable, *UNREADABLE):
            return number - 1
        number += 1


def refuse_losses(path: Path, condition: Condition) -> None:
    """Raise if acknowledged decisions are missing.

    Raises:
        LogCorrupted: says what is missing and what to do.
    """
    if condition.state in (MarkState.LOST, MarkState.UNREADABLE):
        raise LogCorrupted(
            f"{path} is damaged: {condition.in_words()}. Keep the file and all beside it; restore "
            f"a copy if there is one, or take what is whole: python -m oversight log salvage "
            f"{path} --out NEW.sqlite"
        )
