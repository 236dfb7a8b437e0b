"""A recording made ready to be wound: where each kind of mark is, what to look at, who judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from oversight.log import UNKNOWN, UNSURE
from oversight_ui.review.agreement import Agreement, Judge, agree, judges_of
from oversight_ui.review.recording import LABEL_ERRORS, Opinion, Recording
from oversight_ui.review.suggestions import (
    Suggestion,
    doubt,
    false_alarms,
    misses,
    suggestions,
    worst_first,
)

__all__ = ["LOGGED", "Choice", "Mark", "Tape", "beginnings", "make_tape", "neighbour"]

LOGGED = "as logged"
"""Name of the opinion that the deciding overseers' own probabilities make."""
BOOTSTRAP_SEED = 0


class Mark(StrEnum):
    """Kinds of steps that one can jump to; the value is what the window calls them."""

    BLOCK = "block"
    CATASTROPHE = "catastrophe"
    FALSE_ALARM = "false alarm"
    MISS = "miss"
    DIFFERENCE = "difference of the compared"
    UNSURE = "not sure"
    RELABEL = "relabelled step"
    REWIND = "rewind"
    LIFE = "lost life"
    EPISODE = "episode"


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reviewer has chosen to see of a recording.

    Attributes:
        author: the reviewer; steps that they judged leave the queue.
        scorer: whose opinion is shown; the first there is if None.
        pair: numbers of the two compared judges, modulo how many there are; None for the labels
            as they stand and the scorer, or whoever there is.
    """

    author: str
    scorer: str | None = None
    pair: tuple[int, int] | None = None


@dataclass(frozen=True)
class Tape:
    """See `make_tape`.

    Attributes:
        recording: what the log holds.
        choice: what of it is shown.
        scorers: names that can be chosen.
        opinion: the chosen scorer's, if there is one.
        suspects: float64 (n,), the chance that each label is wrong, by who looked for such; NaN
            where nobody did, None if nobody did at all.
        marks: rows of every mark, ascending.
        worst: disagreements of labels and opinion, the greatest loss first.
        queue: what is worth a look, most useful first.
        judges: everybody who judged.
        pair: numbers of the two that are compared; None if there are not two.
        agreement: of those two.
    """

    recording: Recording
    choice: Choice
    scorers: tuple[str, ...] = ()
    opinion: Opinion | None = None
    suspects: NDArray[np.float64] | None = None
    marks: Mapping[Mark, NDArray[np.int64]] = field(default_factory=dict)
    worst: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    queue: tuple[Suggestion, ...] = ()
    judges: tuple[Judge, ...] = ()
    pair: tuple[int, int] | None = None
    agreement: Agreement | None = None

    def __len__(self) -> int:
        return len(self.recording)

    def rows(self, mark: Mark) -> NDArray[np.int64]:
        """Rows of a kind of mark, ascending."""
        return self.marks.get(mark, np.zeros(0, np.int64))


def make_tape(
    recording: Recording,
    choice: Choice,
    lives: NDArray[np.int64] | None = None,
    other: Judge | None = None,
) -> Tape:
    """Find everything that the window shows or jumps to.

    Args:
        recording: what the log holds.
        choice: what of it is shown.
        lives: rows at which a life was lost, if that is known.
        other: another log's labels of the same steps.
    """
    opinions = {name: o for name, o in recording.opinions.items() if name != LABEL_ERRORS}
    logged = _as_logged(recording)
    if logged is not None:
        opinions[LOGGED] = logged
    scorers = tuple(opinions)
    scorer = choice.scorer if choice.scorer in opinions else next(iter(scorers), None)
    opinion = opinions[scorer] if scorer is not None else None
    judges = judges_of(recording, other)
    pair = _pair(judges, choice, scorer)
    return Tape(
        recording=recording,
        choice=choice,
        scorers=scorers,
        opinion=opinion,
        suspects=_suspects(recording),
        marks=_marks(recording, opinion, lives, judges, pair),
        worst=np.zeros(0, np.int64) if opinion is None else worst_first(recording, opinion),
        queue=suggestions(recording, opinion, _seen(recording, judges, choice.author)),
        judges=judges,
        pair=pair,
        agreement=_agreement(recording, judges, pair),
    )


def neighbour(rows: NDArray[np.int64], at: int, direction: int) -> int | None:
    """The next of some ascending rows after (1) or before (-1) a row; None if there is none."""
    if direction > 0:
        place = int(np.searchsorted(rows, at, side="right"))
        return int(rows[place]) if place < len(rows) else None
    place = int(np.searchsorted(rows, at, side="left"))
    return int(rows[place - 1]) if place else None


def beginnings(rows: NDArray[np.int64], episode: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first row of each run of neighbouring rows: ten blocks on end are one moment."""
    if not len(rows):
        return rows
    new: NDArray[np.bool_] = np.diff(rows, prepend=-2) > 1
    new |= np.diff(episode[rows], prepend=-1) != 0
    return rows[new]


def _as_logged(recording: Recording) -> Opinion | None:
    """The probabilities that the overseers themselves gave, and where they began to block."""
    probability = recording.steps.probability
    if np.isnan(probability).all():
        return None
    blocking = probability[~np.isnan(probability) & (recording.first == 1)]
    return Opinion(LOGGED, probability, float(blocking.min()) if len(blocking) else 1.0)


def _suspects(recording: Recording) -> NDArray[np.float64] | None:
    found = recording.opinions.get(LABEL_ERRORS)
    return None if found is None else doubt(recording, found)


def _pair(judges: tuple[Judge, ...], choice: Choice, scorer: str | None) -> tuple[int, int] | None:
    if len(judges) < 2:
        return None
    if choice.pair is not None:
        first, second = (number % len(judges) for number in choice.pair)
        return (first, second) if first != second else (first, (second + 1) % len(judges))
    names = [judge.name for judge in judges]
    wanted = (f"scores of {scorer}", f"{choice.author}, in review")
    second = next((names.index(name) for name in wanted if name in names), len(judges) - 1)
    return 0, second


def _agreement(
    recording: Recording, judges: tuple[Judge, ...], pair: tuple[int, int] | None
) -> Agreement | None:
    if pair is None:
        return None
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    return agree(judges[pair[0]], judges[pair[1]], recording.steps.episode, rng)


def _seen(recording: Recording, judges: tuple[Judge, ...], author: str) -> NDArray[np.bool_]:
    for judge in judges:
        if judge.name == f"{author}, in review":
            known: NDArray[np.bool_] = judge.verdict != UNKNOWN
            return known
    return np.zeros(len(recording), np.bool_)


def _marks(
    recording: Recording,
    opinion: Opinion | None,
    lives: NDArray[np.int64] | None,
    judges: tuple[Judge, ...],
    pair: tuple[int, int] | None,
) -> dict[Mark, NDArray[np.int64]]:
    steps, stands = recording.steps, ~recording.undone
    onsets = np.array([event.onset_step for event in recording.events], np.int64)
    relabelled = np.array(sorted({word.row for word in recording.said}), np.int64)
    found = {
        Mark.BLOCK: np.flatnonzero(steps.blocked & stands),
        Mark.CATASTROPHE: np.unique(recording.rows_of(onsets)),
        Mark.UNSURE: np.flatnonzero((steps.verdict == UNSURE) & stands),
        Mark.RELABEL: relabelled,
        Mark.REWIND: recording.redone,
        Mark.LIFE: np.zeros(0, np.int64) if lives is None else lives,
        Mark.EPISODE: np.flatnonzero(np.diff(steps.episode, prepend=-1) != 0),
    }
    if opinion is not None:
        found[Mark.FALSE_ALARM] = false_alarms(recording, opinion)
        found[Mark.MISS] = misses(recording, opinion)
    if pair is not None:
        one, two = (judges[number].verdict for number in pair)
        found[Mark.DIFFERENCE] = np.flatnonzero((one != two) & (one != UNKNOWN) & (two != UNKNOWN))
    return found
