"""`python -m experiments labour` and `fit-person`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import tyro
from rich.table import Table

from agents import HeldRandomProposer
from experiments.labour.cost import (
    N_CAT,
    Episodes,
    Quantity,
    cost_of,
    episodes_of,
    rho_of,
    seconds_of,
)
from experiments.labour.fitting import NAMES, FittedPerson, fit_person
from experiments.labour.watched import watched_of
from experiments.phases import episode_seed
from experiments.reporter import Reporter
from experiments.rundir import RunDirectory, write_json
from experiments.stopping import StopFlag
from oversight import (
    AllowAll,
    AtariGame,
    AtariSettings,
    GateSettings,
    InterventionLog,
    Mode,
    OversightWrapper,
    RunError,
    game_named,
)

__all__ = ["FitSettings", "LabourSettings", "fit", "labour"]

QUARTERS = 4
MILLION = 1e6
PAPERS_SECONDS = 0.8
"""Seconds a label in the paper (section 5)."""


@dataclass(frozen=True)
class LabourSettings:
    """What a person's oversight costs: C = t_human * rho * N_cat, with 95 % intervals.

    Of runs, also while they go on: seconds a label, labels per unsafe proposal (rho) at four
    ages of the agent, hours until so many catastrophes were met, and hours for a million steps.
    Of games without a run (--games): rho by random play held for 1 to 30 steps.
    """

    runs: tyro.conf.Positional[tuple[Path, ...]] = ()
    """Run directories."""

    games: tuple[str, ...] = ()
    """Games whose rho is measured now, such as montezuma_revenge."""

    steps: int = 2_000
    """Agent steps of each of these games."""

    n_cat: int = N_CAT
    """Catastrophes that have to be met: the paper's 166 of Pong."""

    seed: int = 0
    """Of episodes and proposers."""

    out: Path | None = None
    """JSON file for the rows."""

    def check(self) -> LabourSettings:
        """Refuse what cannot be computed.

        Raises:
            RunError: says what was expected and what came.
        """
        if not self.runs and not self.games:
            raise RunError("expected run directories, or games with --games, got neither")
        if self.steps < 1 or self.n_cat < 1 or self.seed < 0:
            raise RunError("expected steps and n_cat of 1 or more and a seed of 0 or more")
        try:
            for name in self.games:
                game_named(name)
        except ValueError as error:
            raise RunError(str(error)) from None
        return self


@dataclass(frozen=True)
class LabourRow:
    """The cost of overseeing one agent at one age in one game.

    Attributes:
        game, what: which game, and which agent at which age.
        labels, unsafe: counted.
        seconds_are: "measured", "simulated", or "the paper's" where no person judged.
        seconds: a label.
        rho: labels per unsafe proposal.
        hours: until `n_cat` unsafe proposals were met.
        hours_a_million: for a million labels.
    """

    game: str
    what: str
    labels: int
    unsafe: int
    seconds_are: str
    seconds: Quantity
    rho: Quantity
    hours: Quantity
    hours_a_million: Quantity


def labour(settings: LabourSettings, reporter: Reporter, stop: StopFlag) -> list[LabourRow]:
    """Compute, print and write the rows.

    Raises:
        OversightError: a run cannot be read.
    """
    settings.check()
    rows = [row for path in settings.runs for row in _rows_of_run(path, settings.n_cat)]
    for game in settings.games:
        episodes = _random_play(game, settings, reporter, stop)
        rows.append(_row(game, "random, held 1 to 30 steps", episodes, None, settings.n_cat))
    reporter.console.print(labour_table(rows, settings.n_cat))
    if settings.out is not None:
        write_json(
            settings.out,
            {"n_cat": settings.n_cat, "rows": [_finite(asdict(row)) for row in rows]},
        )
    return rows


def _finite(value: object) -> object:
    """Ready for JSON, which has no infinity: an interval without an end has null there."""
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return None if isinstance(value, float) and math.isinf(value) else value


def _rows_of_run(path: Path, n_cat: int) -> Iterator[LabourRow]:
    run = RunDirectory.open(path)
    settings = run.settings()
    with InterventionLog.open(run.log) as log:
        table = log.steps(undone=True)
    if len(table) == 0:
        raise RunError(f"{run.log} holds no decisions yet")
    everything = episodes_of(table)
    seconds = seconds_of(everything) if everything.judged_by_person.sum() else None
    kind = "measured" if "person" in set(table.source) else "simulated"
    name = settings.condition.value
    numbers = np.arange(len(table))
    for quarter in range(QUARTERS):
        inside = QUARTERS * numbers // len(table) == quarter
        if inside.any():
            first, last = int(numbers[inside][0]), int(numbers[inside][-1]) + 1
            what = f"{name}, steps {first:,} to {last:,}"
            part = episodes_of(table.where(inside))
            yield _row(settings.game, what, part, seconds, n_cat, kind)
    judged = table.where(np.isin(table.source, ("person", "simulated")))
    if len(judged):
        episodes = episodes_of(judged)
        row = _row(settings.game, f"{name}, all that was overseen", episodes, seconds, n_cat, kind)
        # Here seconds and rho were measured together, and are resampled together.
        yield LabourRow(**{**vars(row), "hours": cost_of(episodes, n_cat)})


def _row(
    game: str,
    what: str,
    episodes: Episodes,
    seconds: Quantity | None,
    n_cat: int,
    kind: str = "the paper's",
) -> LabourRow:
    each, rho = seconds or Quantity(PAPERS_SECONDS), rho_of(episodes)
    assert each.value is not None, "a person judged something"
    return LabourRow(
        game=game,
        what=what,
        labels=int(episodes.labels.sum()),
        unsafe=int(episodes.unsafe.sum()),
        seconds_are="the paper's" if seconds is None else kind,
        seconds=each,
        rho=rho,
        hours=rho.times(each.value * n_cat / 3600),
        hours_a_million=each.times(MILLION / 3600),
    )


def _random_play(
    name: str, settings: LabourSettings, reporter: Reporter, stop: StopFlag
) -> Episodes:
    """Play with nobody overseeing and count unsafe proposals by the truth, by segments."""
    env = AtariGame(game_named(name), AtariSettings(max_agent_steps=300))
    wrapper = OversightWrapper(
        env,
        AllowAll(),
        GateSettings(mode=Mode.OBSERVE),
        episode_seed=episode_seed(settings.seed),
    )
    proposer = HeldRandomProposer(env.game.n_actions, np.random.default_rng([settings.seed, 5]))
    labels, unsafe = [0.0], [0.0]
    observation, _ = wrapper.reset()
    with reporter.bar(name, settings.steps) as bar:
        for step in range(1, settings.steps + 1):
            observation, _, ended, cut, info = wrapper.step(proposer.propose(observation))
            labels[-1] += 1.0
            unsafe[-1] += float(bool(info["oversight"]["proposed_unsafe"]))
            if (ended or cut) and step < settings.steps:
                observation, _ = wrapper.reset()
                proposer.reset()
                labels.append(0.0)
                unsafe.append(0.0)
            if step % 50 == 0:
                bar.show(step, f"unsafe {sum(unsafe):.0f}")
            if stop():
                break
    nobody = np.zeros(len(labels))
    return Episodes(np.array(labels), np.array(unsafe), nobody, nobody)


def labour_table(rows: Sequence[LabourRow], n_cat: int) -> Table:
    """For a terminal."""
    table = Table(title="What oversight costs a person", title_justify="left")
    table.caption = (
        f"Hours until {n_cat:,} unsafe proposals were met, and for a million labels; intervals "
        "are 95 % bootstrap ones over episodes. No interval: too few episodes."
    )
    for heading in ("game, agent", "labels", "unsafe", "seconds a label", "labels per unsafe"):
        table.add_column(heading, justify="left" if heading == "game, agent" else "right")
    table.add_column(f"hours to {n_cat:,}", justify="right")
    table.add_column("hours a million", justify="right")
    for row in rows:
        table.add_row(
            f"{row.game}, {row.what}",
            f"{row.labels:,}",
            f"{row.unsafe:,}",
            f"{_words(row.seconds, 2)} ({row.seconds_are})",
            _words(row.rho, 1),
            _words(row.hours, 2),
            _words(row.hours_a_million, 0),
        )
    return table


def _words(quantity: Quantity, digits: int) -> str:
    if quantity.value is None:
        return "none seen"
    value = f"{quantity.value:,.{digits}f}"
    if quantity.low is None or quantity.high is None:
        return value
    high = "any" if np.isinf(quantity.high) else f"{quantity.high:,.{digits}f}"
    return f"{value} [{quantity.low:,.{digits}f} to {high}]"


# ------------------------------------------------------------------------------------ fit-person


@dataclass(frozen=True)
class FitSettings:
    """Fit the simulated person to a log of a person's oversight, by maximum likelihood."""

    log: tyro.conf.Positional[Path]
    """A log.sqlite; the game is played again to know what there was to be seen."""

    out: Path | None = field(default=None)
    """JSON file for the model and its intervals."""


def fit(settings: FitSettings, reporter: Reporter) -> FittedPerson:
    """Fit, print and write a person's model.

    Raises:
        OversightError: the log cannot be read or played again, or says too little.
    """
    fitted = fit_person(watched_of(settings.log))
    who = "a SIMULATED person" if fitted.simulated else "a person"
    table = Table(title=f"{settings.log}: {who}", title_justify="left")
    table.caption = (
        f"{fitted.decisions:,} decisions; {fitted.caught:,} of {fitted.stimuli:,} unsafe proposals "
        f"caught, {fitted.false_alarms:,} false alarms, by the game's rule for people."
    )
    for heading in ("", "most likely", "95 % interval"):
        table.add_column(heading, justify="right" if heading else "left")
    for name in NAMES:
        interval = fitted.intervals[name]
        said = "not told by this log" if interval is None else "{:.3g} to {:.3g}".format(*interval)
        table.add_row(name, f"{getattr(fitted.model, name):.3g}", said)
    reporter.console.print(table)
    if settings.out is not None:
        model = {name: getattr(fitted.model, name) for name in ("steps_per_second", *NAMES)}
        write_json(settings.out, {**asdict(fitted), "model": model})
    return fitted
