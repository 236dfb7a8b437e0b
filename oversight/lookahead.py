"""Recoverability look-ahead: try an action on a clone and see whether harm can still be averted.

After an action of one agent step, each backup action is held for a horizon. If one of them keeps
the harm from beginning, the action is recoverable. An action is unsafe if it is not recoverable
while another one is: it makes unavoidable what was avoidable. Where nothing is recoverable any
more the harm was caused earlier, and no action is to blame for it now. Giacobbe et al.,
"Shielding Atari Games with Bounded Prescience" (AAMAS 2021) shield by emulator look-ahead too.

Five things make it fast, none of which changes an answer: games say where harm is out of reach;
actions that lead to the same state share their future; a backup that was played for the last
step is only played on for the part that is new; one that failed then is not played again if it is
what was done; and the backup that helped last is tried first.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from oversight.catastrophe import Catastrophe, Watch
from oversight.emulator import Simulator
from oversight.lasting import prolongs
from oversight.search import rescued
from oversight.truth import Truth

__all__ = ["LookAhead"]

E = TypeVar("E", bound=Simulator[Any])


@dataclass(frozen=True, slots=True)
class _Plan(Generic[E]):
    """A backup that was held without harm, to the horizon or until that was settled.

    Attributes:
        backup: which.
        opening: the action that it meant in its first step.
        playing: the one that it meant in its last.
        frames: for how long.
        first: key of the state after its first step; None if not known.
        end: snapshot of the state after all of its frames.
        watch: of the end.
    """

    backup: int
    opening: int
    playing: int
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
        failed: backups that were held until harm began, with their opening and how long it took.
    """

    averted: bool
    frames: int
    plan: _Plan[E] | None = None
    failed: Mapping[int, tuple[int, int]] = field(default_factory=dict)


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
        self._no_backup: bool | None = None
        self._searched: set[int] = set()
        self._lasted: dict[int, int] = {}
        self._start: object = None
        self._futures: dict[Hashable, _Future[E]] = {}
        self._after: dict[int, _Future[E]] = {}
        self._begun: _Plan[E] | None = None
        self._failed: Mapping[int, tuple[int, int]] = {}

    def moved(self, watch: Watch[E], action: int | None = None) -> None:
        """See `Truth.moved`."""
        self._lost = self._still_lost(action)
        self._played = action
        before = None if action is None else self._after.get(action)
        self._begun = None if before is None else before.plan
        self._failed = {} if before is None else before.failed
        self._start = None
        self._futures = {}
        self._after = {}
        self._known = {}
        self._no_backup, self._searched = None, set()
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
        if self._holds(action):
            return False
        if not self._helpless:
            return True
        return not (self._lost or self._saved(action) or self.doomed)

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
        if not self._helpless:
            return False
        if self._lost:
            return True  # as was to be expected: an action before made it so
        return not any(self._saved(action) for action in self._likeliest_first())

    @property
    def _helpless(self) -> bool:
        """Whether no action has a way out by a single backup, so that others are searched for."""
        if self._no_backup is None:
            found = any(self._known.values()) or self._out_of_reach(self.catastrophe.backups[0])
            found = found or any(self._holds(action) for action in self._likeliest_first())
            self._no_backup = not found
        return self._no_backup

    def _saved(self, action: int) -> bool:
        """Whether a search finds a way on from an action, where all are helpless."""
        if action not in self._searched:
            self._searched.add(action)
            self._known[action] = self._rescued(action)
        return self._known[action]

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
        if self._no_backup and not self._lost and action not in self._searched:
            return False  # another action had a way on, and this one was never looked into
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
                what, skip = self.catastrophe, self._frameskip
                return not prolongs(self._emulator, self._start, watch, what, action, skip)
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
        self._after[action] = future
        return future.averted

    def _future(self, action: int, after: object, key: Hashable, watch: Watch[E]) -> _Future[E]:
        begun, emulator, meant = self._begun, self._emulator, self.catastrophe.backup
        if begun is not None and (action == begun.opening or (key and key == begun.first)):
            # It has come to where the plan of the last move was after its first step.
            opening, behind = meant(emulator, begun.backup), begun.frames - self._frameskip
            emulator.restore(begun.end)
            plan = replace(begun, opening=opening, frames=behind, first=None)
            future = self._hold(plan, keep=True)
            if future.averted:
                return future
            emulator.restore(after)
        # The last move's look-ahead came by here, and went on until harm began.
        failed = {
            backup: (meant(emulator, backup), frames - self._frameskip)
            for backup, (opening, frames) in self._failed.items()
            if opening == action
        }
        # An action that goes on is likely to go on: then its plan is played on, too.
        held, moved = (action if action == self._played else None), False
        longest = max((frames for _, frames in failed.values()), default=0)
        for backup in sorted(self._order, key=lambda each: each != held):
            if backup in failed:
                continue
            if moved:
                emulator.restore(after)
            moved = True
            opening = meant(emulator, backup)
            plan = _Plan(backup, opening, opening, 0, None, after, watch)
            future = self._hold(plan, keep=key is not None)
            if future.averted:
                if backup != held:
                    self._order.remove(backup)
                    self._order.insert(0, backup)
                return replace(future, failed=failed)
            longest = max(longest, future.frames)
            if key is not None:
                failed[backup] = (opening, future.frames)
        return _Future(averted=False, frames=longest, failed=failed)

    def _hold(self, plan: _Plan[E], *, keep: bool) -> _Future[E]:
        """Hold a backup on to the horizon, from the emulator's state.

        Args:
            plan: how it was held so far, which is where the emulator is.
            keep: keep the plan, to be played on.
        """
        emulator, branch, first = self._emulator, plan.watch.copy(), plan.first
        every, done, playing = self._horizon_frames, plan.frames, plan.playing
        while done < every and not self.catastrophe.settled(emulator, every - done, plan.backup):
            if done % self._frameskip == 0:  # chosen once an agent step, as who plays it would
                playing = self.catastrophe.backup(emulator, plan.backup)
            emulator.act(playing)
            if branch.frame(emulator) or self.catastrophe.sealed(emulator):
                return _Future(averted=False, frames=done)
            done += 1
            if keep and done == self._frameskip:
                first = self._key(emulator.snapshot(), branch)
        if not keep or done < self._frameskip:
            return _Future(averted=True, frames=every)
        end = emulator.snapshot()
        plan = replace(plan, playing=playing, frames=done, first=first, end=end, watch=branch)
        return _Future(averted=True, frames=every, plan=plan)

    @property
    def _horizon_frames(self) -> int:
        return self.catastrophe.horizon * self._frameskip

    def _key(self, state: object, watch: Watch[E]) -> Hashable:
        key = self._emulator.key(state)
        return None if key is None else (key, watch.state)

    def _rescued(self, action: int) -> bool:
        """Whether a plan of several actions in turn averts what no single backup does."""
        start = self._emulator.snapshot()
        try:
            return rescued(
                self._emulator,
                self._watched(),
                self.catastrophe,
                action,
                n_actions=self._n_actions,
                frameskip=self._frameskip,
            )
        finally:
            self._emulator.restore(start)
