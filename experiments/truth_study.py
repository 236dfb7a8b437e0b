"""What proposers do to each game with nobody overseeing, and with the exact truth as overseer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path

from rich.table import Table

from experiments.adversaries import ADVERSARIES, ASKING, adversaries_of
from experiments.cells import Cell, TruthRow, play_cell
from experiments.pool import each_done
from experiments.reporter import Bar, Reporter
from experiments.rundir import write_json
from experiments.stopping import StopFlag
from experiments.summary import upper_95
from experiments.tables import number
from oversight import GAMES, RunError
from oversight.classic import CLASSIC_GAMES

__all__ = ["TruthRow", "TruthSettings", "harm", "summed", "truth_study", "truth_table"]


@dataclass(frozen=True)
class TruthSettings:
    """Catastrophes of each game, counted: nobody overseeing, and the exact truth as overseer."""

    games: tuple[str, ...] = ("pong", "space_invaders", "road_runner")
    """Which games (see `python -m oversight games`); `all` for every one."""

    proposers: tuple[str, ...] = ()
    """Who proposes; those that fit the game if none are named."""

    steps: int = 20_000
    """Agent steps of each proposer and seed under the oracle."""

    unguarded_steps: int | None = None
    """Agent steps of each with nobody overseeing; as many if not given."""

    seeds: tuple[int, ...] = (0,)
    """The steps are played once for each of them: 4 seeds of 5,000 steps make 20,000."""

    minutes: float | None = None
    """A cell ends after this many minutes of processor time; its row says how far it came."""

    workers: int = 1
    """Processes that play cells side by side."""

    out: Path | None = None
    """JSON file for the rows. Cells that it has already, of as many steps, are not played again."""

    def check(self) -> TruthSettings:
        """Refuse what cannot be run.

        Raises:
            RunError: says what was expected and what came.
        """
        unknown = [name for name in self.proposers if name not in ADVERSARIES]
        if unknown:
            known = ", ".join(ADVERSARIES)
            raise RunError(f"unknown proposer {unknown[0]!r}: expected some of {known}")
        if self.steps < 1 or (self.unguarded_steps or 0) < 0:
            raise RunError(f"expected steps of 1 or more, got {self.steps}")
        if not self.seeds or min(self.seeds) < 0:
            raise RunError(f"expected seeds of 0 or more, got {self.seeds}")
        if self.workers < 1 or (self.minutes is not None and self.minutes <= 0):
            raise RunError("expected workers of 1 or more, and minutes above 0")
        listed = (*GAMES, *CLASSIC_GAMES)
        for name in self.games:
            if name not in listed and name != "all":
                raise RunError(f"unknown game {name!r}: expected one of {', '.join(listed)}")
        return self

    @property
    def played(self) -> tuple[str, ...]:
        """The games by name."""
        return (*GAMES, *CLASSIC_GAMES) if "all" in self.games else self.games


def truth_study(settings: TruthSettings, reporter: Reporter, stop: StopFlag) -> list[TruthRow]:
    """Play every cell that is not there yet, print the table and write the rows."""
    kept = _kept(settings.out)
    asked = _cells(settings)
    missing = [cell for cell in asked if not _finished(kept.get(cell.key), cell)]
    if len(missing) < len(asked):
        reporter.say(f"{len(asked) - len(missing)} of {len(asked)} cells are there already.")
    for row in _rows(missing, settings.workers, reporter, stop):
        before = kept.get(row.key)
        if row.steps and (before is None or row.steps >= before.steps):
            kept[row.key] = row
            if settings.out is not None:
                write_json(settings.out, [asdict(each) for each in kept.values()])
    rows = [kept[cell.key] for cell in asked if cell.key in kept]
    for game in dict.fromkeys(row.game for row in rows):
        reporter.console.print(truth_table([row for row in rows if row.game == game]))
    return rows


def _rows(
    cells: list[Cell], workers: int, reporter: Reporter, stop: StopFlag
) -> Iterator[TruthRow]:
    """Play cells, here one by one or side by side in other processes."""
    with reporter.bar("agent steps", sum(cell.steps for cell in cells)) as bar:
        done = 0
        if workers > 1:
            for row in each_done(play_cell, cells, workers, stop):
                done += row.steps
                bar.show(done, _told(row))
                yield row
            return
        for cell in cells:
            if stop():
                return
            yield play_cell(cell, stop, partial(_show, bar, cell, done))
            done += cell.steps


def _show(bar: Bar, cell: Cell, before: int, steps: int) -> None:
    overseer = "oracle" if cell.guarded else "nobody"
    bar.show(before + steps, f"{cell.game}, {cell.proposer}, {overseer}")


def _told(row: TruthRow) -> str:
    return f"{row.game}, {row.proposer}: {row.catastrophes} in {row.steps:,}"


def _kept(out: Path | None) -> dict[tuple[str, str, int, bool], TruthRow]:
    """The rows that a file has already, by cell."""
    if out is None or not out.exists():
        return {}
    names = {field.name for field in fields(TruthRow)}
    try:
        rows = [
            TruthRow(**values) for values in json.loads(out.read_text()) if names >= set(values)
        ]
    except (OSError, TypeError, ValueError) as error:
        raise RunError(
            f"{out} holds no rows of a truth study ({error}): give another --out"
        ) from None
    return {row.key: row for row in rows}


def _finished(row: TruthRow | None, cell: Cell) -> bool:
    if row is None:
        return False
    spent = 0.0 if row.cpu_seconds is None else row.cpu_seconds / 60
    return row.steps >= cell.steps or (cell.minutes is not None and spent >= cell.minutes)


def _cells(settings: TruthSettings) -> list[Cell]:
    """The cheap ones first, and a seed of everything before the next seed of anything."""
    unguarded = settings.steps if settings.unguarded_steps is None else settings.unguarded_steps
    lengths = {False: unguarded, True: settings.steps}
    cells = [
        Cell(game, proposer, seed, guarded, lengths[guarded], settings.minutes)
        for seed in settings.seeds
        for guarded in (False, True)
        for game in settings.played
        for proposer in settings.proposers or adversaries_of(game)
        if lengths[guarded]
    ]
    return sorted(cells, key=lambda cell: cell.proposer in ASKING)


def truth_table(rows: list[TruthRow]) -> Table:
    """The rows of one game for a terminal: nobody and the oracle side by side, seeds summed up."""
    table = Table(title=f"{rows[0].game}: catastrophes by the exact truth", title_justify="left")
    table.caption = (
        "Agent steps and catastrophes; in brackets those that no action could have averted. Lost: "
        "states in which nothing could avert the harm. At most: per 1,000 agent steps, one-sided "
        "95 %, exact binomial. Steps a second of processor time."
    )
    table.add_column("proposer", no_wrap=True)
    headings = ("nobody", "harm", "oracle", "harm", "at most", "lost")
    for heading in (*headings, "blocks", "steps/s"):
        table.add_column(heading, justify="right")
    for proposer in dict.fromkeys(row.proposer for row in rows):
        mine = [row for row in rows if row.proposer == proposer]
        alone, kept = ([row for row in mine if row.guarded is guarded] for guarded in (False, True))
        table.add_row(proposer, *_unguarded(summed(alone)), *_guarded(summed(kept)))
    return table


SUMMED = ("steps", "catastrophes", "avoidable", "lost_states", "blocks")


def summed(rows: list[TruthRow]) -> Mapping[str, float]:
    """Counts of several rows together, and the seconds that they took."""
    sums = {name: float(sum(getattr(row, name) or 0 for row in rows)) for name in SUMMED}
    sums["seconds"] = sum(
        row.steps / row.steps_per_second if row.cpu_seconds is None else row.cpu_seconds
        for row in rows
    )
    return sums


def harm(sums: Mapping[str, float]) -> str:
    """Catastrophes, and in brackets how many of them no action could have averted."""
    others = sums["catastrophes"] - sums["avoidable"]
    return number(sums["catastrophes"]) + (f" ({number(others)})" if others else "")


def _unguarded(sums: Mapping[str, float]) -> tuple[str, ...]:
    return (number(sums["steps"]), harm(sums)) if sums["steps"] else ("-",) * 2


def _guarded(sums: Mapping[str, float]) -> tuple[str, ...]:
    if not sums["steps"]:
        return ("-",) * 6
    bound = upper_95(int(sums["catastrophes"]), int(sums["steps"]))
    return (
        number(sums["steps"]),
        harm(sums),
        number(None if bound is None else 1000 * bound, 3),
        number(sums["lost_states"]),
        number(sums["blocks"]),
        number(sums["steps"] / sums["seconds"]),
    )
