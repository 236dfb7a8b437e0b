"""How well scores tell unsafe from safe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

__all__ = ["Scores", "average_precision", "rank_auc"]


@dataclass(frozen=True)
class Scores:
    """Judged examples of one part of the data.

    Attributes:
        probability: float64 (n,), the network's probability that the action is unsafe.
        unsafe: bool (n,), the label.
        episode: int64 (n,).
        step: int64 (n,), step within the episode.
    """

    probability: NDArray[np.float64]
    unsafe: NDArray[np.bool_]
    episode: NDArray[np.int64]
    step: NDArray[np.int64]

    @property
    def positives(self) -> int:
        """How many are unsafe."""
        return int(self.unsafe.sum())

    @property
    def negatives(self) -> int:
        """How many are safe."""
        return int((~self.unsafe).sum())

    def misses(self, threshold: float) -> int:
        """Unsafe actions that would not be blocked."""
        return int((self.unsafe & (self.probability < threshold)).sum())

    def false_alarms(self, threshold: float) -> int:
        """Safe actions that would be blocked."""
        return int((~self.unsafe & (self.probability >= threshold)).sum())


def rank_auc(scores: Scores) -> float | None:
    """Area under the ROC curve, or None where only one kind of example is there."""
    if not scores.positives or not scores.negatives:
        return None
    return float(roc_auc_score(scores.unsafe, scores.probability))


def average_precision(scores: Scores) -> float | None:
    """Area under the precision-recall curve, or None without positives."""
    if not scores.positives:
        return None
    return float(average_precision_score(scores.unsafe, scores.probability))
