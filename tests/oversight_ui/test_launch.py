"""Starting the window: each way it can fail is one line."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from oversight.errors import LinkError
from oversight.games import PONG
from oversight.types import Screen
from oversight_ui.display import display_problem
from oversight_ui.launch import open_window
from oversight_ui.link import LinkServer
from oversight_ui.overseer import HumanOverseer

ROOT = Path(__file__).parents[2]


def connect(directory: Path, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    names = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    clean = {name: value for name, value in os.environ.items() if name not in names}
    return subprocess.run(
        [sys.executable, "-m", "oversight_ui", "connect", "--directory", str(directory), *options],
        cwd=ROOT,
        env=clean | environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_nobody_serves(short_dir: Path) -> None:
    assert "no run serves" in one_line(connect(short_dir / "nothing"))


def test_no_display(short_dir: Path) -> None:
    with LinkServer(short_dir, PONG):
        assert "no display" in one_line(connect(short_dir))


def test_a_display_that_does_not_answer(short_dir: Path) -> None:
    with LinkServer(short_dir, PONG):
        assert "display" in one_line(connect(short_dir, DISPLAY=":987"))


def test_a_pace_that_is_not_offered(short_dir: Path) -> None:
    assert "pace among" in one_line(connect(short_dir, "--pace", "5"))


def test_what_counts_as_a_display() -> None:
    assert display_problem({"DISPLAY": ":0"}, "linux") is None
    assert display_problem({"WAYLAND_DISPLAY": "wayland-0"}, "linux") is None
    assert display_problem({"SDL_VIDEODRIVER": "dummy"}, "linux") is None
    assert display_problem({}, "darwin") is None
    assert "no display" in (display_problem({"DISPLAY": ""}, "linux") or "")


def test_open_window_without_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(LinkError, match="no display"), open_window(PONG):
        pass


def test_open_window_tells_why_the_window_died(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "nonsense")
    expected = pytest.raises(LinkError, match="did not open: error: cannot open the display")
    with expected, open_window(PONG):
        pass


def test_open_window_and_end_it(monkeypatch: pytest.MonkeyPatch, short_dir: Path) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with open_window(PONG, directory=short_dir) as server:
        assert server.connected
        with (
            pytest.raises(LinkError, match="window port in use"),
            open_window(PONG, directory=short_dir),
        ):
            pass
    assert (short_dir / "window.log").read_text() == ""


def test_the_window_ends_when_its_run_dies(short_dir: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from oversight.games import PONG\n"
        "from oversight_ui import open_window\n"
        "with open_window(PONG, directory=Path(sys.argv[1])): os._exit(9)"
    )
    environ = os.environ | {"SDL_VIDEODRIVER": "dummy"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(short_dir)], cwd=ROOT, env=environ, timeout=30, check=False
    )
    assert done.returncode == 9
    log = short_dir / "window.log"
    end = time.monotonic() + 10
    while "ended without a word" not in log.read_text():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)


def test_the_package_needs_no_pygame_on_the_runs_side() -> None:
    code = "import sys, oversight_ui; sys.exit('pygame' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_nobody_at_the_start_screen(
    monkeypatch: pytest.MonkeyPatch,
    short_dir: Path,
    grey_rgb: Callable[[Screen], NDArray[np.uint8]],
) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with open_window(PONG, directory=short_dir) as server:
        human = HumanOverseer(server, PONG, to_rgb=grey_rgb)
        began = time.monotonic()
        assert not human.wait_for_person(0.5)
        assert 0.4 < time.monotonic() - began < 5.0
