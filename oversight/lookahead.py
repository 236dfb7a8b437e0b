"""Recoverability look-ahead: try an action on a clone and see whether harm can still be averted.

After an action of one agent step, each backup action is held for a horizon. If one of them keeps
the harm from beginning, the action is recoverable. An action is unsafe if it is not recoverable
while another one is: it makes unavoidable what was avoidable. Where nothing is recoverable any
more the harm was caused earlier, and no action is to blame for it now. Giacobbe et al.,
"Shielding Atari Games with Bounded Prescience" (AAMAS 2021) shield by emulator look-ahead too.

Four things make it fast, none of which changes an answer: games say where harm is out of reach;
actions that lead to the same state share their future; a backup that was played for the last
step is only played on for the part that is new; and the backup that helped last is tried first.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from oversight.catastrophe import Catastrophe, Watch
from oversight.emulator import Simulator
from oversight.search import survives
from oversight.truth import Truth

__all__ = ["LookAhead"]

E = TypeVar("E", bound=Simulator[Any])

ESCAPE_STEPS = 16
"""Agent steps looked at to tell how long a harm that is already going on will last."""


@dataclass(frozen=True, slots=True)
class _Plan(Generic[E]):
    """A backup that was held to the horizon without harm.

    Attributes:
        backup: which.
        keys: of the states after each of its steps.
        end: snapshot of the last of them.
        watch: of the end.
    """

    backup: int
    keys: tuple[Hashable, ...]
    end: object
    watch: Watch[E]


@dataclass(frozen=True, slots=True)
class _Future(Generic[E]):
    """What can be had from a state.

    Attributes:
        averted: some backup holds the harm off to the horizon.
        frames: how long the best backup does.
        plan: a backup that was played in full; None if none had to be.
    """

    averted: bool
    frames: int
    plan: _Plan[E] | None = None


class LookAhead(Truth[E]):
    """The exact truth about every action of one game state. Implements `TruthProbe`."""

    def __init__(
        self, emulator: E, catastrophe: Catastrophe[E], *, n_actions: int, frameskip: int
    ) -> None:
        """Bind to a game; see `Truth`."""
        super().__init__(emulator, catastrophe, n_actions=n_actions, frameskip=frameskip)
        self._order = list(catastrophe.backups)
        self._out_of_reach = False
        self._played: int | None = None
        self._lost = False
        self._known: dict[int, bool] = {}
        self._lasted: dict[int, int] = {}
        self._futures: dict[Hashable, _Future[E]] = {}
        self._begun: dict[Hashable, _Plan[E]] = {}

    def moved(self, watch: Watch[E], action: int | None = None) -> None:
        """See `Truth.moved`."""
        self._lost = self._still_lost(action)
        self._played = action
        plans = [future.plan for future in self._futures.values()]
        self._begun = {plan.keys[0]: plan for plan in plans if plan is not None}
        self._futures = {}
        self._known = {}
        self._lasted = {}
        self._watch = watch
        self._out_of_reach = not watch.harmful and self.catastrophe.out_of_reach(self._emulator)

    def unsafe(self, action: int) -> bool:
        """See `TruthProbe.unsafe`."""
        watch = self._watched()
        if self._nothing_to_avert(watch) or self.catastrophe.harmless(action):
            return False
        if watch.harmful:
            return not self._holds(action)
        return not self._holds(action) and not self.doomed

    @property
    def doomed(self) -> bool:
        """See `TruthProbe.doomed`."""
        watch = self._watched()
        if self._nothing_to_avert(watch) or watch.harmful:
            return False
        if any(self._known.values()):
            return False
        likeliest_first = dict.fromkeys((*self._order, *range(self._n_actions)))
        if any(self._holds(action) for action in likeliest_first):
            return False
        if self._lost:
            return True  # as was to be expected: an action before made it so
        for action in likeliest_first:
            self._known[action] = self._rescued(action)
        return not any(self._known.values())

    def last_resort(self) -> int:
        """See `TruthProbe.last_resort`."""
        for action in range(self._n_actions):
            self._holds(action)
        best_first: tuple[int, ...] = (*self._order, *range(self._n_actions))
        return max(best_first, key=lambda action: self._lasted.get(action, 0))

    def _nothing_to_avert(self, watch: Watch[E]) -> bool:
        ended = self._emulator.game_over or self._out_of_reach
        return ended or (watch.harmful and not self.catastrophe.can_be_shortened)

    def _still_lost(self, action: int | None) -> bool:
        """Whether all is lost already, so that nobody need search for a way out."""
        if action is None or self._watch is None or self._watch.harmful:
            return False
        if action not in self._known:
            return self._lost
        return not self._known[action]

    def _holds(self, action: int) -> bool:
        """Whether the action lets harm be held off, or end as soon as it can."""
        if action not in self._known:
            self._known[action] = self._try(action)
        return self._known[action]

    def _try(self, action: int) -> bool:
        start, watch = self._emulator.snapshot(), self._watched()
        try:
            if watch.harmful:
                return not self._prolongs(start, watch, action)
            return self._recoverable(watch, action)
        finally:
            self._emulator.restore(start)

    def _recoverable(self, watch: Watch[E], action: int) -> bool:
        branch = watch.copy()
        for frame in range(self._frameskip):
            self._emulator.act(action)
            if branch.frame(self._emulator):
                self._lasted[action] = frame
                return False
        after = self._emulator.snapshot()
        key = (self._emulator.key(), branch.state)
        if key not in self._futures:
            # An action that goes on is likely to go on: then its plan is played on, too.
            held = action if action == self._played else None
            self._futures[key] = self._future(key, after, branch, held)
        self._lasted[action] = self._frameskip + self._futures[key].frames
        return self._futures[key].averted

    def _future(
        self, key: Hashable, after: object, watch: Watch[E], held: int | None
    ) -> _Future[E]:
        begun = self._begun.get(key)
        if begun is not None:
            future = self._hold(begun.backup, begun.end, begun.watch, begun.keys[1:])
            if future.averted:
                return future
        longest = 0
        for backup in sorted(self._order, key=lambda each: each != held):
            future = self._hold(backup, after, watch, ())
            if future.averted:
                if backup != held:
                    self._order.remove(backup)
                    self._order.insert(0, backup)
                return future
            longest = max(longest, future.frames)
        return _Future(averted=False, frames=longest)

    def _hold(
        self, backup: int, start: object, watch: Watch[E], keys: tuple[Hashable, ...]
    ) -> _Future[E]:
        """Hold a backup to the horizon, from a state at which the steps `keys` are behind it."""
        emulator, branch = self._emulator, watch.copy()
        emulator.restore(start)
        for step in range(len(keys), self.catastrophe.horizon):
            for frame in range(self._frameskip):
                if self.catastrophe.settled(emulator):
                    return _Future(averted=True, frames=self.catastrophe.horizon * self._frameskip)
                emulator.act(self.catastrophe.backup(emulator, backup))
                if branch.frame(emulator):
                    return _Future(averted=False, frames=step * self._frameskip + frame)
            keys = (*keys, (emulator.key(), branch.state))
        plan = _Plan(backup, keys, emulator.snapshot(), branch)
        return _Future(averted=True, frames=len(keys) * self._frameskip, plan=plan)

    def _rescued(self, action: int) -> bool:
        """Whether a plan of several backups in turn averts what no single one does."""
        start, watch = self._emulator.snapshot(), self._watched()
        try:
            branch = watch.copy()
            for _ in range(self._frameskip):
                self._emulator.act(action)
                if branch.frame(self._emulator):
                    return False
            return survives(
                self._emulator,
                branch,
                backups=self.catastrophe.backups,
                steps=self.catastrophe.horizon,
                frameskip=self._frameskip,
            )
        finally:
            self._emulator.restore(start)

    def _prolongs(self, start: object, watch: Watch[E], action: int) -> bool:
        # Harm is going on already, so every action "brings it about". What can still be judged
        # is whether an action makes it last longer than the best backup does.
        longest = ESCAPE_STEPS * self._frameskip
        backups = self.catastrophe.backups
        best = min(self._lasting(start, watch, b, b, longest) for b in backups)
        # Whether it is longer is all that is asked: no need to play it to its end.
        mine = min(self._lasting(start, watch, action, b, best + 1) for b in backups)
        return mine > best

    def _lasting(
        self, start: object, watch: Watch[E], action: int, backup: int, longest: int
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
