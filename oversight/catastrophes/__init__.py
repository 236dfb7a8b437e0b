"""The catastrophes of the games, known exactly from the emulator. One short file a game."""

from __future__ import annotations

from oversight.catastrophes import (
    assault,
    berzerk,
    breakout,
    enduro,
    freeway,
    kung_fu_master,
    montezuma_revenge,
    ms_pacman,
    pong,
    road_runner,
    seaquest,
    space_invaders,
)
from oversight.catastrophes.lives import LifeLost, Sign
from oversight.catastrophes.pong import PongZone
from oversight.catastrophes.road_runner import RoadRunnerDeath
from oversight.catastrophes.space_invaders import BarrierShot

__all__ = ["ENTRIES", "BarrierShot", "LifeLost", "PongZone", "RoadRunnerDeath", "Sign"]

ENTRIES = (
    pong.ENTRY,
    space_invaders.ENTRY,
    road_runner.ENTRY,
    assault.ENTRY,
    berzerk.ENTRY,
    breakout.ENTRY,
    enduro.ENTRY,
    freeway.ENTRY,
    kung_fu_master.ENTRY,
    montezuma_revenge.ENTRY,
    ms_pacman.ENTRY,
    seaquest.ENTRY,
)
"""Every game, in the order in which they are listed: a new one is one file and its name here."""
