"""Harm that is going on: whether an action makes it last longer than it must."""

from __future__ import annotations

from typing import Any, TypeVar

from oversight.catastrophe import Catastrophe, Watch
from oversight.emulator import Simulator

__all__ = ["prolongs"]

E = TypeVar("E", bound=Simulator[Any])

ESCAPE_STEPS = 16
"""Agent steps looked at to tell how long a harm that is already going on will last."""


def prolongs(
    simulator: E, start: object, watch: Watch[E], what: Catastrophe[E], action: int, frameskip: int
) -> bool:
    """Whether an action makes a harm that is going on last longer than the best backup does.

    Every action "brings about" what is there already, so that is what can be judged of one.

    Args:
        simulator: left somewhere else.
        start: its state when the question is asked.
        watch: of that state; not changed.
        what: has the backups.
        action: played for one agent step, before a backup.
        frameskip: frames an agent step.
    """
    longest = ESCAPE_STEPS * frameskip

    def lasting(first: int, backup: int, most: int) -> int:
        """Frames until the harm ends; at most so many are played, and that is the answer then."""
        simulator.restore(start)
        branch = watch.copy()
        for frame in range(most):
            simulator.act(first if frame < frameskip else backup)
            branch.frame(simulator)
            if not branch.harmful:
                return frame
        return most

    best = min(lasting(backup, backup, longest) for backup in what.backups)
    # Whether it is longer is all that is asked: no need to play it to its end.
    return min(lasting(action, backup, best + 1) for backup in what.backups) > best
