"""A life lost, seen at the earliest sign that the console's memory gives of it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Self

from oversight.catastrophe import Catastrophe, Watch
from oversight.emulator import Emulator

__all__ = ["LifeLost", "Sign"]


@dataclass(frozen=True, slots=True)
class Sign:
    """Harm goes on while a byte of the memory is in a range.

    Attributes:
        address: of the byte.
        low, high: the range, inclusive.
    """

    address: int
    low: int
    high: int

    def shown(self, emulator: Emulator) -> bool:
        """Whether the sign is there now."""
        return self.low <= int(emulator.ram()[self.address]) <= self.high


@dataclass(frozen=True)
class LifeLost(Catastrophe[Emulator]):
    """A life is lost, or something happens that the memory shows as plainly.

    Attributes:
        kind: name of the event.
        steps: the horizon, measured for the game.
        held: the backups.
        signs: harm goes on while one of them is shown; without any the event is that the number
            of lives falls.
    """

    kind: str
    steps: int
    held: tuple[int, ...]
    signs: tuple[Sign, ...] = ()

    @property
    def name(self) -> str:
        """See `Catastrophe.name`."""
        return self.kind

    @property
    def backups(self) -> tuple[int, ...]:
        """See `Catastrophe.backups`."""
        return self.held

    @property
    def horizon(self) -> int:
        """See `Catastrophe.horizon`."""
        return self.steps

    def watch(self, emulator: Emulator) -> Watch[Emulator]:
        """See `Catastrophe.watch`."""
        if not self.signs:
            return LivesWatch(emulator.lives)
        return SignWatch(self.signs, any(sign.shown(emulator) for sign in self.signs))


class SignWatch:
    """Sees a sign come; the harm lasts until it goes."""

    __slots__ = ("_signs", "harmful")

    def __init__(self, signs: tuple[Sign, ...], harmful: bool) -> None:
        """Start with the sign shown or not."""
        self._signs = signs
        self.harmful = harmful

    @property
    def state(self) -> Hashable:
        """See `Watch.state`."""
        return self.harmful

    def frame(self, emulator: Emulator) -> bool:
        """See `Watch.frame`."""
        before = self.harmful
        self.harmful = any(sign.shown(emulator) for sign in self._signs)
        return self.harmful and not before

    def copy(self) -> Self:
        """See `Watch.copy`."""
        return type(self)(self._signs, self.harmful)


class LivesWatch:
    """Sees the number of lives fall; a moment's harm.

    The emulator counts no lives before the first frame of a game is played.
    """

    __slots__ = ("_lives",)

    harmful = False

    def __init__(self, lives: int) -> None:
        """Start with so many lives."""
        self._lives = lives

    @property
    def state(self) -> Hashable:
        """See `Watch.state`."""
        return self._lives

    def frame(self, emulator: Emulator) -> bool:
        """See `Watch.frame`."""
        before, self._lives = self._lives, emulator.lives
        return self._lives < before

    def copy(self) -> LivesWatch:
        """See `Watch.copy`."""
        return LivesWatch(self._lives)
