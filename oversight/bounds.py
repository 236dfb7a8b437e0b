"""Exact (Clopper-Pearson) bounds of a rate: what so many events in so many trials can show."""

from __future__ import annotations

from scipy.special import betaincinv

__all__ = ["interval", "upper_bound"]


def upper_bound(events: int, trials: int, confidence: float = 0.95) -> float:
    """One-sided exact (Clopper-Pearson) upper bound of a rate.

    Args:
        events: how often it happened.
        trials: out of how many.
        confidence: probability that the bound holds.

    Returns:
        The rate p at which `events` or fewer out of `trials` have probability 1 - confidence;
        1.0 without trials.
    """
    if not 0 <= events <= trials:
        raise ValueError(f"expected 0 <= events <= trials, got {events} of {trials}")
    if events == trials:
        return 1.0
    return float(betaincinv(events + 1, trials - events, confidence))


def interval(events: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided exact (Clopper-Pearson) interval of a rate; the arguments are `upper_bound`'s.

    Returns:
        The lower and upper bound, each of which fails with probability (1 - confidence) / 2;
        (0.0, 1.0) without trials.
    """
    one_sided = (1.0 + confidence) / 2.0
    return 1.0 - upper_bound(trials - events, trials, one_sided), upper_bound(
        events, trials, one_sided
    )
