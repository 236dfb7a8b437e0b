"""Whole runs as a user starts them: quick, interrupted, killed, resumed, and at the window."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from oversight import InterventionLog, LogError, StepTable
from oversight.log import SAFE, UNSAFE, UNSURE

ROOT = Path(__file__).resolve().parents[2]
BASELINE = ("run", "--condition", "no_oversight", "--oversight-steps", "400")


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command in a process of its own, ended afterwards whatever happens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "experiments", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def finish(*arguments: str, seconds: float = 240.0) -> str:
    """Run a command to its end; returns what it printed."""
    with started(*arguments) as process:
        printed, _ = process.communicate(timeout=seconds)
        assert process.returncode == 0, printed
        return printed


def recorded(path: Path) -> StepTable | None:
    """What a log holds by now; None before it is there."""
    try:
        with InterventionLog.open(path) as log:
            return log.steps()
    except LogError:
        return None


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.05)


def wait_for_steps(path: Path, steps: int) -> None:
    wait_for(lambda: len(recorded(path) or ()) >= steps, f"{steps} steps in the log")


@pytest.mark.slow
def test_the_quick_demo_from_start_to_end(tmp_path: Path) -> None:
    out = tmp_path / "run"
    printed = finish("demo", "--quick", "--overseer", "simulated", "--out", str(out))
    assert "simulated person" in printed
    assert "miss rate is under" in printed
    summary = json.loads((out / "summary.json").read_text())
    table = recorded(out / "log.sqlite")
    assert table is not None
    assert summary["agent_steps"] == len(table) == 3_000
    assert set(table.source[table.phase == "oversight"]) == {"simulated"}
    assert set(table.source[table.phase == "blocker"]) == {"blocker"}
    assert summary["human_seconds_are"] == "simulated"
    assert summary["human_seconds"] > 0
    assert summary["blocker"]["positives"] > 0
    assert summary["handover"] in ("ready", "explicit choice")
    assert (table.blocked[table.phase == "blocker"]).any()
    for name in ("overview.png", "blocks.mp4", "metrics.csv", "versions.json", "agent"):
        assert (out / name).exists()
    assert any((out / "tensorboard").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_a_run_goes_on_after_ctrl_c_and_after_a_kill(tmp_path: Path, blow: signal.Signals) -> None:
    out = tmp_path / "run"
    # Learning starts at step 1,000, so the last 500 take seconds: the blow lands before the end.
    arguments = (*BASELINE, "--segment-steps", "70", "--blocker-steps", "1100")
    with started(*arguments, "--out", str(out)) as process:
        wait_for_steps(out / "log.sqlite", 450)
        process.send_signal(blow)
        printed, _ = process.communicate(timeout=60)
    before = recorded(out / "log.sqlite")
    assert before is not None
    assert len(before) < 1_500
    if blow is signal.SIGINT:
        assert process.returncode == 130
        assert f"--resume {out}" in printed
        assert (out / "summary.json").exists()
    finish("run", "--resume", str(out))
    table = recorded(out / "log.sqlite")
    assert table is not None
    assert np.array_equal(table.step_id, np.arange(1_500))
    assert np.array_equal(table.proposed[: len(before)], before.proposed)
    assert json.loads((out / "summary.json").read_text())["agent_steps"] == 1_500


def _xdotool(*arguments: str) -> str:
    done = subprocess.run(
        ["xdotool", *arguments], check=True, capture_output=True, text=True, timeout=30
    )
    return done.stdout


@pytest.mark.window
def test_a_person_at_the_window_and_exactly_that_in_the_log(display: str, tmp_path: Path) -> None:
    """Block, pause, step, undo and close by real keys; the log then holds those decisions."""
    log = tmp_path / "run" / "log.sqlite"
    arguments = ("demo", "--overseer", "person", "--pace", "0.5", "--out", str(tmp_path / "run"))
    with started(*arguments) as process:
        identity = _xdotool("search", "--sync", "--class", "hirl").split()[0]
        _xdotool("windowfocus", identity)
        time.sleep(1.0)
        _xdotool("key", "Return")
        time.sleep(1.0)  # the first step is on the screen; silence would allow it after 2 s
        for key, steps in (("space", 1), ("p", 1), ("s", 2), ("s", 3), ("space", 4), ("u", 4)):
            _xdotool("key", key)
            wait_for_steps(log, steps)
            time.sleep(0.5)
        time.sleep(2.5)  # paused: longer than a step's time, and nothing is approved
        _xdotool("key", "Escape")  # asks whether it is meant
        time.sleep(1.0)
        _xdotool("key", "Escape")
        printed, _ = process.communicate(timeout=60)
    table = recorded(log)
    assert table is not None
    assert table.verdict.tolist() == [UNSAFE, SAFE, SAFE, UNSURE], printed
    assert set(table.source) == {"person"}
    assert (table.executed[[0, 3]] == 2).all()
    assert "The overseer has left" in printed
    assert "--oversight-steps" in printed  # four labels are too few; it says what to do
    assert process.returncode == 2


@pytest.mark.window
@pytest.mark.slow
def test_nobody_at_the_window(display: str, tmp_path: Path) -> None:
    """If no key is pressed at the start screen the simulated person takes over, and says so."""
    out = tmp_path / "run"
    arguments = ("demo", "--overseer", "person", "--start-seconds", "1", "--out", str(out))
    with started(*arguments) as process:
        wait_for_steps(out / "log.sqlite", 30)
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=60)
    assert "Nobody pressed a key" in printed
    table = recorded(out / "log.sqlite")
    assert table is not None
    assert set(table.source) == {"simulated"}
