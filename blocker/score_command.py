"""`python -m blocker score`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from blocker.scoring import score_log

__all__ = ["Score", "score"]


@dataclass(frozen=True)
class Score:
    """Write a Blocker's opinion on every decision into the log, for the review window.

    May be done while a run writes the log; what was judged already is passed over.
    """

    log: Annotated[Path, tyro.conf.Positional]
    """The log, such as RUN_DIR/log.sqlite."""
    blocker: Path
    """The Blocker's file."""
    name: str | None = None
    """Name that its opinions get in the log; the file's if not given."""


def score(command: Score, console: Console) -> int:
    """Judge, write and say how many; errors as in `score_log`."""
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console
    ) as progress:
        task = progress.add_task("judging", total=None)

        def show(done: int, of: int) -> None:
            progress.update(task, completed=done, total=of)

        count = score_log(command.log, command.blocker, name=command.name, on_step=show)
    console.print(f"{count:,} decisions judged anew and written into {command.log}", soft_wrap=True)
    return count
