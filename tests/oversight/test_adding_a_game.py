"""The page about adding a game, followed to the letter."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oversight.emulator import AleEmulator

PAGE = Path(__file__).parents[2] / "docs" / "adding_a_game.md"


@pytest.fixture(scope="module")
def followed() -> dict[str, Any]:
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL):
        exec(compile(block, str(PAGE), "exec"), names)
    return names


def test_the_file_is_short() -> None:
    first = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert first is not None
    assert len(first[1].splitlines()) < 40


def test_nobody_loses_lives_and_the_oracle_loses_none(followed: dict[str, Any]) -> None:
    assert followed["lives_lost"](guarded=False, steps=300) > 1
    assert followed["lives_lost"](guarded=True, steps=300) == 0


def test_there_are_as_many_signs_as_lives_lost(followed: dict[str, Any]) -> None:
    entry = followed["ENTRY"]
    emulator, rng = AleEmulator(entry.game), np.random.default_rng(1)
    emulator.reset()
    emulator.act(0)
    watch = entry.truth.catastrophe.watch(emulator)
    signs = lost = games = 0
    before = emulator.lives
    while games < 4:
        action = int(rng.integers(entry.game.n_actions))
        for _ in range(entry.game.frameskip):
            emulator.act(action)
            signs += watch.frame(emulator)
            lost += emulator.lives < before
            before = emulator.lives
        if emulator.game_over:
            assert signs == lost  # the lives fall late: equal once the game is over
            games += 1
            emulator.reset()
            emulator.act(0)
            watch, before = entry.truth.catastrophe.watch(emulator), emulator.lives
    assert lost > 8
