"""From which probability on to block: chosen on held-out episodes, with exact bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blocker.metrics import Scores
from oversight.bounds import upper_bound

__all__ = [
    "ThresholdRule",
    "choose_threshold",
    "most_misses",
    "run_numbers",
    "runs_missed",
    "runs_needed",
    "upper_bound",
]


RUN_GAP = 8
"""Agent steps, half a second of play: a replacement comes between two blocks of one moment, and
the agent's way back takes some steps more."""


@dataclass(frozen=True, slots=True)
class ThresholdRule:
    """What the threshold has to achieve on the calibration part.

    Attributes:
        false_alarms: share of safe actions that may be blocked; all of it is spent.
        most_false_alarms: up to this share the threshold is lowered further where the bound on
            misses asks for it. It also limits what wrong labels can do.
        miss_rate: the bound that misses should stay under, run-wise.
        confidence: of that bound.
        highest: the threshold is never above it, even if that spends more than both budgets, as
            readiness then says: a miss costs far more than a false alarm, and calibration holds
            few positives.
        lowest_positive: none of the above: the lowest probability of any unsafe example, as the
            paper's code had it. One wrong label decides; for comparisons.
    """

    false_alarms: float = 0.01
    most_false_alarms: float = 0.015
    miss_rate: float = 0.05
    confidence: float = 0.95
    highest: float = 0.1
    lowest_positive: bool = False


def runs_needed(miss_rate: float, confidence: float = 0.95, missed: int = 0) -> int:
    """How many runs, `missed` of them missed, bring the upper bound down to `miss_rate`."""
    if not 0 < miss_rate < 1:
        raise ValueError(f"expected a miss rate between 0 and 1, got {miss_rate}")
    count = missed + 1
    while upper_bound(missed, count, confidence) > miss_rate:
        count += max(1, count // 50)
    while count > missed + 1 and upper_bound(missed, count - 1, confidence) <= miss_rate:
        count -= 1
    return count


def most_misses(runs: int, miss_rate: float, confidence: float = 0.95) -> int | None:
    """How many of `runs` may be missed with the bound still at `miss_rate`; None if not even 0."""
    allowed = None
    for missed in range(runs):
        if upper_bound(missed, runs, confidence) > miss_rate:
            break
        allowed = missed
    return allowed


def run_numbers(
    unsafe: NDArray[np.bool_],
    episode: NDArray[np.int64],
    step: NDArray[np.int64],
    gap: int = RUN_GAP,
) -> NDArray[np.int64]:
    """Number the runs of positives: unsafe steps of an episode close to each other are one run.

    While a gate blocks, the agent wants the same again from nearly the same state; so the steps
    of a run count as one observation.

    Args:
        unsafe: bool (n,).
        episode: int64 (n,).
        step: int64 (n,), within the episode.
        gap: agent steps at most from one positive to the next of the same run.

    Returns:
        int64 (n,), the run's number from 0, -1 for safe steps.
    """
    out = np.full(len(unsafe), -1, dtype=np.int64)
    rows = np.flatnonzero(unsafe)
    rows = rows[np.lexsort((step[rows], episode[rows]))]
    if len(rows):
        new = (np.diff(episode[rows]) != 0) | (np.diff(step[rows]) > gap)
        out[rows] = np.concatenate([[0], np.cumsum(new)])
    return out


def runs_missed(scores: Scores, threshold: float) -> tuple[int, int]:
    """Runs with at least one missed step, and all runs."""
    numbers = run_numbers(scores.unsafe, scores.episode, scores.step)
    missed = scores.unsafe & (scores.probability < threshold)
    return len(np.unique(numbers[missed])), int(numbers.max(initial=-1)) + 1


def choose_threshold(scores: Scores, rule: ThresholdRule | None = None) -> float:
    """Choose from which probability on to block.

    The lowest threshold whose false alarms stay within the budget; lower still where the bound on
    misses asks for it, but not below the lowest one within the larger budget; never above the
    rule's highest. So the threshold
    hangs on quantiles of many safe steps and on no single label.

    Args:
        scores: the calibration part, never trained on.
        rule: what to achieve.

    Raises:
        ValueError: no positives or no negatives to choose by.
    """
    rule = rule or ThresholdRule()
    if not scores.positives or not scores.negatives:
        raise ValueError(
            "expected safe and unsafe examples to choose a threshold by, got "
            f"{scores.negatives} safe and {scores.positives} unsafe ones: oversee for longer"
        )
    if rule.lowest_positive:
        return float(scores.probability[scores.unsafe].min())
    safe = np.sort(scores.probability[~scores.unsafe])[::-1]
    spent = min(_lowest_within(safe, rule.false_alarms), rule.highest)
    floor = min(_lowest_within(safe, rule.most_false_alarms), spent)
    return max(min(spent, _for_misses(scores, rule)), floor)


def _lowest_within(safe: NDArray[np.float64], budget: float) -> float:
    """The lowest threshold that blocks at most that share of safe steps, sorted downwards."""
    allowed = int(budget * len(safe))
    if allowed >= len(safe):
        return 0.0
    return float(np.nextafter(safe[allowed], 2.0))


def _for_misses(scores: Scores, rule: ThresholdRule) -> float:
    """The highest threshold that meets the bound on misses; if none does, that misses nothing."""
    numbers = run_numbers(scores.unsafe, scores.episode, scores.step)
    weakest = np.ones(int(numbers.max()) + 1)
    np.minimum.at(weakest, numbers[scores.unsafe], scores.probability[scores.unsafe])
    allowed = most_misses(len(weakest), rule.miss_rate, rule.confidence) or 0
    return float(np.sort(weakest)[allowed])
