"""The catastrophes of the games, known exactly from the emulator. One short file a game."""

from __future__ import annotations

from oversight.catastrophes import pong, road_runner, space_invaders
from oversight.catastrophes.pong import PongZone
from oversight.catastrophes.road_runner import RoadRunnerDeath
from oversight.catastrophes.space_invaders import BarrierShot

__all__ = ["ENTRIES", "BarrierShot", "PongZone", "RoadRunnerDeath"]

ENTRIES = (pong.ENTRY, space_invaders.ENTRY, road_runner.ENTRY)
"""Every game, in the order in which they are listed: a new one is one file and its name here."""
