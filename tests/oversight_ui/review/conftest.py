"""Shared by the review's tests: a log of Pong with drawn screens, and what is made of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from oversight import (
    Amendment,
    Decision,
    Event,
    InterventionLog,
    LogMeta,
    Source,
    StepRecord,
    Verdict,
    game_named,
)
from oversight.log import LogAnnotator
from oversight.testing import proposal_of
from oversight_ui.review.reader import ReviewLog
from oversight_ui.review.recording import Recording
from oversight_ui.review.tape import Choice, Tape, make_tape

STEPS = 120
EPISODE = 40
UNSAFE = (*range(20, 24), 50, 51, 90)
"""Steps that the person blocked."""
MISSED = (70,)
"""Steps that should have been."""
UNDONE, REDONE = (88, 89), 90
CATASTROPHE = 71


def screen_of(step: int) -> np.ndarray:
    """A court with a ball and a paddle that goes down."""
    screen = np.full((210, 160), 18, np.uint8)
    screen[24:34] = screen[194:] = 14
    y = 40 + 3 * (step % EPISODE)
    screen[y : y + 16, 140:144] = 198
    screen[60 + step % 90 :, 80:82][:4] = 14
    return screen


def record_of(step: int) -> StepRecord:
    verdict = Verdict.UNSAFE if step in UNSAFE else Verdict.SAFE
    proposed = 3 if step % 3 else 2
    blocked = verdict is Verdict.UNSAFE
    proposal = proposal_of(proposed, step_id=step, shape=(210, 160))
    proposal = replace(
        proposal, screens=screen_of(step)[None], episode=step // EPISODE, step=step % EPISODE
    )
    return StepRecord(
        proposal=proposal,
        decision=Decision(step, verdict, Source.PERSON, reaction_seconds=0.31 if blocked else None),
        executed=2 if blocked else proposed,
        blocked=blocked,
        no_safe_action=False,
        phase="oversight",
        game_reward=0.0,
        agent_reward=-1.0 if blocked else 0.0,
        terminated=False,
        truncated=step % EPISODE == EPISODE - 1,
        proposed_unsafe=step in (*UNSAFE, *MISSED),
        executed_unsafe=step in MISSED,
        undoes=UNDONE if step == REDONE else (),
    )


def add_steps(log: InterventionLog, first: int, last: int) -> None:
    for step in range(first, last):
        if step % EPISODE == 0:
            log.begin_episode(step // EPISODE, env_index=0, seed=step, phase="oversight")
        log.append(record_of(step))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 120 steps in three episodes, with a Blocker's scores and a word of the run's own."""
    path = tmp_path_factory.mktemp("made") / "log.sqlite"
    actions = game_named("pong").actions
    with InterventionLog.create(path, LogMeta("pong", actions, (210, 160), "uint8", "zone")) as log:
        add_steps(log, 0, STEPS)
        log.event(Event("zone", CATASTROPHE - 1, CATASTROPHE))
        log.amend([Amendment(110, Verdict.UNSURE, "undo")], Source.PERSON)
    with LogAnnotator.open(path) as log:
        scorer = log.scorer("runs/first/pong.safetensors", threshold=0.2, calibrated=True)
        steps = np.arange(STEPS, dtype=np.int64)
        probability = np.where(np.isin(steps, (*UNSAFE, *MISSED)), 0.99, 0.005)
        probability[70] = 0.9
        probability[[5, 6]] = 0.6  # false alarms
        probability[100] = 0.21  # a close one
        probability[51] = 0.03  # a miss
        log.score(scorer, steps, probability)
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    """A copy of it that may be written to."""
    shutil.copytree(made.parent, tmp_path / "run")
    return tmp_path / "run" / made.name


@pytest.fixture(scope="session")
def recording(made: Path) -> Recording:
    log = ReviewLog(made, "ada", read_only=True)
    found = log.look()
    log.close()
    assert found is not None
    return found


@pytest.fixture(scope="session")
def tape(recording: Recording) -> Tape:
    return make_tape(recording, Choice("ada"))


@pytest.fixture
def grow() -> Callable[[InterventionLog, int, int], None]:
    return add_steps
