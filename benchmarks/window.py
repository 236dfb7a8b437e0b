"""How long a key takes until its decision is on disk, and how often the window draws.

    .venv/bin/python benchmarks/window.py                       # about two minutes, two cores
    .venv/bin/python benchmarks/window.py --out results/window/latency.json

A Double-DQN agent plays Pong and learns in this process, one gradient step of 32 a decision and
`--learning` more beside it in a process of its own, as on a machine that is busy all the time.
The window runs in its own process under Xvfb. Keys are pressed at random moments through the X
server; each allows one step (step by step). The clock stops when the log has committed the
decision with a full sync.
"""

from __future__ import annotations

import json
import multiprocessing
import tempfile
import threading
import time
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import tyro
from screen import Screen

from agents import DoubleDQNSettings, learn, make_agent
from experiments.phases import open_log
from experiments.settings import RunSettings
from oversight import (
    AtariGame,
    GateSettings,
    InterventionLog,
    OverseerGone,
    OversightWrapper,
    StepRecord,
    game_named,
    to_rgb,
)
from oversight_ui import HumanOverseer, open_window
from oversight_ui.preferences import Preferences, written


@dataclass(frozen=True)
class Window:
    """Measure the window beside a learner."""

    keys: int = 300
    """Keys to press."""
    game: str = "pong"
    """Game to play."""
    out: Path | None = None
    """JSON file for the figures."""


class Timed:
    """A log that notes when a decision was on disk."""

    def __init__(self, log: InterventionLog) -> None:
        self._log = log
        self.at: list[float] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)

    def append(self, record: StepRecord) -> None:
        """Keep a step, and note when that was done."""
        self._log.append(record)
        self.at.append(time.monotonic())


def busy(stop: Event, game: str) -> None:
    """A learner that never waits for a person, on the other core."""
    agent = make_agent(AtariGame(game_named(game)), DoubleDQNSettings(learning_starts=200), seed=1)
    learn(agent, 10_000_000, lambda _step: not stop.is_set())


def press_keys(screen: Screen, timed: Timed, keys: int, pressed: list[float]) -> None:
    """Press one key a decision, each at a random moment after the last one was recorded."""
    rng = np.random.default_rng(0)
    for _ in range(keys):
        before = len(timed.at)
        time.sleep(float(rng.uniform(0.1, 0.4)))
        pressed.append(screen.press("a"))
        end = time.monotonic() + 60  # the first gradient step of a process is slow
        while len(timed.at) == before:
            if time.monotonic() > end:
                return
            time.sleep(0.001)


def measure(settings: Window) -> dict[str, float | int]:
    """Everything in one run."""
    game = game_named(settings.game)
    stop = multiprocessing.get_context("spawn").Event()
    learner = multiprocessing.get_context("spawn").Process(
        target=busy, args=(stop, settings.game), daemon=True
    )
    with tempfile.TemporaryDirectory() as name, Screen() as screen:
        folder = Path(name)
        preferences = folder / "window.toml"
        text = written(Preferences()).replace('way = "real time"', 'way = "step by step"')
        preferences.write_text(text)
        run = RunSettings(game=settings.game)
        with (
            open_log(folder / "log.sqlite", run) as log,
            open_window(game, options=("--settings", str(preferences))) as server,
        ):
            timed = Timed(log)
            done = threading.Event()
            human = HumanOverseer(server, game, to_rgb=to_rgb, should_stop=done.is_set)
            env = OversightWrapper(
                AtariGame(game),
                human,
                GateSettings(rewind_steps=30),
                sink=timed,  # type: ignore[arg-type]
                episode_seed=lambda episode: episode,
            )
            agent = make_agent(env, DoubleDQNSettings(learning_starts=32), seed=0, seed_env=False)
            pressed: list[float] = []
            frames: list[tuple[float, int]] = []

            def keyboard() -> None:
                screen.focus()
                screen.press("Return")  # leaves the start screen
                learner.start()
                time.sleep(5.0)
                frames.append((time.monotonic(), server.frames_drawn))
                press_keys(screen, timed, settings.keys, pressed)
                frames.append((time.monotonic(), server.frames_drawn))
                done.set()

            hand = threading.Thread(target=keyboard)
            hand.start()
            try:
                human.wait_for_person(60.0)
                learn(agent, 1_000_000, lambda _step: not done.is_set())
            except OverseerGone:
                pass
            hand.join()
            stop.set()
            learner.join(30)
    latency = np.array(timed.at[: len(pressed)]) - np.array(pressed[: len(timed.at)])
    (t0, f0), (t1, f1) = frames
    return {
        "keys": len(latency),
        "latency_ms_p50": round(float(np.percentile(latency, 50)) * 1e3, 2),
        "latency_ms_p99": round(float(np.percentile(latency, 99)) * 1e3, 2),
        "latency_ms_max": round(float(latency.max()) * 1e3, 2),
        "frames_a_second": round((f1 - f0) / (t1 - t0), 1),
    }


def main() -> None:
    """Measure and say."""
    settings = tyro.cli(Window, description=__doc__)
    figures = measure(settings)
    for name, value in figures.items():
        print(f"{name:>18}  {value}")
    if settings.out is not None:
        settings.out.parent.mkdir(parents=True, exist_ok=True)
        settings.out.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
