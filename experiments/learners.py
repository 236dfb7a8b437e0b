"""What learns in a phase of a run: a Double DQN, or one of SB3's agents, before the same gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import gymnasium
import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger, TensorBoardOutputFormat
from stable_baselines3.common.vec_env import DummyVecEnv

from agents import (
    Algorithm,
    DoubleDQNSettings,
    LearnStep,
    export_agent_zip,
    learn,
    load,
    load_policy_agent,
    make_agent,
    make_policy_agent,
    policy_agent_was_kept,
    save,
    save_policy_agent,
    was_kept,
)
from experiments.ages import keep_age
from experiments.rundir import RunDirectory
from experiments.settings import RunSettings

__all__ = ["Learner", "OnStep", "make_learner"]

OnStep = Callable[[], bool]
"""Called after every agent step; False stops."""
Env = gymnasium.Env[Any, Any]
Ranking = Callable[[np.ndarray], Sequence[int]]


class Learner(Protocol):
    """An agent in a run directory: goes on from its checkpoint and leaves one.

    Attributes:
        ranking: its order of actions for an observation, best first; None if it has none.
    """

    ranking: Ranking | None

    @property
    def steps(self) -> int:
        """Agent steps that it has learned in: fewer than the run's if a kill cost some."""
        ...

    def learn(self, steps: int, on_step: OnStep) -> int:
        """Learn for so many steps more; returns how many were made."""
        ...

    def learn_once(self) -> None:
        """One update ahead of time, while the overseer thinks."""
        ...

    def save(self) -> None:
        """Leave a checkpoint."""
        ...

    def export(self) -> None:
        """Write the agent for other tools."""
        ...


def make_learner(
    run: RunDirectory, settings: RunSettings, env: Env, numbers: DoubleDQNSettings, before: int
) -> Learner:
    """Make a run's agent for an overseen game, as its last checkpoint has it.

    Args:
        run: where it is kept.
        settings: which agent, from which seed, on which device.
        env: the game behind the gate, with episodes of its own.
        numbers: of a Double DQN.
        before: steps of the run so far, from which ages are counted.

    Raises:
        OversightError: there is a checkpoint that cannot be used.
    """
    if settings.agent is Algorithm.DOUBLE_DQN:
        return _DoubleDQNLearner(run, settings, env, numbers, before)
    return _PolicyLearner(run, settings, env)


class _DoubleDQNLearner:
    def __init__(
        self,
        run: RunDirectory,
        settings: RunSettings,
        env: Env,
        numbers: DoubleDQNSettings,
        before: int,
    ) -> None:
        self._run, self._ages, self._age = run, settings.ages, before
        self._agent = make_agent(
            env, numbers, seed=settings.seed, device=settings.device, seed_env=False
        )
        if was_kept(run.agent):
            load(self._agent, run.agent)
        self.ranking: Ranking | None = self._agent.ranking

    @property
    def steps(self) -> int:
        return self._agent.num_timesteps

    def learn(self, steps: int, on_step: OnStep) -> int:
        def told(_step: LearnStep) -> bool:
            self._age += 1
            if self._age in self._ages:
                keep_age(self._agent, self._run.ages, self._age)
            return on_step()

        return learn(self._agent, steps, told, tensorboard=self._run.tensorboard)

    def learn_once(self) -> None:
        self._agent.learn_once()

    def save(self) -> None:
        save(self._agent, self._run.agent)

    def export(self) -> None:
        export_agent_zip(self._agent, self._run.agent_zip)


class _PolicyLearner:
    ranking: Ranking | None = None

    def __init__(self, run: RunDirectory, settings: RunSettings, env: Env) -> None:
        self._run = run
        vector = DummyVecEnv([lambda: env])
        self._agent = make_policy_agent(
            settings.agent, vector, seed=settings.seed, device=settings.device
        )
        if policy_agent_was_kept(run.agent):
            load_policy_agent(self._agent, run.agent)
            # Its random numbers are not kept: the first ones are not to come again.
            self._agent.set_random_seed(settings.seed + self._agent.num_timesteps)
        vector._reset_seeds()  # the gate's episodes have seeds of their own

    @property
    def steps(self) -> int:
        return self._agent.num_timesteps

    def learn(self, steps: int, on_step: OnStep) -> int:
        if steps == 0:
            return 0
        told = _Told(steps, on_step)
        folder = str(self._run.tensorboard)
        self._agent.set_logger(Logger(folder, [TensorBoardOutputFormat(folder)]))
        try:
            self._agent.learn(steps, callback=told, reset_num_timesteps=False)
        finally:
            self._agent.logger.close()
        return told.made

    def learn_once(self) -> None:
        """Nothing: it learns at the end of its rollouts alone."""

    def save(self) -> None:
        save_policy_agent(self._agent, self._run.agent)

    def export(self) -> None:
        self._agent.save(self._run.agent_zip)


class _Told(BaseCallback):
    """Ends the learning after so many steps: SB3 would play its last rollout to the end."""

    def __init__(self, steps: int, on_step: OnStep) -> None:
        super().__init__()
        self._steps, self._tell = steps, on_step
        self.made = 0

    def _on_step(self) -> bool:
        self.made += 1
        return self._tell() and self.made < self._steps
