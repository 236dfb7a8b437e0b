"""A catastrophe as a person has named it on screens, for the emulator's look-ahead."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blocker.naming.spotter import Spotter
from oversight.catastrophe import Catastrophe
from oversight.emulator import Emulator

__all__ = ["NamedHarm", "NamedWatch"]

Screen = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class NamedHarm(Catastrophe[Emulator]):
    """What a spotter calls bad, frame by frame, on screens alone.

    Of the game's own definition it takes what is no word on what harm is: which actions may avert
    it, for how long they have to, which never bring it about, whether it lasts and can be cut
    short. Its shortcuts through the memory it leaves alone, so look-ahead is slower by it, and no
    state is called far from harm.

    Attributes:
        spotter: what is bad.
        like: the game's definition.
        frameskip: frames an agent step: how far the two screens of a pair lie apart.
    """

    spotter: Spotter
    like: Catastrophe[Emulator]
    frameskip: int

    @property
    def name(self) -> str:
        """See `Catastrophe.name`."""
        return f"named_{self.like.name}"

    @property
    def backups(self) -> tuple[int, ...]:
        """See `Catastrophe.backups`."""
        return self.like.backups

    @property
    def horizon(self) -> int:
        """See `Catastrophe.horizon`."""
        return self.like.horizon

    @property
    def can_be_shortened(self) -> bool:
        """See `Catastrophe.can_be_shortened`."""
        return self.like.can_be_shortened

    @property
    def momentary(self) -> bool:
        """See `Catastrophe.momentary`: a pair shows such harm for an agent step all the same."""
        return self.like.momentary

    def backup(self, emulator: Emulator, action: int) -> int:
        """See `Catastrophe.backup`."""
        return self.like.backup(emulator, action)

    def harmless(self, action: int) -> bool:
        """See `Catastrophe.harmless`."""
        return self.like.harmless(action)

    def watch(self, emulator: Emulator) -> NamedWatch:
        """See `Catastrophe.watch`."""
        now = self.spotter.view.crop(emulator.screen())
        bad = self.spotter.bad(now, now, over=emulator.game_over)
        return NamedWatch(self, (now,), now, bad)


class NamedWatch:
    """Sees something bad begin: the pair of the newest screen and the one a step before is bad."""

    __slots__ = ("_bad", "_drawn", "_screens", "_what")

    def __init__(
        self, what: NamedHarm, screens: tuple[Screen, ...], drawn: Screen, bad: bool
    ) -> None:
        """Start with some screens, oldest first, the newest as it was drawn, and what was said."""
        self._what = what
        self._screens = screens
        self._drawn = drawn
        self._bad = bad

    @property
    def harmful(self) -> bool:
        """See `Watch.harmful`."""
        return self._bad and not self._what.momentary

    @property
    def state(self) -> Hashable:
        """See `Watch.state`."""
        seen = (self._drawn, *self._screens)
        return (self._bad, *(screen.tobytes() for screen in seen))

    def frame(self, emulator: Emulator) -> bool:
        """See `Watch.frame`."""
        spotter, frameskip = self._what.spotter, self._what.frameskip
        drawn = spotter.view.crop(emulator.screen())
        now = spotter.view.steady(drawn, self._drawn)
        bad = spotter.bad(self._screens[0], now, over=emulator.game_over)
        self._screens = (*self._screens, now)[-frameskip:]
        self._drawn = drawn
        begins = bad and not self._bad
        self._bad = bad
        return begins

    def copy(self) -> NamedWatch:
        """See `Watch.copy`."""
        return NamedWatch(self._what, self._screens, self._drawn, self._bad)
