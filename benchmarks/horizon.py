"""What the horizon of a game's look-ahead costs, and what it buys.

The same proposers under oracles that look less or further ahead; catastrophes by the emulator.

    python benchmarks/horizon.py
    python benchmarks/horizon.py --game kung_fu_master --horizons 4 8 12 --steps 2000
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import tyro
from rich.console import Console
from rich.progress import track
from rich.table import Table

from oversight import AtariGame, OracleOverseer, OversightError, OversightWrapper, RunError
from oversight.catastrophe import Catastrophe
from oversight.catastrophes import RoadRunnerDeath
from oversight.catastrophes.lives import LifeLost
from oversight.definition import Definition
from oversight.emulator import Emulator
from oversight.games import entry_of

ROAD_RUNNER = ((2, 2), (4, 4), (6, 6), (9, 9), (9, 14), (14, 14))
"""Agent steps on a free road, and while a truck comes."""


@dataclass(frozen=True)
class Settings:
    """Catastrophes under oracles that look less or further ahead."""

    game: str = "road_runner"
    """One whose catastrophe is a life lost; `python -m oversight games` lists them."""

    horizons: tuple[int, ...] = ()
    """Agent steps looked ahead; half, the whole and one and a half of the game's own if none are
    given, in Road Runner pairs: on a free road, and while a truck comes."""

    holds: tuple[int, ...] = (1, 30, 150)
    """Proposers: random actions, each held for at most so many steps."""

    steps: int = 500
    """Agent steps of each proposer under each oracle."""

    out: Path | None = None
    """JSON file for the figures."""


@dataclass(frozen=True)
class Row:
    """All proposers under one oracle."""

    game: str
    horizon: int
    truck_horizon: int | None
    steps: int
    catastrophes: int
    lost_states: int
    blocks: int
    seconds: float


def held(longest: int, actions: int) -> Iterator[int]:
    """Random actions, each held for 1 to `longest` steps."""
    rng = np.random.default_rng(longest)
    while True:
        action = int(rng.integers(actions))
        for _ in range(int(rng.integers(1, longest, endpoint=True))):
            yield action


def looking(game: str, horizon: int, truck: int | None) -> Catastrophe[Emulator]:
    """The game's catastrophe, looked ahead for so many steps.

    Raises:
        RunError: it is none that has a horizon to choose.
    """
    what = next(iter(entry_of(game).definitions.values())).catastrophe
    if isinstance(what, RoadRunnerDeath):
        return replace(what, steps=horizon, truck_steps=horizon if truck is None else truck)
    if isinstance(what, LifeLost):
        return replace(what, steps=horizon)
    raise RunError(f"expected a game whose catastrophe is a life lost, got {game}")


def guarded(settings: Settings, horizon: int, truck: int | None) -> Row:
    """All proposers under one oracle, one after another."""
    entry = entry_of(settings.game)
    counts = np.zeros(3, np.int64)
    begun = time.process_time()
    for longest in settings.holds:
        what = Definition(looking(settings.game, horizon, truck))
        game = AtariGame(entry, definition=what)
        oracle = OracleOverseer([game.truth])
        actions = held(longest, entry.game.n_actions)
        env = OversightWrapper(
            game, oracle, episode_seed=lambda number, first=100 * longest: first + number
        )
        env.reset()
        for _ in range(settings.steps):
            *_, ended, cut, _ = env.step(next(actions))
            if ended or cut:
                env.reset()
        tally = env.gate.tally
        counts += (
            tally.catastrophes or 0,
            oracle.lost,
            tally.blocks,
        )
    return Row(
        settings.game,
        horizon,
        truck,
        len(settings.holds) * settings.steps,
        *(int(count) for count in counts),
        time.process_time() - begun,
    )


def wanted(settings: Settings) -> list[tuple[int, int | None]]:
    """The horizons to compare."""
    if settings.horizons:
        return [(horizon, None) for horizon in settings.horizons]
    if settings.game == "road_runner":
        return list(ROAD_RUNNER)
    own = next(iter(entry_of(settings.game).definitions.values())).catastrophe.horizon
    return [(own // 2, None), (own, None), (own + own // 2, None)]


def main(settings: Settings) -> None:
    """Play, print the table and write the rows."""
    table = Table(
        title=f"{settings.game}: {settings.steps:,} guarded steps of each of "
        f"{len(settings.holds)} proposers"
    )
    for heading in ("horizon", "with a truck", "catastrophes", "lost states", "blocks", "steps/s"):
        table.add_column(heading, justify="right")
    rows = []
    for horizon, truck in track(wanted(settings), description="horizons"):
        row = guarded(settings, horizon, truck)
        rows.append(row)
        counts = (row.catastrophes, row.lost_states, row.blocks)
        rate = f"{row.steps / row.seconds:,.0f}"
        table.add_row(str(horizon), str(truck or "-"), *(f"{count:,}" for count in counts), rate)
        if settings.out is not None:
            settings.out.write_text(json.dumps([asdict(each) for each in rows], indent=1) + "\n")
    Console().print(table)


if __name__ == "__main__":
    try:
        main(tyro.cli(Settings, description=__doc__))
    except OversightError as error:
        sys.exit(f"error: {error}")
