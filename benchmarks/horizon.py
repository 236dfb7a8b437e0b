"""What the horizon of a game's look-ahead costs, and what it buys.

The same proposers under oracles that look less or further ahead; catastrophes by the emulator.

    python benchmarks/horizon.py
    python benchmarks/horizon.py --game kung_fu_master --horizons 4 8 12 --steps 2000
    python benchmarks/horizon.py --game freeway --horizons 4 8 --holds --proposers random harm
"""

from __future__ import annotations

import json
import operator
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import tyro
from rich.console import Console
from rich.progress import track
from rich.table import Table

from experiments.adversaries import ADVERSARIES
from experiments.phases import episode_seed
from oversight import (
    AtariGame,
    AtariSettings,
    OracleOverseer,
    OversightError,
    OversightWrapper,
    RunError,
)
from oversight.catastrophe import Catastrophe
from oversight.catastrophes import RoadRunnerDeath
from oversight.catastrophes.lives import LifeLost
from oversight.definition import Definition
from oversight.emulator import Emulator
from oversight.games import entry_of

Proposer = Callable[[AtariGame], Iterator[int]]

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

    proposers: tuple[str, ...] = ()
    """Others beside them, of the truth study: `python -m experiments truth`."""

    seeds: tuple[int, ...] = (0,)
    """Of these others; each of them plays the steps with each seed."""

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


def held(game: AtariGame, rng: np.random.Generator, longest: int) -> Iterator[int]:
    """Random actions, each held for 1 to `longest` steps."""
    while True:
        action = int(rng.integers(game.game.n_actions))
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


def proposing(settings: Settings) -> Iterator[tuple[Proposer, Callable[[int], int]]]:
    """Who proposes, and from an episode's number to its seed."""
    for longest in settings.holds:
        rng = np.random.default_rng(longest)
        yield partial(held, rng=rng, longest=longest), partial(operator.add, 100 * longest)
    for name in settings.proposers:
        for seed in settings.seeds:
            rng = np.random.default_rng([seed, 5])  # as in the truth study
            yield partial(_named, name, rng), episode_seed(seed)


def _named(name: str, rng: np.random.Generator, game: AtariGame) -> Iterator[int]:
    return ADVERSARIES[name](game, rng)


def overseen(
    game: AtariGame, actions: Iterator[int], seeds: Callable[[int], int], steps: int
) -> tuple[int, int, int]:
    """Catastrophes, lost states and blocks under the game's exact truth."""
    oracle = OracleOverseer([game.truth])
    env = OversightWrapper(game, oracle, episode_seed=seeds)
    env.reset()
    for _ in range(steps):
        *_, ended, cut, _ = env.step(next(actions))
        if ended or cut:
            env.reset()
    return env.gate.tally.catastrophes or 0, oracle.lost, env.gate.tally.blocks


def guarded(settings: Settings, horizon: int, truck: int | None) -> Row:
    """All proposers under one oracle, one after another."""
    what = Definition(looking(settings.game, horizon, truck))
    counts, played, begun = np.zeros(3, np.int64), 0, time.process_time()
    for proposer, seeds in proposing(settings):
        game = AtariGame(entry_of(settings.game), AtariSettings(observe=False), definition=what)
        counts += overseen(game, proposer(game), seeds, settings.steps)
        played += settings.steps
    return Row(
        settings.game,
        horizon,
        truck,
        played,
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
        f"{len(list(proposing(settings)))} proposers"
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
