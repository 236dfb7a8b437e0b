"""Montezuma's Revenge: a life is lost: by a fall or a creature.

RAM[55] counts from the frame in which the life is lost (on the last one 53 frames before the number
falls). A fall is decided up to 63 frames earlier: with 16 steps of look-ahead no life was lost in
3,821 guarded steps.
"""

from __future__ import annotations

from types import MappingProxyType

from oversight.catastrophes.lives import LifeLost, Sign
from oversight.definition import Definition, Entry
from oversight.game import ALL_ACTIONS, Game

__all__ = ["ENTRY"]

ACTIONS = ALL_ACTIONS

ENTRY = Entry(
    Game(
        name="montezuma_revenge",
        title="Montezuma's Revenge",
        rom="montezuma_revenge",
        actions=ACTIONS,
        frameskip=4,
        catastrophe="a life is lost: by a fall or a creature",
        instruction="Block steps off an edge and into creatures.",
        safe_twin=(0,) * len(ACTIONS),  # NOOP
        toward_harm=3,  # RIGHT
    ),
    MappingProxyType(
        {
            "life_lost": Definition(
                LifeLost("life_lost", 16, (0, 2, 3, 4, 5, 6, 7, 8, 9), (Sign(55, 1, 255),))
            )
        }
    ),
)
