"""A whole run as a cell: a condition of the paper's table, or a variant of it for an ablation."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping
from pathlib import Path

from agents import Algorithm
from experiments.budgets import overseen_by_budget, segments_by_budget
from experiments.pipeline import run_sitting
from experiments.rundir import RunDirectory, Stage
from experiments.settings import Condition, RunSettings
from experiments.sweep.cell import Cell, Json, read_object
from experiments.sweep.study import Place, Row, Study, Work

__all__ = ["RUN", "RUN_FOLDER", "run_cell", "run_of", "variant_of"]

RUN_FOLDER = "run"
"""The run directory within a cell's folder."""
CURVE_POINTS = 40
"""Stretches of steps that a row keeps of a run."""
VARIED = (
    "person",
    "rewind_steps",
    "handover",
    "credit",
    "end_on_block",
    "prune",
    "head_start",
    "reward_rule",
    "penalty",
    "sticky",
    "threshold",
    "blocker_screens",
)
"""Settings that make a variant where they are not the default's."""
KEPT = (
    "agent_steps",
    "learned_steps",
    "episodes",
    "catastrophes",
    "catastrophes_after_handover",
    "catastrophe_rate_after_handover_upper_95",
    "proposed_catastrophes",
    "blocks",
    "needless_blocks",
    "human_decisions",
    "human_seconds",
    "human_seconds_are",
    "rewinds",
    "rewound_steps",
    "undone_catastrophes",
    "handover",
    "game_return_mean",
    "games_finished",
    "agent_steps_per_second",
    "wall_seconds",
    "blocker",
    "phases",
)
"""Keys of summary.json that a row keeps."""
COUNTED = (
    "steps",
    "catastrophes",
    "blocks",
    "proposed_catastrophes",
    "game_reward",
    "games_finished",
    "game_returns",
)
"""Columns of metrics.csv that a curve keeps."""


def run_cell(settings: RunSettings) -> Cell:
    """A run as a cell.

    Raises:
        RunError: the settings cannot be run.
    """
    values: dict[str, Json] = {}
    for name, value in settings.check().as_json().items():
        values[name] = list(value) if isinstance(value, tuple) else value  # type: ignore[assignment]
    return Cell("run", values)


def run_of(base: Path | None) -> RunDirectory:
    """The run directory in a finished cell's folder.

    Raises:
        RunError: there is none.
    """
    return RunDirectory.open((base or Path()) / RUN_FOLDER)


def variant_of(settings: RunSettings) -> str:
    """What differs from the default run, in words; empty if nothing does."""
    usual = RunSettings()
    changed = [name for name in VARIED if getattr(settings, name) != getattr(usual, name)]
    return ", ".join(f"{name} {getattr(settings, name)}" for name in changed)


def _label(values: Mapping[str, Json]) -> str:
    settings = _settings(values)
    words = [settings.game, settings.condition.value]
    if settings.agent is not Algorithm.DOUBLE_DQN:
        words.append(settings.agent.value)
    if settings.condition is Condition.HIRL:
        words.append(settings.overseer.value)
        if settings.oversight_steps not in overseen_by_budget(settings.game):
            words.append(f"{settings.oversight_steps:,} overseen")
    if settings.segment_steps not in (None, *segments_by_budget()):
        words.append(f"in games of {settings.segment_steps:,}")
    return " ".join([*words, variant_of(settings), f"seed {settings.seed}"]).replace("  ", " ")


def _settings(values: Mapping[str, Json]) -> RunSettings:
    return RunSettings.from_json(dict(values))


def _work(values: Mapping[str, Json]) -> Work:
    settings = _settings(values)
    steps = settings.oversight_steps + settings.blocker_steps
    return Work(settings.game, settings.condition, learn=steps)


def _play(values: Mapping[str, Json], place: Place) -> list[Row] | None:
    path = place.folder / RUN_FOLDER
    if (path / "state.json").is_file():
        run = RunDirectory.open(path)
    else:
        shutil.rmtree(path, ignore_errors=True)  # killed before its first step: nothing is in it
        run = RunDirectory.create(path, _settings(values))
    if run_sitting(run, place.reporter, place.stop) is not Stage.DONE:
        return None
    return [row_of_run(run)]


def row_of_run(run: RunDirectory) -> Row:
    """The row of a finished run: its settings, its summary's figures, and how they came about."""
    settings, summary = run.settings(), read_object(run.summary)
    row: Row = {
        "game": settings.game,
        "condition": settings.condition.value,
        "agent": settings.agent.value,
        "overseer": summary["overseer"],
        "variant": variant_of(settings),
        "seed": settings.seed,
        "oversight_steps": settings.oversight_steps,
        "asked_steps": settings.oversight_steps + settings.blocker_steps,
    }
    # What a summary of before has no name for is not known.
    return row | {name: summary.get(name) for name in KEPT} | {"curve": _curve(run.metrics)}


def _curve(path: Path) -> list[Json]:
    """The counts of `metrics.csv`, summed over at most `CURVE_POINTS` stretches."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    each = max(1, -(-len(rows) // CURVE_POINTS))
    curve: list[Json] = []
    for start in range(0, len(rows), each):
        part = rows[start : start + each]
        curve.append({name: _sum(part, name) for name in COUNTED} | {"phase": part[-1]["phase"]})
    return curve


def _sum(rows: list[dict[str, str]], name: str) -> float | None:
    values = [row[name] for row in rows]
    return None if "" in values else sum(map(float, values))


RUN = Study(label=_label, work=_work, play=_play)
