"""The command `python -m blocker train`, and `suspects`, which lists labels to look at again."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Annotated

import tyro
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from blocker.artifact import Blocker
from blocker.fitting import Fitted, fit_blocker
from blocker.label_errors import SCORER, find_suspects, write_suspects
from blocker.member_fit import passes_at_most
from blocker.presets import preset_for
from blocker.sources import refuse_twice
from blocker.training_types import Epoch, TrainingSettings
from oversight.log import InterventionLog

__all__ = ["Suspects", "Train", "list_suspects", "train_from_logs"]


@dataclass(frozen=True)
class Train:
    """Train a Blocker on intervention logs of one game.

    Whole episodes are dealt to folds and a test part. A network learns from all folds but one, for
    each of them, and is calibrated on that one; the threshold is chosen by those judgements, and
    the bound stated on the test part. Only steps judged by a person, a simulated person or an
    oracle count. Ctrl-C ends training with the best so far, which is written.
    """

    logs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Log files, such as RUN_DIR/log.sqlite; one or more."""
    out: Path
    """Where to write the Blocker, such as blocker.safetensors."""
    seed: int = 0
    """Number that decides the split, the first weights and the order of examples."""
    epochs: int | None = None
    """Passes over the learning part, at most; the game's own number, or a fifth of it with
    --quick."""
    quick: bool = False
    """A first look in a fifth of the time; judges less well."""
    phases: tuple[str, ...] = ()
    """Names of the phases to learn from; all of them if none is given."""
    start: Path | None = None
    """An earlier Blocker to go on from: its input and shape, and a network's weights. Trees are
    grown anew, so give its logs again with the new ones."""
    look: int | None = None
    """How often readiness was looked at with labels of this run, this time included: who looks
    until it is ready has to be surer each time. Not given: this is the only look."""
    tensorboard: Path | None = None
    """Folder for TensorBoard events of losses and average precision over the passes."""


@dataclass(frozen=True)
class Suspects:
    """List labels that are probably wrong, for the review window.

    Networks that have not seen a label's episode judge it; where they are surer of the other label
    than of most that bear it, it is worth a second look. The list goes into the logs as scores by
    the name "label-errors". After the change in the review window, train again.
    """

    logs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Log files of one game; one or more."""
    seed: int = 0
    """Number that decides the folds and the networks."""
    show: int = 20
    """How many are printed; all are written."""
    dry_run: bool = False
    """Write nothing."""


def train_from_logs(command: Train, console: Console) -> Fitted:
    """Train, save and return a Blocker.

    Raises:
        OversightError: a log or an earlier Blocker cannot be used, or nothing was learned.
        ValueError: too little to learn from.
    """
    if not command.logs:
        raise ValueError("expected one log file or more: python -m blocker train LOG --out FILE")
    refuse_twice(command.logs)
    start = None if command.start is None else Blocker.load(command.start)
    with contextlib.ExitStack() as stack:
        logs = [
            stack.enter_context(InterventionLog.open(path, read_only=True)) for path in command.logs
        ]
        preset = preset_for(logs[0].meta.game)
        settings = _settings(command, preset.training)
        show = stack.enter_context(_shown(console, passes_at_most(settings, preset.shape)))
        write = stack.enter_context(_events(command.tensorboard))
        stop = stack.enter_context(_first_interrupt_asks())

        def on_epoch(epoch: Epoch) -> None:
            show(epoch)
            write(epoch)

        fitted = fit_blocker(
            logs,
            phases=command.phases or None,
            settings=settings,
            start=start,
            look=command.look,
            on_epoch=on_epoch,
            should_stop=stop,
        )
    fitted.blocker.save(command.out)
    return fitted


def _settings(command: Train, usual: TrainingSettings) -> TrainingSettings:
    epochs = max(usual.epochs // 5, 1) if command.quick else usual.epochs
    return replace(usual, seed=command.seed, epochs=command.epochs or epochs)


def list_suspects(command: Suspects, console: Console) -> None:
    """Find suspected labels, print the first of them and write all into the logs.

    Raises:
        OversightError: a log cannot be used, or the networks have not learned.
        ValueError: too little to learn from.
    """
    if not command.logs:
        raise ValueError("expected one log file or more: python -m blocker suspects LOG")
    refuse_twice(command.logs)
    with InterventionLog.open(command.logs[0], read_only=True) as log:
        preset = preset_for(log.meta.game)
        actions = log.meta.actions
    settings = replace(preset.training, seed=command.seed)
    shape = replace(preset.shape, members=preset.shape.members + 1)
    with _shown(console, passes_at_most(settings, shape)) as show:
        found = find_suspects(list(command.logs), settings=settings, on_epoch=show)
    table = Table(title=f"{len(found.examples)} of {found.of:,} labels to look at again")
    for heading in ("log", "step", "action", "label"):
        table.add_column(heading)
    table.add_column("unsafe by a judge that has not seen it", justify="right")
    one = found.examples
    for row in range(min(command.show, len(one))):
        table.add_row(
            command.logs[int(one.log[row])].name,
            str(int(one.step_id[row])),
            actions[int(one.action[row])],
            "unsafe" if one.unsafe[row] else "safe",
            f"{found.probability[row]:.1%}",
        )
    console.print(table)
    if not command.dry_run:
        new = write_suspects(found, list(command.logs))
        console.print(f"{new} written into the logs as scores by {SCORER!r}", soft_wrap=True)


@contextlib.contextmanager
def _shown(console: Console, total: int) -> Iterator[Callable[[Epoch], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("training", total=total)

        def show(epoch: Epoch) -> None:
            progress.update(
                task,
                completed=epoch.number,
                description=f"training, held-out loss {epoch.held_out_loss:.4f}",
            )

        yield show


@contextlib.contextmanager
def _events(folder: Path | None) -> Iterator[Callable[[Epoch], None]]:
    if folder is None:
        yield lambda _: None
        return
    # Loading it takes two seconds, which nobody should wait for who does not ask for events.
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder))

    def write(epoch: Epoch) -> None:
        for name, value in (
            ("loss/training", epoch.loss),
            ("loss/held_out", epoch.held_out_loss),
            ("average_precision/held_out", epoch.held_out_precision),
        ):
            if value is not None:
                writer.add_scalar(name, value, epoch.number)

    try:
        yield write
    finally:
        writer.close()


@contextlib.contextmanager
def _first_interrupt_asks() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C into a flag, so that the best so far is kept; the second interrupts."""
    asked = False

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)
