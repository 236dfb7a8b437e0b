"""What a log keeps beside its decisions: how its episodes began, and what was said at first."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from oversight.log import schema
from oversight.log.database import connect, telling
from oversight.log.table import SAFE, UNSAFE, UNSURE
from oversight.types import Verdict

__all__ = ["Beginning", "History", "read_history"]

CODES = {Verdict.SAFE.value: SAFE, Verdict.UNSAFE.value: UNSAFE, Verdict.UNSURE.value: UNSURE}


@dataclass(frozen=True, slots=True)
class Beginning:
    """How an episode began.

    Attributes:
        episode: its number in the run.
        env_index: which of the gate's environments played it.
        seed: of its reset; None if it was given none.
    """

    episode: int
    env_index: int
    seed: int | None


@dataclass(frozen=True)
class History:
    """What is known of a log beside its decisions.

    Attributes:
        beginnings: of the episodes, by their numbers.
        first_verdicts: int8 (n,), SAFE, UNSAFE or UNSURE as first given, undone decisions
            included, in the order of step_id; relabels came later.
    """

    beginnings: dict[int, Beginning]
    first_verdicts: NDArray[np.int8]


def read_history(path: Path, decisions: int | None = None) -> History:
    """Read it.

    Args:
        path: of the log.
        decisions: how many of its decisions, the oldest; None for all.

    Raises:
        LogError: the log cannot be read.
    """
    engine = connect(path, read_only=True)
    try:
        with telling(path), closing(engine.connect()) as connection:
            episodes, steps = schema.episodes.c, schema.decisions.c
            columns = select(episodes.episode, episodes.env_index, episodes.seed)
            begun = [Beginning(e, index, seed) for e, index, seed in connection.execute(columns)]
            words = select(steps.verdict).order_by(steps.step_id).limit(decisions)
            codes = [CODES[word] for (word,) in connection.execute(words)]
    finally:
        engine.dispose()
    return History({each.episode: each for each in begun}, np.array(codes, np.int8))
