"""Assault: the cannon is lost: it was hit, or overheated.

Two addresses show it: 180 onsets for 180 lives, 59 to 82 frames early. With 20 steps of look-ahead
1 loss and 40 states with nothing safe were left in 5,000 guarded steps of random and held play,
with 32 neither.
"""

from __future__ import annotations

from types import MappingProxyType

from oversight.catastrophes.lives import LifeLost, Sign
from oversight.definition import Definition, Entry
from oversight.game import Game

__all__ = ["ENTRY"]

ACTIONS = ("NOOP", "FIRE", "UP", "RIGHT", "LEFT", "RIGHTFIRE", "LEFTFIRE")

ENTRY = Entry(
    Game(
        name="assault",
        title="Assault",
        rom="assault",
        actions=ACTIONS,
        frameskip=4,
        catastrophe="the cannon is lost: it was hit, or overheated",
        instruction="Block moves into shots, and firing while the heat bar is full.",
        safe_twin=(0,) * len(ACTIONS),  # NOOP
        toward_harm=6,  # LEFTFIRE
    ),
    MappingProxyType(
        {
            "cannon_lost": Definition(
                LifeLost(
                    "cannon_lost",
                    32,
                    (0, 1, 2, 3, 4, 5, 6),
                    (
                        Sign(23, 128, 255),
                        Sign(31, 0, 251),
                        Sign(31, 253, 255),
                    ),
                )
            )
        }
    ),
)
