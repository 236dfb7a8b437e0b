"""Sweeps: what is finished stays, what died goes on, what cannot be played says why."""

from __future__ import annotations

import io
import json
import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from safetensors import safe_open

from agents import Algorithm, Credit
from experiments.__main__ import main
from experiments.budgets import Budget, is_named_size, with_budget
from experiments.pipeline import run_sitting
from experiments.reporter import Reporter
from experiments.rundir import RunDirectory, Stage, write_json
from experiments.settings import Condition, RunSettings
from experiments.studies import study_named
from experiments.studies.runs import run_cell, variant_of
from experiments.sweep.backend import Ended, LocalProcesses, Progress
from experiments.sweep.board import sweep_table
from experiments.sweep.cell import RESULT, Cell, read_object
from experiments.sweep.grid import Grid, GridSettings, cells_of
from experiments.sweep.plan import Planned, plan, wall_hours
from experiments.sweep.scheduler import Entry, Scheduler, State, with_bases
from experiments.sweep.speed import Speed, Speeds
from experiments.sweep.study import Work
from oversight import RunError


def small_run(seed: int = 0, steps: int = 40) -> Cell:
    return run_cell(
        RunSettings(
            condition=Condition.NO_OVERSIGHT, seed=seed, oversight_steps=10, blocker_steps=steps
        )
    )


class Fake:
    """A backend whose cells end as they are told to, one after another."""

    capacity = 1

    def __init__(self, ends: Mapping[str, Iterable[Ended]]) -> None:
        self.ends = {key: iter(each) for key, each in ends.items()}
        self.begun: list[tuple[str, Path | None]] = []
        self.now: list[tuple[Cell, Path]] = []

    def start(self, cell: Cell, folder: Path, base: Path | None) -> None:
        self.begun.append((cell.key, base))
        self.now.append((cell, folder))

    def ended(self) -> list[Ended]:
        over = [next(self.ends.get(cell.key, iter([Ended(cell.key)]))) for cell, _ in self.now]
        for ended, (_, folder) in zip(over, self.now, strict=True):
            if ended.fault is None:
                write_json(folder / RESULT, {})
        self.now.clear()
        return over

    def progress(self) -> Mapping[str, Progress]:
        return {}

    def stop(self) -> None:
        self.begun.append(("stop", None))

    def close(self) -> None:
        pass


def scheduled(out: Path, cells: list[Cell], fake: Fake, retries: int = 2) -> Scheduler:
    scheduler = Scheduler(cells, out, fake, retries=retries, stop=lambda: False)
    scheduler.run(lambda: None, pause=0.0)
    return scheduler


# ------------------------------------------------------------------------------------- scheduling


def test_what_is_needed_comes_first_and_once(tmp_path: Path) -> None:
    base = small_run()
    first, second = (Cell("run", {"game": "pong", "number": n}, base) for n in (1, 2))
    assert [c.key for c in with_bases([first, second])] == [base.key, first.key, second.key]
    fake = Fake({})
    scheduled(tmp_path, [first, second], fake)
    folder = tmp_path / base.key
    assert fake.begun == [(base.key, None), (first.key, folder), (second.key, folder)]


def test_speed_is_that_of_what_is_done_now(tmp_path: Path) -> None:
    cell = small_run()
    entry = Entry(cell, tmp_path, State.RUNNING)
    entry.hear(Progress("short episodes", 100, 10_000), 50.0)
    assert entry.steps_per_second(60.0) is None  # one word tells no speed
    entry.hear(Progress("short episodes", 600, 10_000), 60.0)
    assert entry.steps_per_second(60.0) == 50.0
    entry.hear(Progress("whole games", 1_000, 90_000), 400.0)  # one phase on; some is done already
    assert entry.steps_per_second(400.0) is None
    entry.hear(Progress("whole games", 1_400, 90_000), 404.0)
    assert entry.steps_per_second(404.0) == 100.0
    entry.hear(Progress("whole games", 1_000, 90_000), 500.0)  # begun again after a fault
    assert entry.steps_per_second(500.0) is None


def test_finished_cells_are_never_begun_again(tmp_path: Path) -> None:
    cells = [small_run(0), small_run(1)]
    fake = Fake({})
    scheduled(tmp_path, cells, fake)
    assert len(fake.begun) == 2
    again = Fake({})
    scheduler = scheduled(tmp_path, [*cells, small_run(2)], again)
    assert [key for key, _ in again.begun] == [small_run(2).key]
    assert {entry.state for entry in scheduler.entries.values()} == {State.DONE}


def test_a_dead_worker_is_retried_and_a_cells_own_word_is_not(tmp_path: Path) -> None:
    died, refused = small_run(0), small_run(1)
    dead = Ended(died.key, "killed", again=True)
    needs = Cell("run", {"game": "pong"}, refused)
    ends = {died.key: [dead, dead, Ended(died.key)], refused.key: [Ended(refused.key, "too few")]}
    fake = Fake(ends)
    entries = scheduled(tmp_path, [died, refused, needs], fake).entries
    assert (entries[died.key].state, entries[died.key].tries) == (State.DONE, 3)
    assert (entries[refused.key].state, entries[refused.key].tries) == (State.FAILED, 1)
    assert entries[needs.key].state is State.FAILED
    assert refused.key in (entries[needs.key].fault or "")
    once = scheduled(tmp_path / "b", [died], Fake({died.key: [dead, dead]}), retries=1)
    assert once.entries[died.key].state is State.FAILED
    printed = Console(width=200, record=True, file=io.StringIO())
    printed.print(sweep_table(entries))
    assert "3 cells: 1 done, 2 failed" in printed.export_text()


def test_a_stopped_sweep_begins_nothing_more(tmp_path: Path) -> None:
    fake = Fake({})
    scheduler = Scheduler([small_run()], tmp_path, fake, retries=0, stop=lambda: True)
    scheduler.run(lambda: None, pause=0.0)
    assert fake.begun in ([], [("stop", None)])
    assert [entry.state for entry in scheduler.entries.values()] == [State.STOPPED]


# ------------------------------------------------------------------------------ cells and grids


def test_a_key_is_of_what_is_asked_and_survives_json() -> None:
    cell = Cell("run", {"game": "pong"}, small_run())
    assert Cell.from_json(json.loads(json.dumps(cell.as_json()))).key == cell.key
    assert len({cell.key, small_run().key, small_run(1).key, Cell("run", {}).key}) == 4
    with pytest.raises(RunError, match="does not describe a cell"):
        Cell.from_json({"study": "run"})


def test_a_choice_that_is_new_leaves_finished_cells_as_they_were() -> None:
    """Or a sweep that is gone on with after an update would play everything again."""
    old, new = RunSettings(), RunSettings(prune=True, head_start=True, end_on_block=True)
    assert not {"prune", "head_start", "end_on_block"} & set(old.as_json())
    assert RunSettings.from_json(old.as_json()) == old
    assert RunSettings.from_json(new.as_json()) == new
    assert run_cell(old).key != run_cell(new).key


def test_the_papers_table_is_every_game_condition_and_seed() -> None:
    cells = cells_of(GridSettings(seeds=(0, 1)))
    assert len(cells) == 6
    steps = {int(str(c.settings["oversight_steps"])) for c in cells}
    assert steps == {10_000}
    both = GridSettings(grid=(Grid.TABLE, Grid.ABLATIONS), seeds=(0,))
    variants = [variant_of(RunSettings.from_json(dict(c.settings))) for c in cells_of(both)]
    assert variants.count("") == 3  # the run without a change is in both grids, and once
    assert {"credit executed", "reward_rule add", "rewind_steps 8", "prune True"} < set(variants)


def test_cells_of_other_amounts_of_oversight_say_so() -> None:
    cells = cells_of(GridSettings(grid=(Grid.HOURS,), seeds=(0,), human_hours=(0.1, 1.0)))
    labels = [study_named("run").label(cell.settings) for cell in cells]
    assert sorted(labels) == [
        "pong hirl simulated 4,500 overseen seed 0",
        "pong hirl simulated 450 overseen seed 0",
        "pong no_oversight seed 0",
    ]


def test_a_grid_may_oversee_for_longer_and_runs_stay_as_long() -> None:
    longer = GridSettings(seeds=(0,), oversight_steps=20_000, segment_steps=2_000)
    cells = cells_of(longer)
    runs = [RunSettings.from_json(dict(cell.settings)) for cell in cells]
    assert {(run.oversight_steps, run.blocker_steps) for run in runs} == {(20_000, 80_000)}
    assert study_named("run").label(cells[0].settings) == (
        "pong hirl simulated 20,000 overseen in games of 2,000 seed 0"
    )
    smoke = cells_of(GridSettings(seeds=(0,), budget=Budget.SMOKE))  # shorter games are its own
    assert study_named("run").label(smoke[0].settings) == "pong hirl simulated seed 0"
    with pytest.raises(RunError, match="fewer oversight_steps than a run's 100,000, got 100,000"):
        cells_of(GridSettings(oversight_steps=100_000))
    with pytest.raises(RunError, match="segment_steps of 1 or more, got 0"):
        GridSettings(segment_steps=0).check()


def test_overseen_games_are_as_long_as_their_game_needs() -> None:
    cells = cells_of(GridSettings(games=("pong", "road_runner"), seeds=(0,)))
    assert {(c.settings["game"], c.settings["segment_steps"]) for c in cells} == {
        ("pong", 300),
        ("road_runner", 2_000),
    }
    before = replace(RunSettings(game="road_runner"), segment_steps=300)  # what all games had
    assert "in games of 300" in study_named("run").label(before.as_json())
    assert variant_of(RunSettings(game="road_runner")) == ""


def test_agents_are_an_axis_and_studies_of_the_agent_need_a_double_dqn() -> None:
    agents = (Algorithm.DOUBLE_DQN, Algorithm.RECURRENT_PPO)
    cells = cells_of(GridSettings(seeds=(0,), agents=agents))
    assert len({cell.key for cell in cells}) == 6
    labels = [study_named("run").label(cell.settings) for cell in cells]
    assert labels[3] == "pong hirl recurrent_ppo simulated seed 0"
    alone = GridSettings(grid=(Grid.ALONE,), seeds=(0,), agents=agents)
    assert {cell.base.settings["agent"] for cell in cells_of(alone) if cell.base} == {"double_dqn"}
    with pytest.raises(RunError, match="are of double_dqn"):
        cells_of(GridSettings(grid=(Grid.FORGETTING,), agents=(Algorithm.A2C,)))
    for wrong in ({"ages": (5,)}, {"credit": Credit.EXECUTED}, {"prune": True}):
        with pytest.raises(RunError, match="double_dqn"):
            RunSettings(agent=Algorithm.A2C, **wrong).check()  # type: ignore[arg-type]
    with pytest.raises(RunError, match="experiments fast --learners double_dqn dqn"):
        RunSettings(agent=Algorithm.DQN).check()


def test_a_policy_agent_goes_on_from_phase_to_phase(tmp_path: Path) -> None:
    """A2C in both phases of a run: its steps are counted on, and none is played too many."""
    settings = RunSettings(
        agent=Algorithm.A2C, condition=Condition.NO_OVERSIGHT, oversight_steps=33, blocker_steps=22
    )
    run = RunDirectory.create(tmp_path / "run", settings)
    reporter = Reporter(Console(file=io.StringIO()))
    assert run_sitting(run, reporter, lambda: False) is Stage.DONE  # type: ignore[arg-type]
    assert read_object(run.summary)["agent_steps"] == 55
    with safe_open(run.agent / "policy.safetensors", "pt") as file:
        assert file.metadata() == {"steps": "55"}


def test_hours_are_overseen_steps_at_the_persons_pace() -> None:
    grid = GridSettings(grid=(Grid.HOURS,), seeds=(0,), human_hours=(0.1, 1.0, 30.0))
    overseen = [(c.settings["condition"], c.settings["oversight_steps"]) for c in cells_of(grid)]
    # 0.8 s a label; 30 hours are more steps than the run has.
    assert overseen[1:] == [("hirl", 450), ("hirl", 4_500)]


def test_budgets_keep_what_was_asked_for() -> None:
    run = with_budget(RunSettings(oversight_steps=77), Budget.STANDARD)
    assert (run.oversight_steps, run.blocker_steps) == (77, 985_000)
    for budget, steps in ((Budget.SMALL, 100_000), (Budget.STANDARD, 1_000_000)):
        runner = with_budget(RunSettings(game="road_runner"), budget)  # it needs more labels
        assert (runner.oversight_steps, runner.blocker_steps) == (20_000, steps - 20_000)
        assert is_named_size("road_runner", 20_000, steps)
        assert not is_named_size("road_runner", 10_000, steps)
        assert not is_named_size("pong", 20_000, steps)
    assert with_budget(RunSettings(game="road_runner"), Budget.BRIEF).oversight_steps == 2_000
    assert with_budget(RunSettings(), Budget.SMALL).oversight_steps == 10_000
    full = with_budget(RunSettings(game="space_invaders"), Budget.FULL)
    assert full.oversight_steps + full.blocker_steps == 1_750_000
    with pytest.raises(RunError, match="the paper's: expected a game"):
        with_budget(RunSettings(game="freeway"), Budget.FULL)


# ---------------------------------------------------------------------------------------- plans


def test_a_plans_hours_are_work_over_measured_speed(tmp_path: Path) -> None:
    write_json(tmp_path / "speeds.json", {"pong no_oversight": {"learning": 10.0, "acting": 100.0}})
    speeds = Speeds(tmp_path / "speeds.json", measuring=False)
    scheduler = Scheduler(
        [small_run(0, 35_990), small_run(1)], tmp_path, Fake({}), retries=0, stop=lambda: False
    )
    long, short = plan(scheduler.entries, speeds)
    assert long.hours == pytest.approx(1.0)  # 36,000 steps at 10 a second
    assert short.hours == pytest.approx(50 / 36_000)
    other = run_cell(RunSettings(condition=Condition.PENALTY_ONLY))
    scheduler = Scheduler([other], tmp_path, Fake({}), retries=0, stop=lambda: False)
    (not_known,) = plan(scheduler.entries, speeds)
    assert (not_known.hours, not_known.state) == (None, "to do")
    assert [path.name for path in tmp_path.iterdir()] == ["speeds.json"]  # a plan makes no cells
    two = [Planned("", None, 3.0, ""), Planned("", None, 1.0, "")]
    assert (wall_hours(two, 1), wall_hours(two, 8)) == (4.0, 3.0)
    mixed = Work("pong", Condition.HIRL, learn=20, act=200)
    assert Speed(10.0, 100.0).seconds(mixed) == pytest.approx(4.0)


def test_what_cannot_be_asked_for_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in (
        (["--overseers", "person"], "nobody sits at a sweep"),
        (["--games", "chess"], "unknown game 'chess'"),
        (["--workers", "0"], "expected 1 worker"),
        (["--seeds"], "expected at least one of seeds"),
    ):
        assert main(["sweep", *arguments]) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert message in line


# ----------------------------------------------------------------------------------- real cells


def test_a_real_cell_is_killed_retried_and_done(tmp_path: Path) -> None:
    """Through the real processes: kill -9 in the middle, the next try goes on where it stood."""
    cell = small_run(steps=150)
    backend = LocalProcesses(1)
    kills = []

    def watch() -> None:
        for process, folder in backend._running.values():
            if not kills and (folder / "run" / "log.sqlite").exists():
                kills.append(process.pid)
                process.send_signal(signal.SIGKILL)

    scheduler = Scheduler([cell], tmp_path, backend, retries=1, stop=lambda: False)
    scheduler.run(watch, pause=0.05)
    entry = scheduler.entries[cell.key]
    assert (entry.state, entry.tries, len(kills)) == (State.DONE, 2, 1)
    result = read_object(entry.folder / RESULT)
    (row,) = result["rows"]  # type: ignore[misc]
    assert isinstance(row, dict)
    assert row["agent_steps"] == 160
    assert sum(part["steps"] for part in row["curve"]) == 160
    assert result["versions"]["torch"]  # type: ignore[index, call-overload]
    begun = time.monotonic()
    assert main(["cell", str(entry.folder)]) == 0
    assert time.monotonic() - begun < 2  # it is finished: nothing is played
