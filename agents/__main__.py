"""The commands: `python -m agents train | evaluate | count`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from rich.console import Console

from agents.devices import check_device
from agents.evaluation import Evaluation, evaluate, player_of
from agents.others import train_other
from agents.progress import bar
from agents.training import train_double_dqn
from agents.training_types import Algorithm, Training, TrainSettings
from oversight.atari import AtariSettings
from oversight.errors import OversightError, RunError
from oversight.stopping import StopFlag, stop_on_signals
from oversight.tape import Tape, count_truth
from oversight.terminal import open_console
from oversight.types import Tally

__all__ = ["main"]

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


@dataclass(frozen=True)
class Train:
    """Train an agent on an Atari game, with nobody overseeing or with the exact oracle.

    Everything goes into a directory: config.json, the checkpoint, episodes.csv, TensorBoard
    events, counts.json, and in the fast way tape.npz. Ctrl-C stops cleanly and saves; --resume
    goes on. With a person or a Blocker: python -m experiments.
    """

    settings: Annotated[TrainSettings, tyro.conf.OmitArgPrefixes] = field(
        default_factory=TrainSettings
    )

    out: Path | None = None
    """Where the directory is made; runs/agents-GAME-ALGORITHM-TIME if not given."""

    resume: Path | None = None
    """Go on with this directory, with the settings that it was made with."""


@dataclass(frozen=True)
class Evaluate:
    """Play whole games without learning: game returns, and catastrophes by the truth."""

    training: tyro.conf.Positional[Path]
    """Directory of a training."""

    episodes: int = 10
    """Whole games."""

    epsilon: float = 0.01
    """Share of random actions, so that games differ."""

    seed: int = 0
    """Of the games; none of them is a game of training."""

    overseen: bool = False
    """Let the exact oracle block; otherwise nobody does."""

    device: str = "auto"
    """Where the network computes."""

    json: Path | None = None
    """A file for the figures."""


@dataclass(frozen=True)
class Count:
    """Play a tape of the fast way again and count by the truth what happened."""

    tape: tyro.conf.Positional[Path]
    """The file, such as runs/first/tape.npz."""

    json: Path | None = None
    """A file for the counts."""


def _train(command: Train, console: Console, stop: StopFlag) -> int:
    if command.resume is not None:
        if command.settings != TrainSettings():
            raise RunError("a training goes on with its own settings: give --resume alone")
        training = Training(command.resume)
        settings = training.settings().check()
    else:
        settings = command.settings.check()
        stamp = time.strftime("%Y%m%d-%H%M%S")
        default = Path("runs") / f"agents-{settings.game}-{settings.algorithm.value}-{stamp}"
        training = Training.create(command.out or default, settings)
    console.print(f"Training: {training.path}", soft_wrap=True)
    ours = settings.algorithm is Algorithm.DOUBLE_DQN
    train = train_double_dqn if ours else train_other
    warm = settings.learning_starts if ours or settings.algorithm is Algorithm.DQN else 0
    with bar(console, "training", settings.steps, warm) as show:

        def told(steps: int, note: str) -> bool:
            show(steps, note)
            return not stop()

        complete = train(training, told)
    counts = training.counts()
    console.print({key: value for key, value in counts.items() if value is not None})
    if complete:
        return 0
    go_on = f"; go on: {sys.executable} -m agents train --resume {training.path}" if ours else ""
    console.print(f"Stopped; all is kept{go_on}", soft_wrap=True)
    return INTERRUPTED


def _evaluate(command: Evaluate, console: Console, stop: StopFlag) -> int:
    check_device(command.device)
    training = Training(command.training)
    player = player_of(training, command.device)
    with _counting(console, "evaluating", stop) as on_step:
        found = evaluate(
            player,
            training.settings().game,
            command.episodes,
            epsilon=command.epsilon,
            seed=command.seed,
            overseen=command.overseen,
            on_step=on_step,
        )
    console.print(_in_words(found))
    if command.json is not None:
        _write(command.json, {"returns": found.returns, **asdict(found.tally)})
    return INTERRUPTED if stop() else 0


def _in_words(found: Evaluation) -> str:
    tally = found.tally
    games = f"{len(found.returns)} whole games, {tally.steps:,} agent steps"
    harm = f"catastrophes {tally.catastrophes}, proposed {tally.proposed_catastrophes}"
    if not found.returns:
        return f"{games}; {harm}"
    mean, low, high = np.mean(found.returns), min(found.returns), max(found.returns)
    return f"{games}; game return {mean:.1f} ({low:g} to {high:g}); {harm}, blocks {tally.blocks}"


def _count(command: Count, console: Console, stop: StopFlag) -> int:
    tape = Tape.load(command.tape)
    with _counting(console, "playing the tape again", stop, tape.steps) as on_step:
        tally: Tally = count_truth(tape, AtariSettings(), on_step=on_step)
    console.print({key: value for key, value in asdict(tally).items() if value is not None})
    if command.json is not None:
        _write(command.json, asdict(tally))
    return INTERRUPTED if stop() else 0


@contextmanager
def _counting(
    console: Console, title: str, stop: StopFlag, total: int | None = None
) -> Iterator[Callable[[], bool]]:
    made = 0
    with bar(console, title, total) as show:

        def on_step() -> bool:
            nonlocal made
            made += 1
            if made % 100 == 0:
                show(made, "")
            return not stop()

        yield on_step


def _write(path: Path, figures: dict[str, object]) -> None:
    path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    command = tyro.extras.subcommand_cli_from_dict(
        {"train": Train, "evaluate": Evaluate, "count": Count},
        args=arguments,
        prog="python -m agents",
        config=(tyro.conf.EnumChoicesFromValues,),
        description="Train Atari agents behind the gate, and see what they are worth.",
    )
    console = open_console()
    try:
        with stop_on_signals() as stop:
            if isinstance(command, Train):
                return _train(command, console, stop)
            if isinstance(command, Evaluate):
                return _evaluate(command, console, stop)
            return _count(command, console, stop)
    except (OversightError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the last checkpoint is kept", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
