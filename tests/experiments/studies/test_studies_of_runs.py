"""Studies about a finished run, in their arms: a real game, an agent that knows nothing."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from agents import HeldRandomProposer, make_agent, save
from blocker import Blocker, BlockerNetwork, preset_for
from blocker.testing import grow_on_noise
from experiments.ages import keep_age
from experiments.learning_proposers import HarmPays, shortened
from experiments.phases import agent_settings, episode_seed, gate_settings, open_log
from experiments.reporter import Reporter
from experiments.rundir import RunDirectory
from experiments.settings import Condition, RunSettings
from experiments.studies import STUDIES, study_named
from experiments.studies.alone import ALONE, BEHIND
from experiments.studies.common import StudySettings
from experiments.studies.forgetting import ARMS as FORGETTING
from experiments.studies.red_team import OURS, PAPERS
from experiments.studies.searcher import Seen, search
from experiments.studies.transfer import ARMS as TRANSFER
from experiments.studies.transfer import LOVING
from experiments.studies.ways import ASSISTED, UNSURE, WAYS
from experiments.summary import BEFORE
from experiments.sweep.cell import Cell
from experiments.sweep.grid import Grid, GridSettings, cells_of
from experiments.sweep.study import Place, Row
from oversight import (
    AllowAll,
    AtariGame,
    Decision,
    Game,
    GateSettings,
    InterventionLog,
    Mode,
    OracleOverseer,
    OversightWrapper,
    Proposal,
    RunError,
    game_named,
)

PONG = game_named("pong")
SETTINGS = RunSettings(condition=Condition.HIRL, seed=3)
STEPS = 60


def blocker(threshold: float, game: Game = PONG) -> Blocker:
    """A network that has learned noise: it judges at random, but always alike.

    Seed 3: where it blocks everything its choice is to go down, so that a search meets danger.
    """
    torch.manual_seed(0)
    preset = preset_for(game.name)
    shape = preset.amplified or preset.shape
    network = BlockerNetwork(game.actions, preset.input, shape).eval()
    grow_on_noise(network, np.random.default_rng(3))
    return Blocker(network, shape, preset.input, threshold, game.name, game.actions)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished cell: a run with an agent, one of its ages, and a Blocker."""
    folder = tmp_path_factory.mktemp("base")
    run = RunDirectory.create(folder / "run", SETTINGS)
    env = AtariGame(PONG)
    agent = make_agent(env, agent_settings(SETTINGS), seed=3, device="cpu", seed_env=False)
    keep_age(agent, run.ages, 5)
    save(agent, run.agent)
    blocker(0.3).save(run.blocker)
    return folder


def played(study: str, arm: str, base: Path, tmp_path: Path, steps: int = STEPS) -> Row:
    settings = StudySettings.of(SETTINGS, arm, steps)
    reporter = Reporter(Console(file=io.StringIO()))
    place = Place(tmp_path, base, reporter, lambda: False)  # type: ignore[arg-type]
    rows = study_named(study).play(settings.as_json(), place)
    assert rows is not None
    (row,) = rows
    assert (row["game"], row["base"], row["arm"], row["seed"]) == ("pong", "hirl", arm, 3)
    assert row["steps"] == steps
    return row


def test_the_blocker_stands_before_the_agent_or_it_does_not(base: Path, tmp_path: Path) -> None:
    behind = played("alone", BEHIND, base, tmp_path)
    alone = played("alone", ALONE, base, tmp_path)
    assert int(str(behind["blocks"])) > 0
    assert alone["blocks"] == 0
    assert alone["unsafe"] == alone["missed"]
    with pytest.raises(RunError, match="expected the arm"):
        played("alone", "beside", base, tmp_path)


def test_an_age_that_was_not_kept_is_refused(base: Path, tmp_path: Path) -> None:
    settings = StudySettings.of(SETTINGS, ALONE, 5, age=6)
    place = Place(tmp_path, base, Reporter(Console(file=io.StringIO())), lambda: False)  # type: ignore[arg-type]
    with pytest.raises(RunError, match=r"one of the ages kept \(5\), got 6"):
        study_named("alone").play(settings.as_json(), place)
    with pytest.raises(RunError, match="not a study's settings"):
        study_named("alone").work({"colour": "red"})


@pytest.mark.parametrize("arm", FORGETTING)
def test_forgetting_learns_on_or_stays_and_is_random_or_not(
    arm: str, base: Path, tmp_path: Path
) -> None:
    row = played("forgetting", arm, base, tmp_path)
    assert row["episodes"] == 1
    assert row["attempts_per_episode"] == row["unsafe"]
    # Without learning and without chance an agent is the same each time.
    if arm == "frozen, deterministic":
        assert played("forgetting", arm, base, tmp_path) == row


@pytest.mark.parametrize("arm", TRANSFER)
def test_others_learn_behind_the_same_blocker(arm: str, base: Path, tmp_path: Path) -> None:
    assert int(str(played("transfer", arm, base, tmp_path)["blocks"])) > 0


def test_those_that_learn_explore_for_a_quarter_of_the_study_at_most() -> None:
    short = shortened(agent_settings(SETTINGS), 400)
    assert (short.exploration_steps, short.learning_starts) == (100, 40)
    assert shortened(agent_settings(SETTINGS), 10**6) == agent_settings(SETTINGS)


def test_harm_pays_for_what_is_unsafe_in_truth() -> None:
    env = OversightWrapper(AtariGame(PONG), AllowAll(), GateSettings(mode=Mode.OBSERVE))
    paid = HarmPays(env)
    paid.reset(seed=0)
    down = PONG.toward_harm
    rewards = [float(paid.step(down)[1]) for _ in range(60)]
    assert sum(rewards) == env.gate.tally.proposed_catastrophes
    assert set(rewards) == {0.0, 1.0}


def test_ways_of_working_cost_what_they_must(base: Path, tmp_path: Path) -> None:
    rows = {way: played("ways", way, base, tmp_path, 120) for way in WAYS}
    seconds = {way: float(str(row["seconds"])) for way, row in rows.items()}
    assert {row["seconds_are"] for row in rows.values()} == {"simulated"}
    # 120 steps are 8 seconds of the console's own time; at the paper's pace about 96.
    assert 7.5 < seconds["real time"] < 8.5
    assert 80 < seconds["paced"] <= 96
    # A key each, 0.275 s in the middle, and hardly ever a lapse.
    assert 0.2 * 120 < seconds["step by step"] < 0.5 * 120
    assert rows["step by step"]["missed"] == 0
    asked = int(str(rows[UNSURE]["asked"]))
    assert seconds[UNSURE] <= asked * 0.8 + 0.1
    # Every step is seen, at a quarter of the time at best and twice as long where it is unsafe.
    assert rows[ASSISTED]["asked"] == 120
    assert seconds["paced"] / 4 <= seconds[ASSISTED] <= 2 * seconds["paced"]


@pytest.mark.parametrize(("threshold", "holed"), [(1.0, True), (0.0, False)])
def test_a_search_finds_all_holes_and_none_where_none_are(threshold: float, holed: bool) -> None:
    found = search(AtariGame(PONG), blocker(threshold), np.random.default_rng(1), 120)
    assert found is not None
    assert found.states == 120
    assert 0 < found.dangerous <= 120
    if holed:
        assert found.holes == found.dangerous
        # Holes of one approach to the ball are near each other.
        assert 0 < found.moments < found.holes
    else:
        assert (found.holes, found.moments) == (0, 0)


def test_a_search_shows_a_blocker_all_the_screens_it_looks_at() -> None:
    game = game_named("road_runner")
    judge = blocker(0.0, game)
    assert judge.spec.history == 9
    found = search(AtariGame(game), judge, np.random.default_rng(1), 30)
    assert found is not None
    assert found.states == 30


def test_what_is_seen_is_what_the_gate_would_show() -> None:
    env, shown = AtariGame(PONG), []

    class Look(AllowAll):
        def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
            shown.extend(proposals)
            return super().review(proposals)

    gate = OversightWrapper(env, Look(), GateSettings(mode=Mode.REPLACE, history=4))
    gate.reset(seed=2)
    seen = Seen(4)
    seen.begin(env.screen())
    for step in range(7):
        gate.step(step % 3)
        assert np.array_equal(seen.proposal(step).screens, shown[-1].screens)
        assert seen.executed == shown[-1].last_executed
        seen.add(env.screen(), step % 3)


def test_a_search_stops_when_it_is_told_to() -> None:
    stopped = search(
        AtariGame(PONG), blocker(1.0), np.random.default_rng(1), 9, lambda _looked, _holes: False
    )
    assert stopped is None


def test_a_round_of_the_red_team_trains_on_both_logs(tmp_path: Path) -> None:
    """From a Blocker that allows everything to one that has learned, from a real log."""
    settings = replace(SETTINGS, blocker_epochs=2)
    run = RunDirectory.create(tmp_path / "base" / "run", settings)
    blocker(1.0).save(run.blocker)
    overseen(run, settings, 1_200)
    rows = red_team(run, settings, OURS, tmp_path)
    assert [row["round"] for row in rows] == [0, 1]
    assert rows[0]["holes"] == rows[0]["dangerous"]
    assert int(str(rows[1]["holes"])) < int(str(rows[1]["dangerous"]))
    assert Blocker.load(tmp_path / "blocker-1.safetensors").spec == blocker(1.0).spec
    with InterventionLog.open(tmp_path / "round.sqlite") as log:
        assert len(log.steps()) == 150
    assert "negatives" not in rows[0]  # noise was never held to anything
    assert 0 <= int(str(rows[1]["false_alarms"])) <= int(str(rows[1]["negatives"]))
    # The paper's is trained on the same labels: not the run's own, which allows everything.
    papers = red_team(run, settings, PAPERS, tmp_path)
    assert int(str(papers[0]["holes"])) < int(str(papers[0]["dangerous"]))
    assert len(Blocker.load(tmp_path / "blocker-0.safetensors").spec.lags) == 1
    with pytest.raises(RunError, match="expected a Blocker of ours"):
        red_team(run, settings, "theirs", tmp_path)


def red_team(run: RunDirectory, settings: RunSettings, arm: str, tmp_path: Path) -> list[Row]:
    place = Place(tmp_path, run.path.parent, Reporter(Console(file=io.StringIO())), lambda: False)  # type: ignore[arg-type]
    cell = StudySettings.of(settings, arm, 150)
    rows = study_named("red_team").play(cell.as_json(), place)
    assert rows is not None
    return rows


def overseen(run: RunDirectory, settings: RunSettings, steps: int) -> None:
    """Let the oracle label a run's first steps."""
    env = AtariGame(PONG)
    with open_log(run.log, settings) as log:
        gate = OversightWrapper(
            env,
            OracleOverseer([env.truth]),
            gate_settings(settings, Mode.REPLACE),
            sink=log,
            episode_seed=episode_seed(3),
            phase=BEFORE,
        )
        proposer = HeldRandomProposer(PONG.n_actions, np.random.default_rng(3))
        observation, _ = gate.reset()
        for step in range(1, steps + 1):
            observation, *_ = gate.step(proposer.propose(observation))
            if step % 120 == 0:
                observation, _ = gate.reset()
        log.flush()


def test_every_study_has_its_grid_and_its_cells_need_a_run() -> None:
    everything = GridSettings(grid=tuple(Grid), seeds=(0,), conditions=(Condition.HIRL,))
    cells = cells_of(everything)
    assert {cell.study for cell in cells} == set(STUDIES)
    for cell in cells:
        assert (cell.base is None) == (cell.study == "run")
        assert study_named(cell.study).work(cell.settings).game == "pong"
    # One run serves all studies that are about it.
    bases = {cell.base.key for cell in cells if cell.base is not None}
    runs = {cell.key for cell in cells if cell.study == "run"}
    plain = [cell for cell in cells if cell.study == "alone" and isinstance(cell.base, Cell)]
    assert len({cell.base.key for cell in plain if cell.base}) == 1
    assert len(bases & runs) >= 1
    assert LOVING in {cell.settings.get("arm") for cell in cells}
