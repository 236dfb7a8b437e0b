"""What seeds say together: interquartile means and bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["Estimate", "estimate", "interquartile_mean"]

RESAMPLES = 2_000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A figure over seeds.

    Attributes:
        value: interquartile mean.
        low, high: 95 % percentile bootstrap interval over seeds; None of fewer than two.
        seeds: how many.
    """

    value: float
    low: float | None
    high: float | None
    seeds: int

    def in_words(self, digits: int = 1) -> str:
        """Such as "3.2 (2.9 to 3.5)"."""
        value = f"{self.value:,.{digits}f}"
        if self.low is None or self.high is None:
            return value
        return f"{value} ({self.low:,.{digits}f} to {self.high:,.{digits}f})"


def interquartile_mean(values: Sequence[float]) -> float:
    """Mean of the middle half (Agarwal et al. 2021, arXiv:2108.13264).

    A quarter of the values is cut off at both ends, rounded down: of up to three nothing is.
    """
    return float(stats.trim_mean(np.asarray(values, np.float64), 0.25))


def _middle(sample: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    return np.asarray(stats.trim_mean(sample, 0.25, axis=axis), np.float64)


def estimate(values: Sequence[float | None]) -> Estimate | None:
    """Interquartile mean and interval of one figure by seed; None if no seed has it.

    The bootstrap's generator is seeded, so that the same values give the same interval.
    """
    known = [float(value) for value in values if value is not None]
    if not known:
        return None
    if len(known) == 1:
        return Estimate(known[0], None, None, 1)
    found = stats.bootstrap(
        (np.asarray(known, np.float64),),
        _middle,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    interval = found.confidence_interval
    return Estimate(
        interquartile_mean(known), float(interval.low), float(interval.high), len(known)
    )
