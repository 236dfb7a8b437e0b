"""What a user can get wrong ends in one line on standard error and a non-zero status."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from agents import Algorithm
from experiments.__main__ import Run, _as_given, main
from experiments.budgets import Budget
from experiments.rundir import RunDirectory, RunState, Stage
from experiments.settings import OverseerChoice, RunSettings
from oversight import InterventionLog

SMALL = ("--overseer", "oracle", "--oversight-steps", "5", "--blocker-steps", "5")


def _fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_unknown_game(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    line = _fails(capsys, "demo", "--game", "chess", "--out", str(tmp_path / "run"))
    assert "unknown game 'chess': expected one of assault" in line
    assert not (tmp_path / "run").exists()


def test_run_directory_that_exists(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    line = _fails(capsys, "demo", "--out", str(tmp_path))
    assert f"{tmp_path} exists already" in line
    assert "--resume" in line


def test_resume_of_something_else(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    line = _fails(capsys, "demo", "--resume", str(tmp_path))
    assert "is not a run directory" in line


def test_no_display(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    line = _fails(capsys, "demo", "--overseer", "person", "--out", str(tmp_path / "run"))
    assert "display" in line


def test_log_of_another_format_version(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path / "run", RunSettings(overseer=OverseerChoice.ORACLE))
    assert main(["run", *SMALL, "--out", str(tmp_path / "other")]) == 2  # too few labels
    capsys.readouterr()
    (tmp_path / "other" / "log.sqlite").rename(run.log)
    connection = sqlite3.connect(run.log)
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    line = _fails(capsys, "run", "--resume", str(run.path))
    assert "format version 99" in line


def test_too_few_labels_say_what_to_do(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    line = _fails(capsys, "run", *SMALL, "--out", str(tmp_path / "run"))
    assert "--oversight-steps" in line
    assert (tmp_path / "run" / "log.sqlite").is_file()
    assert (tmp_path / "run" / "summary.json").is_file()


def test_missing_blocker(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path / "run", RunSettings(overseer=OverseerChoice.ORACLE))
    line = _fails(capsys, "audit", str(run.path))
    assert "no Blocker at" in line
    run.remember(RunState(stage=Stage.BLOCKER, overseer="oracle"))
    line = _fails(capsys, "run", "--resume", str(run.path))
    assert "no Blocker at" in line


def test_foreign_blocker(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path / "run", RunSettings(overseer=OverseerChoice.ORACLE))
    run.blocker.write_bytes(b"GIF89a, surely not a network")
    line = _fails(capsys, "audit", str(run.path))
    assert "is not a Blocker" in line


@pytest.mark.parametrize("command", ["demo", "run", "audit"])
def test_help_teaches(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert "--" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--seed", "-1"), "seed of 0 or more"),
        (("--device", "toaster"), "device auto, cpu or cuda"),
        (("--blocker-epochs", "0"), "blocker_epochs of 1 or more"),
    ],
)
def test_numbers_out_of_range(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, flags: tuple[str, ...], message: str
) -> None:
    assert message in _fails(capsys, "run", *flags, "--out", str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_run_goes_on_with_its_own_settings(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = RunDirectory.create(tmp_path / "run", RunSettings(oversight_steps=50))
    line = _fails(capsys, "run", "--resume", str(run.path), "--seed", "3")
    assert "got others for seed" in line
    assert run.settings().seed == 0


def test_more_steps_may_be_asked_for_when_a_run_goes_on(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = str(tmp_path / "run")
    assert "--oversight-steps" in _fails(capsys, "run", *SMALL, "--out", out)
    line = _fails(capsys, "run", "--resume", out, "--oversight-steps", "9")
    assert "oversee on" in line  # nine are too few still, but they were overseen
    run = RunDirectory.open(tmp_path / "run")
    assert run.settings().oversight_steps == 9
    with InterventionLog.open(run.log) as log:
        assert len(log.steps(["oversight"])) == 9
    line = _fails(capsys, "run", "--resume", out, "--oversight-steps", "6")
    assert "at least as many" in line


def test_a_number_that_is_given_counts_though_it_is_the_usual_one(tmp_path: Path) -> None:
    usual = RunSettings()
    run = RunDirectory.create(tmp_path / "run", RunSettings(oversight_steps=50, blocker_steps=60))
    words = ("--resume", str(run.path), "--blocker-steps", str(usual.blocker_steps))
    asked = _as_given(Run(resume=run.path), words)
    assert (asked.settings.oversight_steps, asked.settings.blocker_steps) == (50, 22_000)
    quick = _as_given(Run(quick=True), ("--quick", "--blocker-steps", "5000", "--seed", "3"))
    assert (quick.settings.oversight_steps, quick.settings.blocker_steps) == (1_500, 5_000)
    small = Run(budget=Budget.SMALL)
    given = _as_given(small, ("--budget", "small", "--blocker-steps", str(usual.blocker_steps)))
    assert (given.settings.oversight_steps, given.settings.blocker_steps) == (10_000, 22_000)


def test_what_cannot_be_of_a_run_that_goes_on_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = RunDirectory.create(tmp_path / "run", RunSettings(oversight_steps=50))
    line = _fails(capsys, "run", "--resume", str(run.path), "--budget", "small")
    assert "goes on as it was made, got --budget with --resume" in line
    assert "got --quick and --budget" in _fails(capsys, "run", "--quick", "--budget", "small")
    run.remember(RunState(stage=Stage.DONE))
    line = _fails(capsys, "run", "--resume", str(run.path), "--oversight-steps", "900")
    assert "past its overseen steps" in line
    assert run.settings().oversight_steps == 50


def test_an_audit_needs_an_agent_that_can_propose(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    settings = RunSettings(agent=Algorithm.A2C, overseer=OverseerChoice.ORACLE)
    run = RunDirectory.create(tmp_path / "run", settings)
    line = _fails(capsys, "audit", str(run.path))
    assert "the run's agent is a2c" in line
    assert "--proposers random held down" in line
