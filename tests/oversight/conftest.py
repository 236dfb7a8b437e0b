"""Shared by the ground floor's tests: the real game, and records for the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from oversight import (
    AtariGame,
    Decision,
    InterventionLog,
    LogMeta,
    Source,
    StepRecord,
    Verdict,
    game_named,
)
from oversight.testing import proposal_of

SHAPE = (6, 5)


@pytest.fixture
def pong() -> AtariGame:
    return AtariGame(game_named("pong"))


@pytest.fixture
def meta() -> LogMeta:
    return LogMeta(
        game="toy",
        actions=("stay", "go"),
        screen_shape=SHAPE,
        screen_dtype="uint8",
        catastrophe="fall",
        seed=4,
        gate={"mode": "replace", "penalty": -1.0, "history": 2, "prune": False, "note": None},
        environment={"frameskip": 4},
    )


@pytest.fixture
def new_log(tmp_path: Path, meta: LogMeta) -> Iterator[InterventionLog]:
    with InterventionLog.create(tmp_path / "log.sqlite", meta) as log:
        log.begin_episode(0, env_index=0, seed=9, phase="oversight")
        yield log


@pytest.fixture
def record() -> Callable[..., StepRecord]:
    """A step's record; its screen is drawn from its number."""

    def make(
        step_id: int,
        source: Source = Source.BLOCKER,
        verdict: Verdict = Verdict.SAFE,
        *,
        screen: np.ndarray | None = None,
    ) -> StepRecord:
        proposal = proposal_of(step_id % 2, step_id=step_id, shape=SHAPE)
        if screen is not None:
            proposal = replace(proposal, screens=screen[None])
        return StepRecord(
            proposal=proposal,
            decision=Decision(step_id, verdict, source),
            executed=step_id % 2,
            blocked=False,
            no_safe_action=False,
            phase="oversight",
            game_reward=0.0,
            agent_reward=0.0,
            terminated=False,
            truncated=False,
        )

    return make
