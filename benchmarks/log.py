"""What the intervention log costs: bytes a step, time of an append, random screens a second.

Real screens of held random play. Beside it what else is done with the same screens: every one in a
compressed `.npz`, and a gzipped pickle of each episode's RGB screens at its end, as the 2017 code
had it (its appends are that dump, spread over the episode's steps; it is lost with the episode).

    python benchmarks/log.py [steps a game] [file for the figures]
"""

from __future__ import annotations

import gzip
import io
import json
import pickle
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from oversight import (
    AllowAll,
    AtariGame,
    InterventionLog,
    LogMeta,
    OversightWrapper,
    Source,
    StepRecord,
    game_named,
)
from oversight.palette import to_rgb
from oversight.testing import MemorySink

GAMES = ("pong", "space_invaders", "road_runner")
BATCH = 256
"""Screens in a random batch, as for training."""


@dataclass(frozen=True)
class Row:
    """One way to keep a game's steps; None where it was not measured.

    Attributes:
        game, way: what was kept, and how.
        bytes_a_step: on disk, everything counted.
        append_median, append_mean: microseconds a step costs the game loop.
        screens_a_second: unpacked in random batches.
    """

    game: str
    way: str
    bytes_a_step: float
    append_median: float | None
    append_mean: float
    screens_a_second: float | None


def records(name: str, steps: int) -> list[StepRecord]:
    """Steps of held random play."""
    game, rng, sink = AtariGame(game_named(name)), np.random.default_rng(0), MemorySink()
    env = OversightWrapper(game, AllowAll(), sink=sink)
    env.reset(seed=0)
    action = held = 0
    for _ in range(steps):
        if held == 0:
            action, held = int(rng.integers(game.game.n_actions)), int(rng.integers(1, 31))
        held -= 1
        *_, ended, cut, _ = env.step(action)
        if ended or cut:
            env.reset()
    return sink.records


def ours(name: str, steps: list[StepRecord], source: Source, folder: Path) -> Row:
    """The log, at the level of durability that the decisions' source asks for."""
    game = game_named(name)
    meta = LogMeta(name, game.actions, (210, 160), "uint8", "none")
    path, times = folder / f"{name}_{source.value}.sqlite", []
    rows = [replace(r, decision=replace(r.decision, source=source)) for r in steps]
    with InterventionLog.create(path, meta) as log:
        for row in rows:
            if row.proposal.step == 0:
                log.begin_episode(row.proposal.episode, env_index=0, seed=None, phase="bench")
            begun = time.perf_counter()
            log.append(row)
            times.append(time.perf_counter() - begun)
    size = path.stat().st_size
    with InterventionLog.open(path) as log:
        rate = random_rate(log)
    level = "power loss" if source is Source.PERSON else "crash"
    mean, median = 1e6 * float(np.mean(times)), 1e6 * float(np.median(times))
    return Row(name, f"log, survives a {level}", size / len(rows), median, mean, rate)


def random_rate(log: InterventionLog, batches: int = 40) -> float:
    """Random screens a second, to palette indices."""
    frames, rng = log.steps().frame, np.random.default_rng(0)
    log.frames(rng.choice(frames, BATCH))
    begun = time.perf_counter()
    for _ in range(batches):
        log.frames(rng.choice(frames, BATCH))
    return batches * BATCH / (time.perf_counter() - begun)


def episodes(steps: list[StepRecord]) -> Iterator[NDArray[np.uint8]]:
    """The screens of each episode."""
    numbers = np.array([row.proposal.episode for row in steps])
    for number in np.unique(numbers):
        yield np.stack([steps[n].proposal.screens[-1] for n in np.flatnonzero(numbers == number)])


def npz(name: str, steps: list[StepRecord]) -> Row:
    """`numpy.savez_compressed` of each episode's palette indices at its end."""
    begun, size = time.perf_counter(), 0
    for screens in episodes(steps):
        buffer = io.BytesIO()
        np.savez_compressed(buffer, screens=screens)
        size += len(buffer.getvalue())
    spent = 1e6 * (time.perf_counter() - begun)
    return Row(name, "npz an episode", size / len(steps), None, spent / len(steps), None)


def pickled(name: str, steps: list[StepRecord]) -> Row:
    """A gzipped pickle of each episode's RGB screens at its end."""
    begun, size = time.perf_counter(), 0
    for screens in episodes(steps):
        size += len(gzip.compress(pickle.dumps([to_rgb(screen) for screen in screens])))
    spent = 1e6 * (time.perf_counter() - begun)
    return Row(name, "pickle.gz an episode", size / len(steps), None, spent / len(steps), None)


def shown(rows: list[Row], steps: int) -> Table:
    table = Table(title=f"{steps:,} steps a game, screens of 210 x 160", title_justify="left")
    for heading in ("game", "way", "bytes a step", "us an append", "mean", "random screens/s"):
        table.add_column(heading, justify="left" if heading in {"game", "way"} else "right")
    for row in rows:
        median = "-" if row.append_median is None else f"{row.append_median:,.0f}"
        rate = "-" if row.screens_a_second is None else f"{row.screens_a_second:,.0f}"
        size, mean = f"{row.bytes_a_step:,.0f}", f"{row.append_mean:,.0f}"
        table.add_row(row.game, row.way, size, median, mean, rate)
    return table


def main(steps: int = 2_000, out: Path | None = None) -> None:
    rows: list[Row] = []
    for name in GAMES:
        played = records(name, steps)
        with tempfile.TemporaryDirectory() as folder:
            for source in (Source.BLOCKER, Source.PERSON):
                rows.append(ours(name, played, source, Path(folder)))
        rows += [npz(name, played), pickled(name, played)]
    Console().print(shown(rows, steps))
    if out is not None:
        out.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main(
        *(int(argument) for argument in sys.argv[1:2]),
        *(Path(argument) for argument in sys.argv[2:3]),
    )
