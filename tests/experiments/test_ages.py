"""The agent's weights at an age: kept during a run, and taken on again."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from agents import Algorithm, make_agent
from experiments.__main__ import main
from experiments.ages import ages_in, become
from experiments.phases import agent_settings
from experiments.pipeline import run_sitting
from experiments.reporter import Reporter
from experiments.rundir import RunDirectory, Stage
from experiments.settings import Condition, RunSettings, ThresholdChoice
from oversight import AtariGame, RewardRule, RunError, game_named


def test_a_run_keeps_its_agent_at_the_ages_asked_for(tmp_path: Path) -> None:
    out = tmp_path / "run"
    arguments = ["run", "--condition", "no_oversight", "--oversight-steps", "30"]
    arguments += ["--blocker-steps", "20", "--ages", "10", "40", "--out", str(out)]
    assert main([*arguments, "--reward-rule", "add", "--penalty", "-2", "--sticky", "0.1"]) == 0
    run = RunDirectory.open(out)
    assert ages_in(run.ages) == (10, 40)
    settings = run.settings()
    assert (settings.ages, settings.reward_rule) == ((10, 40), RewardRule.ADD)
    agent = make_agent(AtariGame(game_named("pong")), agent_settings(settings), seed=99)
    screens = np.random.default_rng(0).integers(0, 255, (4, 84, 84)).astype(np.uint8)
    before = agent.q_values(screens)
    become(agent, run.ages, 40)
    assert not np.allclose(agent.q_values(screens), before)
    other = make_agent(AtariGame(game_named("pong")), agent_settings(settings), seed=7)
    become(other, run.ages, 40)
    assert np.array_equal(agent.q_values(screens), other.q_values(screens))
    with pytest.raises(RunError, match=r"no usable agent of age 11 .*there are: 10, 40"):
        become(agent, run.ages, 11)


def test_after_a_kill_ages_are_the_runs_and_what_was_not_learned_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A checkpoint every 10 steps: killed after 66, the agent goes on from 60, the run from 66."""
    settings = RunSettings(
        condition=Condition.NO_OVERSIGHT, oversight_steps=20, blocker_steps=80, ages=(10, 100)
    )
    run = RunDirectory.create(tmp_path / "run", settings)
    reporter, asked = Reporter(Console(file=io.StringIO())), 0

    def killed() -> bool:
        nonlocal asked
        asked += 1
        if asked == 66:
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        run_sitting(run, reporter, killed)
    assert run.state().wall_seconds > 0
    assert run_sitting(run, Reporter(), lambda: False) is Stage.DONE
    assert ages_in(run.ages) == (10, 100)
    summary = json.loads(run.summary.read_text())
    assert (summary["agent_steps"], summary["learned_steps"]) == (100, 94)
    assert "has learned in 94 of 100 agent steps" in capsys.readouterr().out


@pytest.mark.parametrize("agent", [Algorithm.DOUBLE_DQN, Algorithm.A2C])
def test_a_kill_in_the_first_checkpoint_leaves_none_and_the_run_goes_on(
    tmp_path: Path, agent: Algorithm
) -> None:
    settings = RunSettings(
        condition=Condition.NO_OVERSIGHT, oversight_steps=10, blocker_steps=20, agent=agent
    )
    run = RunDirectory.create(tmp_path / "run", settings)
    run.agent.mkdir()
    for name in ("tensors-000001.safetensors", "weights.safetensors.new"):
        (run.agent / name).write_bytes(b"half of it")
    assert run_sitting(run, Reporter(), lambda: False) is Stage.DONE
    assert json.loads(run.summary.read_text())["agent_steps"] == 30


def test_variants_go_through_json_and_are_checked() -> None:
    settings = RunSettings(threshold=ThresholdChoice.LOWEST_POSITIVE, ages=(5,), blocker_screens=1)
    assert RunSettings.from_json(json.loads(json.dumps(settings.as_json()))) == settings
    for wrong in ({"penalty": 1.0}, {"sticky": 1.0}, {"blocker_screens": 3}, {"ages": (0,)}):
        with pytest.raises(RunError, match=f"{next(iter(wrong))}|1 agent step"):
            RunSettings(**wrong).check()  # type: ignore[arg-type]


def test_a_baseline_needs_no_blocker_for_its_game() -> None:
    assert RunSettings.from_json({"game": "freeway", "condition": "no_oversight"}).game == "freeway"
