"""The page about adding a game, followed to the letter."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

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
    assert followed["lives_lost"](guarded=False, steps=260) > 0
    assert followed["lives_lost"](guarded=True, steps=60) == 0
