"""Lost lives, found by playing a log again."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from oversight import AllowAll, AtariGame, InterventionLog, LogMeta, OversightWrapper, game_named
from oversight_ui.review.lives import LifeFinder, falls


def test_falls_by_head() -> None:
    lives = np.array([3, 3, 2, 2, 5, 4])
    ids = np.array([10, 11, 12, 13, 14, 15])
    episode = np.array([0, 0, 0, 0, 1, 1])
    assert falls(lives, ids, episode).tolist() == [11, 14]
    assert falls(lives[::-1], ids, episode[::-1]).tolist() == []
    assert falls(lives[:1], ids[:1], episode[:1]).tolist() == []


@pytest.fixture
def breakout(tmp_path: Path) -> tuple[Path, list[int]]:
    """Nobody moves the paddle: the ball is soon lost."""
    game, path, lost = AtariGame(game_named("breakout")), tmp_path / "log.sqlite", []
    meta = LogMeta(
        "breakout", game.game.actions, (210, 160), "uint8", "x", environment={"frameskip": 4}
    )
    with InterventionLog.create(path, meta) as log:
        env = OversightWrapper(game, AllowAll(), sink=log)
        env.reset(seed=3)
        for step in range(120):
            before = game.emulator.lives
            env.step(1)
            if game.emulator.lives < before:
                lost.append(step)
    return path, lost


def test_lives_are_found_in_a_process_of_its_own(breakout: tuple[Path, list[int]]) -> None:
    path, lost = breakout
    assert lost
    finder = LifeFinder(path)
    finder.want(120)
    end, found = time.monotonic() + 60, None
    while found is None and time.monotonic() < end:
        found = finder.found()
        time.sleep(0.02)
    assert isinstance(found, np.ndarray)
    assert found.tolist() == lost
    finder.want(130)  # not worth it yet
    assert finder.found() is None
    finder.close()
