"""Opinions on logged decisions, given afterwards by overseers that did not decide them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from oversight.log import schema

__all__ = ["Scorer", "Scores", "read_scores", "scorers_of"]

STORED = np.dtype("<f4")
"""How probabilities of all actions are kept."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """Who gave scores.

    Attributes:
        number: in the log.
        name: such as the path of a Blocker.
        checksum: SHA-256 of its file in hex; "" for one that is no file.
        threshold: from this probability on it would block; None if it has none.
        calibrated: its numbers are probabilities that were checked on held-out episodes.
        at: when it was entered, seconds since 1970, UTC.
    """

    number: int
    name: str
    checksum: str
    threshold: float | None
    calibrated: bool
    at: float


@dataclass(frozen=True)
class Scores:
    """A scorer's opinions.

    Attributes:
        step_id: int64 (n,), increasing.
        probability: float64 (n,), that the proposed action is unsafe.
        by_action: float32 (n, actions), the same of every action; NaN where it was not said.
            With no actions at all (n, 0).
    """

    step_id: NDArray[np.int64]
    probability: NDArray[np.float64]
    by_action: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.step_id)


def scorers_of(connection: Connection) -> list[Scorer]:
    """See `LogReader.scorers`."""
    table = schema.scorers
    rows = connection.execute(select(table).order_by(table.c.scorer))
    return [Scorer(*row) for row in rows]


def read_scores(
    connection: Connection, scorer: int, steps: NDArray[np.int64] | None = None
) -> Scores:
    """See `LogReader.scores`."""
    table = schema.scores.c
    query = (
        select(table.step_id, table.probability, table.by_action)
        .where(table.scorer == scorer)
        .order_by(table.step_id)
    )
    if steps is not None and len(steps):
        query = query.where(table.step_id.between(int(steps.min()), int(steps.max())))
    rows = connection.execute(query).fetchall()
    step_id = np.array([row[0] for row in rows], np.int64)
    blobs = [row[2] for row in rows]
    width = max((len(blob) for blob in blobs if blob is not None), default=0)
    missing = np.full(width // STORED.itemsize, np.nan, STORED).tobytes()
    data = b"".join(missing if blob is None else blob for blob in blobs)
    by_action = np.frombuffer(data, STORED).astype(np.float32)
    found = Scores(
        step_id=step_id,
        probability=np.array([row[1] for row in rows], np.float64),
        by_action=by_action.reshape(len(rows), width // STORED.itemsize),
    )
    if steps is None:
        return found
    chosen = np.isin(step_id, steps)
    return Scores(step_id[chosen], found.probability[chosen], found.by_action[chosen])
