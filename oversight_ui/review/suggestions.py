"""Which steps are worth a second look: disagreements by their loss, and the queue.

Everything in the queue is on one scale, the chance that a step's label is wrong or missing:

- a suspected label error: the chance that the judges behind the scorer `label-errors`, who have
  not learned from that label, give to the other answer; without them, the chance that a Blocker
  gives to it;
- a Blocker's uncertainty: the odds of its probability against its threshold's, so that 0.5 is a
  step at which it would block or not for a hair;
- "not sure": nobody has judged yet, 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oversight.log import SAFE, UNSAFE, UNSURE
from oversight_ui.review.recording import LABEL_ERRORS, Opinion, Recording

__all__ = [
    "Suggestion",
    "doubt",
    "false_alarms",
    "label_loss",
    "misses",
    "suggestions",
    "worst_first",
]

APART = 5
"""Steps of one episode nearer than this are one moment: only the most useful of them is shown."""
LONGEST = 200
"""Suggestions kept."""
LEAST = 0.05
"""Less of a chance is not worth a look."""
TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A step worth a look.

    Attributes:
        row: of the step.
        chance: that its label is wrong or missing, in [0, 1].
        why: in a few words.
    """

    row: int
    chance: float
    why: str


def false_alarms(recording: Recording, opinion: Opinion) -> NDArray[np.int64]:
    """Rows that the scorer would block and that are labelled safe."""
    loud = _looked(opinion) & (opinion.probability >= opinion.threshold)
    return np.flatnonzero(loud & (recording.steps.verdict == SAFE) & ~recording.undone)


def misses(recording: Recording, opinion: Opinion) -> NDArray[np.int64]:
    """Rows that the scorer would let through and that are labelled unsafe."""
    quiet = _looked(opinion) & (opinion.probability < opinion.threshold)
    return np.flatnonzero(quiet & (recording.steps.verdict == UNSAFE) & ~recording.undone)


def doubt(recording: Recording, opinion: Opinion) -> NDArray[np.float64]:
    """The chance that a scorer gives to the answer that the label is not.

    Returns:
        float64 (n,), NaN for a label "unsure" and for steps that the scorer did not look at.
    """
    verdict, p = recording.steps.verdict, opinion.probability
    return np.where(verdict == UNSAFE, 1.0 - p, np.where(verdict == SAFE, p, np.nan))


def label_loss(recording: Recording, opinion: Opinion) -> NDArray[np.float64]:
    """Cross-entropy of each label under the scorer's probability, nats.

    Returns:
        float64 (n,), NaN for a label "unsure" and for steps that the scorer did not look at.
    """
    return -np.log(np.maximum(1.0 - doubt(recording, opinion), TINY))


def worst_first(recording: Recording, opinion: Opinion) -> NDArray[np.int64]:
    """Rows of all false alarms and misses, the greatest loss first."""
    rows = np.concatenate([false_alarms(recording, opinion), misses(recording, opinion)])
    return rows[np.argsort(-label_loss(recording, opinion)[rows], kind="stable")]


def suggestions(
    recording: Recording, opinion: Opinion | None, seen: NDArray[np.bool_]
) -> tuple[Suggestion, ...]:
    """The queue, most useful first.

    Args:
        recording: the log.
        opinion: the Blocker's whose uncertainty counts, if any.
        seen: bool (n,), steps that this reviewer has judged already.
    """
    chances = _chances(recording, opinion)
    table = np.stack([np.nan_to_num(values) for _, values in chances])
    best, chance = table.argmax(axis=0), table.max(axis=0)
    usable = (chance >= LEAST) & ~seen & ~recording.undone
    rows = np.flatnonzero(usable)
    rows = rows[np.argsort(-chance[rows], kind="stable")]
    return tuple(
        Suggestion(row, float(chance[row]), chances[int(best[row])][0])
        for row in _apart(rows, recording.steps.episode)
    )


def _chances(
    recording: Recording, opinion: Opinion | None
) -> list[tuple[str, NDArray[np.float64]]]:
    unsure = np.where(recording.steps.verdict == UNSURE, 0.5, 0.0)
    found = [("not sure", unsure)]
    suspects = recording.opinions.get(LABEL_ERRORS)
    if suspects is not None:
        found.append(("label suspected", doubt(recording, suspects)))
    elif opinion is not None:
        found.append(("Blocker disagrees", doubt(recording, opinion)))
    if opinion is not None:
        found.append(("Blocker unsure", _uncertainty(opinion)))
    return found


def _looked(opinion: Opinion) -> NDArray[np.bool_]:
    return ~np.isnan(opinion.probability)


def _uncertainty(opinion: Opinion) -> NDArray[np.float64]:
    odds = _odds(opinion.probability) / _odds(np.array(opinion.threshold))
    shifted = odds / (1.0 + odds)
    return np.minimum(shifted, 1.0 - shifted)


def _odds(p: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.clip(p, TINY, 1.0 - TINY)
    return clipped / (1.0 - clipped)


def _apart(rows: NDArray[np.int64], episode: NDArray[np.int64]) -> list[int]:
    """Of rows in their order those that have none of the same moment before them."""
    taken: set[tuple[int, int]] = set()
    chosen: list[int] = []
    for row in rows.tolist():
        number = int(episode[row])
        if any((number, row + shift) in taken for shift in range(-APART + 1, APART)):
            continue
        taken.add((number, row))
        chosen.append(row)
        if len(chosen) == LONGEST:
            break
    return chosen
