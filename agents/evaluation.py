"""What a trained agent is worth, in games of its own: returns and harm, by the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import DummyVecEnv

from agents import checkpoint
from agents.double_dqn import DoubleDQN
from agents.others import load_policy, make_other
from agents.training_types import Algorithm, Training, TrainSettings
from oversight.atari import AtariGame, AtariSettings
from oversight.games import game_named
from oversight.oracle import OracleOverseer
from oversight.settings import GateSettings, Mode
from oversight.types import Tally
from oversight.wrapper import OversightWrapper

__all__ = ["Evaluation", "GreedyPlayer", "evaluate", "player_of"]

FIRST_SEED = 1_000_000
"""Evaluation's games have seeds from here on, apart from those of training."""


class Player(Protocol):
    """Plays one game after the other."""

    def begin(self) -> None:
        """A new game begins."""
        ...

    def act(self, observation: NDArray[np.uint8]) -> int:
        """The action for what is seen."""
        ...


@dataclass(frozen=True)
class Evaluation:
    """What came of some games.

    Attributes:
        returns: the game's own score of each whole game.
        tally: counts by the truth.
    """

    returns: tuple[float, ...]
    tally: Tally


@dataclass
class GreedyPlayer:
    """Plays what a Double DQN values most. Implements `Player`."""

    agent: DoubleDQN

    def begin(self) -> None:
        """See `Player.begin`."""

    def act(self, observation: NDArray[np.uint8]) -> int:
        """See `Player.act`."""
        return int(self.agent.ranking(observation)[0])


@dataclass
class _Predicting:
    agent: Any
    state: Any = None
    first: bool = True

    def begin(self) -> None:
        self.state, self.first = None, True

    def act(self, observation: NDArray[np.uint8]) -> int:
        start = np.array([self.first])
        action, self.state = self.agent.predict(
            observation[None], state=self.state, episode_start=start, deterministic=False
        )
        self.first = False
        return int(action[0])


def player_of(training: Training, device: str = "auto") -> Player:
    """The trained agent of a directory, to play with.

    Raises:
        RunError: there is none, or its files are damaged.
    """
    settings = training.settings()
    env = DummyVecEnv([lambda: AtariGame(game_named(settings.game))] * _environments(settings))
    if settings.algorithm is Algorithm.DOUBLE_DQN:
        agent = DoubleDQN(env, settings.dqn, seed=settings.seed, device=device)
        checkpoint.load(agent, training.agent)
        return GreedyPlayer(agent)
    other = make_other(settings, env)
    load_policy(other, training)
    return _Predicting(other)


def _environments(settings: TrainSettings) -> int:
    # A Double DQN's checkpoint is of so many games; the others' weights know nothing of it.
    return settings.games if settings.algorithm is Algorithm.DOUBLE_DQN else 1


def evaluate(
    player: Player,
    game: str,
    episodes: int,
    *,
    epsilon: float = 0.01,
    seed: int = 0,
    overseen: bool = False,
    max_agent_steps: int = 27_000,
    on_step: Callable[[], bool] = lambda: True,
) -> Evaluation:
    """Let an agent play whole games without learning, the truth counting.

    Args:
        player: the agent.
        game: which.
        episodes: how many whole games.
        epsilon: share of random actions, so that games differ.
        seed: of the games and of those actions.
        overseen: the exact oracle blocks; otherwise nobody does.
        max_agent_steps: a game is cut after so many (27,000 are half an hour of play).
        on_step: called before each step; False stops, and the last game does not count.
    """
    env = AtariGame(game_named(game), AtariSettings(max_agent_steps=max_agent_steps))
    mode = Mode.REPLACE if overseen else Mode.OFF
    gate = OversightWrapper(env, OracleOverseer([env.truth]), GateSettings(mode=mode))
    rng = np.random.default_rng([FIRST_SEED, seed])
    returns: list[float] = []
    for number in range(episodes):
        observation, _ = gate.reset(seed=FIRST_SEED + 10_000 * seed + number)
        player.begin()
        over = False
        while not over:
            if not on_step():
                return Evaluation(tuple(returns), gate.gate.tally)
            action = player.act(observation)
            if rng.random() < epsilon:
                action = int(rng.integers(env.game.n_actions))
            observation, _, terminated, truncated, info = gate.step(action)
            over = terminated or truncated
        returns.append(float(info["oversight"]["game_return"]))
    return Evaluation(tuple(returns), gate.gate.tally)
