"""Run directories: made once, read back, refused when they are something else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.rundir import RunDirectory, RunState, Stage, write_json
from experiments.settings import Condition, OverseerChoice, RunSettings
from oversight import RunError


def test_settings_and_state_come_back(tmp_path: Path) -> None:
    settings = RunSettings(seed=7, overseer=OverseerChoice.ORACLE, oversight_steps=50)
    run = RunDirectory.create(tmp_path / "run", settings)
    assert run.settings() == settings
    assert run.state() == RunState()
    state = replace(run.state(), stage=Stage.BLOCKER, wall_seconds=1.5, handover="ready")
    run.remember(state)
    assert RunDirectory.open(tmp_path / "run").state() == state


def test_an_existing_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"exists already.*--resume"):
        RunDirectory.create(tmp_path, RunSettings())


def test_what_is_no_run_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"config\.json"):
        RunDirectory.open(tmp_path)


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be made"):
        RunDirectory.create(tmp_path / "file" / "run", RunSettings())


@pytest.mark.parametrize("text", ["", "[]", '{"colour": "blue"}', '{"condition": "x"}'])
def test_a_foreign_configuration_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(RunError, match=r"config\.json"):
        RunDirectory.open(tmp_path).settings()


def test_a_foreign_state_is_refused(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path / "run", RunSettings())
    (run.path / "state.json").write_text('{"stage": "elsewhere"}')
    with pytest.raises(RunError, match=r"state\.json"):
        run.state()


def test_json_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"game": "chess"}, "unknown game 'chess'.*pong"),
        ({"oversight_steps": 0}, "oversight_steps"),
        ({"segment_steps": -1}, "segment_steps"),
        ({"blocker_steps": 0}, "blocker_steps"),
        ({"pace": 0.0}, "pace"),
        (
            {"condition": Condition.PENALTY_ONLY, "overseer": OverseerChoice.PERSON},
            "penalty_only",
        ),
    ],
)
def test_settings_that_cannot_be_run(changes: dict[str, object], message: str) -> None:
    with pytest.raises(RunError, match=message):
        replace(RunSettings(), **changes).check()  # type: ignore[arg-type]


def test_quick_keeps_what_was_chosen() -> None:
    quick = RunSettings(seed=3, overseer=OverseerChoice.SIMULATED).quick()
    assert (quick.seed, quick.overseer) == (3, OverseerChoice.SIMULATED)
    assert quick.blocker_steps < RunSettings().blocker_steps
