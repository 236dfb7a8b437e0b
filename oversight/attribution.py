"""Counterfactual attribution: was it this action, or would it have happened anyway?

Where the harm comes later than the action, and nothing done in between averts it, two clones are
played: one with the action, one with its harmless twin, both followed by the same idle action.
Harm that only the first shows was caused by the action.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from oversight.catastrophe import Catastrophe, Watch
from oversight.emulator import Simulator
from oversight.truth import Truth

__all__ = ["Counterfactual"]

E = TypeVar("E", bound=Simulator[Any])


class Counterfactual(Truth[E]):
    """An action is unsafe if more harm begins after it than after its twin.

    The twin may meet, at the horizon's end, the same harm by another cause (an enemy's bomb takes
    what the own shot would have taken): then nothing is blamed. Where a direct sign of the cause
    exists, `LookAhead` on that sign is the exact truth, and this a check on it.
    """

    def __init__(
        self,
        emulator: E,
        catastrophe: Catastrophe[E],
        *,
        n_actions: int,
        frameskip: int,
        twins: Sequence[int],
        idle: int = 0,
    ) -> None:
        """Bind to a game; see `Truth`.

        Args:
            emulator: see `Truth`.
            catastrophe: see `Truth`; its horizon is how long both clones are followed.
            n_actions: see `Truth`.
            frameskip: see `Truth`.
            twins: for each action the one that does the same without the harm; itself if it is
                harmless.
            idle: what is played on both clones after it.
        """
        super().__init__(emulator, catastrophe, n_actions=n_actions, frameskip=frameskip)
        if len(twins) != n_actions:
            raise ValueError(f"expected {n_actions} twins, got {len(twins)}")
        self._twins = tuple(twins)
        self._idle = idle
        self._onsets: dict[int, int] = {}

    def moved(self, watch: Watch[E], action: int | None = None) -> None:
        """See `Truth.moved`."""
        super().moved(watch, action)
        self._onsets = {}

    def unsafe(self, action: int) -> bool:
        """See `TruthProbe.unsafe`."""
        self._watched()
        twin = self._twins[action]
        return twin != action and self._harms(action) > self._harms(twin)

    def _harms(self, action: int) -> int:
        """How many harms begin in the action's step and the idle steps after it."""
        if action not in self._onsets:
            start, branch = self._emulator.snapshot(), self._watched().copy()
            frames = (1 + self.catastrophe.horizon) * self._frameskip
            onsets = 0
            for frame in range(frames):
                self._emulator.act(action if frame < self._frameskip else self._idle)
                onsets += branch.frame(self._emulator)
            self._emulator.restore(start)
            self._onsets[action] = onsets
        return self._onsets[action]
