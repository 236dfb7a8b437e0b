"""How much energy the fighter of Kung-Fu Master loses at most within so many frames.

Random actions, each held for a while or not, frame by frame; beside them the bound that the
look-ahead goes by, which has to be above all of them.

    python benchmarks/energy.py
    python benchmarks/energy.py --steps 100000 --seed 1
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import tyro
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from oversight.catastrophes.kung_fu_master import ENERGY, ENTRY, most_lost
from oversight.emulator import AleEmulator

LONGEST = (1, 3, 30, 150)
"""Agent steps for which an action is held at most, each for a part of the play."""
WITHIN = (1, 4, 8, 11, 12, 16, 20, 24, 28, 32, 36, 40, 48, 56, 64, 72, 84, 96)
"""Frames."""


@dataclass(frozen=True)
class Settings:
    """Measure how fast energy is lost."""

    steps: int = 20_000
    """Agent steps with each length for which actions are held."""

    seed: int = 0
    """Of the actions."""


def energies(steps: int, longest: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Energy at each frame of play: int64 (4 * steps,)."""
    emulator, seen = AleEmulator(ENTRY.game), []
    emulator.reset()
    left = action = 0
    for _ in track(range(steps), description=f"held for up to {longest}", transient=True):
        if left == 0:
            action = int(rng.integers(len(ENTRY.game.actions)))
            left = int(rng.integers(1, longest, endpoint=True))
        left -= 1
        for _ in range(ENTRY.game.frameskip):
            emulator.act(action)
            seen.append(int(emulator.ram()[ENERGY]))
        if emulator.game_over:
            emulator.reset()
    return np.array(seen)


def lives_of(energy: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Parts in which energy only falls: it is full again after a death and on a new floor."""
    ends = [0, *(np.flatnonzero(np.diff(energy) > 0) + 1).tolist(), len(energy)]
    return [energy[first:last] for first, last in pairwise(ends)]


def lost_at_most(lives: list[NDArray[np.int64]], frames: int) -> int:
    """The most that is lost within so many frames of one life."""
    return max(int((life[:-frames] - life[frames:]).max(initial=0)) for life in lives)


def main(settings: Settings) -> bool:
    """Print what was lost at most beside the bound; whether the bound holds."""
    console, lives = Console(highlight=False), []
    for longest in LONGEST:
        rng = np.random.default_rng([settings.seed, longest])
        lives += lives_of(energies(settings.steps, longest, rng))
    table = Table("frames", "lost at most", "bound", title=f"{len(lives):,} lives")
    rows = [(frames, lost_at_most(lives, frames), most_lost(frames)) for frames in WITHIN]
    for row in rows:
        table.add_row(*map(str, row))
    console.print(table)
    return all(lost <= bound for _, lost, bound in rows)


if __name__ == "__main__":
    if not main(tyro.cli(Settings, description=__doc__)):
        sys.exit("error: more energy was lost than the bound allows")
