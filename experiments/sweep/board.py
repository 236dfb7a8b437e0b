"""What a sweep shows while it works: a live table on a terminal, lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table

from experiments.studies import study_named
from experiments.sweep.scheduler import Entry, State

__all__ = ["shown", "sweep_table"]

LINE_SECONDS = 15.0
"""Where there is no terminal, so often a line."""
STYLES = {State.DONE: "green", State.RUNNING: "bold", State.FAILED: "red", State.STOPPED: "yellow"}
MOST = 40
"""Rows at most: of many cells those that wait are left out first."""


def sweep_table(entries: Mapping[str, Entry]) -> Table:
    """All cells with their state, progress, steps a second and time left."""
    counts = Counter(entry.state for entry in entries.values())
    told = ", ".join(f"{counts[state]} {state}" for state in State if counts[state])
    table = Table(title=f"{len(entries)} cells: {told}", title_justify="left")
    table.add_column("cell", no_wrap=True)
    table.add_column("state")
    table.add_column("steps", justify="right")
    table.add_column("a second", justify="right")
    table.add_column("minutes left", justify="right")
    table.add_column("doing", overflow="ellipsis", no_wrap=True)
    waiting_last = sorted(entries.values(), key=lambda entry: entry.state is State.WAITING)
    for entry in waiting_last[:MOST]:
        table.add_row(*_row(entry), style=STYLES.get(entry.state, "dim"))
    if len(waiting_last) > MOST:
        table.caption = f"and {len(waiting_last) - MOST} more"
    return table


def _row(entry: Entry) -> tuple[str, ...]:
    label = study_named(entry.cell.study).label(entry.cell.settings)
    if entry.state is not State.RUNNING:
        return (label, entry.state, "", "", "", entry.fault or "")
    progress = entry.progress
    state = entry.state if entry.tries == 1 else f"try {entry.tries}"
    if progress.done == 0:
        return (label, state, "", "", "", progress.doing or "starting")
    rate = entry.steps_per_second(time.monotonic())
    steps = f"{progress.done:,} of {progress.of:,}"
    note = f"{progress.doing}: {progress.note}" if progress.note else progress.doing
    if rate is None:
        return (label, state, steps, "", "", note)
    left = (progress.of - progress.done) / rate / 60
    return (label, state, steps, f"{rate:.0f}", f"{left:.1f}", note)


@contextmanager
def shown(console: Console, entries: Mapping[str, Entry]) -> Iterator[Callable[[], None]]:
    """Gives what is to be called to draw anew."""
    if not console.is_terminal:
        yield _Lines(console, entries)
        console.print(sweep_table(entries))
        return
    with Live(sweep_table(entries), console=console, refresh_per_second=2) as live:
        yield lambda: live.update(sweep_table(entries))


class _Lines:
    """A line for every change of a state, and one now and then for those at work."""

    def __init__(self, console: Console, entries: Mapping[str, Entry]) -> None:
        self._console = console
        self._entries = entries
        self._seen = {key: entry.state for key, entry in entries.items()}
        self._due = time.monotonic() + LINE_SECONDS

    def __call__(self) -> None:
        for key, entry in self._entries.items():
            if entry.state is not self._seen[key]:
                self._seen[key] = entry.state
                self._say(entry)
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + LINE_SECONDS
            for entry in self._entries.values():
                if entry.state is State.RUNNING:
                    self._say(entry)

    def _say(self, entry: Entry) -> None:
        label, state, steps, rate, left, doing = _row(entry)
        numbers = f" {steps}" if steps else ""
        numbers += f", {rate} a second, {left} min left" if rate else ""
        self._console.print(f"  {label}: {state}{numbers} {doing}".rstrip(), soft_wrap=True)
