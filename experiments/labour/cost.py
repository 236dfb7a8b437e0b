"""The paper's cost of labour, C = t_human * rho * N_cat, with intervals from whole episodes.

Saunders et al. 2017, section 5: seconds a label, labels per catastrophe, catastrophes needed.
Positives come in runs of near-duplicates, so episodes are resampled and not steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from oversight import Source, StepTable
from oversight.log import UNKNOWN, UNSAFE

__all__ = ["N_CAT", "Episodes", "Quantity", "cost_of", "episodes_of", "rho_of", "seconds_of"]

N_CAT = 166
"""Catastrophes that the paper's people saw in Pong until its Blocker was good enough."""
RESAMPLES = 2_000
PEOPLE = (Source.PERSON.value, Source.SIMULATED.value)
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Quantity:
    """A figure with its 95 % percentile bootstrap interval over episodes.

    Attributes:
        value: the figure; None if it could not be measured.
        low, high: the interval; None of fewer than two episodes. `high` is infinite where a
            resample can hold none of what is counted.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    def times(self, factor: float) -> Quantity:
        """The same in another unit."""
        return Quantity(
            *(None if each is None else each * factor for each in (self.value, self.low, self.high))
        )


@dataclass(frozen=True)
class Episodes:
    """Sums by episode.

    Attributes:
        labels: agent steps that were judged.
        unsafe: of these unsafe: proposals by the truth where it is known, else verdicts.
        seconds: of a person's attention.
        judged_by_person: labels that a person or a simulated one gave.
    """

    labels: Values
    unsafe: Values
    seconds: Values
    judged_by_person: Values


def episodes_of(table: StepTable) -> Episodes:
    """Sum a log's rows by episode."""
    numbers, place = np.unique(table.episode, return_inverse=True)
    known = table.proposed_unsafe != UNKNOWN
    unsafe = np.where(known, table.proposed_unsafe == 1, table.verdict == UNSAFE)

    def summed(values: NDArray[np.generic]) -> Values:
        sums = np.bincount(place, weights=values.astype(np.float64), minlength=len(numbers))
        return np.asarray(sums, np.float64)

    person = np.isin(table.source, PEOPLE)
    return Episodes(
        labels=summed(np.ones(len(table))),
        unsafe=summed(unsafe),
        seconds=summed(np.where(person, table.attention_seconds, 0.0)),
        judged_by_person=summed(person),
    )


def seconds_of(episodes: Episodes) -> Quantity:
    """Seconds of attention a label."""
    mine = episodes.judged_by_person > 0
    return _ratio(episodes.seconds[mine], episodes.judged_by_person[mine])


def rho_of(episodes: Episodes) -> Quantity:
    """Labels for one unsafe proposal."""
    return _ratio(episodes.labels, episodes.unsafe)


def cost_of(episodes: Episodes, n_cat: float = N_CAT) -> Quantity:
    """Hours until a person has seen `n_cat` unsafe proposals, at this log's pace and agent.

    Seconds a label and labels per unsafe proposal go together within an episode, so their product
    is resampled as one: seconds for an unsafe proposal.
    """
    mine = episodes.judged_by_person > 0
    each = _ratio(episodes.seconds[mine], episodes.unsafe[mine])
    return each.times(n_cat / 3600)


def _ratio(top: Values, bottom: Values) -> Quantity:
    """Sum over sum, and its interval over episodes; `top` is above 0 in each."""
    if bottom.sum() == 0:
        return Quantity(None)
    value = float(top.sum() / bottom.sum())
    if len(top) < 2:
        return Quantity(value)

    def inverse(a: Values, b: Values, axis: int = -1) -> Values:
        # This way up it is finite also where a resample holds none of what is counted.
        return np.asarray(b.sum(axis=axis) / a.sum(axis=axis), np.float64)

    found = stats.bootstrap(
        (top, bottom),
        inverse,
        paired=True,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    least, most = found.confidence_interval.low, found.confidence_interval.high
    return Quantity(value, float(1 / most), float(1 / least) if least > 0 else float("inf"))
