"""Blocks that came late: labels of the step that the person saw, not of the one blocked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from oversight.log.table import UNSAFE, UNSURE, StepTable

__all__ = ["meant"]


def meant(table: StepTable, late: Mapping[int, int]) -> StepTable:
    """Late blocks at the steps that they were meant for.

    Of the step at which one arrived, and of those between, nothing is known: who has a press on its
    way judges nothing else (`oversight.SimulatedHuman`). A block that a review has taken back
    stays where it is.

    Args:
        table: whole episodes, or the rest of some, each in its order.
        late: from the step at which a late block arrived to the earlier one that was meant.
    """
    row = {int(step): number for number, step in enumerate(table.step_id)}
    verdict = table.verdict.copy()
    for arrived, first in late.items():
        if arrived in row and first in row and table.verdict[row[arrived]] == UNSAFE:
            verdict[row[first]] = UNSAFE
            verdict[row[first] + 1 : row[arrived] + 1] = UNSURE
    return replace(table, verdict=verdict)
