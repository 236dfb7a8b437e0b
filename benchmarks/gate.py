"""What oversight costs per agent step of Pong, against the bare environment.

Rounds of all stacks are interleaved, so that a busy machine slows each of them alike; what is
printed is the median of each stack's steps a second and of its ratio to another of the same
round. The truth is dearest where harm is near or going on, so the oracle, which keeps the game
away from there, comes out ahead of the gate that lets everything pass.

    python benchmarks/gate.py [rounds] [steps a round]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from oversight import (
    AllowAll,
    AtariGame,
    InterventionLog,
    LogMeta,
    OracleOverseer,
    OversightWrapper,
    game_named,
)

GAME = game_named("pong")
Env = gymnasium.Env[NDArray[np.uint8], int]


class Blind(gymnasium.Env[NDArray[np.uint8], int]):
    """The game without its truth: what remains is the price of the gate alone."""

    def __init__(self) -> None:
        self._game = AtariGame(GAME)
        self.observation_space = self._game.observation_space
        self.action_space = self._game.action_space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """As the game does."""
        return self._game.reset(seed=seed, options=options)

    def step(self, action: int) -> tuple[NDArray[np.uint8], float, bool, bool, dict[str, Any]]:
        """As the game does; the screen is the newest plane of the observation."""
        return self._game.step(action)


@dataclass(frozen=True)
class Stack:
    """One way to step the game, and the one that it is compared with."""

    name: str
    against: str
    env: Env
    actions: Iterator[int]


def tape() -> Iterator[int]:
    """Uniformly random actions, the same for every stack."""
    rng = np.random.default_rng(0)
    while True:
        yield from rng.integers(0, GAME.n_actions, 1024).tolist()


def log_in(folder: Path, name: str) -> InterventionLog:
    shape, kind = AtariGame(GAME).screen().shape, "uint8"
    meta = LogMeta(GAME.name, GAME.actions, shape, kind, "paddle_in_zone")
    return InterventionLog.create(folder / f"{name}.sqlite", meta)


def stacks(folder: Path, open_files: ExitStack) -> list[Stack]:
    def overseen(*, oracle: bool, log: str | None) -> Env:
        env = AtariGame(GAME)
        sink = None if log is None else open_files.enter_context(log_in(folder, log))
        return OversightWrapper(
            env, OracleOverseer([env.truth]) if oracle else AllowAll(), sink=sink
        )

    rows: list[tuple[str, str, Callable[[], Env]]] = [
        ("bare", "bare", lambda: AtariGame(GAME)),
        ("gate, no truth", "bare", lambda: OversightWrapper(Blind(), AllowAll())),
        ("gate + truth", "bare", lambda: overseen(oracle=False, log=None)),
        ("gate + truth + log", "bare", lambda: overseen(oracle=False, log="all")),
        ("oracle", "gate + truth", lambda: overseen(oracle=True, log=None)),
        ("oracle + log", "gate + truth + log", lambda: overseen(oracle=True, log="oracle")),
    ]
    made = [Stack(name, against, make(), tape()) for name, against, make in rows]
    for stack in made:
        stack.env.reset(seed=0)
    return made


def seconds(stack: Stack, steps: int) -> float:
    begun = time.perf_counter()
    for _ in range(steps):
        *_, terminated, truncated, _ = stack.env.step(next(stack.actions))
        if terminated or truncated:
            stack.env.reset()
    return time.perf_counter() - begun


def measure(rounds: int, steps: int) -> dict[str, tuple[str, float, float, float]]:
    """Name -> compared with, steps a second, ratio, microseconds a step more."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as open_files:
        chosen = stacks(Path(folder), open_files)
        times: dict[str, list[float]] = {stack.name: [] for stack in chosen}
        for round_number in range(rounds + 1):
            for stack in chosen:
                taken = seconds(stack, steps) / steps
                if round_number > 0:  # the first warms up
                    times[stack.name].append(taken)
    columns = {name: np.array(values) for name, values in times.items()}
    return {
        s.name: (
            s.against,
            float(np.median(1.0 / columns[s.name])),
            float(np.median(columns[s.against] / columns[s.name])),
            1e6 * float(np.median(columns[s.name] - columns[s.against])),
        )
        for s in chosen
    }


def main(rounds: int = 15, steps: int = 200) -> None:
    table = Table(title=f"Pong, random actions, {rounds} rounds of {steps} steps")
    for heading in ("stack", "steps/s", "against", "speed ratio", "us a step more"):
        table.add_column(heading, justify="left" if heading in {"stack", "against"} else "right")
    for name, (against, rate, ratio, more) in measure(rounds, steps).items():
        table.add_row(name, f"{rate:,.0f}", against, f"{ratio:.3f}", f"{more:,.0f}")
    Console().print(table)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
