"""Progress of a training, with a time to its end that can be believed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

__all__ = ["Pace", "bar"]

WINDOW_SECONDS = 120.0
"""The pace is that of the last two minutes: what came before says little of what comes."""
LINE_SECONDS = 30.0
"""Where there is no terminal to draw a bar on, a line is printed this often."""


class Pace:
    """Steps a second of late, and what they say of the time that is left."""

    def __init__(self, total: int | None, warm: int = 0) -> None:
        """Take the steps in all and those at first that are faster than the rest."""
        self._total = total
        self._warm = warm
        self._seen: deque[tuple[float, int]] = deque()

    def see(self, now: float, done: int) -> None:
        """So much is done now, in seconds of any clock."""
        if done <= self._warm:
            self._seen.clear()
        self._seen.append((now, done))
        while now - self._seen[0][0] > WINDOW_SECONDS:
            self._seen.popleft()

    @property
    def rate(self) -> float | None:
        """Steps a second; None before there is anything to tell it by."""
        (then, before), (now, done) = self._seen[0], self._seen[-1]
        return (done - before) / (now - then) if now > then else None

    @property
    def left(self) -> float | None:
        """Seconds left; None where they are not known, as before learning has begun."""
        if self._total is None or not self._seen or not self.rate:
            return None
        return (self._total - self._seen[-1][1]) / self.rate

    def __str__(self) -> str:
        """In words, for a bar or a line."""
        if not self._seen or self.rate is None:
            return "pace not known yet"
        words = f"{self.rate:,.0f} steps/s"
        return (
            words if self.left is None else f"{words}, {timedelta(seconds=round(self.left))} left"
        )


@contextmanager
def bar(
    console: Console, title: str, total: int | None, warm: int = 0
) -> Iterator[Callable[[int, str], None]]:
    """A bar over some steps; yields what to call with the steps done and a note."""
    pace = Pace(total, warm)
    due = time.monotonic() + LINE_SECONDS
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
        disable=not console.is_terminal,
    )
    with progress:
        task = progress.add_task(title, total=total, note="")

        def show(done: int, note: str) -> None:
            nonlocal due
            now = time.monotonic()
            pace.see(now, done)
            progress.update(task, completed=done, note=f"{pace}  {note}")
            if not console.is_terminal and now >= due:
                due = now + LINE_SECONDS
                of = "" if total is None else f" of {total:,}"
                console.print(f"  {title}: {done:,}{of}  {pace}  {note}", soft_wrap=True)

        yield show
