"""From a network's logits to probabilities that mean what they say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

__all__ = ["expected_calibration_error", "platt", "reliability"]


def platt(
    logit: NDArray[np.float64], unsafe: NDArray[np.bool_], weight: float = 1.0
) -> tuple[float, float]:
    """Find (a, b) so that sigmoid(a * logit + b) is the probability of "unsafe".

    Platt's scaling ("Probabilistic outputs for support vector machines", 1999): labels are drawn
    together by as much as their number leaves open, so that labels told apart perfectly do not ask
    for certainty; a stays within a factor of 4 of 1. A temperature is the case b = 0.

    Args:
        logit: float64 (n,), of examples that were not trained on.
        unsafe: bool (n,), their labels.
        weight: by which unsafe examples were weighted up in training; b begins at -log(weight).

    Raises:
        ValueError: only one kind of label.
    """
    positives = int(unsafe.sum())
    negatives = len(unsafe) - positives
    if not positives or not negatives:
        raise ValueError(f"expected both labels, got {positives} unsafe and {negatives} safe ones")
    target = np.where(unsafe, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = np.exp(at[0]) * logit + at[1]
        value = np.logaddexp(0.0, z) - target * z
        slope = 1 / (1 + np.exp(-np.clip(z, -60, 60))) - target
        return float(value.mean()), np.array(
            [float((slope * np.exp(at[0]) * logit).mean()), float(slope.mean())]
        )

    limits = [(-np.log(4.0), np.log(4.0)), (-20.0, 20.0)]
    found = minimize(loss, np.array([0.0, -np.log(weight)]), jac=True, bounds=limits)
    return float(np.exp(found.x[0])), float(found.x[1])


def reliability(
    probability: NDArray[np.float64], unsafe: NDArray[np.bool_], bins: int = 10
) -> list[tuple[float, float, int]]:
    """Mean probability, share of unsafe ones and count, in bins of equal width; no empty ones.

    Args:
        probability: float64 (n,) in [0, 1].
        unsafe: bool (n,).
        bins: how many.
    """
    place = np.minimum((probability * bins).astype(np.int64), bins - 1)
    rows = [place == number for number in range(bins)]
    return [
        (float(probability[row].mean()), float(unsafe[row].mean()), int(row.sum()))
        for row in rows
        if row.any()
    ]


def expected_calibration_error(
    probability: NDArray[np.float64], unsafe: NDArray[np.bool_], bins: int = 10
) -> float | None:
    """Mean gap of stated and seen share over the bins, by count; None without examples.

    Naeini, Cooper, Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning",
    AAAI 2015.
    """
    if not len(probability):
        return None
    parts = reliability(probability, unsafe, bins)
    return sum(abs(stated - seen) * count for stated, seen, count in parts) / len(probability)
