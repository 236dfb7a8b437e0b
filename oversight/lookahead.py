"""Recoverability look-ahead: try an action on a clone and see whether harm can still be averted.

After an action of one agent step, each backup action is held for a horizon. If one of them keeps
the harm from beginning, the action is recoverable. An action is unsafe if it is not recoverable
while another one is: it makes unavoidable what was avoidable. Where nothing is recoverable any
more the harm was caused earlier, and no action is to blame for it now. Giacobbe et al.,
"Shielding Atari Games with Bounded Prescience" (AAMAS 2021) shield by emulator look-ahead too.
"""

from __future__ import annotations

import numpy as np
from ale_py import ALEState
from numpy.typing import NDArray

from oversight.catastrophes.base import Catastrophe, Watch
from oversight.emulator import Emulator

__all__ = ["LookAhead"]

ESCAPE_STEPS = 16
"""Agent steps looked at to tell how long a harm that is already going on will last."""


class LookAhead:
    """The exact truth about every action of one game state. Implements `TruthProbe`."""

    def __init__(
        self, emulator: Emulator, catastrophe: Catastrophe, *, n_actions: int, frameskip: int
    ) -> None:
        """Bind to a game.

        Args:
            emulator: played by its owner; left as it was found by every question.
            catastrophe: what must not happen.
            n_actions: how many actions there are.
            frameskip: frames an agent step.
        """
        self._emulator = emulator
        self._catastrophe = catastrophe
        self._n_actions = n_actions
        self._frameskip = frameskip
        self._watch: Watch | None = None
        self._out_of_reach = False
        self._known: dict[int, bool] = {}

    def moved(self, watch: Watch) -> None:
        """The game was played on: forget the answers. `watch` has seen its newest frame."""
        self._watch = watch
        self._out_of_reach = not watch.harmful and self._catastrophe.out_of_reach(self._emulator)
        self._known.clear()

    def unsafe(self, action: int) -> bool:
        """See `TruthProbe.unsafe`."""
        if self._out_of_reach:
            return False
        if self._watch is not None and self._watch.harmful:
            return not self._holds(action)
        return not self._holds(action) and not self.doomed

    @property
    def doomed(self) -> bool:
        """Whether harm is coming that no action can avert any more."""
        if self._out_of_reach or (self._watch is not None and self._watch.harmful):
            return False
        likeliest_first = (*self._catastrophe.backups, *range(self._n_actions))
        return not any(self._holds(action) for action in likeliest_first)

    def unsafe_actions(self) -> NDArray[np.bool_]:
        """See `TruthProbe.unsafe_actions`."""
        return np.array([self.unsafe(action) for action in range(self._n_actions)])

    def _holds(self, action: int) -> bool:
        """Whether the action lets harm be held off, or end as soon as it can."""
        if action not in self._known:
            self._known[action] = self._try(action)
        return self._known[action]

    def _try(self, action: int) -> bool:
        if self._watch is None:
            raise RuntimeError("expected a game in progress, got none: reset the environment first")
        if self._emulator.game_over:
            return True
        start, watch = self._emulator.snapshot(), self._watch
        try:
            if watch.harmful:
                return not self._prolongs(start, watch, action)
            return self._recoverable(watch, action)
        finally:
            self._emulator.restore(start)

    def _recoverable(self, watch: Watch, action: int) -> bool:
        branch = watch.copy()
        if self._begins(branch, action, self._frameskip):
            return False
        after = self._emulator.snapshot()
        frames = self._catastrophe.horizon * self._frameskip
        for backup in self._catastrophe.backups:
            self._emulator.restore(after)
            if not self._begins(branch.copy(), backup, frames):
                return True
        return False

    def _begins(self, watch: Watch, action: int, frames: int) -> bool:
        for _ in range(frames):
            self._emulator.act(action)
            if watch.frame(self._emulator):
                return True
        return False

    def _prolongs(self, start: ALEState, watch: Watch, action: int) -> bool:
        # Harm is going on already, so every action "brings it about". What can still be judged
        # is whether an action makes it last longer than the best backup does.
        longest = ESCAPE_STEPS * self._frameskip
        backups = self._catastrophe.backups
        best = min(self._lasting(start, watch, b, b, longest) for b in backups)
        # Whether it is longer is all that is asked: no need to play it to its end.
        mine = min(self._lasting(start, watch, action, b, best + 1) for b in backups)
        return mine > best

    def _lasting(
        self, start: ALEState, watch: Watch, action: int, backup: int, longest: int
    ) -> int:
        """Frames until the harm ends if `action` is played for one step and `backup` after it.

        At most `longest` are played; that is the answer if it did not end in them.
        """
        self._emulator.restore(start)
        branch = watch.copy()
        for frame in range(longest):
            self._emulator.act(action if frame < self._frameskip else backup)
            branch.frame(self._emulator)
            if not branch.harmful:
                return frame
        return longest
