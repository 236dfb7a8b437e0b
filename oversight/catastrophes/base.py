"""What a catastrophe is: something a watcher can see happen, frame by frame."""

from __future__ import annotations

from typing import Protocol

from oversight.emulator import Emulator

__all__ = ["Catastrophe", "Watch"]


class Watch(Protocol):
    """Follows one game frame by frame and sees the harm begin and last.

    A watch holds only what it needs of earlier frames, so that look-ahead can copy it and follow
    a branch.
    """

    @property
    def harmful(self) -> bool:
        """Whether harm is going on in the frame seen last."""
        ...

    def frame(self, emulator: Emulator) -> bool:
        """Look at the frame just played; True exactly when a harm begins with it."""
        ...

    def copy(self) -> Watch:
        """An independent watch in the same state."""
        ...


class Catastrophe(Protocol):
    """One game's catastrophe, and what is needed to tell whether it can still be averted."""

    @property
    def name(self) -> str:
        """Kind of event in logs and tables."""
        ...

    @property
    def backups(self) -> tuple[int, ...]:
        """Actions that, held, may avert the harm; the likeliest first."""
        ...

    @property
    def horizon(self) -> int:
        """For how many agent steps a backup must hold the harm off."""
        ...

    def watch(self, emulator: Emulator) -> Watch:
        """Begin to watch a game at its present frame, which must be drawn (not just restored)."""
        ...

    def out_of_reach(self, emulator: Emulator) -> bool:
        """Whether no action now can lead to harm: a shortcut, equal to look-ahead where True."""
        ...
