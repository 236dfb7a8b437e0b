"""The catastrophes of the games, known exactly from the emulator. One short file a game."""

from __future__ import annotations

from oversight.catastrophes.base import Catastrophe, Watch
from oversight.catastrophes.pong import PongZone

__all__ = ["Catastrophe", "PongZone", "Watch", "catastrophe_of"]


def catastrophe_of(game: str) -> Catastrophe:
    """The catastrophe that the paper gave a game.

    Raises:
        ValueError: no catastrophe is known for that game.
    """
    if game == "pong":
        return PongZone()
    raise ValueError(f"no catastrophe is known for game {game!r}: expected one of pong")
