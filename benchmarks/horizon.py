"""What the horizon of Road Runner's look-ahead costs, and what it buys.

The same proposers under oracles that look less or further ahead; deaths by the emulator.

    python benchmarks/horizon.py [steps a proposer] [file for the figures]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from oversight import AtariGame, OracleOverseer, OversightWrapper, game_named
from oversight.catastrophes import RoadRunnerDeath
from oversight.definition import Definition

HORIZONS = ((2, 2), (4, 4), (6, 6), (9, 9), (9, 14), (14, 14))
"""Agent steps on a free road, and while a truck comes."""
LONGEST = (1, 30, 150)
"""Longest holds of the random proposers."""


def held(longest: int) -> Iterator[int]:
    """Random actions, each held for 1 to `longest` steps."""
    rng = np.random.default_rng(longest)
    while True:
        action = int(rng.integers(18))
        for _ in range(int(rng.integers(1, longest, endpoint=True))):
            yield action


def guarded(horizon: tuple[int, int], longest: int, steps: int) -> dict[str, float]:
    """Counts of one proposer under one oracle."""
    what = RoadRunnerDeath(steps=horizon[0], truck_steps=horizon[1])
    game = AtariGame(game_named("road_runner"), definition=Definition(what))
    oracle, actions = OracleOverseer([game.truth]), held(longest)
    env = OversightWrapper(game, oracle, episode_seed=lambda number: 100 * longest + number)
    env.reset()
    begun = time.perf_counter()
    for _ in range(steps):
        *_, ended, cut, _ = env.step(next(actions))
        if ended or cut:
            env.reset()
    tally = env.gate.tally
    return {
        "steps": steps,
        "deaths": tally.catastrophes or 0,
        "lost_states": oracle.lost,
        "blocks": tally.blocks,
        "seconds": time.perf_counter() - begun,
    }


def main(steps: int = 500, out: Path | None = None) -> None:
    table = Table(title=f"{steps:,} guarded steps of each of {len(LONGEST)} proposers")
    for heading in ("horizon", "with a truck", "deaths", "lost states", "blocks", "steps/s"):
        table.add_column(heading, justify="right")
    rows = []
    for horizon in track(HORIZONS, description="horizons"):
        cells = [guarded(horizon, longest, steps) for longest in LONGEST]
        total = {key: sum(cell[key] for cell in cells) for key in cells[0]}
        rows.append({"horizon": horizon[0], "truck_horizon": horizon[1], **total})
        counts = (total["deaths"], total["lost_states"], total["blocks"])
        rate = f"{total['steps'] / total['seconds']:,.0f}"
        table.add_row(*map(str, horizon), *(f"{count:,.0f}" for count in counts), rate)
    Console().print(table)
    if out is not None:
        out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main(
        *(int(argument) for argument in sys.argv[1:2]),
        *(Path(argument) for argument in sys.argv[2:3]),
    )
