"""Long trainings in the fast way, with nobody overseeing and behind a Blocker."""

from __future__ import annotations

import csv
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.utils import get_device
from stable_baselines3.common.vec_env import DummyVecEnv

from agents import DoubleDQN
from agents.divergence import NetworkDied
from agents.evaluation import GreedyPlayer, evaluate
from agents.others import train_other
from agents.training import train_double_dqn
from agents.training_types import Training
from blocker import Blocker, BlockerOverseer
from experiments.ages import ages_in, become, keep_age
from experiments.fast_count import PARTS, count_part
from experiments.fast_settings import FastCondition, FastSettings
from experiments.fast_tables import draw_fast, fast_table
from experiments.fast_types import AgeRow, FastLearner, FastRow, PartRow, curve, mastered
from experiments.pool import each_done
from experiments.reporter import Reporter
from experiments.rundir import write_json
from experiments.stopping import StopFlag
from oversight import AtariGame, Overseer, RunError, game_named

__all__ = ["fast_study"]


@dataclass(frozen=True)
class _Cell:
    condition: FastCondition
    learner: FastLearner
    seed: int
    training: Training

    @property
    def name(self) -> str:
        return f"{self.condition.value}, {self.learner.value}, seed {self.seed}"

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
    cells = [
        _cell(settings, condition, learner, seed)
        for condition in settings.conditions
        for learner in settings.learners
        for seed in settings.seeds
    ]
    end = None if settings.minutes is None else time.monotonic() + 60 * settings.minutes
    for cell in cells:
        if not stop():
            _train(settings, cell, end, reporter, stop)
    done = [cell for cell in cells if cell.training.tape.exists()]
    if settings.count:
        _count(settings, [c for c in done if not c.truth.exists()], reporter, stop)
    for cell in done if settings.episodes else []:
        if cell.learner is not FastLearner.DQN:  # whose weights are not kept by age
            _play_alone(settings, cell, reporter, stop)
    rows = [_row(settings, cell) for cell in done]
    if rows:
        reporter.console.print(fast_table(rows, settings.game))
    if settings.out is not None and rows:
        write_json(settings.out, [asdict(row) for row in rows])
        draw_fast(settings.out.with_suffix(".png"), rows, settings.game)
    return rows


def _cell(
    settings: FastSettings, condition: FastCondition, learner: FastLearner, seed: int
) -> _Cell:
    ours = learner is FastLearner.DOUBLE_DQN
    whose = condition.value if ours else f"{condition.value}-{learner.value}"
    path = settings.work / f"{settings.game}-{whose}-{seed}"
    wanted = settings.train(seed, learner).check()
    if not path.exists():
        return _Cell(condition, learner, seed, Training.create(path, wanted))
    training = Training(path)
    known = training.settings()
    if known != replace(wanted, steps=known.steps) or known.steps > wanted.steps:
        raise RunError(
            f"{path} was trained with other settings, for {known.steps:,} steps; choose another "
            "--work, or change nothing but --steps, upwards"
        )
    if learner is not FastLearner.DQN:
        training.prolong(wanted.steps)
    return _Cell(condition, learner, seed, training)


def _overseer(settings: FastSettings, condition: FastCondition) -> Overseer | None:
    if condition is FastCondition.NO_OVERSIGHT:
        return None
    assert settings.blocker is not None, "checked before"
    return BlockerOverseer(Blocker.load(settings.blocker), game_named(settings.game))


def _train(
    settings: FastSettings, cell: _Cell, end: float | None, reporter: Reporter, stop: StopFlag
) -> None:
    made = int(cell.training.counts().get("steps") or 0)
    ended = cell.learner is FastLearner.DQN and made > 0
    if ended or made >= settings.steps or (end is not None and time.monotonic() >= end):
        return
    cell.truth.unlink(missing_ok=True)
    begun = time.monotonic()
    before = float(_read(cell.clock)["seconds"]) if cell.clock.exists() else 0.0
    with reporter.bar(cell.name, settings.steps) as bar:

        def told(steps: int, note: str) -> bool:
            bar.show(steps, note)
            return not stop() and (end is None or time.monotonic() < end)

        def clock(device: str) -> None:
            spent = before + time.monotonic() - begun
            write_json(cell.clock, {"seconds": spent, "device": device, "games": settings.games})

        def kept(agent: DoubleDQN) -> None:
            keep_age(agent, cell.weights, agent.num_timesteps)
            clock(agent.device.type)

        overseer = _overseer(settings, cell.condition)
        if cell.learner is FastLearner.DQN:
            try:
                train_other(cell.training, told, overseer=overseer)
            finally:  # what was played is kept, and can be told of
                clock(get_device(settings.device).type)
            return
        try:
            train_double_dqn(cell.training, told, overseer=overseer, kept=kept)
        except NetworkDied as error:  # the other trainings are worth going on with
            reporter.say(f"{cell.name}: {error}")


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
    numbers = settings.train(cell.seed, cell.learner).dqn
    agent = DoubleDQN(env, numbers, seed=0, device=settings.device)
    left = [age for age in ages_in(cell.weights) if age not in known]
    with reporter.bar(f"{cell.name}, alone", len(left)) as bar:
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
        learner=cell.learner.value,
    )
