"""How long a Blocker takes to decide, from raw screens to probabilities of all actions.

Usage: python benchmarks/blocker_latency.py [OUT.json]

First weights and trees grown on noise, of each game's preset: what they cost does not hang on what
they know. Batch 1 on one thread, 8 and 32 on two. The goal is 1 ms at the 99th percentile for 1 and
for 8.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

from blocker import PRESETS, Blocker, BlockerNetwork, preset_for
from blocker.testing import grow_on_noise
from oversight import AtariGame, game_named

ROUNDS = 2_000
BATCHES = ((1, 1), (8, 2), (32, 2))
"""Batch and threads."""


def untrained(game: str) -> Blocker:
    """A Blocker of the game's preset that knows nothing."""
    preset, actions = preset_for(game), game_named(game).actions
    network = BlockerNetwork(actions, preset.input, preset.shape).eval()
    grow_on_noise(network, np.random.default_rng(0), preset.shape.trees)
    return Blocker(network, preset.shape, preset.input, 0.5, game, actions)


def screens_of(game: str, count: int, history: int) -> np.ndarray:
    """Screens of random play: uint8 (count, history, 210, 160)."""
    env, rng = AtariGame(game_named(game)), np.random.default_rng(0)
    env.reset(seed=0)
    kept = []
    for _ in range(count + history):
        kept.append(env.screen().copy())
        *_, ended, cut, _ = env.step(int(rng.integers(env.game.n_actions)))
        if ended or cut:
            env.reset()
    return np.stack([np.stack(kept[start : start + history]) for start in range(count)])


def measure(game: str, batch: int, threads: int) -> dict[str, object]:
    """Milliseconds of a call of `Blocker.score`."""
    torch.set_num_threads(threads)
    blocker = untrained(game)
    screens = screens_of(game, batch, blocker.spec.history)
    previous = np.zeros(batch, dtype=np.int64)
    times = []
    for number in range(ROUNDS + 50):
        began = time.perf_counter()
        blocker.score(screens, previous)
        if number >= 50:  # the first calls set things up
            times.append(1e3 * (time.perf_counter() - began))
    p50, p99 = np.percentile(times, [50, 99])
    rate = 1e3 * batch / p50
    print(
        f"{game:15} batch {batch:3} threads {threads}: {p50:.3f} ms, p99 {p99:.3f}, {rate:,.0f}/s"
    )
    return {
        "game": game,
        "batch": batch,
        "threads": threads,
        "p50_ms": round(float(p50), 4),
        "p99_ms": round(float(p99), 4),
        "decisions_per_second": round(rate),
        "parameters": sum(p.numel() for p in blocker.network.state_dict().values()),
    }


def main() -> None:
    """Measure all presets; write JSON where asked to."""
    rows = [measure(game, *batch) for game in sorted(PRESETS) for batch in BATCHES]
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
