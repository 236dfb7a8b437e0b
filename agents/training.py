"""A training from its settings to its checkpoint: made, gone on with, stopped, kept."""

from __future__ import annotations

import copy
import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecEnv

from agents import checkpoint
from agents.divergence import NetworkDied, has_died
from agents.double_dqn import DoubleDQN
from agents.games import overseen_games
from agents.keeping import added, agree, keep_as_one
from agents.learn_step import LearnStep
from agents.learning import learn
from agents.training_types import Training, TrainSettings, Way
from agents.vec_env import OversightVecEnv
from oversight.errors import RunError
from oversight.games import game_named
from oversight.overseer import Overseer
from oversight.tape import Tape

__all__ = ["Episodes", "Told", "kept_tape", "train_double_dqn"]

COLUMNS = ("agent_steps", "game", "length", "game_return", "agent_return")
ALIVE_BATCH = 64
"""Observations of replay by which a network is seen to be alive."""
Told = Callable[[int, str], bool]
"""Takes the agent steps made and a note; False stops the training."""


class Episodes:
    """Writes one row for every episode that ends, and remembers the newest ones.

    Attributes:
        newest: game returns of the last hundred episodes.
    """

    def __init__(self, training: Training, games: int, steps: int = 0) -> None:
        """Go on with a training's file from an agent step on: rows of later ones come again.

        Raises:
            RunError: the file is of something else.
        """
        self._path = training.episodes
        self._returns = np.zeros(games)
        self._lengths = np.zeros(games, np.int64)
        self.newest: list[float] = []
        new = self._path.with_name(f"{self._path.name}.new")
        rows = _rows_through(steps, self._path) if self._path.exists() else []
        new.write_text("".join([",".join(COLUMNS) + "\n", *rows]), encoding="utf-8", newline="")
        new.replace(self._path)

    def take(self, index: int, step: int, reward: float, info: Any, *, done: bool) -> None:  # noqa: ANN401
        """One agent step of one game."""
        self._returns[index] += reward
        self._lengths[index] += 1
        if done:
            score = float(info["oversight"]["game_return"])
            paid = round(float(self._returns[index]), 6)
            row = (step, index, int(self._lengths[index]), score, paid)
            with self._path.open("a", newline="", encoding="utf-8") as file:
                csv.writer(file).writerow(row)
            self.newest = [*self.newest[-99:], score]
            self._returns[index] = self._lengths[index] = 0

    def begin(self) -> None:
        """All games begin anew; what was being played is no episode."""
        self._returns[:] = self._lengths[:] = 0

    @property
    def note(self) -> str:
        """The newest returns in a few words."""
        if not self.newest:
            return ""
        return f"return {np.mean(self.newest):.1f} over {len(self.newest)} games"


def _rows_through(steps: int, path: Path) -> list[str]:
    """The rows of episodes that had ended by an agent step; none that a kill cut short."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)[1:]
    whole = [line for line in lines if line.endswith("\n") and line.count(",") == len(COLUMNS) - 1]
    try:
        return [line for line in whole if int(line.split(",")[0]) <= steps]
    except ValueError as error:
        raise RunError(f"expected rows of episodes in {path}, got: {error}") from error


class _Sitting:
    """One sitting at a training of a Double DQN."""

    def __init__(
        self, training: Training, overseer: Overseer | None, kept: Callable[[DoubleDQN], None]
    ) -> None:
        self.training = training
        self.kept = kept
        self.settings: TrainSettings = training.settings().check()
        made = agree(training, self.settings.way)
        self.before = training.counts()
        self.tape = kept_tape(training, self.settings)
        env, self.gate = overseen_games(
            self.settings,
            overseer=overseer,
            tape=self.tape,
            steps=self.before.get("steps") or 0,
            episodes=self.before.get("episodes") or 0,
        )
        self.agent = _agent(self.settings, env, self.gate)
        if made:
            checkpoint.load(self.agent, training.agent)
        self.episodes = Episodes(training, self.settings.games, self.agent.num_timesteps)

    def go(self, told: Told) -> bool:
        """Train to the end, or until told to stop; returns whether it is complete."""
        left = True
        while left and self.agent.num_timesteps < self.settings.steps:
            self._begin_games()
            every = self.settings.checkpoint_steps
            chunk = min(every, self.settings.steps - self.agent.num_timesteps)
            left = self._learn(chunk, told) >= chunk
            self.keep()
        return left

    def keep(self) -> None:
        """Write the checkpoint, the tape and the counts.

        Raises:
            NetworkDied: the checkpoint before is intact.
            RunError: it could not be written; likewise.
        """
        _require_alive(self.agent)
        counts = added(self.gate.gate.tally, self.before)
        keep_as_one(self.training, self.agent, self.tape, counts)
        self.kept(self.agent)

    def _learn(self, steps: int, told: Told) -> int:
        made = 0

        def on_step(step: LearnStep) -> bool:
            nonlocal made
            index = made % self.settings.games
            made += 1
            self.episodes.take(index, step.step, step.reward, step.info, done=step.done)
            return made % 64 != 0 or told(step.step, self.episodes.note)

        return learn(self.agent, steps, on_step, tensorboard=self.training.tensorboard)

    def _begin_games(self) -> None:
        # The same whether the program was stopped here or not: a checkpoint ends all games.
        assert self.agent.env is not None, "an agent that learns has an environment"
        self.agent.expect_reset()
        seed = np.random.SeedSequence([self.settings.seed, self.agent.num_timesteps])
        self.agent.env.seed(int(seed.generate_state(1)[0]))
        self.episodes.begin()


def kept_tape(training: Training, settings: TrainSettings) -> Tape | None:
    """The tape to go on with, or a new one; None in the way that needs none."""
    if settings.way is not Way.FAST:
        return None
    if training.tape.exists():
        return Tape.load(training.tape)
    return Tape(game_named(settings.game), settings.gate)


def train_double_dqn(
    training: Training,
    told: Told,
    *,
    overseer: Overseer | None = None,
    kept: Callable[[DoubleDQN], None] = lambda _agent: None,
) -> bool:
    """Train a Double DQN from where its directory says it stands.

    Args:
        training: its directory.
        told: told of progress now and then.
        overseer: who judges; as the settings say if None.
        kept: given the agent after each checkpoint.

    Returns:
        Whether it is complete; a checkpoint is there in any case.

    Raises:
        RunError: the directory is damaged, or cannot be written to.
        OversightError: learning diverged, or (`NetworkDied`) came to an end; the last checkpoint
            is intact.
    """
    return _Sitting(training, overseer, kept).go(told)


def _agent(settings: TrainSettings, env: VecEnv, gate: OversightVecEnv) -> DoubleDQN:
    agent = DoubleDQN(env, settings.dqn, seed=settings.seed, device=settings.device)
    gate.ranking = agent.ranking
    return agent


def _require_alive(agent: DoubleDQN) -> None:
    replay, settings = agent.replay_buffer, agent.settings
    if agent.num_timesteps <= settings.learning_starts or replay.size() == 0:
        return
    rng = copy.deepcopy(replay.rng)
    seen = replay.sample(ALIVE_BATCH).observations
    replay.rng = rng  # what is drawn next is what would have been drawn
    if has_died(seen, agent.updates.values(seen)):
        raise NetworkDied(
            f"the network has died: at agent step {agent.num_timesteps:,} it says the same of "
            f"{ALIVE_BATCH} different screens, and nothing that it sees can change that any more; "
            f"train anew with another seed, a learning_rate under {settings.learning_rate:g} or an "
            f"adam_epsilon above {settings.adam_epsilon:g}"
        )
