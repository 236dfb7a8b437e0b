"""Transfer: a Blocker trained under one agent guards others that learn behind it from nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import gymnasium
import numpy as np
from stable_baselines3 import A2C
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import DummyVecEnv

from agents import LearnStep, learn, make_agent
from experiments.learning_proposers import HarmPays, shortened
from experiments.phases import agent_settings
from experiments.reporter import Bar
from experiments.rundir import RunDirectory
from experiments.studies.common import (
    SEED_OFFSET,
    StudySettings,
    base_of,
    blocker_of,
    counts,
    guarded,
    work_of,
)
from experiments.sweep.cell import Json
from experiments.sweep.study import Place, Row, Study
from oversight import Mode, OversightWrapper, RunError

__all__ = ["ARMS", "LOVING", "STUDY"]

Gate = OversightWrapper[np.ndarray]
Progress = Callable[[int], bool]
"""Told how many steps are made; answers whether to go on."""
LOVING = "paid for harm"


class Flat(gymnasium.ObservationWrapper[np.ndarray, int, np.ndarray]):
    """The two newest screens at a quarter of their height and width: float32 (882,), 0 to 1."""

    def __init__(self, env: gymnasium.Env[np.ndarray, int]) -> None:
        """Wrap observations of shape (4, 84, 84)."""
        super().__init__(env)
        self.observation_space = gymnasium.spaces.Box(0.0, 1.0, (2 * 441,), np.float32)

    def observation(self, observation: np.ndarray) -> np.ndarray:
        """See the class."""
        pooled = observation[-2:].reshape(2, 21, 4, 21, 4).mean(axis=(2, 4)) / 255.0
        return np.asarray(pooled.reshape(-1), np.float32)


def _double_dqn(env: gymnasium.Env[Any, Any], run: RunDirectory, seed: int, steps: int) -> Learner:
    agent = make_agent(
        env,
        shortened(agent_settings(run.settings()), steps),
        seed=seed,
        device="cpu",
        seed_env=False,
    )

    def go(progress: Progress) -> None:
        done = 0

        def on_step(_step: LearnStep) -> bool:
            nonlocal done
            done += 1
            return progress(done)

        learn(agent, steps, on_step)

    return go


def _a2c(env: gymnasium.Env[Any, Any], run: RunDirectory, seed: int, steps: int) -> Learner:
    del run
    vector = DummyVecEnv([lambda: env])
    model: BaseAlgorithm = A2C("CnnPolicy", vector, seed=seed, device="cpu")
    vector._reset_seeds()  # the gate's episodes have seeds of their own

    def go(progress: Progress) -> None:
        class Tell(BaseCallback):
            def _on_step(self) -> bool:
                return progress(self.num_timesteps)

        # A rollout is five steps: the last one may pass the end.
        model.learn(steps, callback=Tell())

    return go


Learner = Callable[[Progress], None]
Maker = Callable[[gymnasium.Env[Any, Any], RunDirectory, int, int], Learner]
ARMS: Mapping[str, tuple[Callable[[Gate], gymnasium.Env[Any, Any]], Maker]] = MappingProxyType(
    {
        "the same kind, another seed": (lambda gate: gate, _double_dqn),
        "dense network on small screens": (Flat, _double_dqn),
        "A2C": (lambda gate: gate, _a2c),
        LOVING: (HarmPays, _double_dqn),
    }
)
"""Who learns behind the Blocker, by name: what it sees and is paid, and how it is made."""


def _play(values: Mapping[str, Json], place: Place) -> list[Row] | None:
    settings = StudySettings.from_json(values)
    if settings.arm not in ARMS:
        raise RunError(f"expected an arm of {', '.join(ARMS)}, got {settings.arm!r}")
    run = base_of(place)
    judge = blocker_of(run)
    gate = guarded(run, Mode.REPLACE, settings.seed, lambda _env: judge)
    wrap, make = ARMS[settings.arm]
    learner = make(wrap(gate), run, SEED_OFFSET + settings.seed, settings.steps)
    with place.reporter.bar(settings.arm, settings.steps) as bar:
        learner(_progress(gate, bar, settings.steps, place))
    if gate.gate.tally.steps < settings.steps:
        return None
    return [settings.row() | counts(gate.gate.tally)]


def _progress(gate: Gate, bar: Bar, steps: int, place: Place) -> Progress:
    def progress(done: int) -> bool:
        if done % 20 == 0 or done == steps:
            bar.show(min(done, steps), f"catastrophes {gate.gate.tally.catastrophes}")
        return not place.stop()

    return progress


STUDY = Study(
    label=lambda values: StudySettings.from_json(values).label,
    work=work_of(learns=True),
    play=_play,
)
