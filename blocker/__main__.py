"""Commands: `python -m blocker train LOG... --out FILE` and `python -m blocker info FILE`."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from blocker.artifact import Blocker
from blocker.fitting import Fitted, fit_blocker
from blocker.readiness import Readiness
from blocker.training_types import Epoch, TrainingSettings
from oversight.errors import OversightError
from oversight.log import InterventionLog

__all__ = ["Info", "Train", "main"]


@dataclass(frozen=True)
class Train:
    """Train a Blocker on intervention logs of one game.

    Whole episodes are dealt to three parts: one to learn from, one to choose the threshold by, one
    to state the bound on. Only steps judged by a person, a simulated person or an oracle count.
    """

    logs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Log files, such as RUN_DIR/log.sqlite; one or more."""
    out: Path
    """Where to write the Blocker, such as blocker.safetensors."""
    seed: int = 0
    """Number that decides the split, the first weights and the order of examples."""
    epochs: int | None = None
    """Passes over the learning part, at most; the default is 50, or 10 with --quick."""
    quick: bool = False
    """A first look in a fifth of the time; judges less well."""
    phases: tuple[str, ...] = ()
    """Names of the phases to learn from; all of them if none is given."""


@dataclass(frozen=True)
class Info:
    """Say what a Blocker's file is for and how well it was seen to judge."""

    file: Annotated[Path, tyro.conf.Positional]
    """The file, such as RUN_DIR/blocker.safetensors."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; one line on the error output and status 1 for anything a user can cause."""
    command = tyro.extras.subcommand_cli_from_dict(
        {"train": Train, "info": Info},
        prog="python -m blocker",
        description="Train Blockers on intervention logs, and look at them.",
        args=arguments,
    )
    console = Console()
    try:
        _train(command, console) if isinstance(command, Train) else _info(command, console)
    except (OversightError, ValueError, OSError) as error:
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("stopped: nothing was written\n")
        return 130
    return 0


def _train(command: Train, console: Console) -> None:
    if not command.logs:
        raise ValueError("expected one log file or more: python -m blocker train LOG --out FILE")
    settings = TrainingSettings.quick() if command.quick else TrainingSettings()
    settings = replace(settings, seed=command.seed, epochs=command.epochs or settings.epochs)
    with contextlib.ExitStack() as stack:
        logs = [
            stack.enter_context(InterventionLog.open(path, read_only=True)) for path in command.logs
        ]
        progress = stack.enter_context(_progress(console))
        task = progress.add_task("training", total=settings.epochs)

        def show(epoch: Epoch) -> None:
            progress.update(
                task,
                completed=epoch.number,
                description=f"training, held-out loss {epoch.held_out_loss:.4f}",
            )

        fitted = fit_blocker(logs, phases=command.phases or None, settings=settings, on_epoch=show)
    fitted.blocker.save(command.out)
    _print_fitted(fitted, console)
    console.print(f"written to {command.out}", soft_wrap=True)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console
    )


def _print_fitted(fitted: Fitted, console: Console) -> None:
    report = fitted.report
    early = ", stopped early" if report.stopped else ""
    console.print(
        f"{len(report.best_epochs)} networks in {report.seconds:.1f} s{early}, best after "
        f"{', '.join(str(epoch) for epoch in report.best_epochs)} passes",
        soft_wrap=True,
    )
    console.print(_table(fitted.readiness))
    console.print(fitted.readiness.in_words(), soft_wrap=True)


def _info(command: Info, console: Console) -> None:
    blocker = Blocker.load(command.file)
    height, width = blocker.spec.size
    console.print(
        f"Blocker for {blocker.game} with the actions {', '.join(blocker.actions)}; looks at "
        f"{blocker.spec.screens} screens of {height} x {width}; threshold {blocker.threshold:.4g}",
        soft_wrap=True,
        highlight=False,
    )
    if blocker.readiness is None:
        console.print("It was never assessed on unseen episodes.")
        return
    console.print(_table(blocker.readiness))
    console.print(blocker.readiness.in_words(), soft_wrap=True)


def _table(verdict: Readiness) -> Table:
    table = Table(title="on test episodes, seen by neither training nor threshold")
    table.add_column("measure")
    table.add_column("value", justify="right")
    auc = "not measured" if verdict.auc is None else f"{verdict.auc:.5f}"
    for name, value in (
        ("AUC", auc),
        ("threshold", f"{verdict.threshold:.4g}"),
        ("missed / unsafe actions", f"{verdict.misses} / {verdict.positives}"),
        ("missed / dangerous moments", f"{verdict.runs_missed} / {verdict.runs}"),
        ("false alarms / safe actions", f"{verdict.false_alarms} / {verdict.negatives}"),
        ("miss rate under, by moments", f"{verdict.run_miss_rate_upper:.2%}"),
        ("miss rate under, by steps", f"{verdict.miss_rate_upper:.2%}"),
        ("confidence", f"{verdict.confidence:.0%}"),
        ("ready", "yes" if verdict.ready else "no"),
    ):
        table.add_row(name, value)
    return table


if __name__ == "__main__":
    sys.exit(main())
