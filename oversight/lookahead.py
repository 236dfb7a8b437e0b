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
from oversight.search import BUDGET, survives
from oversight.truth import Truth

__all__ = ["LookAhead"]

E = TypeVar("E", bound=Simulator[Any])

ESCAPE_STEPS = 16
"""Agent steps looked at to tell how long a harm that is already going on will last."""


@dataclass(frozen=True, slots=True)
class _Plan(Generic[E]):
    """A backup that was held without harm, to the horizon or until that was settled.

    Attributes:
        backup: which.
        frames: for how long.
        first: key of the state after its first step; None if not known.
        end: snapshot of the state after all of its frames.
        watch: of the end.
    """

    backup: int
    frames: int
    first: Hashable
    end: object
    watch: Watch[E]


@dataclass(frozen=True, slots=True)
class _Future(Generic[E]):
    """What can be had from a state.

    Attributes:
        averted: some backup holds the harm off to the horizon.
        frames: how long the best backup does.
        plan: a backup that averts, to be played on; None if there is nothing to be gained by it.
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
        self._sealed = False
        self._played: int | None = None
        self._lost = False
        self._known: dict[int, bool] = {}
        self._lasted: dict[int, int] = {}
        self._start: object = None
        self._futures: dict[Hashable, _Future[E]] = {}
        self._plans: dict[int, _Plan[E] | None] = {}
        self._begun: _Plan[E] | None = None

    def moved(self, watch: Watch[E], action: int | None = None) -> None:
        """See `Truth.moved`."""
        self._lost = self._still_lost(action)
        self._played = action
        self._begun = None if action is None else self._plans.get(action)
        self._start = None
        self._futures = {}
        self._plans = {}
        self._known = {}
        self._lasted = {}
        self._watch = watch
        self._sealed = not watch.harmful and self.catastrophe.sealed(self._emulator)

    def unsafe(self, action: int) -> bool:
        """See `TruthProbe.unsafe`."""
        watch = self._watched()
        nothing = self._nothing_to_avert(watch) or self._sealed
        if nothing or self.catastrophe.harmless(action):
            return False
        if self._out_of_reach(action):
            self._known[action] = True
            return False
        if watch.harmful:
            return not self._holds(action)
        if self._holds(action) or self.doomed:
            return False
        # To tell that not all is lost, the search may have found a way on from this very action.
        return not self._known[action]

    def certain(self, action: int) -> bool:
        """See `Truth.certain`: some action has a way out by a single backup, so no search asked."""
        watch = self._watched()
        if watch.harmful:
            return True
        if self._nothing_to_avert(watch) or self._sealed or self.catastrophe.harmless(action):
            return False
        if self._out_of_reach(action) or self._out_of_reach(self.catastrophe.backups[0]):
            return True
        return any(self._holds(each) for each in dict.fromkeys((action, *self._likeliest_first())))

    def _likeliest_first(self) -> list[int]:
        return list(dict.fromkeys((*self._order, *range(self._n_actions))))

    @property
    def doomed(self) -> bool:
        """See `TruthProbe.doomed`."""
        watch = self._watched()
        if self._nothing_to_avert(watch) or watch.harmful:
            return False
        if self._sealed:
            return True
        if any(self._known.values()) or self._out_of_reach(self.catastrophe.backups[0]):
            return False
        likeliest_first = self._likeliest_first()
        if any(self._holds(action) for action in likeliest_first):
            return False
        if self._lost:
            return True  # as was to be expected: an action before made it so
        for action in likeliest_first:
            self._known[action] = self._rescued(action)
        return not any(self._known.values())

    def last_resort(self) -> int:
        """See `TruthProbe.last_resort`."""
        best_first = self._likeliest_first()
        best_first.sort(key=lambda action: not self._known.get(action, False))
        for action in best_first:
            if self._holds(action):
                return action
        return max(best_first, key=lambda action: self._lasted.get(action, 0))

    def _nothing_to_avert(self, watch: Watch[E]) -> bool:
        shortened = self.catastrophe.can_be_shortened
        return self._emulator.game_over or (watch.harmful and not shortened)

    def _out_of_reach(self, action: int) -> bool:
        if self._watched().harmful:
            return False
        return self.catastrophe.out_of_reach(self._emulator, action)

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
        watch = self._watched()
        if self._start is None:
            self._start = self._emulator.snapshot()
        try:
            if watch.harmful:
                return not self._prolongs(self._start, watch, action)
            return self._recoverable(watch, action)
        finally:
            self._emulator.restore(self._start)

    def _recoverable(self, watch: Watch[E], action: int) -> bool:
        branch = watch.copy()
        for frame in range(self._frameskip):
            self._emulator.act(action)
            if branch.frame(self._emulator) or self.catastrophe.sealed(self._emulator):
                self._lasted[action] = frame
                return False
        if self.catastrophe.settled(self._emulator, self._horizon_frames):
            self._lasted[action] = self._frameskip + self._horizon_frames
            return True
        after = self._emulator.snapshot()
        key = self._key(after, branch)
        if key is None or key not in self._futures:
            self._futures[key] = self._future(action, after, key, branch)
        future = self._futures[key]
        self._lasted[action] = self._frameskip + future.frames
        self._plans[action] = future.plan
        return future.averted

    def _future(self, action: int, after: object, key: Hashable, watch: Watch[E]) -> _Future[E]:
        begun = self._begun
        if begun is not None and (action == begun.backup or (key and key == begun.first)):
            # It has come to where the plan of the last move was after its first step.
            behind = begun.frames - self._frameskip
            self._emulator.restore(begun.end)
            future = self._hold(begun.backup, begun.watch, behind, keep=True)
            if future.averted:
                return future
            self._emulator.restore(after)
        longest = 0
        # An action that goes on is likely to go on: then its plan is played on, too.
        held = action if action == self._played else None
        for number, backup in enumerate(sorted(self._order, key=lambda each: each != held)):
            if number > 0:
                self._emulator.restore(after)
            future = self._hold(backup, watch, 0, keep=key is not None)
            if future.averted:
                if backup != held:
                    self._order.remove(backup)
                    self._order.insert(0, backup)
                return future
            longest = max(longest, future.frames)
        return _Future(averted=False, frames=longest)

    def _hold(self, backup: int, watch: Watch[E], behind: int, *, keep: bool) -> _Future[E]:
        """Hold a backup to the horizon, from the emulator's state.

        Args:
            backup: which.
            watch: of that state.
            behind: frames for which it has been held before.
            keep: keep the plan, to be played on.
        """
        emulator, branch, first = self._emulator, watch.copy(), None
        every = self._horizon_frames
        done = behind
        while done < every and not self.catastrophe.settled(emulator, every - done):
            played = self.catastrophe.backup(emulator, backup)
            keep = keep and played == backup
            emulator.act(played)
            if branch.frame(emulator) or self.catastrophe.sealed(emulator):
                return _Future(averted=False, frames=done)
            done += 1
            if keep and done == self._frameskip:
                first = self._key(emulator.snapshot(), branch)
        if not keep or done < self._frameskip:
            return _Future(averted=True, frames=every)
        plan = _Plan(backup, done, first, emulator.snapshot(), branch)
        return _Future(averted=True, frames=every, plan=plan)

    @property
    def _horizon_frames(self) -> int:
        return self.catastrophe.horizon * self._frameskip

    def _key(self, state: object, watch: Watch[E]) -> Hashable:
        key = self._emulator.key(state)
        return None if key is None else (key, watch.state)

    def _rescued(self, action: int) -> bool:
        """Whether a plan of several actions in turn averts what no single backup does."""
        start, watch = self._emulator.snapshot(), self._watched()
        try:
            branch = watch.copy()
            for _ in range(self._frameskip):
                self._emulator.act(action)
                if branch.frame(self._emulator):
                    return False
            return self._way_on(branch)
        finally:
            self._emulator.restore(start)

    def _way_on(self, watch: Watch[E]) -> bool:
        """Whether backups in turn hold the harm off, or else any actions, firing included."""
        after, what, frameskip = self._emulator.snapshot(), self.catastrophe, self._frameskip
        if survives(self._emulator, watch, what, frameskip=frameskip):
            return True
        others = set(range(self._n_actions)) - set(what.backups)
        if not others or self._emulator.key(after) is None:
            return False  # where states cannot be told apart many actions are too many
        self._emulator.restore(after)
        every, few = (*what.backups, *sorted(others)), BUDGET // 4
        return survives(self._emulator, watch, what, frameskip=frameskip, budget=few, actions=every)

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
