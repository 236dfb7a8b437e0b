"""What a person sees while a run goes on: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from oversight.terminal import open_console

__all__ = ["Bar", "Reporter"]

LINE_SECONDS = 10.0
"""Where there is no terminal to draw bars on, a line is printed this often."""


class Bar:
    """The progress of one phase."""

    def __init__(self, console: Console, progress: Progress, title: str, total: int) -> None:
        """Begin a bar; `Reporter.bar` does."""
        self._console = console
        self._progress = progress
        self._title = title
        self._total = total
        self._done = 0
        self._task: TaskID = progress.add_task(title, total=total, note="")
        self._line_due = time.monotonic() + LINE_SECONDS

    def show(self, done: int, note: str = "") -> None:
        """So much is done."""
        self._done = done
        self._progress.update(self._task, completed=done, note=note)
        if not self._console.is_terminal and time.monotonic() >= self._line_due:
            self._line_due = time.monotonic() + LINE_SECONDS
            self._console.print(f"  {self._title}: {done:,} of {self._total:,}  {note}")


class Reporter:
    """Prints what happens and draws progress."""

    def __init__(self, console: Console | None = None) -> None:
        """Print to a console; standard output if none is given."""
        self.console = console or open_console()

    def say(self, text: str) -> None:
        """Print a line."""
        self.console.print(text, soft_wrap=True)

    @contextmanager
    def bar(self, title: str, total: int) -> Iterator[Bar]:
        """A bar over some work."""
        progress = Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=self.console,
            disable=not self.console.is_terminal,
            refresh_per_second=5,
        )
        with progress:
            yield Bar(self.console, progress, title, total)
