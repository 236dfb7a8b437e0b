"""A Blocker that learns beside a run, from the decisions so far, while a person oversees.

It is trained again and again by a process of its own at the lowest priority, from the log as it
is being written; so neither the person nor the learner waits for it. What it thinks is a hint to
the person and nothing else: it blocks nothing here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from blocker import Blocker, BlockerOverseer
from experiments.heat import occlusion_map
from oversight import Game, Hint, OversightError, Proposal

__all__ = ["Apprentice"]

FIRST_STEPS: Final = 400
"""Decisions before the first training; fewer hold too few blocks to learn from."""
MORE_STEPS: Final = 400
"""Further decisions before the next one."""


@dataclass
class Apprentice:
    """The Blocker in training; its opinion is there as soon as a training has ended.

    Attributes:
        game: what is overseen.
        log: the run's log, which is being written.
        out: where its trainings put the Blocker.
    """

    game: Game
    log: Path
    out: Path
    _overseer: BlockerOverseer | None = None
    _blocker: Blocker | None = None
    _training: subprocess.Popen[bytes] | None = None
    _trained_at: int = field(default=FIRST_STEPS - MORE_STEPS)

    def hint(self, proposal: Proposal) -> Hint | None:
        """Its opinion on a proposal; None while it has learned nothing."""
        self._work(proposal.recorded_through + 1)
        return None if self._overseer is None else self._overseer.hint(proposal)

    def heat(self, proposal: Proposal) -> NDArray[np.float32] | None:
        """Where it looks; None while it has learned nothing."""
        return None if self._blocker is None else occlusion_map(self._blocker, proposal)

    def standing(self) -> str:
        """How far it is from ready, in a line; empty while it has learned nothing."""
        verdict = None if self._blocker is None else self._blocker.readiness
        if verdict is None:
            return ""
        if verdict.ready:
            return "ready: it may take over"
        missed = (
            f"misses under {verdict.run_miss_rate_upper:.0%}, asked {verdict.miss_rate_limit:.0%}"
        )
        alarms = verdict.false_alarms / verdict.negatives if verdict.negatives else 0.0
        return f"not ready: {missed}; {alarms:.1%} false alarms"

    def close(self) -> None:
        """End a training that still runs."""
        if self._training is not None and self._training.poll() is None:
            self._training.terminate()
            self._training.wait()
        self._training = None

    def _work(self, decisions: int) -> None:
        """Take what a training has brought, and begin the next one when it is due."""
        if self._training is not None:
            if self._training.poll() is None:
                return
            if self._training.returncode == 0:
                self._take()
            self._training = None
        if decisions - self._trained_at >= MORE_STEPS:
            self._trained_at = decisions
            self._training = self._train()

    def _take(self) -> None:
        try:
            self._blocker = Blocker.load(self.out)
            self._overseer = BlockerOverseer(self._blocker, self.game)
        except OversightError:
            return  # the one before it goes on advising

    def _train(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "blocker", "train", str(self.log), "--out", str(self.out)]
        training = subprocess.Popen(
            [*command, "--quick"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            cwd=Path(__file__).resolve().parent.parent,
            start_new_session=True,  # Ctrl-C is the run's to handle; it ends this itself
        )
        os.setpriority(os.PRIO_PROCESS, training.pid, 19)
        return training
