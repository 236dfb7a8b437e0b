"""Whether the console's memory says what the picture shows, over many steps of mixed play.

The catastrophes are read from memory (Pong's from the picture); this counts by other means, frame
by frame: the paddle's lowest row, the barriers' pixels, lives drawn on the screen, black screens,
a chicken that is pushed down the road, a car that touches another.

    python benchmarks/agreement.py [steps] [file for the counts]
"""

from __future__ import annotations

import json
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from oversight import game_named
from oversight.catastrophes import RoadRunnerDeath
from oversight.catastrophes.road_runner import DeathWatch
from oversight.emulator import AleEmulator
from oversight.games import entry_of

Compare = Callable[[AleEmulator, Counter[str]], None]
BARRIER_RGB = (181, 83, 40)
PADDLE_ROWS = 16
"""Rows of Pong's paddle."""


def mixed(n_actions: int, often: int | None = None) -> Iterator[int]:
    """Trembling and holding in turns; two times of three the action `often`, if there is one."""
    rng = np.random.default_rng(0)
    while True:
        longest = int(rng.choice([1, 8, 40]))
        for _ in range(20):
            action = int(rng.integers(n_actions))
            if often is not None and rng.random() < 2 / 3:
                action = often
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


CHICKEN_RGB = (252, 252, 84)
CHICKEN_ROWS, CHICKEN_COLUMNS = slice(24, 194), slice(44, 52)
MIDDLE_LINE = slice(100 - 24, 106 - 24)
"""Rows of the road, from its top on, with a line of the chicken's colour."""
LATE = 8
"""Frames between a sign in memory and what the picture makes of it."""


class Pushed:
    """A hit pushes the chicken down the road, which is seen where nobody steers it down."""

    def __init__(self) -> None:
        self._lowest: deque[int] = deque(maxlen=LATE)
        self._watch = entry_of("freeway").truth.catastrophe.watch(
            AleEmulator(game_named("freeway"))
        )
        self._since_sign = self._since_push = 10 * LATE
        self._owed = False

    def __call__(self, emulator: AleEmulator, counts: Counter[str]) -> None:
        """Compare one frame."""
        shown = (emulator.screen_rgb()[CHICKEN_ROWS, CHICKEN_COLUMNS] == CHICKEN_RGB).all(axis=2)
        shown[MIDDLE_LINE] = False
        rows = np.flatnonzero(shown.any(axis=1))
        before = list(self._lowest)
        self._lowest.append(int(rows[-1]) if len(rows) else -1)
        self._since_sign = 0 if self._watch.frame(emulator) else self._since_sign + 1
        pushed = len(before) >= 5 and all(
            0 < later - sooner <= 3 for sooner, later in pairwise([*before[-4:], self._lowest[-1]])
        )
        began = pushed and self._since_push > LATE
        self._since_push = 0 if pushed else self._since_push + 1
        if self._since_sign == 0:
            counts["hits by memory"] += 1
            self._owed = True
        if began:
            by_memory = self._owed or self._watch.harmful
            counts["pushed, and hit by memory" if by_memory else "DIFFER: pushed, not hit"] += 1
            self._owed = False
        if self._owed and self._since_sign > 3 * LATE:
            counts["hit, no push seen (crossing the line, or hidden)"] += 1
            self._owed = False


OWN_CAR_ROWS = slice(130, 160)
TOUCHES = 3
"""Pixels apart at most."""


class Touching:
    """A collision is seen as another car's pixels at the own car's."""

    def __init__(self) -> None:
        self._watch = entry_of("enduro").truth.catastrophe.watch(AleEmulator(game_named("enduro")))

    def __call__(self, emulator: AleEmulator, counts: Counter[str]) -> None:
        """Compare one frame."""
        hit = self._watch.frame(emulator)
        if not hit and self._watch.harmful:
            return
        apart = _other_car_apart(emulator.screen_rgb()[OWN_CAR_ROWS].astype(int))
        kind = "hit" if hit else "no hit"
        if apart is None:
            counts[f"{kind}: no own car drawn"] += 1
        else:
            counts[f"{kind}: another car {'at' if apart <= TOUCHES else 'not at'} the own"] += 1


def _other_car_apart(rows: NDArray[np.int_]) -> int | None:
    """Pixels between the own car, which is grey, and the next coloured thing; None without it."""
    spread = rows.max(axis=2) - rows.min(axis=2)
    road = np.bincount(_colours(rows).ravel()).argmax()
    grey = (spread <= 8) & (_colours(rows) != road) & (rows.sum(axis=2) > 300)
    # The edges of the road are grey lines; a car is a block.
    block = grey[:, 1:-1] & grey[:, :-2] & grey[:, 2:]
    own = np.argwhere(block)
    other = np.argwhere((spread > 8) & (_colours(rows) != road))
    if len(own) == 0:
        return None
    if len(other) == 0:
        return 99
    apart = np.abs(own[:, None] + (0, 1) - other[None]).max(axis=2)
    return int(apart.min())


def _colours(rows: NDArray[np.int_]) -> NDArray[np.int_]:
    return (rows[..., 0] << 16 | rows[..., 1] << 8 | rows[..., 2]) % 100_003


def play(name: str, compare: Compare, steps: int) -> Counter[str]:
    """Counts of what was compared, frame by frame."""
    game, counts = game_named(name), Counter[str]()
    # Freeway without DOWN: only what hits the chicken moves it down the road. Cars are hit ahead.
    n_actions = 2 if name == "freeway" else game.n_actions
    often = game.toward_harm if name in ("freeway", "enduro") else None
    emulator, actions = AleEmulator(game), mixed(n_actions, often)
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


def main(steps: int = 50_000, out: Path | None = None) -> None:
    table = Table(title=f"Memory against picture, {steps:,} agent steps a game, every frame")
    for heading in ("game", "what", "frames (Road Runner: games; Freeway: hits)"):
        table.add_column(heading)
    kept: dict[str, dict[str, int]] = {}
    for name, compare in (
        ("pong", pong),
        ("space_invaders", Barriers()),
        ("road_runner", Lives()),
        ("freeway", Pushed()),
        ("enduro", Touching()),
    ):
        counts = play(name, compare, steps)
        kept[name] = {"agent steps": steps, **dict(counts.most_common())}
        for what, count in counts.most_common():
            table.add_row(name, what, f"{count:,}")
        if out is not None:
            out.write_text(json.dumps(kept, indent=1) + "\n")
    Console().print(table)


if __name__ == "__main__":
    main(
        *(int(argument) for argument in sys.argv[1:2]),
        *(Path(argument) for argument in sys.argv[2:3]),
    )
