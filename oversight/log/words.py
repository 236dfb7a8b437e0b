"""What was said about a decision, from the first word to the one that holds."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from oversight.log import schema
from oversight.types import Source, Verdict

__all__ = ["Word", "words_on"]


@dataclass(frozen=True, slots=True)
class Word:
    """One verdict on a decision.

    Attributes:
        at: seconds since 1970, UTC.
        verdict: what was said.
        author: who judged, as in `Decision.source`.
        name: who it was by name; "" for what came during the run.
        reason: why; "" for the decision itself.
        change: number of the change that it came with; None for what came during the run.
        takes_back: the change that it takes back, if it is an undo.
    """

    at: float
    verdict: Verdict
    author: Source
    name: str
    reason: str
    change: int | None
    takes_back: int | None


def words_on(connection: Connection, step_id: int) -> list[Word]:
    """See `LogReader.words`."""
    first, later = schema.decisions.c, schema.amendments.c
    query = select(first.decided_at, first.verdict, first.source).where(first.step_id == step_id)
    decided = connection.execute(query).first()
    if decided is None:
        raise KeyError(f"expected a decision numbered {step_id}, the log holds none")
    words = [Word(decided[0], Verdict(decided[1]), Source(decided[2]), "", "", None, None)]
    rows = connection.execute(
        select(schema.amendments).where(later.step_id == step_id).order_by(later.amendment)
    )
    for row in rows:
        words.append(
            Word(
                at=row.at,
                verdict=Verdict(row.verdict),
                author=Source(row.author),
                name=row.name or "",
                reason=row.reason,
                change=row.change,
                takes_back=row.takes_back,
            )
        )
    return words
