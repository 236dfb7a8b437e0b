"""How long a key takes until its decision is on disk, and how often the window draws.

    .venv/bin/python benchmarks/window.py                       # about two minutes, two cores
    .venv/bin/python benchmarks/window.py --out results/window/latency.json

A Double-DQN agent plays Pong in this process and learns without a rest behind the person
(`agents.LearningBehind` with no cap that matters), on all cores. The window runs in its own process
under Xvfb. Keys are pressed through the X server at random moments while a step is on the screen:
SPACE in real time, `a` step by step. The clock stops when the log has committed the decision with
a full sync. A disk's own syncs are measured beside it, and the keys that no decision followed.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
import tyro
from screen import Screen

from agents import DoubleDQNSettings, LearningBehind, learn, make_agent
from experiments.phases import open_log
from experiments.settings import RunSettings
from oversight import (
    AtariGame,
    AtariSettings,
    Decision,
    GateSettings,
    InterventionLog,
    OverseerGone,
    OversightWrapper,
    Proposal,
    StepRecord,
    game_named,
    to_rgb,
)
from oversight_ui import HumanOverseer, LinkServer, open_window
from oversight_ui.preferences import Preferences, written

KEYS = {"real time": "space", "step by step": "a"}
"""The key that decides in each way of working."""
WARM_UP_SECONDS = 6.0
GIVEN_UP_SECONDS = 3.0
"""A key without a decision after so long was lost."""


@dataclass(frozen=True)
class Window:
    """Measure the window beside a learner."""

    keys: int = 100
    """Keys to press in each way of working."""
    updates: int = 100_000
    """Updates at most behind each step: the learner never rests. 0: none."""
    threads: int = 2
    """Threads of the learner."""
    pace: float = 4.0
    """Agent steps a second in real time."""
    game: str = "pong"
    """Game to play."""
    out: Path | None = None
    """JSON file for the figures."""


@dataclass(frozen=True)
class Row:
    """Figures of one way of working; latencies in milliseconds, from the key to the disk.

    Attributes:
        keys: pressed.
        lost: of them no decision followed.
        frames_a_second: pictures that the window drew.
        updates_a_second: of the agent's network in the meantime.
        sync_ms_p50: what one sync of this disk took meanwhile.
    """

    way: str
    keys: int
    lost: int
    latency_ms_p50: float
    latency_ms_p95: float
    latency_ms_p99: float
    latency_ms_max: float
    frames_a_second: float
    updates_a_second: float
    sync_ms_p50: float


@dataclass
class Timed:
    """A log that notes when a key's decision was on disk."""

    log: InterventionLog
    at: list[float] = field(default_factory=list)

    def __getattr__(self, name: str) -> object:
        return getattr(self.log, name)

    def append(self, record: StepRecord) -> None:
        """Keep a step, and note when that was done if a key decided."""
        self.log.append(record)
        if record.decision.reaction_seconds is not None:
            self.at.append(time.monotonic())


@dataclass
class Asked:
    """Knows whether a step is before the person; implements `Overseer`."""

    inner: HumanOverseer
    since: float | None = None

    def review(self, proposals: list[Proposal]) -> list[Decision]:
        """See `Overseer.review`."""
        self.since = time.monotonic()
        try:
            return self.inner.review(proposals)
        finally:
            self.since = None


@dataclass
class Hand:
    """Presses keys, each after a random time and while a step is shown, and waits for the log."""

    screen: Screen
    timed: Timed
    asked: Asked
    key: str
    latencies: list[float] = field(default_factory=list)
    lost: int = 0

    def press(self, keys: int) -> None:
        """Press so many."""
        rng = np.random.default_rng(0)
        for _ in range(keys):
            time.sleep(float(rng.uniform(0.15, 0.6)))
            while not self._is_shown():
                time.sleep(0.002)
            before = len(self.timed.at)
            pressed = self.screen.press(self.key)
            while len(self.timed.at) == before and time.monotonic() < pressed + GIVEN_UP_SECONDS:
                time.sleep(0.0005)
            if len(self.timed.at) == before:
                self.lost += 1
            else:
                self.latencies.append(self.timed.at[before] - pressed)

    def _is_shown(self) -> bool:
        since = self.asked.since
        return since is not None and time.monotonic() - since > 0.05


def sync_seconds(folder: Path, stop: threading.Event) -> list[float]:
    """Twice a second, how long a sync of 4 KB takes."""
    taken: list[float] = []
    with (folder / "sync").open("wb") as file:
        while not stop.wait(0.5):
            file.write(bytes(4096))
            file.flush()
            began = time.monotonic()
            os.fsync(file.fileno())
            taken.append(time.monotonic() - began)
    return taken


def measure(settings: Window, way: str) -> Row:
    """One way of working."""
    with tempfile.TemporaryDirectory() as name, Screen() as screen:
        folder = Path(name)
        preferences = folder / "window.toml"
        preferences.write_text(written(Preferences()).replace('"real time"', f'"{way}"'))
        options = ("--settings", str(preferences), "--pace", f"{settings.pace:g}")
        with (
            open_log(folder / "log.sqlite", RunSettings(game=settings.game)) as log,
            open_window(game_named(settings.game), options=options) as server,
        ):
            return _measured(settings, way, screen, Timed(log), server, folder)


def _measured(
    settings: Window,
    way: str,
    screen: Screen,
    timed: Timed,
    server: LinkServer,
    folder: Path,
) -> Row:
    game, done = game_named(settings.game), threading.Event()
    human = HumanOverseer(server, game, to_rgb=to_rgb, should_stop=done.is_set)
    asked = Asked(human)

    def learn_once() -> None:
        agent.learn_once()  # it is made below: what it acts in asks the person

    behind = LearningBehind(asked, learn_once, updates=settings.updates)  # type: ignore[arg-type]
    wrapper = OversightWrapper(
        AtariGame(game, AtariSettings(max_agent_steps=300)),
        behind,
        GateSettings(rewind_steps=30),
        sink=timed,  # type: ignore[arg-type]
        episode_seed=lambda episode: episode,
    )
    agent = make_agent(
        behind.around(wrapper), DoubleDQNSettings(learning_starts=8), seed=0, seed_env=False
    )
    hand = Hand(screen, timed, asked, KEYS[way])
    marks: list[tuple[float, int, int]] = []
    syncs: list[float] = []

    def mark() -> None:
        marks.append((time.monotonic(), server.frames_drawn, agent._n_updates))

    def person() -> None:
        screen.focus()
        screen.press("Return")  # leaves the start screen
        hand.press(12)  # until the agent has begun to learn
        time.sleep(WARM_UP_SECONDS)
        hand.latencies.clear()
        mark()
        hand.press(settings.keys)
        mark()
        done.set()

    threads = (
        threading.Thread(target=person),
        threading.Thread(target=lambda: syncs.extend(sync_seconds(folder, done))),
    )
    for thread in threads:
        thread.start()
    try:
        human.wait_for_person(60.0)
        learn(agent, 1_000_000, lambda _step: not done.is_set())
    except OverseerGone:
        pass
    for thread in threads:
        thread.join()
    behind.close()
    (t0, f0, u0), (t1, f1, u1) = marks
    p50, p95, p99, most = np.percentile(np.array(hand.latencies) * 1e3, (50, 95, 99, 100)).round(2)
    return Row(
        way=way,
        keys=settings.keys,
        lost=hand.lost,
        latency_ms_p50=float(p50),
        latency_ms_p95=float(p95),
        latency_ms_p99=float(p99),
        latency_ms_max=float(most),
        frames_a_second=round((f1 - f0) / (t1 - t0), 1),
        updates_a_second=round((u1 - u0) / (t1 - t0), 1),
        sync_ms_p50=round(float(np.median(syncs)) * 1e3, 2),
    )


def main() -> None:
    """Measure and say."""
    settings = tyro.cli(Window, description=__doc__)
    torch.set_num_threads(settings.threads)
    rows = [asdict(measure(settings, way)) for way in KEYS]
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items()))
    if settings.out is not None:
        settings.out.parent.mkdir(parents=True, exist_ok=True)
        settings.out.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
