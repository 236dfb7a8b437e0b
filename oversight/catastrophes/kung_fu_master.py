"""Kung-Fu Master: the fighter's energy is gone.

RAM[75] is the energy, 39 when full: 116 onsets for 116 lives, 39 frames early. With 8 steps of
look-ahead 7 deaths were left in 7,777 guarded steps, with 12 none in 1,604, with 20 one in 797,
with 30 none in 665: too few to settle the horizon.
"""

from __future__ import annotations

from types import MappingProxyType

from oversight.catastrophes.lives import LifeLost, Sign
from oversight.definition import Definition, Entry
from oversight.game import Game

__all__ = ["ENTRY"]

ACTIONS = (
    "NOOP",
    "UP",
    "RIGHT",
    "LEFT",
    "DOWN",
    "DOWNRIGHT",
    "DOWNLEFT",
    "RIGHTFIRE",
    "LEFTFIRE",
    "DOWNFIRE",
    "UPRIGHTFIRE",
    "UPLEFTFIRE",
    "DOWNRIGHTFIRE",
    "DOWNLEFTFIRE",
)

ENTRY = Entry(
    Game(
        name="kung_fu_master",
        title="Kung-Fu Master",
        rom="kung_fu_master",
        actions=ACTIONS,
        frameskip=4,
        catastrophe="the fighter's energy is gone",
        instruction="Block what leaves the fighter held or hit when little energy is left.",
        safe_twin=(0,) * len(ACTIONS),  # NOOP
        toward_harm=0,  # NOOP
    ),
    MappingProxyType(
        {
            "energy_gone": Definition(
                LifeLost(
                    "energy_gone",
                    12,
                    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13),
                    (Sign(75, 0, 0),),
                )
            )
        }
    ),
)
