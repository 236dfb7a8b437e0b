"""Taking the game back: the last moments of an episode, kept so that a late block can save it.

The gate owns what oversight remembers of an episode; what the environment has to remember is
its skin's business and hidden in two functions, so that no gate knows an environment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar, runtime_checkable

from oversight.types import Proposal, Screen, Snapshot, StepRecord

__all__ = ["EpisodeState", "GoBack", "Mark", "Moment", "Played", "Rewindable", "Ring", "Writable"]

MomentType = TypeVar("MomentType")
Moment_contra = TypeVar("Moment_contra", contravariant=True)

GoBack = Callable[[], Snapshot | None]
"""Puts an environment back to a moment, and answers with its state there, if it can be written
down. May be called more than once."""
Mark = Callable[[], GoBack]
"""Remembers an environment's present moment; the answer goes back to it."""


def _stay() -> None:
    """Go nowhere: an environment that is never taken back."""


@runtime_checkable
class Rewindable(Protocol[MomentType]):
    """An environment that can be put back to an earlier moment as a whole."""

    def snapshot(self) -> MomentType:
        """The present moment, complete: game, random numbers, screens and counters."""
        ...

    def restore(self, moment: MomentType) -> object:
        """Go back to a moment; returns the observation that stood there."""
        ...


@runtime_checkable
class Writable(Protocol[Moment_contra]):
    """A rewindable environment whose moments can be written down."""

    def written(self, moment: Moment_contra) -> Snapshot:
        """The state of a moment, from which its game goes on alike."""
        ...


@dataclass(slots=True)
class EpisodeState:
    """What the gate remembers of an episode that goes on.

    Attributes:
        number: of the episode in the run.
        screens: the newest ones, oldest first.
        step: agent step within the episode that comes next.
        game_return: the game's own score so far.
        last_unsafe: newest step whose executed action was unsafe in truth.
        last_executed: action executed at the step before.
        before: the frame before the newest screen; None where it is not known.
    """

    number: int
    screens: deque[Screen]
    step: int = 0
    game_return: float = 0.0
    last_unsafe: int | None = None
    last_executed: int | None = None
    before: Screen | None = None

    def advance(self, record: StepRecord, screen: Screen, before: Screen | None) -> None:
        """A step was played.

        Args:
            record: of the step.
            screen: what it led to.
            before: the frame before that; None where it is not known.
        """
        self.step += 1
        self.game_return += record.game_reward
        self.last_executed = record.executed
        self.screens.append(screen)
        self.before = before

    def copy(self) -> EpisodeState:
        """The same, to be kept while this one moves on."""
        return replace(self, screens=self.screens.copy())


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment before a step.

    Attributes:
        proposal: of the step.
        episode: the gate's state before the step; not to be changed.
        go_back: puts the environment there.
        snapshot: its state, once it was put there.
    """

    proposal: Proposal
    episode: EpisodeState
    go_back: GoBack = _stay
    snapshot: Snapshot | None = None

    def anew(self, present: Proposal, reach: tuple[int, ...]) -> Moment:
        """This earlier moment, to be judged once more under the number of the step at hand.

        Args:
            present: what was proposed at the step at hand.
            reach: steps before this one that can still be taken back.
        """
        proposal = replace(
            self.proposal,
            step_id=present.step_id,
            tally=present.tally,
            recorded_through=present.recorded_through,
            reach=reach,
        )
        return replace(self, proposal=proposal)


@dataclass(frozen=True, slots=True)
class Played:
    """A step that may still be undone.

    Attributes:
        moment: before it.
        record: what became of it.
        onsets: catastrophes that began during it; None where no truth is known.
    """

    moment: Moment
    record: StepRecord
    onsets: int | None


class Ring:
    """The last steps of one environment's episode, and those that were just taken back."""

    def __init__(self, steps: int) -> None:
        """Make an empty ring of at most `steps` steps; 0 keeps nothing."""
        self._played: deque[Played] = deque(maxlen=steps)
        self._undone: tuple[Played, ...] = ()

    def clear(self) -> None:
        """Forget everything: the episode is over, nothing of it can be undone."""
        self._played.clear()
        self._undone = ()

    @property
    def within_reach(self) -> tuple[int, ...]:
        """Steps that can be taken back, oldest first."""
        return tuple(played.record.proposal.step_id for played in self._played)

    def earlier(self, step_id: int, present: Proposal) -> Moment | None:
        """The moment before a step, to be judged anew; None if it is out of reach.

        Args:
            step_id: of the step.
            present: what was proposed at the step at hand.
        """
        for place, played in enumerate(self._played):
            if played.record.proposal.step_id == step_id:
                return played.moment.anew(present, self.within_reach[:place])
        return None

    def undo(self, step_id: int) -> None:
        """Take back that step and those after it."""
        ids = self.within_reach
        first = ids.index(step_id)
        # What was undone before and is not on record yet came after these.
        self._undone = tuple(self._played)[first:] + self._undone
        for _ in ids[first:]:
            self._played.pop()

    @property
    def undone(self) -> tuple[Played, ...]:
        """Steps taken back and not on record as such yet, oldest first."""
        return self._undone

    def keep(self, played: Played) -> None:
        """A step was played and recorded, and with it all that was undone."""
        self._played.append(played)
        self._undone = ()
