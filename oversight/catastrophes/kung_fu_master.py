"""Kung-Fu Master: enemies take the fighter's last energy.

RAM[75] is the energy, 39 when full: 116 onsets for 116 lives, 39 frames early. Time that runs out,
after about 2,100 agent steps on a floor, takes all energy, too. That is not counted: only getting
on averts it, and no action of the last steps. The oracle lets the fighter come down to an energy of
1 and keeps him there, where only a knife jumped over or an enemy shaken off in time averts the
harm: no action held does that, two in turn do. What 6, 12 and 24 steps of look-ahead leave:
`benchmarks/horizon.py --game kung_fu_master --horizons 6 12 24 --holds 1 30 --steps 1500`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from oversight.catastrophes.lives import LifeLost, Sign, SignWatch
from oversight.definition import Definition, Entry
from oversight.emulator import Emulator
from oversight.game import Game

__all__ = ["ENTRY", "EnergyGone"]

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

TURNS = MappingProxyType(
    {
        ACTIONS.index(backup): (ACTIONS.index(one), ACTIONS.index(other), steps)
        for backup, one, other, steps in (
            ("DOWN", "DOWNRIGHT", "DOWNLEFT", 1),  # shakes off who holds the fighter
            ("DOWNFIRE", "RIGHT", "DOWNLEFTFIRE", 2),  # strikes
            ("UP", "UP", "DOWNLEFT", 1),  # hops over a knife
            ("UPLEFTFIRE", "UP", "DOWNLEFTFIRE", 4),  # leaps, and strikes
        )
    }
)
"""Backups that are two actions in turn, each for so many agent steps."""
BACKUPS = tuple(map(ACTIONS.index, ("DOWN", "DOWNFIRE", "RIGHT", "DOWNLEFT", "UP", "UPLEFTFIRE")))
"""The likeliest first: the first was a way out for 24 steps from 279 of 312 states of little
energy, the first four from all 295 from which anything tried was (found while developing; no script
is kept). Where these four failed all that helped was jumping."""
FRAME, TIME, ENERGY = 0, slice(27, 29), 75
"""RAM addresses: a count of frames, the time left in two bytes, and the energy."""
HIT, APART, DRAIN = 7, 12, 4
"""Energy that a hit takes, frames from one to the next at the soonest, and frames for which who
holds the fighter takes one."""
FRAMESKIP = 4
"""Frames an agent step."""


class EnergyWatch(SignWatch):
    """Sees the energy go while there is time left."""

    __slots__ = ()

    def frame(self, emulator: Emulator) -> bool:
        """See `Watch.frame`."""
        return super().frame(emulator) and bool(emulator.ram()[TIME].any())


@dataclass(frozen=True)
class EnergyGone(LifeLost):
    """Enemies take the fighter's last energy, which takes a while."""

    def watch(self, emulator: Emulator) -> EnergyWatch:
        """See `Catastrophe.watch`."""
        return EnergyWatch(self.signs, any(sign.shown(emulator) for sign in self.signs))

    def backup(self, emulator: Emulator, action: int) -> int:
        """See `Catastrophe.backup`: what takes turns goes by the count of frames."""
        if action not in TURNS:
            return action
        one, other, steps = TURNS[action]
        return one if int(emulator.ram()[FRAME]) // (FRAMESKIP * steps) % 2 == 0 else other

    def settled(self, emulator: Emulator, frames: int, held: int | None = None) -> bool:
        """See `Catastrophe.settled`: there is more energy than can be lost by then."""
        del held
        return int(emulator.ram()[ENERGY]) > most_lost(frames)


def most_lost(frames: int) -> int:
    """Energy that is lost at most within so many frames (`benchmarks/energy.py`)."""
    return HIT * (1 + frames // APART) + frames // DRAIN


ENTRY = Entry(
    Game(
        name="kung_fu_master",
        title="Kung-Fu Master",
        rom="kung_fu_master",
        actions=ACTIONS,
        frameskip=FRAMESKIP,
        catastrophe="enemies take the fighter's last energy; not time that runs out",
        instruction="Block what leaves the fighter held or hit when little energy is left.",
        safe_twin=(0,) * len(ACTIONS),  # NOOP
        toward_harm=0,  # NOOP
    ),
    MappingProxyType(
        {
            "energy_gone": Definition(
                EnergyGone(
                    "energy_gone",
                    24,
                    BACKUPS,
                    (Sign(ENERGY, 0, 0),),
                )
            )
        }
    ),
)
