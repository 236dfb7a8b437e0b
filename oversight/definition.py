"""A game's catastrophe in one or several exact wordings, and how the truth about each is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from oversight.catastrophe import Catastrophe
from oversight.emulator import Emulator
from oversight.game import Game
from oversight.lookahead import LookAhead
from oversight.truth import Truth

__all__ = ["Definition", "Entry", "Mechanism"]


class Mechanism(Protocol):
    """Makes a way to the truth, bound to a game in play: a subclass of `Truth`, mostly."""

    def __call__(
        self,
        emulator: Emulator,
        catastrophe: Catastrophe[Emulator],
        *,
        n_actions: int,
        frameskip: int,
    ) -> Truth[Emulator]:
        """See `Truth`."""
        ...


@dataclass(frozen=True, slots=True)
class Definition:
    """One exact wording of what must not happen.

    Attributes:
        catastrophe: what is seen to happen.
        mechanism: how it is found out which action brings it about.
    """

    catastrophe: Catastrophe[Emulator]
    mechanism: Mechanism = LookAhead

    def truth(self, emulator: Emulator, game: Game) -> Truth[Emulator]:
        """The truth about a game that is played on `emulator`."""
        return self.mechanism(
            emulator, self.catastrophe, n_actions=game.n_actions, frameskip=game.frameskip
        )


@dataclass(frozen=True)
class Entry:
    """A game as the project knows it: one of these in one short file.

    Attributes:
        game: its facts.
        definitions: exact wordings by name; the first is the truth that results are counted by.
        rule: name of the one that a person goes by, who blocks by what can be seen; the truth if
            none is named.
        progress: facts of the game beyond its score, read from the console: scalars by name.
    """

    game: Game
    definitions: Mapping[str, Definition]
    rule: str | None = None
    progress: Callable[[Emulator], Mapping[str, int]] | None = None

    @property
    def truth(self) -> Definition:
        """What results are counted by."""
        return next(iter(self.definitions.values()))

    @property
    def persons_rule(self) -> Definition:
        """What a person goes by."""
        return self.truth if self.rule is None else self.definitions[self.rule]

    def definition(self, name: str) -> Definition:
        """Look a wording up.

        Raises:
            ValueError: the game has none of that name; the message lists those it has.
        """
        try:
            return self.definitions[name]
        except KeyError:
            known = ", ".join(self.definitions)
            raise ValueError(
                f"unknown catastrophe {name!r} of {self.game.name}: expected one of {known}"
            ) from None
