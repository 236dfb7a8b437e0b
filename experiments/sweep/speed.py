"""How fast cells are on this machine, measured: what a plan's hours come from."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from agents import DoubleDQNSettings, learn, make_agent
from experiments.phases import agent_settings, episode_seed, gate_settings
from experiments.rundir import write_json
from experiments.settings import Condition, RunSettings
from experiments.sweep.cell import read_object
from experiments.sweep.study import Work
from oversight import AtariGame, Mode, OracleOverseer, OversightWrapper, RunError, game_named

__all__ = ["Speed", "Speeds"]

STEPS = 240
"""Agent steps measured of each kind, about ten seconds together."""
WARM_UP = 80
MODES = {
    Condition.HIRL: Mode.REPLACE,
    Condition.PENALTY_ONLY: Mode.PENALTY_ONLY,
    Condition.NO_OVERSIGHT: Mode.OFF,
}


@dataclass(frozen=True)
class Speed:
    """Agent steps a second of one process with one thread.

    Attributes:
        learning: with an update every four steps, truth and gate included.
        acting: without learning.
    """

    learning: float
    acting: float

    def seconds(self, work: Work) -> float:
        """How long so much work takes."""
        return work.learn / self.learning + work.act / self.acting


class Speeds:
    """Speeds by game and condition, measured once and kept in a file."""

    def __init__(self, path: Path, *, measuring: bool) -> None:
        """Keep them in `path`; what it holds is not measured again, what it lacks only on demand.

        Args:
            path: of the file.
            measuring: whether to take the time for it, some seconds for each game and condition.
        """
        self._path, self._measuring = path, measuring
        self._known: dict[str, Speed] = {}
        if path.is_file():
            for name, values in read_object(path).items():
                if isinstance(values, dict):
                    self._known[name] = Speed(
                        float(str(values["learning"])), float(str(values["acting"]))
                    )

    def of(self, game: str, condition: Condition) -> Speed | None:
        """The speed of a kind of cell; None if it is not known and not to be measured now.

        Raises:
            RunError: there is no such game.
        """
        name = f"{game} {condition}"
        if name not in self._known and self._measuring:
            self._known[name] = measure(game, condition)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_json(self._path, {key: vars(speed) for key, speed in self._known.items()})
        return self._known.get(name)


def measure(game: str, condition: Condition) -> Speed:
    """Play some steps with and without learning, under the oracle or with nobody overseeing.

    A run under a Blocker asks a network instead of the oracle, and the truth all the same to
    count by: about as much work.

    Raises:
        RunError: there is no such game.
    """
    settings = RunSettings(game=game, condition=condition)
    try:
        env = AtariGame(game_named(game))
    except ValueError as error:
        raise RunError(str(error)) from None
    wrapper = OversightWrapper(
        env,
        OracleOverseer([env.truth]),
        gate_settings(settings, MODES[condition]),
        episode_seed=episode_seed(0),
    )
    agent = make_agent(
        wrapper,
        _learning_at_once(settings),
        device=settings.device,
        seed_env=False,
    )
    learn(agent, WARM_UP)
    begun = time.perf_counter()
    learn(agent, STEPS)
    learning = STEPS / (time.perf_counter() - begun)
    observation, _ = wrapper.reset()
    begun = time.perf_counter()
    for _ in range(STEPS):
        observation, _, ended, cut, _ = wrapper.step(agent.ranking(observation)[0])
        if ended or cut:
            observation, _ = wrapper.reset()
    return Speed(learning, STEPS / (time.perf_counter() - begun))


def _learning_at_once(settings: RunSettings) -> DoubleDQNSettings:
    return replace(agent_settings(settings), learning_starts=32, exploration_steps=32)
