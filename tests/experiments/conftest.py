"""Small logs of known content for the figures' tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from oversight import (
    Decision,
    Event,
    InterventionLog,
    LogMeta,
    Proposal,
    Source,
    StepRecord,
    Verdict,
    game_named,
)

GAME = game_named("pong")


def _record(
    step_id: int,
    *,
    phase: str = "oversight",
    blocked: bool = False,
    proposed_unsafe: bool | None = False,
    reward: float = 0.0,
    terminated: bool = False,
    episode: int = 0,
    source: Source = Source.ORACLE,
    attention: float = 0.0,
) -> StepRecord:
    """A step as a gate would settle it; blocked ones propose LEFT and execute RIGHT."""
    screens = np.full((2, 210, 160), 2 * (step_id % 100), np.uint8)
    verdict = Verdict.UNSAFE if blocked else Verdict.SAFE
    return StepRecord(
        proposal=Proposal(step_id, 0, episode, step_id, 3 if blocked else 0, screens),
        decision=Decision(step_id, verdict, source, attention_seconds=attention),
        executed=2 if blocked else 0,
        blocked=blocked,
        no_safe_action=False,
        phase=phase,
        game_reward=reward,
        agent_reward=reward,
        terminated=terminated,
        truncated=False,
        proposed_unsafe=proposed_unsafe,
        executed_unsafe=False if blocked else proposed_unsafe,
    )


@pytest.fixture
def make_log(tmp_path: Path) -> Callable[..., InterventionLog]:
    """Makes a log of given records and events."""

    def make(records: list[StepRecord], events: list[Event] | None = None) -> InterventionLog:
        meta = LogMeta("pong", GAME.actions, (210, 160), "uint8", "paddle_in_zone", 0)
        log = InterventionLog.create(tmp_path / "log.sqlite", meta)
        for episode in sorted({r.proposal.episode for r in records}):
            phase = next(r.phase for r in records if r.proposal.episode == episode)
            log.begin_episode(episode, env_index=0, seed=episode, phase=phase)
        for one in records:
            log.append(one)
        for event in events or []:
            log.event(event)
        log.flush()
        return log

    return make


@pytest.fixture
def record() -> Callable[..., StepRecord]:
    """Makes a step as a gate would settle it."""
    return _record
