"""Grids: from a few words to the cells that are to be played."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import product
from types import MappingProxyType

from agents import Credit
from experiments.budgets import Budget, with_budget
from experiments.settings import (
    AgentChoice,
    Condition,
    OverseerChoice,
    RunSettings,
    ThresholdChoice,
)
from experiments.studies.runs import run_cell
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

    agents: tuple[AgentChoice, ...] = (AgentChoice.DOUBLE_DQN,)
    """Which agents learn."""

    seeds: tuple[int, ...] = (0, 1, 2)
    """Of everything, a cell each."""

    budget: Budget = Budget.SMALL
    """How long runs are."""

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
            yield with_ages(with_budget(run, settings.budget))


def with_ages(run: RunSettings) -> RunSettings:
    """Keep the agent at a tenth, a quarter, half and all of its steps."""
    steps = run.oversight_steps + run.blocker_steps
    return replace(run, ages=(steps // 10, steps // 4, steps // 2, steps))


def _table(settings: GridSettings) -> Iterator[Cell]:
    yield from map(run_cell, runs(settings, settings.conditions))


ABLATIONS: tuple[Mapping[str, object], ...] = (
    {},
    {"credit": Credit.EXECUTED},
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


_MAKERS: Mapping[Grid, Callable[[GridSettings], Iterator[Cell]]] = MappingProxyType(
    {Grid.TABLE: _table, Grid.ABLATIONS: _ablations, Grid.HOURS: _hours}
)
