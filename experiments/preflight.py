"""What a run will take, said before it begins: disk, memory and time, measured on this machine."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from experiments.phases import AGENT, open_log
from experiments.settings import RunSettings
from oversight import AllowAll, AtariGame, OversightWrapper, RunError, game_named

__all__ = ["Preflight", "measure", "preflight"]

PROBE_STEPS = 150
SPARE = 1.25
"""Disk that is asked for over what is reckoned: games differ from their beginnings."""
SCREEN_BYTES = 84 * 84
"""Of one screen in the replay memory, which keeps each once."""
FIXED_BYTES = 120e6
"""Checkpoint without its replay, Blocker, figures, video and TensorBoard, roughly."""
ROW_BYTES = 100
"""Of a decision without its screen, roughly."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a run will take.

    Attributes:
        log_bytes: of the intervention log in the end.
        disk_bytes: of the whole run directory, a second copy of the checkpoint included.
        free_bytes: on its disk now.
        memory_bytes: of the replay memory when it is full; the program itself comes to it.
        seconds: that playing and logging take at least, at this machine's pace now; learning and
            people come to it.
    """

    log_bytes: float
    disk_bytes: float
    free_bytes: float
    memory_bytes: float
    seconds: float

    def in_words(self) -> str:
        """One line."""
        return (
            f"Will take {self.disk_bytes / 1e9:.2f} GB of disk ({self.free_bytes / 1e9:,.1f} GB "
            f"are free), {self.log_bytes / 1e6:,.0f} MB of it the log, "
            f"{self.memory_bytes / 1e9:.2f} GB of memory for replay, and at least "
            f"{self.seconds / 60:,.0f} min; learning and people come to that."
        )


def preflight(folder: Path, settings: RunSettings) -> Preflight:
    """Reckon what a new run will take, and refuse one that its disk has no room for.

    Args:
        folder: where the run directory is, or will be.
        settings: of the run.

    Raises:
        RunError: the disk lacks room; says how much, and what to change.
    """
    there = next(parent for parent in (folder, *folder.resolve().parents) if parent.is_dir())
    found = measure(settings, shutil.disk_usage(there).free)
    if found.free_bytes < SPARE * found.disk_bytes:
        raise RunError(
            f"expected {SPARE * found.disk_bytes / 1e9:.2f} GB free for this run, {there} has "
            f"{found.free_bytes / 1e9:.2f} GB: free some, name another place with --out, make the "
            "run shorter, or keep fewer screens (--keep-screens blocks or none)"
        )
    return found


def measure(settings: RunSettings, free_bytes: float) -> Preflight:
    """Play a little, log it, and reckon what the whole will take."""
    bytes_a_step, seconds_a_step = _probe(settings)
    overseen, later = settings.oversight_steps, settings.blocker_steps
    kept = bytes_a_step if settings.keep_screens == "all" else float(ROW_BYTES)
    log = overseen * bytes_a_step + later * kept
    replay = min(AGENT.buffer_size, overseen + later) * SCREEN_BYTES
    return Preflight(
        log_bytes=log,
        disk_bytes=log + 2 * replay + FIXED_BYTES,
        free_bytes=free_bytes,
        memory_bytes=replay,
        seconds=seconds_a_step * (overseen + later),
    )


def _probe(settings: RunSettings) -> tuple[float, float]:
    """Bytes and seconds of a step of held random play, logged."""
    game, rng = AtariGame(game_named(settings.game)), np.random.default_rng(0)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "probe.sqlite"
        with open_log(path, replace(settings, keep_screens="all")) as log:
            env = OversightWrapper(game, AllowAll(), sink=log)
            env.reset(seed=0)
            empty, begun = path.stat().st_size, time.perf_counter()
            action = 0
            for step in range(PROBE_STEPS):
                if step % 15 == 0:
                    action = int(rng.integers(game.game.n_actions))
                *_, ended, cut, _ = env.step(action)
                if ended or cut:
                    env.reset()
            spent = time.perf_counter() - begun
        grown = path.stat().st_size - empty
    return grown / PROBE_STEPS, spent / PROBE_STEPS
