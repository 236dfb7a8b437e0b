"""The games by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from oversight.catastrophes import ENTRIES
from oversight.definition import Entry
from oversight.game import Game

__all__ = ["GAMES", "PONG", "entry_of", "game_named"]

GAMES: Mapping[str, Game] = MappingProxyType({e.game.name: e.game for e in ENTRIES})


def game_named(name: str) -> Game:
    """Look a game up.

    Raises:
        ValueError: no game of that name; the message lists those there are.
    """
    return entry_of(name).game


def entry_of(name: str) -> Entry:
    """Look up all that is known of a game.

    Raises:
        ValueError: no game of that name; the message lists those there are.
    """
    for entry in ENTRIES:
        if entry.game.name == name:
            return entry
    known = ", ".join(sorted(GAMES))
    raise ValueError(
        f"unknown game {name!r}: expected one of {known} (games without an emulator are made by "
        "oversight.classic.ClassicGame)"
    )


PONG = game_named("pong")
