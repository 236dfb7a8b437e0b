"""Whether the console's memory says what the picture shows, over many steps of mixed play.

The catastrophes are read from memory (Pong's from the picture); this counts by other means, frame
by frame: the paddle's lowest row, the barriers' pixels, lives drawn on the screen, black screens.

    python benchmarks/agreement.py [steps]
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from oversight import game_named
from oversight.catastrophes import RoadRunnerDeath
from oversight.catastrophes.road_runner import DeathWatch
from oversight.emulator import AleEmulator

Compare = Callable[[AleEmulator, Counter[str]], None]
BARRIER_RGB = (181, 83, 40)
PADDLE_ROWS = 16
"""Rows of Pong's paddle."""


def mixed(n_actions: int) -> Iterator[int]:
    """Trembling and holding in turns."""
    rng = np.random.default_rng(0)
    while True:
        longest = int(rng.choice([1, 8, 40]))
        for _ in range(20):
            action = int(rng.integers(n_actions))
            for _ in range(int(rng.integers(1, longest, endpoint=True))):
                yield action


def pong(emulator: AleEmulator, counts: Counter[str]) -> None:
    """RAM[51] plus 1 or 2 is the paddle's lowest row, as far as the picture goes."""
    rows = np.flatnonzero(emulator.screen()[34:194, 143] == 200)
    if len(rows) == 0:
        counts["no paddle drawn"] += 1
        return
    lowest, address = int(rows[-1]) + 34, int(emulator.ram()[51])
    if address + 1 >= 193:
        counts["agree" if lowest == 193 else "DIFFER: at the bottom"] += 1
        return
    if lowest - address in (1, 2):
        counts["agree"] += 1
    elif int(rows[0]) + 34 + PADDLE_ROWS - 1 - address in (1, 2):
        counts["drawn short for a frame, the upper edge agrees"] += 1
    else:
        counts[f"DIFFER: by {lowest - address}"] += 1


class Barriers:
    """The picture's barriers are those of the memory one frame before; bombs may cover some.

    A frame on which the memory gains bits begins a new game or wave: the picture is ahead of it.
    """

    def __init__(self) -> None:
        self._before = -1

    def __call__(self, emulator: AleEmulator, counts: Counter[str]) -> None:
        """Compare one frame."""
        drawn = (emulator.screen_rgb()[157:175] == BARRIER_RGB).all(axis=2).sum() / 2
        before, self._before = self._before, int(np.bitwise_count(emulator.ram()[43:70]).sum())
        if self._before > before >= 0:
            counts["a new game or wave begins"] += 1
        elif drawn == 0 and before > 0:
            counts["barriers not drawn (ship gone, new wave)"] += 1
        elif drawn == before or before < 0:
            counts["agree"] += 1
        elif drawn < before:
            counts["covered by a bomb or shot"] += 1
        else:
            counts["DIFFER: more drawn than in memory"] += 1


class Lives:
    """Deaths by the collision address are lives lost, a while later."""

    def __init__(self) -> None:
        self._watch: DeathWatch | None = None
        self._deaths = self._lost = 0
        self._lives = 0

    def __call__(self, emulator: AleEmulator, counts: Counter[str]) -> None:
        """Compare one frame; a game is told when it is over."""
        if self._watch is None:
            self._watch = RoadRunnerDeath(levels=256).watch(emulator)
            self._lives = emulator.lives
        self._deaths += self._watch.frame(emulator)
        self._lost += emulator.lives < self._lives
        self._lives = emulator.lives
        black = emulator.screen_rgb().mean() < 10
        if black and emulator.ram()[61] == 0 and emulator.ram()[22] == 0 and not self._deaths:
            counts["black screen on level 1 before any death"] += 1
        if emulator.game_over:
            same = self._deaths == self._lost
            counts["agree" if same else f"DIFFER: {self._deaths} deaths, {self._lost} lives"] += 1
            counts["deaths"] += self._deaths
            self._watch, self._deaths, self._lost = None, 0, 0


def play(name: str, compare: Compare, steps: int) -> Counter[str]:
    """Counts of what was compared, frame by frame."""
    game, counts = game_named(name), Counter[str]()
    emulator, actions = AleEmulator(game), mixed(game.n_actions)
    emulator.reset()
    for _ in track(range(steps), description=name):
        action = next(actions)
        for _ in range(game.frameskip):
            emulator.act(action)
            compare(emulator, counts)
            if emulator.game_over:
                emulator.reset()
                emulator.act(0)
    return counts


def main(steps: int = 50_000) -> None:
    table = Table(title=f"Memory against picture, {steps:,} agent steps a game, every frame")
    for heading in ("game", "what", "frames (Road Runner: games)"):
        table.add_column(heading)
    for name, compare in (
        ("pong", pong),
        ("space_invaders", Barriers()),
        ("road_runner", Lives()),
    ):
        for what, count in play(name, compare, steps).most_common():
            table.add_row(name, what, f"{count:,}")
    Console().print(table)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
