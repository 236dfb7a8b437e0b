"""The frames of a clip, and the clip as a command of its own beside the window."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oversight_ui.paint import Brush
from oversight_ui.review.moves import go
from oversight_ui.review.reader import ReviewLog
from oversight_ui.review.sight import Sight
from oversight_ui.review.state import State
from oversight_ui.review.tape import Tape
from oversight_ui.review.view import draw_clip

__all__ = ["ClipCutter", "clip_frames"]

HOLD = 4
"""A blocked step is shown so many times as long, or nobody would see it."""


def clip_frames(
    log: ReviewLog, tape: Tape, first: int, last: int, *, truth: bool = False
) -> Iterator[NDArray[np.uint8]]:
    """Frames of the steps from one row to another, inclusive.

    Args:
        log: whose screens are shown.
        tape: what is known of them.
        first: first row.
        last: last row.
        truth: whether the emulator's truth is shown.
    """
    brush, state = Brush(), State(tape=tape, truth=truth)
    sight = Sight(state, log.game, log.path.name, None, clip=True)
    for row in range(first, last + 1):
        state = go(state, row)
        screen = log.screen(tape.recording, row)
        frame = draw_clip(brush, replace(sight, state=state, rgb=screen))
        for _ in range(HOLD if tape.recording.steps.blocked[row] else 1):
            yield frame


class ClipCutter:
    """Cuts clips in processes of their own, so that the window does not wait."""

    def __init__(self, log: Path) -> None:
        """Nothing is cut yet."""
        self._log = log
        self._running: dict[Path, subprocess.Popen[bytes]] = {}

    def cut(self, first: int, last: int, ending: str) -> Path:
        """Begin a clip.

        Args:
            first: number of its first step.
            last: number of its last step.
            ending: of its file, such as ".mp4".

        Returns:
            Where it will be: beside the log.
        """
        path = self._log.with_name(f"{self._log.stem}-{first}-{last}{ending}")
        words = ["clip", str(self._log), str(path), "--steps", str(first), str(last)]
        self._running[path] = subprocess.Popen(
            [sys.executable, "-m", "oversight_ui", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        return path

    def ended(self) -> Iterator[str]:
        """What is to be said of clips that have ended since the last call."""
        for path, process in list(self._running.items()):
            if process.poll() is None:
                continue
            del self._running[path]
            _, told = process.communicate()
            if process.returncode == 0:
                yield f"clip written: {path.name}"
            else:
                yield told.decode().strip().splitlines()[-1] if told.strip() else "no clip"

    def close(self) -> None:
        """Wait for those that are being cut: a clip that was asked for is made."""
        for process in self._running.values():
            process.communicate()
