"""What a review costs on a long log: opening, following, one drawn picture, memory.

Real screens of held random Pong, as often as it takes; a made-up Blocker's scores for each step.

    python benchmarks/review.py [steps] [file for the figures]
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import pygame

from oversight import (
    AllowAll,
    AtariGame,
    InterventionLog,
    LogMeta,
    OversightWrapper,
    StepRecord,
    Verdict,
    game_named,
)
from oversight.log import LogAnnotator
from oversight.testing import MemorySink
from oversight_ui.paint import Brush
from oversight_ui.review.moves import go
from oversight_ui.review.reader import ReviewLog
from oversight_ui.review.sight import Sight
from oversight_ui.review.state import State
from oversight_ui.review.tape import Choice, make_tape
from oversight_ui.review.view import draw_review

PLAYED = 2_000
"""Real steps; a longer log repeats them."""
EPISODE = 500
GROWTH = 100
"""Steps that a running run has added at one look."""
PICTURES = 200


@dataclass(frozen=True)
class Figures:
    """What was measured; milliseconds unless the name says otherwise.

    Attributes:
        steps: in the log.
        log_mb: its size.
        open_seconds: from nothing to everything that the window shows.
        look: for what came, when nothing came.
        follow: for 100 new steps, the marks, queue and agreement of the whole log anew.
        picture: median of drawing a random step at 1280x720, its screen unpacked.
        picture_p99: 99th percentile of that.
        memory_mb: that the log takes in the process, at its highest.
    """

    steps: int
    log_mb: float
    open_seconds: float
    look: float
    follow: float
    picture: float
    picture_p99: float
    memory_mb: float


def played() -> list[StepRecord]:
    """Steps of held random play."""
    game, rng, sink = AtariGame(game_named("pong")), np.random.default_rng(0), MemorySink()
    env = OversightWrapper(game, AllowAll(), sink=sink)
    env.reset(seed=0)
    action = held = 0
    for _ in range(PLAYED):
        if held == 0:
            action, held = int(rng.integers(game.game.n_actions)), int(rng.integers(1, 31))
        held -= 1
        *_, ended, cut, _ = env.step(action)
        if ended or cut:
            env.reset()
    return sink.records


def append(log: InterventionLog, records: list[StepRecord], first: int, last: int) -> None:
    """Add steps; one in 50 is judged unsafe."""
    for step in range(first, last):
        if step % EPISODE == 0:
            log.begin_episode(step // EPISODE, env_index=0, seed=None, phase="bench")
        record = records[step % PLAYED]
        verdict = Verdict.UNSAFE if step % 50 == 0 else Verdict.SAFE
        log.append(
            replace(
                record,
                proposal=replace(
                    record.proposal, step_id=step, episode=step // EPISODE, step=step % EPISODE
                ),
                decision=replace(record.decision, step_id=step, verdict=verdict),
            )
        )
    log.flush()


def score(path: Path, steps: int) -> None:
    """A Blocker's scores that mostly agree."""
    rng, ids = np.random.default_rng(0), np.arange(steps, dtype=np.int64)
    logits = np.where(ids % 50 == 0, 2.0, -5.0) + rng.normal(0.0, 1.5, steps)
    with LogAnnotator.open(path) as log:
        scorer = log.scorer("bench", threshold=0.2, calibrated=False)
        log.score(scorer, ids, 1.0 / (1.0 + np.exp(-logits)))


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - begun)


def memory() -> float:
    """The process's highest so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(path: Path, records: list[StepRecord], steps: int) -> Figures:
    """Open, look, follow and draw."""
    before, begun = memory(), time.perf_counter()
    log = ReviewLog(path, "bench", read_only=True)
    recording = log.look()
    assert recording is not None
    tape = make_tape(recording, Choice("bench"))
    opened = time.perf_counter() - begun
    nothing = timed(log.look)
    with InterventionLog.open(path, read_only=False) as writer:
        append(writer, records, steps, steps + GROWTH)

    def follow() -> None:
        grown = log.look()
        assert grown is not None
        make_tape(grown, Choice("bench"))

    following = timed(follow)
    pygame.font.init()
    brush, surface, rng = Brush(), pygame.Surface((1280, 720)), np.random.default_rng(1)
    sight = Sight(State(tape=tape), log.game, path.name, None)

    def picture(row: int) -> None:
        state = go(sight.state, row)
        shown = replace(sight, state=state, rgb=log.screen(recording, row))
        draw_review(brush, surface, shown)

    times = [timed(lambda: picture(int(rng.integers(steps)))) for _ in range(PICTURES)]
    log.close()
    return Figures(
        steps=steps,
        log_mb=path.stat().st_size / 1e6,
        open_seconds=opened,
        look=nothing,
        follow=following,
        picture=float(np.median(times)),
        picture_p99=float(np.quantile(times, 0.99)),
        memory_mb=memory() - before,
    )


def main() -> None:
    """Measure, print, and write if asked to."""
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    records = played()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.sqlite"
        meta = LogMeta("pong", game_named("pong").actions, (210, 160), "uint8", "none")
        with InterventionLog.create(path, meta) as log:
            append(log, records, 0, steps)
        score(path, steps)
        figures = measure(path, records, steps)
    table = Table(title=f"a review of {steps:,} steps", title_justify="left", show_header=False)
    for name, value in asdict(figures).items():
        table.add_row(name.replace("_", " "), f"{value:,.2f}")
    Console().print(table)
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(json.dumps(asdict(figures), indent=2) + "\n")


if __name__ == "__main__":
    main()
