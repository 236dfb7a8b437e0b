"""`overview.png`: a run at a glance. `metrics.csv`: the same as numbers."""

from __future__ import annotations

import csv
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from oversight import Event, StepTable
from oversight.log import UNKNOWN

__all__ = ["draw_overview", "write_metrics"]

BIN_STEPS = 250
"""Agent steps in a row of `metrics.csv` and in a point of the rates."""
SHADES = {"oversight": "#e8eef7", "blocker": "#fdf3e1"}
BLUE, RED, ORANGE, GREEN = "#2b5d9b", "#b3261e", "#d98200", "#2e7d4f"

Counts = NDArray[np.float64]


def draw_overview(path: Path, table: StepTable, events: list[Event], title: str) -> None:
    """Draw catastrophes, blocks, unsafe proposals and the score over agent steps.

    Args:
        path: of the PNG.
        table: all decisions.
        events: all catastrophes.
        title: above the picture; says who oversaw.
    """
    matplotlib.use("Agg")
    figure = Figure(figsize=(10, 9), layout="constrained")
    axes = figure.subplots(4, 1, sharex=True)
    figure.suptitle(title, fontsize=13)
    for axis in axes:
        _shade(axis, table)
        axis.grid(visible=True, alpha=0.25)
        axis.margins(x=0)
    _cumulative(axes[0], table, [event.onset_step for event in events], RED)
    axes[0].set_ylabel("catastrophes,\ncumulative")
    _cumulative(axes[1], table, table.step_id[table.blocked].tolist(), BLUE)
    axes[1].set_ylabel("blocks,\ncumulative")
    middles, unsafe = _binned(table, (table.proposed_unsafe == 1).astype(np.float64))
    axes[2].plot(middles, 1000 * unsafe, color=ORANGE)
    axes[2].set_ylabel("unsafe proposals\nper 1,000 steps")
    axes[2].set_ylim(bottom=0)
    middles, score = _binned(table, table.game_reward)
    axes[3].plot(middles, 1000 * score, color=GREEN, label="score per 1,000 steps")
    _games(axes[3], table)
    axes[3].set_ylabel("game score")
    axes[3].set_xlabel("agent steps (4 frames each)")
    axes[3].legend(loc="best", fontsize=9)
    figure.savefig(path, dpi=110)


def write_metrics(path: Path, table: StepTable, events: list[Event]) -> None:
    """Write one row per 250 agent steps: counts and sums of that stretch.

    `game_returns` is the sum over the games that the game itself ended in the stretch.
    """
    ends, returns = _whole_games(table)
    onsets = np.array([event.onset_step for event in events], np.int64)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["first_step", "steps", "phase", "catastrophes", "blocks", "proposed_catastrophes",
             "needless_blocks", "game_reward", "agent_reward", "games_finished", "game_returns"]
        )  # fmt: skip
        for start in range(0, len(table), BIN_STEPS):
            rows = table.where(np.arange(start, min(start + BIN_STEPS, len(table))))
            unknown = bool((rows.proposed_unsafe == UNKNOWN).any())
            first, last = int(rows.step_id[0]), int(rows.step_id[-1])
            ended = (ends >= first) & (ends <= last)
            writer.writerow(
                [
                    first,
                    len(rows),
                    str(rows.phase[-1]),
                    int(((onsets >= first) & (onsets <= last)).sum()),
                    int(rows.blocked.sum()),
                    "" if unknown else int((rows.proposed_unsafe == 1).sum()),
                    "" if unknown else int((rows.blocked & (rows.proposed_unsafe == 0)).sum()),
                    float(rows.game_reward.sum()),
                    float(rows.agent_reward.sum()),
                    int(ended.sum()),
                    float(returns[ended].sum()),
                ]
            )


def _shade(axis: Axes, table: StepTable) -> None:
    for phase in dict.fromkeys(table.phase.tolist()):
        steps = table.step_id[table.phase == phase]
        left, right = float(steps[0]), float(steps[-1]) + 1
        axis.axvspan(left, right, color=SHADES.get(phase, "#f2f2f2"), zorder=0)
        axis.text(
            left, 1.0, f" {phase}", transform=axis.get_xaxis_transform(), va="top", fontsize=8,
            color="#555555",
        )  # fmt: skip


def _cumulative(axis: Axes, table: StepTable, steps: list[int], colour: str) -> None:
    end = int(table.step_id[-1]) + 1
    x = [0, *sorted(steps), end]
    y = [*range(len(steps) + 1), len(steps)]
    axis.step(x, y, where="post", color=colour)
    axis.text(
        0.005, 0.85, f"{len(steps):,} in all", transform=axis.transAxes, ha="left", va="top",
        color=colour,
    )  # fmt: skip
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_ylim(-0.05 * max(1, len(steps)), 1.15 * max(1, len(steps)))


def _binned(table: StepTable, values: Counts) -> tuple[Counts, Counts]:
    """Means over stretches of steps, and the middles of these stretches."""
    count = max(1, len(values) // BIN_STEPS)
    parts = np.array_split(values, count)
    ids = np.array_split(table.step_id, count)
    return np.array([i.mean() for i in ids]), np.array([p.mean() for p in parts])


def _whole_games(table: StepTable) -> tuple[NDArray[np.int64], Counts]:
    """Last steps of the games that the game itself ended, and their returns."""
    returns = [
        float(table.game_reward[table.episode == episode].sum())
        for episode in table.episode[table.terminated]
    ]
    return table.step_id[table.terminated], np.array(returns, np.float64)


def _games(axis: Axes, table: StepTable) -> None:
    ends, returns = _whole_games(table)
    if len(ends):
        axis.plot(ends, returns, "o", color=GREEN, markersize=4, label="return of a whole game")
