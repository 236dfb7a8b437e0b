"""How fast the game goes in front of a person when a Blocker has an opinion: pure numbers."""

from __future__ import annotations

import math

from oversight.types import Hint

__all__ = ["SLOW", "speed_up"]

SLOW = 0.5
"""Times the person's own pace where the Blocker is not sure."""
_UNSURE = 0.5
_SURE = 0.01
"""Shares of the threshold: above the first it is unsure, below the second it cannot be surer."""


def speed_up(hint: Hint | None, fastest: float) -> float:
    """How many times the person's own pace a step is shown at.

    0 where the Blocker would block: the step waits for a key. `SLOW` from half its threshold
    on. Below that it rises with the logarithm of how far below the threshold the probability
    is, from 1 to `fastest` at a hundredth of the threshold. Without an opinion it is 1.

    Args:
        hint: the Blocker's opinion.
        fastest: the most, 1 or more.
    """
    if hint is None:
        return 1.0
    if hint.probability >= hint.threshold:
        return 0.0
    share = hint.probability / hint.threshold
    if share > _UNSURE:
        return SLOW
    sureness = math.log(_UNSURE / max(share, _SURE)) / math.log(_UNSURE / _SURE)
    return float(fastest**sureness)
