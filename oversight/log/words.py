"""What was said about a decision, from the first word to the one that holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from oversight.log import schema
from oversight.types import Source, Verdict

__all__ = ["Word", "on_top", "standing", "words_on"]


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


def standing(words: Sequence[Word], without: int | None = None) -> list[Word]:
    """The words that stand, oldest first: none that stands takes them back.

    Args:
        words: on one decision, oldest first.
        without: a change to be left out, as if its undo came last.
    """
    gone = set() if without is None else {without}
    stand = []
    for word in reversed(words):
        if word.change not in gone:
            stand.append(word)
            if word.takes_back is not None:
                gone.add(word.takes_back)
    return stand[::-1]


def on_top(words: Sequence[Word], change: int) -> bool:
    """Whether a change stands and nothing that came after it does, but what cancelled itself.

    A later change and its undo leave all as it was.
    """
    stand = standing(words)
    if all(word.change != change for word in stand):
        return False
    place = [word.change for word in words].index(change)
    since = {word.change for word in words[place + 1 :]}
    later = [word for word in stand if word.change in since]
    return all(word.takes_back in since - {None} for word in later)
