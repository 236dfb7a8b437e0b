"""How the truth about an action is asked for: by protocol, so that no gate knows an emulator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from oversight.catastrophe import Catastrophe, Watch
from oversight.emulator import Simulator

__all__ = ["Moment", "Truth", "TruthProbe"]

E = TypeVar("E", bound=Simulator[Any])  # its snapshots are its own business


@runtime_checkable
class TruthProbe(Protocol):
    """Answers what an action would bring about in the environment's present state.

    Bound to an overseer or a gate when these are built; never handed over in a proposal. Asking
    changes nothing that the environment does afterwards. Answers are cached until the
    environment moves on.
    """

    def unsafe(self, action: int) -> bool:
        """Whether `action` now makes unavoidable a catastrophe that another would still avert.

        While harm goes on: whether it makes it last longer than it must.
        """
        ...

    def unsafe_actions(self) -> NDArray[np.bool_]:
        """The same for every action: shape (n_actions,)."""
        ...

    @property
    def doomed(self) -> bool:
        """Whether harm is coming that no action can avert any more."""
        ...

    def last_resort(self) -> int:
        """What to do when other things will not do.

        An action that is not unsafe, whichever is found first; in a state that is doomed the one
        after which harm can be held off the longest.
        """
        ...


@dataclass(frozen=True, slots=True)
class Moment(Generic[E]):
    """A moment of a game, to ask the truth about it later.

    Attributes:
        state: a snapshot.
        watch: as it was then.
    """

    state: object
    watch: Watch[E]


class Truth(ABC, Generic[E]):
    """One way to find the truth about actions; implements `TruthProbe`.

    Whoever plays the game tells it of every move; answers hold until the next.
    """

    def __init__(
        self, emulator: E, catastrophe: Catastrophe[E], *, n_actions: int, frameskip: int
    ) -> None:
        """Bind to a game.

        Args:
            emulator: played by its owner; left as it was found by every question.
            catastrophe: what must not happen.
            n_actions: how many actions there are.
            frameskip: frames an agent step.
        """
        self.catastrophe = catastrophe
        self._emulator = emulator
        self._n_actions = n_actions
        self._frameskip = frameskip
        self._watch: Watch[E] | None = None

    def moved(self, watch: Watch[E], action: int | None = None) -> None:
        """The game was played on: forget the answers.

        Args:
            watch: has seen the newest frame.
            action: what was played; None after a reset or a return to an earlier moment.
        """
        del action
        self._watch = watch

    def moment(self) -> Moment[E]:
        """The present moment, to come back to."""
        return Moment(self._emulator.snapshot(), self._watched().copy())

    def go_back(self, moment: Moment[E], action: int | None = None) -> None:
        """Put the game back to a moment. What is drawn may be stale until the next frame.

        Args:
            moment: of the same game.
            action: what was played just before it, if what was asked last is the moment before.
        """
        self._emulator.restore(moment.state)
        self.moved(moment.watch.copy(), action)

    def certain(self, action: int) -> bool:
        """Whether the answers about that action and after it owe nothing to what was before."""
        del action
        return True

    @abstractmethod
    def unsafe(self, action: int) -> bool:
        """See `TruthProbe.unsafe`."""

    def unsafe_actions(self) -> NDArray[np.bool_]:
        """See `TruthProbe.unsafe_actions`."""
        return np.array([self.unsafe(action) for action in range(self._n_actions)])

    @property
    def doomed(self) -> bool:
        """See `TruthProbe.doomed`."""
        return False

    def last_resort(self) -> int:
        """See `TruthProbe.last_resort`."""
        return self.catastrophe.backups[0]

    def _watched(self) -> Watch[E]:
        if self._watch is None:
            raise RuntimeError("expected a game in progress, got none: reset the environment first")
        return self._watch
