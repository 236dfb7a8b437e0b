"""The commands: `python -m experiments demo | run | sweep | ...`; without one it lists them."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated

import tyro

from experiments.budgets import Budget, with_budget
from experiments.counted import (
    Amplified,
    Assisted,
    Audit,
    BlockerStudy,
    Counted,
    Curves,
    Fast,
    Name,
    People,
    Truth,
    count,
)
from experiments.labour.command import FitSettings, LabourSettings, fit, labour
from experiments.pack import PackSettings, build
from experiments.pipeline import run_sitting
from experiments.report.command import ReportSettings, report
from experiments.reporter import Reporter
from experiments.rundir import RunDirectory, Stage
from experiments.settings import RunSettings
from experiments.stopping import StopFlag, stop_on_signals
from experiments.sweep.command import CellSettings, SweepSettings, play_cell, sweep
from oversight import OversightError, RunError

__all__ = ["main"]

CONFIG = (tyro.conf.EnumChoicesFromValues,)
INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


@dataclass(frozen=True)
class Run:
    """One run: oversight, Blocker, hand-over, training under the Blocker; or a condition without.

    Everything of it goes into a run directory: the log, the Blocker, the agent, summary.json,
    overview.png and blocks.mp4. Ctrl-C stops cleanly; --resume goes on.
    """

    settings: Annotated[RunSettings, tyro.conf.OmitArgPrefixes] = field(default_factory=RunSettings)

    quick: bool = False
    """A small run of less than 90 seconds: 1,500 steps overseen and 1,500 under the Blocker."""

    budget: Budget | None = None
    """A named size of the run; single numbers that are given beside it count."""

    out: Path | None = None
    """Where the run directory is made; runs/GAME-CONDITION-TIME if not given."""

    resume: Path | None = None
    """Go on with this run directory, with the settings that it was made with; --oversight-steps
    and --blocker-steps may ask for more steps than then."""

    def settings_not_given(self) -> RunSettings:
        """What holds for settings that are not given: the run's own, or the named size's.

        Raises:
            RunError: two sizes are given, or one for a run that has its own.
        """
        sizes = [name for name in ("quick", "budget", "out") if getattr(self, name)]
        if self.resume is not None:
            if sizes:
                raise RunError(
                    f"a run goes on as it was made, got --{sizes[0]} with --resume: for more steps "
                    "give --oversight-steps or --blocker-steps"
                )
            return RunDirectory.open(self.resume).settings().check()
        if self.quick and self.budget is not None:
            raise RunError("expected one size of the run, got --quick and --budget")
        usual = RunSettings(game=self.settings.game)
        if self.quick:
            return usual.quick()
        return usual if self.budget is None else with_budget(usual, self.budget)

    def directory(self) -> RunDirectory:
        """The run directory to work in, new or old.

        Raises:
            RunError: it cannot be made or opened.
        """
        if self.resume is not None:
            return _reopened(self.resume, self.settings)
        settings = self.settings.check()
        stamp = time.strftime("%Y%m%d-%H%M%S")
        default = Path("runs") / f"{settings.game}-{settings.condition.value}-{stamp}"
        return RunDirectory.create(self.out or default, settings)


def _reopened(path: Path, asked: RunSettings) -> RunDirectory:
    """A run directory to go on with, its numbers of steps raised if that was asked for."""
    run = RunDirectory.open(path)
    own = run.settings().check()
    changed = {
        field.name: getattr(asked, field.name)
        for field in fields(RunSettings)
        if getattr(asked, field.name) != getattr(own, field.name)
    }
    fixed = sorted(set(changed) - {"oversight_steps", "blocker_steps"})
    if fixed:
        raise RunError(
            f"a run goes on with its own settings, got others for {', '.join(fixed)}: with "
            "--resume only --oversight-steps and --blocker-steps may be given"
        )
    fewer = [name for name, value in changed.items() if value < getattr(own, name)]
    if fewer:
        raise RunError(
            f"{path} was made with more {fewer[0]}: expected at least as many, got fewer"
        )
    if "oversight_steps" in changed and run.state().stage in (Stage.BLOCKER, Stage.DONE):
        raise RunError(
            f"{path} is past its overseen steps: expected --blocker-steps alone, or a new run"
        )
    if changed:
        run.reconfigure(asked)
    return run


def _as_given(command: Run, words: Sequence[str]) -> Run:
    """The command, read again over what holds for settings that are not given.

    So a number that is given counts, whether it is the usual one or not.

    Raises:
        RunError: see `Run.settings_not_given`.
    """
    default = replace(command, settings=command.settings_not_given())
    return tyro.cli(type(command), args=words, default=default, config=CONFIG)


@dataclass(frozen=True)
class Demo(Run):
    """The whole of it on one game: a person or a stand-in oversees, then the Blocker.

    With a display the window opens and asks for your judgement; without one, or with --overseer
    simulated, a simulated person oversees. About 8 minutes on two cores, 90 seconds with --quick.
    """


@dataclass(frozen=True)
class Sweep:
    """Play a grid of runs and studies on all cores or a cluster; goes on where it was stopped."""

    settings: Annotated[SweepSettings, tyro.conf.OmitArgPrefixes] = field(
        default_factory=SweepSettings
    )


@dataclass(frozen=True)
class PlayCell:
    """Play one cell of a sweep; the sweep does it for all of its own."""

    settings: Annotated[CellSettings, tyro.conf.OmitArgPrefixes]


@dataclass(frozen=True)
class Report:
    """Make tables, figures and the page of results from sweeps."""

    settings: Annotated[ReportSettings, tyro.conf.OmitArgPrefixes] = field(
        default_factory=ReportSettings
    )


@dataclass(frozen=True)
class Labour:
    """Say what a person's oversight costs, of runs or of games, with intervals."""

    settings: Annotated[LabourSettings, tyro.conf.OmitArgPrefixes] = field(
        default_factory=LabourSettings
    )


@dataclass(frozen=True)
class FitPerson:
    """Fit the simulated person to the log of a real one."""

    settings: Annotated[FitSettings, tyro.conf.OmitArgPrefixes]


@dataclass(frozen=True)
class Pack:
    """Build a benchmark pack of one game, to compare Blockers on."""

    settings: Annotated[PackSettings, tyro.conf.OmitArgPrefixes]


Study = Counted | Sweep | PlayCell | Report | Labour | FitPerson


def _study(command: Study, reporter: Reporter, stop: StopFlag) -> int:
    if isinstance(command, Sweep | PlayCell):
        done = (
            sweep(command.settings, reporter, stop)
            if isinstance(command, Sweep)
            else play_cell(command.settings, stop)
        )
        return 0 if done else INTERRUPTED if stop() else 1
    if isinstance(command, Report):
        report(command.settings, reporter)
    elif isinstance(command, Labour):
        labour(command.settings, reporter, stop)
    elif isinstance(command, FitPerson):
        fit(command.settings, reporter)
    else:
        count(command, reporter, stop)
    return INTERRUPTED if stop() else 0


def _do(command: Run | Pack | Study, reporter: Reporter, stop: StopFlag) -> int:
    if isinstance(command, Pack):
        build(command.settings.check(), reporter, stop)
        return 0
    if isinstance(command, Study):
        return _study(command, reporter, stop)
    run = command.directory()
    reporter.say(f"Run directory: {run.path}")
    stage = run_sitting(run, reporter, stop)
    reporter.say(f"\nRun directory: {run.path}")
    if stage is Stage.DONE:
        return 0
    reporter.say("Stopped; everything so far is kept. To go on:")
    reporter.say(f"  {sys.executable} -m experiments run --resume {run.path}")
    return INTERRUPTED if stop() else 1


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    command = tyro.extras.subcommand_cli_from_dict(
        {
            "demo": Demo,
            "run": Run,
            "audit": Audit,
            "truth": Truth,
            "people": People,
            "blocker": BlockerStudy,
            "curves": Curves,
            "name": Name,
            "amplified": Amplified,
            "assisted": Assisted,
            "fast": Fast,
            "pack": Pack,
            "sweep": Sweep,
            "cell": PlayCell,
            "report": Report,
            "labour": Labour,
            "fit-person": FitPerson,
        },
        args=words,
        prog="python -m experiments",
        config=CONFIG,
        description="Train Atari agents without a catastrophe, overseen by a person or a Blocker.",
    )
    reporter = Reporter()
    try:
        if isinstance(command, Run):
            command = _as_given(command, words[1:])
        with stop_on_signals() as stop:
            return _do(command, reporter, stop)
    except OversightError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # a figure, a video, TensorBoard: the log has its own words
        print(f"error: {error}; the log is kept: make room, then --resume", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the log is kept: go on with --resume RUN_DIR", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
