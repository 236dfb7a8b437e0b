"""How a Blocker holds against proposers that it has not seen, counted by the emulator's truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tyro

from agents import (
    AgentProposer,
    Algorithm,
    ConstantProposer,
    HeldRandomProposer,
    Proposer,
    RandomProposer,
    load,
    make_agent,
)
from blocker import Blocker, BlockerOverseer
from experiments.phases import agent_settings, episode_seed, history_of, open_log
from experiments.reporter import Reporter
from experiments.rundir import RunDirectory, write_json
from experiments.settings import RunSettings
from experiments.stopping import StopFlag
from experiments.summary import PhaseFigures, phase_figures
from experiments.tables import FigureRow, figures_table
from oversight import (
    AllowAll,
    AtariGame,
    AtariSettings,
    Game,
    GateSettings,
    InterventionLog,
    Mode,
    Overseer,
    OversightWrapper,
    RunError,
    game_named,
)

__all__ = ["AuditSettings", "Kind", "audit"]

UNGUARDED = ", nobody oversees"
AUDIT_SEED = 7_919
"""Added to the run's seed, so that no audited episode begins as a trained one did."""


class Kind(StrEnum):
    """Who proposes."""

    RANDOM = "random"
    """Uniformly random actions."""
    HELD = "held"
    """Random actions, each held for 1 to 30 steps."""
    DOWN = "down"
    """Always toward the harm."""
    AGENT = "agent"
    """The run's trained agent, 5 % of its actions random."""


ALL = (Kind.RANDOM, Kind.HELD, Kind.DOWN, Kind.AGENT)


@dataclass(frozen=True)
class AuditSettings:
    """An audit of a run's Blocker: the gate with the truth, against proposers it has not seen."""

    run: tyro.conf.Positional[Path]
    """The run directory whose Blocker is audited; the figures go to `audit.json` in it."""

    steps: int = 20_000
    """Agent steps per proposer."""

    proposers: tuple[Kind, ...] = field(default=ALL)
    """Who proposes."""

    unprotected_steps: int = 3_000
    """Agent steps of the same proposers with nobody overseeing, for comparison; 0 leaves it out."""

    seed: int = 0
    """Of episodes and proposers."""

    def check(self) -> AuditSettings:
        """Refuse what cannot be run.

        Raises:
            RunError: says what was expected and what came.
        """
        if self.seed < 0:
            raise RunError(f"expected a seed of 0 or more, got {self.seed}")
        if self.steps < 1 or self.unprotected_steps < 0:
            raise RunError(
                f"expected steps of 1 or more and unprotected_steps of 0 or more, got "
                f"{self.steps} and {self.unprotected_steps}"
            )
        return self


def audit(settings: AuditSettings, reporter: Reporter, stop: StopFlag) -> list[FigureRow]:
    """Run the audit, print its table and write `audit.json`.

    Raises:
        OversightError: the run or its Blocker cannot be used.
    """
    run = RunDirectory.open(settings.run)
    made_with = run.settings()
    if Kind.AGENT in settings.proposers and made_with.agent is not Algorithm.DOUBLE_DQN:
        raise RunError(
            f"the run's agent is {made_with.agent.value}, and only double_dqn proposes here: give "
            "--proposers random held down"
        )
    game = game_named(made_with.game)
    blocker = Blocker.load(run.blocker)
    rows: list[FigureRow] = []
    for kind in settings.proposers:
        for name, steps, mode, overseer in (
            (f"{kind}{UNGUARDED}", settings.unprotected_steps, Mode.OFF, AllowAll()),
            (kind.value, settings.steps, Mode.REPLACE, BlockerOverseer(blocker, game)),
        ):
            if steps == 0 or stop():
                continue
            trial = _Trial(made_with, game, name, steps, mode, overseer, settings.seed)
            rows.append((name, trial.play(_maker(kind, game, run, settings.seed), reporter, stop)))
            # After each: whoever stops it, or what stops it, leaves what was played.
            write_json(run.path / "audit.json", [_as_json(row, settings) for row in rows])
    for title, guarded in (("nobody oversees", False), (f"guarded by {run.blocker.name}", True)):
        part = [(n.removesuffix(UNGUARDED), f) for n, f in rows if n.endswith(UNGUARDED) != guarded]
        if part:
            reporter.console.print(figures_table(part, f"{game.title}, {title}"))
    return rows


def _as_json(row: FigureRow, settings: AuditSettings) -> dict[str, object]:
    name, figures = row
    return {
        "proposer": name,
        "seed": settings.seed,
        **vars(figures),
        "needless_rate": figures.needless_rate,
    }


@dataclass(frozen=True)
class _Trial:
    settings: RunSettings
    game: Game
    name: str
    steps: int
    mode: Mode
    overseer: Overseer
    seed: int

    def play(
        self, make: Callable[[AtariGame], Proposer], reporter: Reporter, stop: StopFlag
    ) -> PhaseFigures:
        """Play the steps into a log of their own and count them."""
        with (
            TemporaryDirectory() as folder,
            open_log(Path(folder) / "log.sqlite", self.settings) as log,
        ):
            self._play_into(log, make, reporter, stop)
            return phase_figures(log.steps(), log.events(), "audit")

    def _play_into(
        self,
        log: InterventionLog,
        make: Callable[[AtariGame], Proposer],
        reporter: Reporter,
        stop: StopFlag,
    ) -> None:
        env = AtariGame(self.game, AtariSettings(sticky=self.settings.sticky))
        wrapper = OversightWrapper(
            env,
            self.overseer,
            GateSettings(mode=self.mode, history=history_of(self.game.name)),
            sink=log,
            episode_seed=episode_seed(AUDIT_SEED + self.settings.seed + self.seed),
            phase="audit",
        )
        proposer = make(env)
        observation, _ = wrapper.reset()
        with reporter.bar(self.name, self.steps) as bar:
            for step in range(1, self.steps + 1):
                observation, _, ended, cut, _ = wrapper.step(proposer.propose(observation))
                if ended or cut:
                    observation, _ = wrapper.reset()
                    proposer.reset()
                if step % 50 == 0 or step == self.steps:
                    bar.show(step, f"catastrophes {wrapper.gate.tally.catastrophes}")
                if stop():
                    return


def _maker(kind: Kind, game: Game, run: RunDirectory, seed: int) -> Callable[[AtariGame], Proposer]:
    rng = np.random.default_rng([seed, 3])
    simple: dict[Kind, Callable[[AtariGame], Proposer]] = {
        Kind.RANDOM: lambda _env: RandomProposer(game.n_actions, rng),
        Kind.HELD: lambda _env: HeldRandomProposer(game.n_actions, rng),
        Kind.DOWN: lambda _env: ConstantProposer(game.toward_harm),
    }
    if kind in simple:
        return simple[kind]

    def trained(env: AtariGame) -> Proposer:
        agent = make_agent(
            env, agent_settings(run.settings()), seed=seed, device="cpu", seed_env=False
        )
        load(agent, run.agent)
        return AgentProposer(agent, epsilon=0.05, rng=rng)

    return trained
