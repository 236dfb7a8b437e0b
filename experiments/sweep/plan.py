"""The cells of a sweep with their computed hours, before any is played."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.table import Table

from experiments.studies import study_named
from experiments.sweep.scheduler import Entry, State
from experiments.sweep.speed import Speeds
from experiments.sweep.study import Work
from oversight import RunError

__all__ = ["Planned", "plan", "plan_table", "wall_hours"]


@dataclass(frozen=True)
class Planned:
    """A cell of a plan.

    Attributes:
        label: in words.
        work: what there is to play; None if it cannot be played.
        hours: of one core; 0 if it is finished already, None if its speed is not known.
        state: "finished", "to do", or why it cannot be played.
    """

    label: str
    work: Work | None
    hours: float | None
    state: str


def plan(entries: Mapping[str, Entry], speeds: Speeds) -> list[Planned]:
    """Compute each cell's hours from measured speeds."""
    return [_planned(entry, speeds) for entry in entries.values()]


def _planned(entry: Entry, speeds: Speeds) -> Planned:
    study = study_named(entry.cell.study)
    label = study.label(entry.cell.settings)
    try:
        work = study.work(entry.cell.settings)
        if entry.state is State.DONE:
            return Planned(label, work, 0.0, "finished")
        speed = speeds.of(work.game, work.condition)
    except RunError as error:
        return Planned(label, None, 0.0, str(error))
    return Planned(label, work, None if speed is None else speed.seconds(work) / 3600, "to do")


def wall_hours(planned: list[Planned], workers: int) -> float:
    """Hours until all is done on so many cores: the longest cell, or all of them shared out."""
    hours = [each.hours or 0.0 for each in planned]
    return max(max(hours, default=0.0), sum(hours) / workers)


def plan_table(planned: list[Planned], workers: int) -> Table:
    """For a terminal."""
    table = Table(title=f"{len(planned)} cells", title_justify="left", caption_justify="left")
    table.caption = _caption(planned, workers)
    table.add_column("cell", no_wrap=True)
    table.add_column("learning steps", justify="right")
    table.add_column("acting steps", justify="right")
    table.add_column("core hours", justify="right")
    table.add_column("state")
    for each in planned:
        steps = ("-", "-") if each.work is None else (f"{each.work.learn:,}", f"{each.work.act:,}")
        hours = "-" if each.hours is None else f"{each.hours:.2f}"
        table.add_row(each.label, *steps, hours, each.state)
    return table


def _caption(planned: list[Planned], workers: int) -> str:
    if any(each.hours is None for each in planned):
        return "Hours are computed from measured speeds: --plan measures them, and begins nothing."
    total = sum(each.hours or 0.0 for each in planned)
    return (
        f"{total:.2f} core hours; at least {wall_hours(planned, workers):.2f} hours on {workers} "
        "cores. From a Double DQN's speeds on this machine, measured now or in an earlier plan "
        "(speeds.json); "
        "what trains a Blocker takes some minutes more."
    )
