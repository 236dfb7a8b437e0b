"""Commands of `python -m blocker`: train on logs, list doubtful labels, look at a Blocker."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.table import Table

from blocker.artifact import Blocker
from blocker.bench.command import BenchCommand, bench
from blocker.explain.command import ExplainCommand, explain
from blocker.fitting import Fitted
from blocker.pack.command import PackCommand, inspect_pack
from blocker.readiness import Readiness
from blocker.score_command import Score, score
from blocker.train_command import Suspects, Train, list_suspects, train_from_logs
from oversight.errors import OversightError
from oversight.terminal import open_console

__all__ = ["Info", "main"]


@dataclass(frozen=True)
class Info:
    """Say what a Blocker's file is for and how well it was seen to judge."""

    file: Annotated[Path, tyro.conf.Positional]
    """The file, such as RUN_DIR/blocker.safetensors."""


Command = Train | Suspects | Info | BenchCommand | PackCommand | Score | ExplainCommand


def main(arguments: list[str] | None = None) -> int:
    """Run a command; one line on the error output and status 1 for anything a user can cause."""
    command = tyro.extras.subcommand_cli_from_dict(
        {
            "train": Train,
            "suspects": Suspects,
            "info": Info,
            "bench": BenchCommand,
            "pack": PackCommand,
            "score": Score,
            "explain": ExplainCommand,
        },
        prog="python -m blocker",
        description="Train Blockers on intervention logs, and look at them.",
        args=arguments,
    )
    console = open_console()
    try:
        _do(command, console)
    except (OversightError, ValueError, OSError) as error:
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("stopped: nothing was written\n")
        return 130
    return 0


def _do(command: Command, console: Console) -> None:
    if isinstance(command, Train):
        _print_fitted(train_from_logs(command, console), console)
        console.print(f"written to {command.out}", soft_wrap=True)
    elif isinstance(command, Suspects):
        list_suspects(command, console)
    elif isinstance(command, BenchCommand):
        bench(command, console)
    elif isinstance(command, PackCommand):
        inspect_pack(command, console)
    elif isinstance(command, Score):
        score(command, console)
    elif isinstance(command, ExplainCommand):
        explain(command, console)
    else:
        _info(command, console)


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
