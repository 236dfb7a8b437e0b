"""The commands without a window: clips and agreement; and one line for what a user can cause."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from oversight.errors import OversightError
from oversight.log import InterventionLog
from oversight_ui.__main__ import main
from oversight_ui.review.clip import write_clip
from oversight_ui.review.layout import CLIP_SIZE


def frames_in(path: Path) -> tuple[int, np.ndarray]:
    """How many frames a file has, and the first."""
    video, frames = cv2.VideoCapture(str(path)), []
    while (read := video.read())[0]:
        frames.append(np.asarray(read[1]))
    video.release()
    return len(frames), frames[0]


@pytest.mark.parametrize("ending", [".mp4", ".gif"])
def test_a_clip_holds_its_steps(path: Path, ending: str, capsys: pytest.CaptureFixture) -> None:
    out = path.with_suffix(ending)
    assert main(["clip", str(path), str(out), "--steps", "48", "53"]) == 0
    assert "6 steps" in capsys.readouterr().out
    count, first = frames_in(out)
    assert count == 4 + 2 * 4  # two of the six were blocked, and stay four times as long
    assert first.shape == (CLIP_SIZE[1], CLIP_SIZE[0], 3)
    assert first.std() > 20
    assert not list(path.parent.glob("*-new*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["clip", "{log}", "{dir}/a.mp4", "--steps", "900", "950"], "it holds 0 to 119"),
        (["clip", "{log}", "{dir}/a.avi"], "ends in .mp4 or .gif"),
        (["clip", "{log}", "{dir}/none/a.mp4"], "not a directory"),
        (["clip", "{log}", "{dir}/a.mp4", "--scorer", "x"], "the log has pong.safetensors"),
        (["clip", "{log}", "{dir}/a.mp4", "--rate", "0"], "a rate above 0"),
        (["clip", "{dir}/none.sqlite", "{dir}/a.mp4"], "no such log"),
        (["agreement", "{dir}/none.sqlite"], "no such log"),
        (["review", "{dir}/none.sqlite"], "no such log"),
        (["review", "{log}", "--author", " "], "expected a name"),
    ],
)
def test_what_a_user_can_cause_is_one_line(
    path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture
) -> None:
    known = {"log": str(path), "dir": str(path.parent)}
    assert main([word.format(**known) for word in arguments]) == 1
    error = capsys.readouterr().err.strip()
    assert error.startswith("error: ")
    assert said in error
    assert "\n" not in error
    assert not list(path.parent.glob("a.*"))


def test_no_display_is_one_line_too(path: Path) -> None:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    done = subprocess.run(
        [sys.executable, "-m", "oversight_ui", "review", str(path)],
        env={name: value for name, value in os.environ.items() if name not in hidden},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: no display")


def test_agreement_as_a_table(path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["agreement", str(path)]) == 0
    table = capsys.readouterr().out
    assert "scores of" in table
    assert "0.684" in table
    assert main(["agreement", str(path), "--every", "--against", str(path)]) == 0
    assert "1.000" in capsys.readouterr().out


def test_looking_changes_nothing(path: Path) -> None:
    with InterventionLog.open(path) as log:
        before = log.newest_link
    main(["agreement", str(path)])
    main(["clip", str(path), str(path.with_suffix(".gif")), "--steps", "0", "1"])
    with InterventionLog.open(path) as log:
        assert log.newest_link == before


def test_half_a_clip_is_never_there(tmp_path: Path) -> None:
    def frames() -> object:
        yield np.zeros((64, 64, 3), np.uint8)
        raise OversightError("a screen does not unpack")

    with pytest.raises(OversightError, match="unpack"):
        write_clip(tmp_path / "a.mp4", frames(), 10.0)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OversightError, match="no steps"):
        write_clip(tmp_path / "a.mp4", iter(()), 10.0)
