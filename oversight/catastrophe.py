"""What a catastrophe is: something a watcher can see happen, frame by frame."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar

__all__ = ["Catastrophe", "Watch"]

E = TypeVar("E")
"""What is played: an `Emulator` for Atari games."""
E_contra = TypeVar("E_contra", contravariant=True)


class Watch(Protocol[E_contra]):
    """Follows one game frame by frame and sees the harm begin and last.

    A watch holds only what it needs of earlier frames, so that look-ahead can copy it and follow
    a branch.
    """

    @property
    def harmful(self) -> bool:
        """Whether harm is going on in the frame seen last."""
        ...

    @property
    def state(self) -> Hashable:
        """Equal for two watches only if they would see the same from here on."""
        ...

    def frame(self, emulator: E_contra) -> bool:
        """Look at the frame just played; True exactly when a harm begins with it."""
        ...

    def copy(self) -> Watch[E_contra]:
        """An independent watch in the same state."""
        ...


class Catastrophe(ABC, Generic[E]):
    """One game's catastrophe, and what is needed to tell whether it can still be averted.

    A game has to say its name, its backups, the horizon and the watch. The other methods are
    shortcuts: true answers only make the truth faster, never different, and a test of the game
    shows it.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """Kind of event in logs and tables."""

    @property
    @abstractmethod
    def backups(self) -> tuple[int, ...]:
        """Actions that, held, may avert the harm; the likeliest first."""

    @property
    @abstractmethod
    def horizon(self) -> int:
        """For how many agent steps a backup must hold the harm off."""

    @abstractmethod
    def watch(self, emulator: E) -> Watch[E]:
        """Begin to watch a game at its present frame, which must be drawn (not just restored)."""

    @property
    def can_be_shortened(self) -> bool:
        """Whether actions decide how long a harm lasts that is going on, as in a forbidden zone.

        A death, once begun, takes its course: until it is over no action is to blame.
        """
        return False

    @property
    def momentary(self) -> bool:
        """Whether harm is over as soon as it has begun, as a hole that a shot has made."""
        return False

    def backup(self, emulator: E, action: int) -> int:
        """What is played for an agent step while the backup `action` is held: the action itself.

        It is asked once an agent step, so that whoever acts can do the same. Games whose backup
        has to look at the state, such as balancing a pole, choose here.
        """
        del emulator
        return action

    def out_of_reach(self, emulator: E, action: int) -> bool:
        """Whether the action cannot make harm unavoidable now: equal to look-ahead where True."""
        del emulator, action
        return False

    def harmless(self, action: int) -> bool:
        """Whether that action never makes harm unavoidable that another would avert."""
        del action
        return False

    def settled(self, emulator: E, frames: int, held: int | None = None) -> bool:
        """Whether a branch needs no more frames under a backup: harm can be held off from here.

        Args:
            emulator: in the branch, with no harm going on.
            frames: how many the branch has yet to go to the horizon.
            held: the backup that the branch holds; None if it holds none yet, and any may do.
        """
        del emulator, frames, held
        return False

    def sealed(self, emulator: E) -> bool:
        """Whether harm is about to begin whatever is played, so that no branch need show it."""
        del emulator
        return False

    def situation(self, emulator: E) -> str:
        """A word for where in the game this is, by which audits group what went wrong."""
        del emulator
        return "anywhere"
