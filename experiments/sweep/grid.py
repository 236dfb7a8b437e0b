"""Grids: from a few words to the cells that are to be played."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import product
from types import MappingProxyType

from agents import Algorithm, Credit
from experiments.budgets import Budget, with_budget
from experiments.settings import (
    Condition,
    OverseerChoice,
    RunSettings,
    ThresholdChoice,
)
from experiments.studies.alone import ALONE, BEHIND
from experiments.studies.common import StudySettings
from experiments.studies.forgetting import ARMS as FORGETTING_ARMS
from experiments.studies.red_team import ARMS as RED_TEAM_ARMS
from experiments.studies.runs import run_cell
from experiments.studies.transfer import ARMS as TRANSFER_ARMS
from experiments.studies.ways import WAYS
from experiments.sweep.cell import Cell
from oversight import RewardRule, RunError

__all__ = ["Grid", "GridSettings", "cells_of"]


class Grid(StrEnum):
    """Which cells."""

    TABLE = "table"
    """The paper's table: games, conditions, agents, seeds."""
    ABLATIONS = "ablations"
    """HIRL as the paper has it, with one thing changed at a time."""
    HOURS = "hours"
    """HIRL after more and more overseen steps: what an hour of oversight buys."""
    ALONE = "alone"
    """The trained agents without their Blocker and behind it, at several ages."""
    FORGETTING = "forgetting"
    """Attempts after mastery, learning on or not, with random actions or without."""
    TRANSFER = "transfer"
    """A Blocker guards other agents that learn behind it, one of them paid for harm."""
    RED_TEAM = "red_team"
    """A search for a Blocker's holes, ours and the paper's, before and after a round."""
    WAYS = "ways"
    """What a simulated person spends and misses in six ways of working."""


@dataclass(frozen=True)
class GridSettings:
    """What a grid is made of."""

    grid: tuple[Grid, ...] = (Grid.TABLE,)
    """Which cells; several grids share the cells that they have in common."""

    games: tuple[str, ...] = ("pong",)
    """Which games."""

    conditions: tuple[Condition, ...] = tuple(Condition)
    """Which rows of the paper's table."""

    overseers: tuple[OverseerChoice, ...] = (OverseerChoice.SIMULATED,)
    """Who oversees the first phase of HIRL: simulated or oracle; a person sits at one window."""

    agents: tuple[Algorithm, ...] = (Algorithm.DOUBLE_DQN,)
    """Which agents learn; the studies `alone` and `forgetting` are of double_dqn."""

    seeds: tuple[int, ...] = (0, 1, 2)
    """Of everything, a cell each."""

    budget: Budget = Budget.SMALL
    """How long runs are."""

    oversight_steps: int | None = None
    """Overseen agent steps of each run in place of the budget's; as many fewer follow, so that runs
    are as long."""

    segment_steps: int | None = None
    """While a person oversees, a new game begins after so many agent steps; the game's own number
    if not given (300 in Pong, 1,000 in Space Invaders, 2,000 in Road Runner)."""

    study_steps: int | None = None
    """Agent steps of a cell of a study about runs; a tenth of the run's if not given."""

    human_hours: tuple[float, ...] = field(default=(0.1, 0.25, 0.5, 1.0, 2.0, 4.0))
    """Hours of simulated attention in the grid `hours`, at the person's pace."""

    def check(self) -> GridSettings:
        """Refuse what cannot be played.

        Raises:
            RunError: says what was expected and what came.
        """
        if set(self.overseers) - {OverseerChoice.SIMULATED, OverseerChoice.ORACLE}:
            raise RunError("expected overseers of simulated or oracle: nobody sits at a sweep")
        for name in ("grid", "games", "conditions", "overseers", "agents", "seeds"):
            if not getattr(self, name):
                raise RunError(f"expected at least one of {name}, got none")
        for name in ("oversight_steps", "segment_steps", "study_steps"):
            steps = getattr(self, name)
            if steps is not None and steps < 1:
                raise RunError(f"expected {name} of 1 or more, got {steps}")
        if any(hours <= 0 for hours in self.human_hours):
            raise RunError(f"expected human hours above 0, got {self.human_hours}")
        return self


def cells_of(settings: GridSettings) -> list[Cell]:
    """The cells that are asked for, each once.

    Raises:
        RunError: a game is not known, or has no Blocker for HIRL yet.
    """
    settings.check()
    cells: dict[str, Cell] = {}
    for grid in settings.grid:
        for cell in _MAKERS[grid](settings):
            cells.setdefault(cell.key, cell)
    return list(cells.values())


def runs(settings: GridSettings, conditions: tuple[Condition, ...]) -> Iterator[RunSettings]:
    """Settings of runs by seed, game, agent and condition.

    Seeds are outermost, so that a sweep that is cut short has whole tables of fewer seeds.
    """
    several = product(settings.seeds, settings.games, settings.agents, conditions)
    for seed, game, agent, condition in several:
        chosen = settings.overseers if condition is Condition.HIRL else (OverseerChoice.AUTO,)
        for overseer in chosen:
            run = RunSettings(
                game=game, seed=seed, agent=agent, condition=condition, overseer=overseer
            )
            yield with_ages(_overseen(with_budget(run, settings.budget), settings))


def _overseen(run: RunSettings, settings: GridSettings) -> RunSettings:
    """The run with the overseen part that is asked for, as long as before.

    Raises:
        RunError: nothing would be left for the Blocker.
    """
    total = run.oversight_steps + run.blocker_steps
    overseen = settings.oversight_steps or run.oversight_steps
    if overseen >= total:
        raise RunError(f"expected fewer oversight_steps than a run's {total:,}, got {overseen:,}")
    return replace(
        run,
        oversight_steps=overseen,
        blocker_steps=total - overseen,
        segment_steps=settings.segment_steps or run.segment_steps,
    )


def with_ages(run: RunSettings) -> RunSettings:
    """Keep a Double DQN at a tenth, a quarter, half and all of its steps."""
    if run.agent is not Algorithm.DOUBLE_DQN:
        return run
    steps = run.oversight_steps + run.blocker_steps
    return replace(run, ages=(steps // 10, steps // 4, steps // 2, steps))


def _table(settings: GridSettings) -> Iterator[Cell]:
    yield from map(run_cell, runs(settings, settings.conditions))


ABLATIONS: tuple[Mapping[str, object], ...] = (
    {},
    {"credit": Credit.EXECUTED},
    {"end_on_block": True},
    {"prune": True},
    {"head_start": True},
    {"reward_rule": RewardRule.ADD},
    {"penalty": 0.0},
    {"threshold": ThresholdChoice.LOWEST_POSITIVE},
    {"blocker_screens": 1},
    {"rewind_steps": 8},
    {"sticky": 0.25},
)
"""What differs from the default run: one thing at a time, and nothing in the first."""


def _ablations(settings: GridSettings) -> Iterator[Cell]:
    for run in runs(settings, (Condition.HIRL,)):
        for changes in ABLATIONS:
            yield run_cell(replace(run, **changes))  # type: ignore[arg-type]


def _hours(settings: GridSettings) -> Iterator[Cell]:
    for run in runs(settings, (Condition.NO_OVERSIGHT, Condition.HIRL)):
        if run.condition is Condition.NO_OVERSIGHT:
            yield run_cell(run)
            continue
        steps = run.oversight_steps + run.blocker_steps
        for hours in settings.human_hours:
            overseen = round(hours * 3600 * 1.25)  # labels of 0.8 s, as the paper's took
            if overseen < steps:
                yield run_cell(
                    replace(run, oversight_steps=overseen, blocker_steps=steps - overseen)
                )


def _about(
    settings: GridSettings, study: str, run: RunSettings, arms: Iterable[str], ages: Iterable[int]
) -> Iterator[Cell]:
    """Cells of a study about one run."""
    total = run.oversight_steps + run.blocker_steps
    steps = settings.study_steps or max(1, total // 10)
    for age, arm in product(ages, arms):
        yield Cell(study, StudySettings.of(run, arm, steps, age).as_json(), run_cell(run))


def _double_dqns(settings: GridSettings) -> GridSettings:
    """The same grid with the agents that can be gone on with and were kept at their ages.

    Raises:
        RunError: there are none.
    """
    if Algorithm.DOUBLE_DQN not in settings.agents:
        raise RunError("the grids alone and forgetting are of double_dqn: expected it in --agents")
    return replace(settings, agents=(Algorithm.DOUBLE_DQN,))


def _alone(settings: GridSettings) -> Iterator[Cell]:
    asked = set(settings.conditions) - {Condition.NO_OVERSIGHT}
    for run in runs(_double_dqns(settings), tuple(c for c in Condition if c in asked)):
        arms = (BEHIND, ALONE) if run.condition is Condition.HIRL else (ALONE,)
        yield from _about(settings, "alone", run, arms, run.ages)


def _forgetting(settings: GridSettings) -> Iterator[Cell]:
    for run in runs(_double_dqns(settings), (Condition.HIRL, Condition.PENALTY_ONLY)):
        yield from _about(settings, "forgetting", run, FORGETTING_ARMS, (0,))


def _transfer(settings: GridSettings) -> Iterator[Cell]:
    for run in runs(settings, (Condition.HIRL,)):
        yield from _about(settings, "transfer", run, TRANSFER_ARMS, (0,))


def _red_team(settings: GridSettings) -> Iterator[Cell]:
    for run in runs(settings, (Condition.HIRL,)):
        yield from _about(settings, "red_team", run, RED_TEAM_ARMS, (0,))


def _ways(settings: GridSettings) -> Iterator[Cell]:
    for run in runs(settings, (Condition.HIRL,)):
        yield from _about(settings, "ways", run, WAYS, (0,))


_MAKERS: Mapping[Grid, Callable[[GridSettings], Iterator[Cell]]] = MappingProxyType(
    {
        Grid.TABLE: _table,
        Grid.ABLATIONS: _ablations,
        Grid.HOURS: _hours,
        Grid.ALONE: _alone,
        Grid.FORGETTING: _forgetting,
        Grid.TRANSFER: _transfer,
        Grid.RED_TEAM: _red_team,
        Grid.WAYS: _ways,
    }
)
