"""What the intervention log costs: bytes a step, time of an append, random screens a second.

Real screens of held random play. Beside it what else is done with the same screens: HDF5 with gzip,
as Minari's files are, one screen appended at a time and flushed; every one in a compressed `.npz`;
and a gzipped pickle of each episode's RGB screens at its end, as the 2017 code had it (the appends
of these two are that dump, spread over the episode's steps; it is lost with the episode). The ways
are measured one after the other within each round, and the medians of the rounds are shown. Syncs
are counted by strace over a session of the log's own, if there is one.

    python benchmarks/log.py [steps a game] [file for the figures]
"""

from __future__ import annotations

import gzip
import io
import json
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import cv2
import h5py
import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from tyro.conf import Positional

from blocker.presets import input_for
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
        screens_a_second: to palette indices, in random batches of 256, on one core.
        prepared_a_second: the same to what the Blocker takes.
        syncs_a_step: how often the disk was waited for; None where it was not counted.
    """

    game: str
    way: str
    bytes_a_step: float
    append_median: float | None
    append_mean: float
    screens_a_second: float | None
    prepared_a_second: float | None = None
    syncs_a_step: float | None = None


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
        rate = random_rate(log.frames, log.steps().frame)
        spec = input_for(name)
        prepared = random_rate(
            lambda keys: torch.from_numpy(spec.prepare(log.frames(keys))), log.steps().frame
        )
    level = "power loss" if source is Source.PERSON else "crash"
    mean, median = 1e6 * float(np.mean(times)), 1e6 * float(np.median(times))
    path.unlink()
    return Row(name, f"log, survives a {level}", size / len(rows), median, mean, rate, prepared)


def random_rate(
    read: Callable[[NDArray[np.int64]], object], keys: NDArray[np.int64], batches: int = 20
) -> float:
    """Random screens a second."""
    rng = np.random.default_rng(0)
    read(rng.choice(keys, BATCH))
    begun = time.perf_counter()
    for _ in range(batches):
        read(rng.choice(keys, BATCH))
    return batches * BATCH / (time.perf_counter() - begun)


def hdf5(name: str, steps: list[StepRecord], folder: Path) -> Row:
    """HDF5 with gzip and its own choice of chunks, as Minari has it; a flush after every step."""
    path, times, count = folder / "log.hdf5", [], min(len(steps), 300)
    with h5py.File(path, "w") as file:
        kept = file.create_dataset(
            "observations",
            (0, 210, 160),
            np.uint8,
            maxshape=(None, 210, 160),
            chunks=True,
            compression="gzip",
        )
        for number, row in enumerate(steps[:count]):
            begun = time.perf_counter()
            kept.resize(number + 1, axis=0)
            kept[number] = row.proposal.screens[-1]
            file.flush()
            times.append(time.perf_counter() - begun)
    with h5py.File(path) as file:
        kept = file["observations"]
        rng, begun = np.random.default_rng(0), time.perf_counter()
        for key in rng.integers(0, count, 64):
            _ = kept[int(key)]
        rate = 64 / (time.perf_counter() - begun)
    size = path.stat().st_size
    path.unlink()
    mean, median = 1e6 * float(np.mean(times)), 1e6 * float(np.median(times))
    return Row(name, "HDF5, gzip (Minari's format)", size / count, median, mean, rate)


def syncs(source: Source, steps: int = 300) -> float | None:
    """Syncs a step of a session, counted by strace; None without it."""
    if shutil.which("strace") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace"
        code = (
            "import sys; from pathlib import Path; from oversight import Source\n"
            f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
            "from log import ours, records\n"
            f"ours('pong', records('pong', {steps}), Source({source.value!r}), Path(sys.argv[1]))"
        )
        command = ["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", str(trace)]
        subprocess.run([*command, sys.executable, "-c", code, folder], check=True)
        counted = [line.split() for line in trace.read_text().splitlines()]
        calls = [int(words[3]) for words in counted if words[-1:] in (["fsync"], ["fdatasync"])]
        return sum(calls) / steps


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


def middle(rounds: list[Row]) -> Row:
    """The medians of several rounds of one way and game."""
    figures = {}
    for column in fields(Row)[2:]:
        values = [getattr(row, column.name) for row in rounds]
        known = [value for value in values if value is not None]
        figures[column.name] = float(np.median(known)) if known else None
    return replace(rounds[0], **figures)


def shown(rows: list[Row], steps: int) -> Table:
    table = Table(title=f"{steps:,} steps a game, screens of 210 x 160", title_justify="left")
    headings = ("bytes a step", "us an append", "mean", "screens/s", "prepared/s", "syncs")
    for heading in ("game", "way", *headings):
        table.add_column(heading, justify="left" if heading in {"game", "way"} else "right")
    for row in rows:
        figures = (row.append_median, row.append_mean, row.screens_a_second, row.prepared_a_second)
        rest = ("-" if value is None else f"{value:,.0f}" for value in figures)
        waits = "-" if row.syncs_a_step is None else f"{row.syncs_a_step:.3f}"
        table.add_row(row.game, row.way, f"{row.bytes_a_step:,.0f}", *rest, waits)
    return table


def main(
    steps: Positional[int] = 2_000, out: Positional[Path | None] = None, rounds: int = 3
) -> None:
    """Measure, print the table.

    Args:
        steps: played in each game.
        out: JSON file for the figures.
        rounds: of which the medians are shown.
    """
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rows: list[Row] = []
    waits = {source: syncs(source) for source in (Source.BLOCKER, Source.PERSON)}
    for name in GAMES:
        played = records(name, steps)
        made: list[list[Row]] = []
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(rounds):
                own = [
                    replace(ours(name, played, source, Path(folder)), syncs_a_step=waits[source])
                    for source in waits
                ]
                others = [
                    hdf5(name, played, Path(folder)),
                    npz(name, played),
                    pickled(name, played),
                ]
                made.append([*own, *others])
        rows += [middle(list(way)) for way in zip(*made, strict=True)]
    Console(width=120).print(shown(rows, steps))
    logs = [row for row in rows if row.way.startswith("log")]
    print(
        f"a step of the log, mean of the games: {np.mean([r.bytes_a_step for r in logs]):.0f} bytes"
    )
    print(f"a million steps: {np.mean([r.bytes_a_step for r in logs]) / 1e3:.2f} GB")
    if out is not None:
        out.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
