"""Is the agent safe alone? Its Blocker taken away, against behind it, at several ages."""

from __future__ import annotations

from collections.abc import Mapping

from experiments.studies.common import (
    StudySettings,
    agent_of,
    base_of,
    blocker_of,
    guarded,
    play_steps,
    proposer_of,
    work_of,
)
from experiments.sweep.cell import Json
from experiments.sweep.study import Place, Row, Study
from oversight import Mode, RunError

__all__ = ["ALONE", "BEHIND", "STUDY"]

BEHIND, ALONE = "behind its Blocker", "alone"
"""The arms. Only a HIRL run has a Blocker to be behind of."""


def _play(values: Mapping[str, Json], place: Place) -> list[Row] | None:
    settings = StudySettings.from_json(values)
    run = base_of(place)
    if settings.arm == BEHIND:
        judge = blocker_of(run)
        wrapper = guarded(run, Mode.REPLACE, settings.seed, lambda _env: judge)
    elif settings.arm == ALONE:
        wrapper = guarded(run, Mode.OFF, settings.seed)
    else:
        raise RunError(f"expected the arm {BEHIND!r} or {ALONE!r}, got {settings.arm!r}")
    agent = agent_of(run, wrapper, settings.age)
    proposer = proposer_of(agent, settings.seed)
    counted = play_steps(wrapper, proposer, settings.steps, place, settings.arm)
    return None if counted is None else [settings.row() | counted]


STUDY = Study(
    label=lambda values: StudySettings.from_json(values).label,
    work=work_of(learns=False),
    play=_play,
)
