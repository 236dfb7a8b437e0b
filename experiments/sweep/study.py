"""What a study is to the sweep: how much work its cells are, and how one is played."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from experiments.reporter import Reporter
from experiments.settings import Condition
from experiments.stopping import StopFlag
from experiments.sweep.cell import Json

__all__ = ["Place", "Row", "Study", "Work"]

Row = dict[str, Json]
"""A row of results: scalars by name."""


@dataclass(frozen=True)
class Work:
    """How much a cell has to play.

    Attributes:
        game: in which game.
        condition: whose gate is passed.
        learn: agent steps of a learning agent.
        act: agent steps without learning.
    """

    game: str
    condition: Condition
    learn: int = 0
    act: int = 0


@dataclass(frozen=True)
class Place:
    """Where and how a cell is played.

    Attributes:
        folder: the cell's own.
        base: folder of the cell that it needs, finished; None if it needs none.
        reporter: where progress goes.
        stop: asked at every step.
    """

    folder: Path
    base: Path | None
    reporter: Reporter
    stop: StopFlag


@dataclass(frozen=True)
class Study:
    """One kind of cell.

    Attributes:
        label: a cell's settings in a few words, for tables.
        work: how much there is to play; raises `RunError` for settings that cannot be run.
        play: plays a cell and returns its rows; None if it was stopped before its end.
    """

    label: Callable[[Mapping[str, Json]], str]
    work: Callable[[Mapping[str, Json]], Work]
    play: Callable[[Mapping[str, Json], Place], list[Row] | None]
