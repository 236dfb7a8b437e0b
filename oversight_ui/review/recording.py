"""A log as the review window sees it at one moment: plain arrays, one row for every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from oversight.log import SAFE, UNSAFE, UNSURE, StepTable
from oversight.types import Event, Verdict

__all__ = ["CODES", "LABEL_ERRORS", "WORDS", "Opinion", "Recording", "Said", "Screens"]

CODES: Mapping[Verdict, int] = {
    Verdict.SAFE: SAFE,
    Verdict.UNSAFE: UNSAFE,
    Verdict.UNSURE: UNSURE,
}
"""The tables' codes of verdicts."""
WORDS: Mapping[int, Verdict] = {code: verdict for verdict, code in CODES.items()}
"""And back."""
LABEL_ERRORS = "label-errors"
"""The scorer of judges that have not learned from the label: where they differ, it is suspected."""

Screens = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Said:
    """A later word about a step.

    Attributes:
        number: of the amendment in the log; they grow.
        row: of the step.
        verdict: its code.
        author: who said it, by name, or what kind of overseer.
        reason: why.
        at: seconds since 1970, UTC.
        change: number of the relabel that it belongs to; None for what came during the run.
        takes_back: the relabel that it undoes, if it does.
    """

    number: int
    row: int
    verdict: int
    author: str
    reason: str
    at: float
    change: int | None = None
    takes_back: int | None = None


@dataclass(frozen=True)
class Opinion:
    """What a scorer thinks of every step.

    Attributes:
        scorer: its name.
        probability: float64 (n,), that the proposed action is unsafe; NaN where it did not look.
        threshold: from this probability on it would block.
    """

    scorer: str
    probability: NDArray[np.float64]
    threshold: float


@dataclass(frozen=True)
class Recording:
    """What a log holds; every array has shape (n,), in the order of step_id.

    Attributes:
        steps: decisions, undone ones included, the newest word on each applied.
        first: int8, verdicts as first given.
        undone: bool, taken back by a rewind.
        events: the catastrophes, undone ones included.
        said: the later words, oldest first.
        opinions: by scorer, among them `LABEL_ERRORS` if somebody has looked for them.
        redone: rows of the steps that were done anew after a rewind.
    """

    steps: StepTable
    first: NDArray[np.int8]
    undone: NDArray[np.bool_]
    events: tuple[Event, ...] = ()
    said: tuple[Said, ...] = ()
    opinions: Mapping[str, Opinion] = field(default_factory=dict)
    redone: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        for name in ("first", "undone"):
            length = len(getattr(self, name))
            if length != len(self.steps):
                raise ValueError(f"expected {len(self.steps)} rows in {name}, got {length}")

    @classmethod
    def empty(cls) -> Recording:
        """Of a log without any step yet."""
        types = get_type_hints(StepTable)
        columns = {
            column.name: np.zeros(0, get_args(get_args(types[column.name])[1])[0])
            for column in fields(StepTable)
        }
        return cls(StepTable(**columns), np.zeros(0, np.int8), np.zeros(0, np.bool_))

    def __len__(self) -> int:
        return len(self.steps)

    def rows_of(self, step_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of steps by their numbers; those that are not there are left out."""
        ids = self.steps.step_id
        places = np.searchsorted(ids, step_ids)
        there = places < len(ids)
        there[there] = ids[places[there]] == step_ids[there]
        return places[there]

    def history(self, row: int) -> list[Said]:
        """The later words on a step, oldest first."""
        return [word for word in self.said if word.row == row]
