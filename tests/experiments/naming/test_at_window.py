"""A person at the window, by real keys: what they mark is what is learned from."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from blocker.naming import view_for
from experiments.__main__ import main
from experiments.naming.at_window import WindowNamer
from experiments.naming.people import Sheet
from experiments.naming.pool import Pool
from tests.oversight_ui.naming.test_window import hands

pytestmark = pytest.mark.window


def test_sheets_at_the_window_are_answers_on_the_disk(
    display: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["name", "--namer", "person", "--games", "pong", "--pool-steps", "400"]
    command += ["--check-steps", "0", "--label-steps", "0", "--work", str(tmp_path)]
    with hands("2", "Return", _breath, "3", "Return", _breath, "BackSpace", _breath, "q", "q"):
        assert main(command) == 0
    kept = json.loads((tmp_path / "pong-0-person.json").read_text())
    assert [np.flatnonzero(one["bad"]).tolist() for one in kept["sheets"]] == [[1], [2]]
    assert kept["seconds_besides"] > 0.0
    assert (tmp_path / "pong-0-person.safetensors").exists()
    assert "the same command goes on" in " ".join(capsys.readouterr().out.split())


def test_a_stop_from_outside_leaves_the_window(display: str, pong: Pool) -> None:
    namer = WindowNamer("pong", view_for("pong"), lambda: True)
    sheet = Sheet(np.arange(12), np.zeros(12, np.bool_), 1, 0.0, 60.0)
    answer = namer.answer(pong, sheet)
    namer.close()
    namer.close()
    assert answer.leave


def test_without_a_display_nothing_is_gathered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    command = ["name", "--namer", "person", "--games", "pong", "--work", str(tmp_path / "work")]
    assert main(command) == 2
    assert "no display" in capsys.readouterr().err
    assert not (tmp_path / "work").exists()


def _breath() -> None:
    """Until the next sheet is drawn, and can have been seen."""
    time.sleep(2.0)
