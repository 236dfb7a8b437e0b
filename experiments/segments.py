"""After how many agent steps an overseen game is cut, so that there are episodes to split by."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["segment_of"]

SEGMENTS: Mapping[str, int] = MappingProxyType(
    {"pong": 300, "space_invaders": 1_000, "road_runner": 2_000}
)
"""Agent steps. Whoever labels beginnings alone has not seen what comes later in a game: trucks,
barriers full of holes. A Blocker that learned from games of 300 steps misses it there; Pong, whose
rallies are all alike, stays with short ones."""
USUAL = 300
"""Of any other game: a whole game of random Pong takes about 1,000."""


def segment_of(game: str, asked: int | None = None) -> int:
    """What is asked for, else the game's own.

    Args:
        game: by name.
        asked: agent steps; None for none asked for.
    """
    return SEGMENTS.get(game, USUAL) if asked is None else asked
