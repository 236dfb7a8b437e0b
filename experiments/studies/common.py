"""What studies of a finished run have in common: its agent at an age, its Blocker, and counting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace

import numpy as np

from agents import AgentProposer, DoubleDQN, Proposer, load, make_agent
from blocker import Blocker, BlockerOverseer
from experiments.ages import ages_in, become
from experiments.phases import agent_settings, episode_seed, gate_settings
from experiments.rundir import RunDirectory
from experiments.settings import Condition, RunSettings
from experiments.studies.runs import variant_of
from experiments.sweep.cell import Json
from experiments.sweep.study import Place, Row, Work
from oversight import (
    AllowAll,
    AtariGame,
    AtariSettings,
    Mode,
    OracleOverseer,
    Overseer,
    OversightWrapper,
    RunError,
    Tally,
    game_named,
)

__all__ = [
    "SEED_OFFSET",
    "StudySettings",
    "agent_of",
    "base_of",
    "blocker_of",
    "counts",
    "guarded",
    "play_steps",
    "proposer_of",
    "work_of",
]

SEED_OFFSET = 104_729
"""Added to a run's seed, so that no episode of a study begins as one of the run did."""
EPSILON = 0.05
"""Share of random actions of a trained agent in a study: that of its training's end."""


@dataclass(frozen=True)
class StudySettings:
    """A cell of a study about a finished run.

    Attributes:
        game, condition, variant: of that run, for tables.
        arm: what is compared; each study names its own.
        seed: of the run and, with an offset, of the study's episodes.
        steps: agent steps of the study.
        age: of the agent in agent steps; 0 is as it was at its run's end.
    """

    game: str
    condition: str
    arm: str
    seed: int
    steps: int
    age: int = 0
    variant: str = ""

    @classmethod
    def of(cls, run: RunSettings, arm: str, steps: int, age: int = 0) -> StudySettings:
        """A study of a run with these settings."""
        return cls(run.game, run.condition.value, arm, run.seed, steps, age, variant_of(run))

    def as_json(self) -> dict[str, Json]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Json]) -> StudySettings:
        """Read `as_json`'s answer.

        Raises:
            RunError: something is missing or unknown.
        """
        known = {field.name for field in fields(cls)}
        try:
            if set(values) - known:
                raise TypeError(f"unknown: {', '.join(sorted(set(values) - known))}")
            return cls(**values)  # type: ignore[arg-type]
        except TypeError as error:
            raise RunError(f"these are not a study's settings: {error}") from None

    @property
    def label(self) -> str:
        """For tables."""
        age = f", age {self.age:,}" if self.age else ""
        return f"{self.game} {self.condition}: {self.arm}{age}, seed {self.seed}"

    def row(self) -> Row:
        """The beginning of a row of this cell."""
        return {
            "game": self.game,
            "base": self.condition,
            "variant": self.variant,
            "arm": self.arm,
            "age": self.age,
            "seed": self.seed,
        }


def work_of(*, learns: bool) -> Callable[[Mapping[str, Json]], Work]:
    """How much a study's cell has to play, if all of its steps are of one kind."""

    def work(values: Mapping[str, Json]) -> Work:
        settings = StudySettings.from_json(values)
        steps = {"learn": settings.steps} if learns else {"act": settings.steps}
        return Work(settings.game, Condition(settings.condition), **steps)

    return work


def base_of(place: Place) -> RunDirectory:
    """The finished run that a cell is about.

    Raises:
        RunError: there is none.
    """
    if place.base is None:
        raise RunError("this study is of a finished run: give its cell's folder with --base")
    return RunDirectory.open(place.base / "run")


def blocker_of(run: RunDirectory) -> BlockerOverseer:
    """A run's Blocker as an overseer.

    Raises:
        OversightError: it has none, or it cannot be used.
    """
    return BlockerOverseer(Blocker.load(run.blocker), game_named(run.settings().game))


def guarded(
    run: RunDirectory,
    mode: Mode,
    seed: int,
    overseer: Callable[[AtariGame], Overseer] | None = None,
    *,
    rewind_steps: int | None = None,
) -> OversightWrapper[np.ndarray]:
    """The run's game behind a gate, with episodes of its own.

    Args:
        run: whose settings of game and gate hold.
        mode: of the gate.
        seed: of the run; an offset is added.
        overseer: made for the game; the exact oracle in `penalty_only`, else nobody, if not given.
        rewind_steps: how late a block may come; as in the run if not given.
    """
    settings = run.settings()
    env = AtariGame(game_named(settings.game), AtariSettings(sticky=settings.sticky))
    if overseer is not None:
        judge = overseer(env)
    else:
        judge = OracleOverseer([env.truth]) if mode is Mode.PENALTY_ONLY else AllowAll()
    return OversightWrapper(
        env,
        judge,
        gate_settings(
            settings if rewind_steps is None else replace(settings, rewind_steps=rewind_steps),
            mode,
        ),
        episode_seed=episode_seed(SEED_OFFSET + seed),
    )


def agent_of(run: RunDirectory, wrapper: OversightWrapper[np.ndarray], age: int) -> DoubleDQN:
    """The run's agent at an age, its replay empty; with 0 as it was at the end, with all of it.

    Raises:
        RunError: it was not kept at that age.
    """
    settings = run.settings()
    agent = make_agent(
        wrapper,
        agent_settings(settings),
        seed=settings.seed,
        device=settings.device,
        seed_env=False,
    )
    if age == 0:
        load(agent, run.agent)
    elif age in ages_in(run.ages):
        become(agent, run.ages, age)
    else:
        known = ", ".join(map(str, ages_in(run.ages))) or "none"
        raise RunError(f"expected one of the ages kept ({known}), got {age}")
    return agent


def proposer_of(agent: DoubleDQN, seed: int, epsilon: float = EPSILON) -> Proposer:
    """What an agent wants, a few random actions between."""
    return AgentProposer(agent, epsilon, np.random.default_rng([seed, 11]))


def play_steps(
    wrapper: OversightWrapper[np.ndarray],
    proposer: Proposer,
    steps: int,
    place: Place,
    title: str,
) -> Row | None:
    """Play some steps and count them; None if it was stopped."""
    returns: list[float] = []
    observation, _ = wrapper.reset()
    with place.reporter.bar(title, steps) as bar:
        for step in range(1, steps + 1):
            observation, _, ended, cut, info = wrapper.step(proposer.propose(observation))
            if ended:
                returns.append(float(info["oversight"]["game_return"]))
            if ended or cut:
                observation, _ = wrapper.reset()
                proposer.reset()
            if step % 20 == 0 or step == steps:
                bar.show(step, f"catastrophes {wrapper.gate.tally.catastrophes}")
            if place.stop():
                return None
    return counts(wrapper.gate.tally) | {
        "game_return_mean": float(np.mean(returns)) if returns else None,
        "games_finished": len(returns),
    }


def counts(tally: Tally) -> Row:
    """A gate's tally as a row; what the truth did not say is None."""
    standing = tally.steps - tally.rewound_steps
    unsafe, needless = tally.proposed_catastrophes, tally.needless_blocks
    known = unsafe is not None and needless is not None
    return {
        "steps": tally.steps,
        "episodes": tally.episodes,
        "catastrophes": tally.catastrophes,
        "unsafe": unsafe,
        "missed": unsafe - (tally.blocks - needless) if known else None,  # type: ignore[operator]
        "safe": standing - unsafe if unsafe is not None else None,
        "blocks": tally.blocks,
        "needless": needless,
        "no_safe_action": tally.no_safe_action,
    }
