"""What a run will take, said before it begins."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.phases import open_log
from experiments.preflight import measure, preflight
from experiments.settings import RunSettings
from oversight import RunError


def test_more_steps_take_more_and_fewer_screens_less() -> None:
    short = measure(RunSettings(oversight_steps=1_000, blocker_steps=9_000), 1e12)
    long = measure(RunSettings(oversight_steps=1_000, blocker_steps=999_000), 1e12)
    assert 60e3 < short.log_bytes < 10e6
    assert 80 < long.log_bytes / short.log_bytes < 120
    assert long.memory_bytes == 100_000 * 84 * 84  # the replay memory is full by then
    assert long.seconds > short.seconds > 0
    bare = measure(
        RunSettings(oversight_steps=1_000, blocker_steps=999_000, keep_screens="none"), 1e12
    )
    assert bare.log_bytes < long.log_bytes
    assert "GB of disk" in bare.in_words()


def test_two_frames_take_more_than_one_and_the_log_is_told_each_time(tmp_path: Path) -> None:
    settings = RunSettings(oversight_steps=1_000, blocker_steps=9_000)
    both = replace(settings, two_frames=True)
    one, two = measure(settings, 1e12).log_bytes, measure(both, 1e12).log_bytes
    assert 1.05 * one < two < 2.5 * one
    for _ in range(2):  # made, and opened to go on
        with open_log(tmp_path / "log.sqlite", both) as log:
            assert log.keeper.two_frames


def test_a_disk_without_room_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = RunSettings(oversight_steps=1_000, blocker_steps=10_000)
    assert preflight(tmp_path / "run", settings).free_bytes > 0
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=50_000_000))
    with pytest.raises(RunError, match=r"GB free for this run, .* has 0.05 GB: free some, .*--out"):
        preflight(tmp_path / "run", replace(settings, seed=1))
