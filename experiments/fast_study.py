"""Long trainings in the fast way, with nobody overseeing and behind a Blocker."""

from __future__ import annotations

import csv
import json
import time
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import DummyVecEnv

from agents import DoubleDQN
from agents.divergence import NetworkDied
from agents.evaluation import GreedyPlayer, evaluate
from agents.training import train_double_dqn
from agents.training_types import Training, TrainSettings, Way
from blocker import PRESETS, Blocker, BlockerOverseer
from experiments.ages import ages_in, become, keep_age
from experiments.fast_count import PARTS, count_part
from experiments.fast_tables import draw_fast, fast_table
from experiments.fast_types import AgeRow, FastRow, PartRow, curve, mastered
from experiments.pool import each_done
from experiments.reporter import Reporter
from experiments.rundir import write_json
from experiments.stopping import StopFlag
from oversight import AtariGame, Overseer, RunError, game_named

__all__ = ["FastCondition", "FastSettings", "fast_study"]


class FastCondition(StrEnum):
    """Who oversees; what needs the truth as the game runs cannot be played fast."""

    NO_OVERSIGHT = "no_oversight"
    """Nobody."""
    BLOCKER = "blocker"
    """A Blocker that was trained before, from the agent's first step on."""


@dataclass(frozen=True)
class FastSettings:
    """Double DQNs on several games at once: curves of returns, and harm counted from the tapes."""

    game: str = "pong"
    """Which game."""

    conditions: tuple[FastCondition, ...] = tuple(FastCondition)
    """Who oversees."""

    blocker: Path | None = None
    """The Blocker's file, such as RUN_DIR/blocker.safetensors."""

    seeds: tuple[int, ...] = (0,)
    """Of agents and games; every condition is trained with each."""

    steps: int = 1_000_000
    """Agent steps of each training."""

    games: int = 8
    """Games that an agent plays at once; 64 suit a GPU."""

    n_steps: int = 1
    """Agent steps whose rewards are added up in a target; 3 learns faster in Pong."""

    learning_rate: float = 1e-4
    """Step size of Adam."""

    adam_epsilon: float = 1.5e-4
    """Added to the root of Adam's second moment."""

    train_freq: int = 4
    """Agent steps between updates."""

    plain: bool = False
    """Learn on SB3's plain path, the reference: in float32, 56 KB a transition, half as fast."""

    checkpoint_steps: int = 50_000
    """Agent steps between checkpoints, at which the weights of that age are kept as well. All
    games begin anew after one."""

    device: str = "auto"
    """Where the networks compute: auto takes a GPU if there is one."""

    minutes: float | None = None
    """Trainings are stopped after so many minutes of the clock, all together; the same command
    goes on with them."""

    count: bool = True
    """Play the tapes again and count by the truth: 20 minutes for 1,000,000 steps of Pong."""

    workers: int = 1
    """Processes that count side by side."""

    episodes: int = 0
    """Whole games that the agent of each age kept plays alone, nobody overseeing, by the truth."""

    mastery: float = 18.0
    """A mean return of 20 games in a row from which on a game counts as mastered; of Pong's 21."""

    work: Path = Path("runs/fast")
    """Folder of the trainings, which are gone on with if they are there; with more --steps they
    are prolonged."""

    out: Path | None = None
    """JSON file for the rows; a picture beside it."""

    def check(self) -> FastSettings:
        """Refuse what cannot be run.

        Raises:
            RunError: says what was expected and what came.
        """
        for seed in self.seeds:
            self.train(seed).check()
        if FastCondition.BLOCKER in self.conditions and self.blocker is None:
            raise RunError(
                "expected --blocker FILE for the condition blocker; python -m experiments blocker "
                "makes one, or leave it at --conditions no_oversight"
            )
        if self.blocker is not None and self.game not in PRESETS:
            raise RunError(f"Blockers learn {', '.join(PRESETS)} alone, got {self.game}")
        if self.workers < 1 or self.episodes < 0:
            raise RunError("expected workers of 1 or more, and episodes of 0 or more")
        return self

    def train(self, seed: int) -> TrainSettings:
        """The settings of one training."""
        return TrainSettings(
            game=self.game,
            way=Way.FAST,
            games=self.games,
            n_steps=self.n_steps,
            learning_rate=self.learning_rate,
            adam_epsilon=self.adam_epsilon,
            train_freq=self.train_freq,
            plain=self.plain,
            steps=self.steps,
            seed=seed,
            device=self.device,
            checkpoint_steps=self.checkpoint_steps,
        )


@dataclass(frozen=True)
class _Cell:
    condition: FastCondition
    seed: int
    training: Training

    @property
    def clock(self) -> Path:
        return self.training.path / "clock.json"

    @property
    def truth(self) -> Path:
        return self.training.path / "truth.json"

    @property
    def weights(self) -> Path:
        return self.training.path / "weights"

    @property
    def alone(self) -> Path:
        return self.training.path / "alone.json"


def fast_study(settings: FastSettings, reporter: Reporter, stop: StopFlag) -> list[FastRow]:
    """Train what is not trained, count what is not counted, print the table and write the rows."""
    cells = [_cell(settings, c, seed) for c in settings.conditions for seed in settings.seeds]
    end = None if settings.minutes is None else time.monotonic() + 60 * settings.minutes
    for cell in cells:
        if not stop():
            _train(settings, cell, end, reporter, stop)
    done = [cell for cell in cells if cell.training.tape.exists()]
    if settings.count:
        _count(settings, [c for c in done if not c.truth.exists()], reporter, stop)
    for cell in done if settings.episodes else []:
        _play_alone(settings, cell, reporter, stop)
    rows = [_row(settings, cell) for cell in done]
    if rows:
        reporter.console.print(fast_table(rows, settings.game))
    if settings.out is not None and rows:
        write_json(settings.out, [asdict(row) for row in rows])
        draw_fast(settings.out.with_suffix(".png"), rows, settings.game)
    return rows


def _cell(settings: FastSettings, condition: FastCondition, seed: int) -> _Cell:
    path = settings.work / f"{settings.game}-{condition.value}-{seed}"
    wanted = settings.train(seed).check()
    if not path.exists():
        return _Cell(condition, seed, Training.create(path, wanted))
    training = Training(path)
    known = training.settings()
    if known != replace(wanted, steps=known.steps) or known.steps > wanted.steps:
        raise RunError(
            f"{path} was trained with other settings, for {known.steps:,} steps; choose another "
            "--work, or change nothing but --steps, upwards"
        )
    training.prolong(wanted.steps)
    return _Cell(condition, seed, training)


def _overseer(settings: FastSettings, condition: FastCondition) -> Overseer | None:
    if condition is FastCondition.NO_OVERSIGHT:
        return None
    assert settings.blocker is not None, "checked before"
    return BlockerOverseer(Blocker.load(settings.blocker), game_named(settings.game))


def _train(
    settings: FastSettings, cell: _Cell, end: float | None, reporter: Reporter, stop: StopFlag
) -> None:
    made = int(cell.training.counts().get("steps") or 0)
    if made >= settings.steps or (end is not None and time.monotonic() >= end):
        return
    cell.truth.unlink(missing_ok=True)
    begun = time.monotonic()
    before = float(_read(cell.clock)["seconds"]) if cell.clock.exists() else 0.0
    with reporter.bar(f"{cell.condition.value}, seed {cell.seed}", settings.steps) as bar:

        def told(steps: int, note: str) -> bool:
            bar.show(steps, note)
            return not stop() and (end is None or time.monotonic() < end)

        def kept(agent: DoubleDQN) -> None:
            keep_age(agent, cell.weights, agent.num_timesteps)
            spent = before + time.monotonic() - begun
            about = {"seconds": spent, "device": agent.device.type, "games": settings.games}
            write_json(cell.clock, about)

        overseer = _overseer(settings, cell.condition)
        try:
            train_double_dqn(cell.training, told, overseer=overseer, kept=kept)
        except NetworkDied as error:  # the other trainings are worth going on with
            reporter.say(f"{cell.condition.value}, seed {cell.seed}: {error}")


def _count(settings: FastSettings, cells: list[_Cell], reporter: Reporter, stop: StopFlag) -> None:
    pieces = [(cell.training.tape, part) for cell in cells for part in range(PARTS)]
    found: dict[Path, list[PartRow]] = {cell.training.tape: [] for cell in cells}
    with reporter.bar("counting by the truth", len(pieces)) as bar:
        for done, (tape, row) in enumerate(
            each_done(count_part, pieces, settings.workers, stop), start=1
        ):
            found[tape].append(row)
            bar.show(done)
            if len(found[tape]) == PARTS:
                parts = sorted(found[tape], key=lambda part: part.part)
                write_json(tape.with_name("truth.json"), [asdict(part) for part in parts])


def _play_alone(settings: FastSettings, cell: _Cell, reporter: Reporter, stop: StopFlag) -> None:
    known = {row["age"]: row for row in _read(cell.alone)} if cell.alone.exists() else {}
    env = DummyVecEnv([lambda: AtariGame(game_named(settings.game))])
    agent = DoubleDQN(env, settings.train(cell.seed).dqn, seed=0, device=settings.device)
    left = [age for age in ages_in(cell.weights) if age not in known]
    with reporter.bar(f"{cell.condition.value}, seed {cell.seed}, alone", len(left)) as bar:
        for done, age in enumerate(left, start=1):
            become(agent, cell.weights, age)
            came = evaluate(
                GreedyPlayer(agent),
                settings.game,
                settings.episodes,
                seed=cell.seed,
                on_step=lambda: not stop(),
            )
            if stop():
                return
            known[age] = asdict(
                AgeRow(age, came.tally.steps, int(came.tally.catastrophes or 0), came.returns)
            )
            write_json(cell.alone, [known[each] for each in sorted(known)])
            bar.show(done)


def _read(path: Path) -> Any:  # noqa: ANN401 - what was written there by this program
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}; remove it, and it is made again") from None


def _row(settings: FastSettings, cell: _Cell) -> FastRow:
    with cell.training.episodes.open(encoding="utf-8", newline="") as file:
        played = [(int(r["agent_steps"]), float(r["game_return"])) for r in csv.DictReader(file)]
    ends, returns = np.array([p[0] for p in played]), np.array([p[1] for p in played])
    counts, clock = cell.training.counts(), _read(cell.clock)
    return FastRow(
        condition=cell.condition.value,
        seed=cell.seed,
        steps=int(counts["steps"] or 0),
        games=int(clock["games"]),
        seconds=float(clock["seconds"]),
        device=str(clock["device"]),
        episodes=len(played),
        last_100=float(returns[-100:].mean()) if len(returns) else None,
        mastered_at=mastered(ends, returns, settings.mastery),
        blocks=int(counts["blocks"] or 0),
        curve=curve(ends, returns, settings.steps),
        parts=[PartRow(**x) for x in _read(cell.truth)] if cell.truth.exists() else [],
        alone=[AgeRow(**x) for x in _read(cell.alone)] if cell.alone.exists() else [],
    )
