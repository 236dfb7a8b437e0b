"""Following a log: only what came since the last look is read, however long the log is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select

from oversight.log import schema
from oversight.log.columns import CODES
from oversight.log.database import connect, telling
from oversight.log.migration import update
from oversight.log.query import events_of, read_steps, rewinds_of
from oversight.log.table import StepTable
from oversight.types import Event, Rewind, Source, Verdict

__all__ = ["Amended", "LogTail", "News"]

NO_END = 2**62
"""Above every step_id."""


@dataclass(frozen=True, slots=True)
class Amended:
    """A later word about a decision.

    Attributes:
        amendment: its number; they grow.
        step_id: of the decision.
        verdict: what it says.
        author: what kind of overseer said it.
        name: who it was by name; "" for what came during the run.
        reason: why.
        at: seconds since 1970, UTC.
        change: number of the relabel that it came with; None for what came during the run.
        takes_back: the relabel that it undoes, if it does.
    """

    amendment: int
    step_id: int
    verdict: Verdict
    author: Source
    name: str
    reason: str
    at: float
    change: int | None
    takes_back: int | None


@dataclass(frozen=True)
class News:
    """What a log holds that was not there at the last look.

    Attributes:
        steps: new decisions, undone ones included, relabels applied.
        first_verdicts: int8 (n,), theirs as first given.
        amendments: new later words, oldest first, about whichever decisions.
        events: all catastrophes by now, undone ones included.
        rewinds: all rewinds by now.
        scored: opinions on logged decisions came, too.
    """

    steps: StepTable
    first_verdicts: NDArray[np.int8]
    amendments: tuple[Amended, ...]
    events: tuple[Event, ...]
    rewinds: tuple[Rewind, ...]
    scored: bool


class LogTail:
    """Looks at a log again and again. Belongs to the thread that made it.

    Example:
        >>> tail = LogTail(Path("runs/first/log.sqlite"))
        >>> while (news := tail.look()) is not None:
        ...     print(f"{len(news.steps)} new steps")
    """

    def __init__(self, path: Path) -> None:
        """Open a log to follow it, from its beginning.

        Raises:
            LogError: the log cannot be read.
        """
        self._path = path
        self._engine = connect(path, read_only=True)
        self._connection = self._engine.connect()
        with telling(path):
            update(self._connection, read_only=True)
        self._seen = (-1, -1, -1, -1, -1)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        self._engine.dispose()

    def look(self, most: int | None = None) -> News | None:
        """What came since the last look; None if nothing did.

        Args:
            most: decisions to read at the most; the others are there at the next look.
        """
        with telling(self._path):
            try:
                return self._look(most)
            finally:
                self._connection.rollback()  # an open read would keep the WAL from shrinking

    def _look(self, most: int | None) -> News | None:
        newest = self._newest()
        if newest == self._seen:
            return None
        step, amendment, score = self._seen[0], self._seen[1], self._seen[2]
        last = self._last(step, most)
        steps = read_steps(self._connection, None, undone=True, between=(step + 1, last))
        table = schema.decisions.c
        words = self._connection.execute(
            select(table.verdict)
            .where(table.step_id.between(step + 1, last))
            .order_by(table.step_id)
        )
        first = np.array([CODES[word] for (word,) in words], np.int8)
        news = News(
            steps=steps,
            first_verdicts=first[: len(steps)],
            amendments=tuple(self._amendments(amendment)),
            events=tuple(events_of(self._connection, undone=True)),
            rewinds=tuple(rewinds_of(self._connection)),
            scored=newest[2] != score,
        )
        reached = int(steps.step_id[-1]) if len(steps) else step
        self._seen = (reached, *newest[1:])
        return news

    def _newest(self) -> tuple[int, int, int, int, int]:
        tables = (
            schema.decisions.c.step_id,
            schema.amendments.c.amendment,
            schema.scores.c.score,
            schema.events.c.event,
            schema.rewinds.c.step_id,
        )
        found = [self._connection.execute(select(func.max(column))).scalar() for column in tables]
        a, b, c, d, e = (-1 if number is None else int(number) for number in found)
        return a, b, c, d, e

    def _last(self, step: int, most: int | None) -> int:
        """The last step_id to read."""
        if most is None:
            return NO_END
        table = schema.decisions.c
        query = select(table.step_id).where(table.step_id > step).order_by(table.step_id)
        row = self._connection.execute(query.offset(most - 1).limit(1)).first()
        return NO_END if row is None else int(row[0])

    def _amendments(self, after: int) -> list[Amended]:
        table = schema.amendments
        query = select(table).where(table.c.amendment > after).order_by(table.c.amendment)
        return [
            Amended(
                amendment=row.amendment,
                step_id=row.step_id,
                verdict=Verdict(row.verdict),
                author=Source(row.author),
                name=row.name or "",
                reason=row.reason,
                at=row.at,
                change=row.change,
                takes_back=row.takes_back,
            )
            for row in self._connection.execute(query)
        ]
