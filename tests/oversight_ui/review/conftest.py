"""Shared by the review's tests: a log of Pong with real screens, and what is made of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
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
from oversight.emulator import AleEmulator
from oversight.log import LogAnnotator
from oversight.palette import to_rgb
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


WARM_UP = 15
"""Steps that are played before an episode begins here: until Pong's paddles are there."""


def proposed_at(step: int) -> int:
    return 3 if step % EPISODE > 9 or step % 4 == 0 else 2


def executed_at(step: int) -> int:
    return 2 if step in UNSAFE else proposed_at(step)


@cache
def screens() -> tuple[np.ndarray, ...]:
    """Pong, played by the executed actions."""
    emulator, found = AleEmulator(game_named("pong")), []
    for step in range(-WARM_UP, STEPS):
        if step > 0 and step % EPISODE == 0:
            emulator.reset()
            for _ in range(4 * WARM_UP):
                emulator.act(0)
        if step >= 0:
            found.append(emulator.screen())
        for _ in range(4):
            emulator.act(executed_at(step) if step >= 0 else 0)
    return tuple(found)


def record_of(step: int) -> StepRecord:
    verdict = Verdict.UNSAFE if step in UNSAFE else Verdict.SAFE
    blocked = verdict is Verdict.UNSAFE
    proposal = proposal_of(proposed_at(step), step_id=step, shape=(210, 160))
    proposal = replace(
        proposal, screens=screens()[step][None], episode=step // EPISODE, step=step % EPISODE
    )
    return StepRecord(
        proposal=proposal,
        decision=Decision(step, verdict, Source.PERSON, reaction_seconds=0.31 if blocked else None),
        executed=executed_at(step),
        blocked=executed_at(step) != proposed_at(step),
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


@pytest.fixture(scope="session")
def pictures() -> tuple[np.ndarray, ...]:
    """The screens of the log, as RGB."""
    return tuple(to_rgb(screen) for screen in screens())


@pytest.fixture
def grow() -> Callable[[InterventionLog, int, int], None]:
    return add_steps
