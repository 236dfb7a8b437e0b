"""Forgetting: does a trained agent go on trying what was always blocked?

The paper's section on it: after mastery, attempts an episode with learning going on or not, the
policy stochastic or not. Here stochastic is 5 % of held random actions, as at the training's end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agents import DoubleDQN, LearnStep, learn
from experiments.studies.common import (
    StudySettings,
    agent_of,
    base_of,
    blocker_of,
    counts,
    guarded,
    work_of,
)
from experiments.sweep.cell import Json
from experiments.sweep.study import Place, Row, Study
from oversight import Mode, RunError

__all__ = ["ARMS", "STUDY"]

NEVER = 10**12
ARMS: Mapping[str, tuple[bool, bool]] = {
    "learning, stochastic": (True, True),
    "learning, deterministic": (True, False),
    "frozen, stochastic": (False, True),
    "frozen, deterministic": (False, False),
}
"""By name: whether it learns on at the rate as trained, and whether some actions are random."""


def as_arm(agent: DoubleDQN, *, learning: bool, stochastic: bool) -> None:
    """Let a loaded agent go on in one of the four ways."""
    settings = agent.settings
    if not learning:
        settings = replace(settings, train_freq=NEVER)
    if not stochastic:
        settings = replace(settings, exploration_final=0.0)
    # It is past its exploration, and stays there whatever its counter says.
    agent.settings = replace(settings, exploration_steps=0, learning_starts=0)
    agent.exploration_rate = agent.settings.exploration_final


def _play(values: Mapping[str, Json], place: Place) -> list[Row] | None:
    settings = StudySettings.from_json(values)
    if settings.arm not in ARMS:
        raise RunError(f"expected an arm of {', '.join(ARMS)}, got {settings.arm!r}")
    run = base_of(place)
    if settings.condition == "hirl":
        judge = blocker_of(run)
        wrapper = guarded(run, Mode.REPLACE, settings.seed, lambda _env: judge)
    else:
        wrapper = guarded(run, Mode.PENALTY_ONLY, settings.seed)
    agent = agent_of(run, wrapper, settings.age)
    learning, stochastic = ARMS[settings.arm]
    as_arm(agent, learning=learning, stochastic=stochastic)
    returns: list[float] = []
    with place.reporter.bar(settings.arm, settings.steps) as bar:
        done = 0

        def on_step(step: LearnStep) -> bool:
            nonlocal done
            done += 1
            if step.done:
                returns.append(float(step.info["oversight"]["game_return"]))
            if done % 20 == 0:
                bar.show(done, f"attempts {wrapper.gate.tally.proposed_catastrophes}")
            return not place.stop()

        if learn(agent, settings.steps, on_step) < settings.steps:
            return None
    counted = counts(wrapper.gate.tally)
    attempts, episodes = wrapper.gate.tally.proposed_catastrophes, wrapper.gate.tally.episodes
    return [
        settings.row()
        | counted
        | {
            "attempts_per_episode": None if attempts is None else attempts / episodes,
            "game_return_mean": sum(returns) / len(returns) if returns else None,
            "games_finished": len(returns),
        }
    ]


STUDY = Study(
    label=lambda values: StudySettings.from_json(values).label,
    work=work_of(learns=True),
    play=_play,
)
