"""Where lives were lost: the log does not say, so its episodes are played again, aside."""

from __future__ import annotations

import os
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oversight.errors import OversightError
from oversight.log import InterventionLog
from oversight.log.history import read_history
from oversight.replay import game_of, moments, obstacle

__all__ = ["LifeFinder", "falls", "lives_lost"]

MORE = 1.5
"""Once a log has grown by half, it is worth being played again."""


def lives_lost(path: Path) -> NDArray[np.int64]:
    """Step_ids during which a life was lost, undone ones included.

    Raises:
        OversightError: the log cannot be read or played again.
    """
    with InterventionLog.open(path) as log:
        table = log.steps(undone=True)
        history = read_history(path, len(table))
        if obstacle(log.meta, history) is not None or not len(table):
            return np.zeros(0, np.int64)
        lives = [m.game.emulator.lives for m in moments(log, table, history, game_of(log.meta))]
    return falls(np.array(lives), table.step_id, table.episode)


def falls(
    lives: NDArray[np.int64], step_id: NDArray[np.int64], episode: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Steps after which there are fewer lives in the same episode."""
    if len(lives) < 2:
        return np.zeros(0, np.int64)
    fewer = (np.diff(lives) < 0) & (np.diff(episode) == 0)
    lost: NDArray[np.int64] = step_id[:-1][fewer]
    return lost


class LifeFinder:
    """Looks for lost lives in a process of its own, so that the window does not wait."""

    def __init__(self, path: Path) -> None:
        """Nothing is begun yet."""
        self._path = path
        self._length = 0
        self._context = get_context("spawn")
        self._pipe: Connection | None = None

    def want(self, length: int) -> None:
        """Begin, if nothing runs and the log has grown enough to be worth it."""
        if self._pipe is not None or length <= MORE * self._length:
            return
        self._length = length
        self._pipe, theirs = self._context.Pipe(duplex=False)
        self._process = self._context.Process(target=_work, args=(self._path, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def found(self) -> NDArray[np.int64] | str | None:
        """Step_ids, or why there are none; None while it is looking, or after it has said so."""
        if self._pipe is None or not self._pipe.poll():
            return None
        try:
            data = self._pipe.recv_bytes()
        except EOFError:
            data = b"!the process that plays the log again has ended"
        self.close()
        if data.startswith(b"!"):
            return data[1:].decode()
        return np.frombuffer(data, np.int64)

    def close(self) -> None:
        """Stop looking."""
        if self._pipe is not None:
            self._process.terminate()
            self._process.join()
            self._pipe.close()
            self._pipe = None


def _work(path: Path, pipe: Connection) -> None:
    os.nice(10)
    try:
        pipe.send_bytes(lives_lost(path).tobytes())
    except OversightError as error:
        pipe.send_bytes(b"!" + str(error).encode())
