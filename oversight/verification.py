"""Playing a log again to see that it is what was played: every screen, score and end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from oversight.errors import LogError
from oversight.log import UNKNOWN, InterventionLog
from oversight.log.history import read_history
from oversight.replay import game_of, moments, obstacle

__all__ = ["Verification", "verify_log"]

Progress = Callable[[int, int], None]
"""Told how many decisions of how many are done."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared, and found the same bit for bit.

    Attributes:
        path: of the log.
        decisions: agent steps played again, undone ones included; score and end of each.
        screens: of them with a screen in the log.
        episodes: begun.
        rewinds: how often the game was taken back.
    """

    path: Path
    decisions: int
    screens: int
    episodes: int
    rewinds: int


def verify_log(path: Path, progress: Progress = lambda _done, _of: None) -> Verification:
    """Play every episode again from its seed and the executed actions.

    What was written after the call began is left for the next one.

    Args:
        path: of the log.
        progress: told how far it is.

    Raises:
        ReplayDiffers: the first step that is not what it was, and in what.
        LogError: the log cannot be read, or cannot be played again.
    """
    with InterventionLog.open(path) as log:
        table = log.steps(undone=True)
        history = read_history(path, len(table))
        if len(table) == 0:
            raise LogError(f"{path} holds no decisions: there is nothing to play again")
        problem = obstacle(log.meta, history)
        if problem is not None:
            raise LogError(f"{path} cannot be played again: {problem}")
        game = game_of(log.meta)
        for done, _ in enumerate(moments(log, table, history, game), start=1):
            progress(done, len(table))
        rewinds = len(log.rewinds())
    return Verification(
        path=path,
        decisions=len(table),
        screens=int((table.frame != UNKNOWN).sum()),
        episodes=len(np.unique(table.episode)),
        rewinds=rewinds,
    )
