"""Maps that point at what decides, change with the weights, and are checked three ways."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blocker import Fitted
from blocker.__main__ import main
from blocker.errors import ExplainError
from blocker.explain import (
    ABLATIONS,
    METHODS,
    HeatMap,
    by_height,
    faithfulness,
    likeness,
    on_screen,
    with_paddle,
    with_random_weights,
)
from blocker.explain.faithfulness import ablated
from blocker.testing import FakeLog
from oversight import AtariGame
from oversight.games import PONG

DOWN, NOTHING = 3, -1


@pytest.fixture(scope="module")
def positives(log: FakeLog) -> np.ndarray:
    """Raw screens (n, 2, 210, 160) of unsafe steps of the painted game."""
    rows = np.flatnonzero(log.table.verdict == 1)[:12]
    return np.stack([np.stack([log.screens[row], log.screens[row]]) for row in rows])


def test_the_live_map_points_at_what_decides(fitted: Fitted, positives: np.ndarray) -> None:
    live = HeatMap(fitted.blocker)
    near = 0
    for screens in positives:
        heat = live(screens, None, DOWN)
        assert heat.shape == (210, 160)
        assert 0.0 <= heat.min() <= heat.max() <= 1.0
        row, column = np.unravel_index(int(heat.argmax()), heat.shape)
        rows, columns = np.nonzero(screens[-1] == 200)
        near += abs(row - rows.mean()) < 30 and abs(column - columns.mean()) < 30
    assert near >= 0.7 * len(positives)


@pytest.mark.parametrize("name", METHODS)
def test_maps_change_when_the_weights_are_drawn_anew(
    fitted: Fitted, positives: np.ndarray, name: str
) -> None:
    blocker, method = fitted.blocker, METHODS[name]
    others = [with_random_weights(blocker, seed) for seed in range(3)]
    alike, same = [], []
    for screens in positives[:3]:
        seen = blocker.spec.latest(screens)
        mine = method(blocker, seen, NOTHING, DOWN)
        assert mine.shape == (2, *blocker.spec.size)
        same.append(likeness(mine, method(blocker, seen, NOTHING, DOWN)))
        alike += [likeness(mine, method(other, seen, NOTHING, DOWN)) for other in others]
    assert np.mean(same) > 0.999
    assert np.mean(alike) < 0.8


def test_what_maps_call_important_holds_the_judgement_up(
    fitted: Fitted, positives: np.ndarray
) -> None:
    blocker = fitted.blocker
    seen = np.stack([blocker.spec.latest(screens) for screens in positives])
    count = len(seen)
    maps = np.stack([METHODS["occlusion"](blocker, one, NOTHING, DOWN) for one in seen])
    rng = np.random.default_rng(0)
    found = faithfulness(blocker, seen, np.full(count, NOTHING), np.full(count, DOWN), maps, rng)
    assert set(found.gain) == set(ABLATIONS)
    assert found.gain["zero"] > 0.0
    with pytest.raises(ValueError, match="2 steps"):
        faithfulness(blocker, seen[:1], np.zeros(1), np.zeros(1), maps[:1], rng)


def test_so_many_pixels_are_taken_away_the_most_important_first() -> None:
    seen = np.full((2, 2, 5), 7, np.uint8)
    order = np.array([3, 12, *(place for place in range(20) if place not in (3, 12))])
    out = ablated(seen, order, 0.1, np.zeros_like(seen))
    assert np.flatnonzero(out.ravel() == 0).tolist() == [3, 12]
    coloured = np.full((2, 3, 2, 5), 7, np.uint8)
    out = ablated(coloured, order, 0.1, np.zeros_like(coloured))
    assert np.flatnonzero(out[:, 1].ravel() == 0).tolist() == [3, 12]
    assert (out == 0).sum() == 6


def test_a_map_lies_where_the_blocker_looks(fitted: Fitted) -> None:
    heat = np.zeros(fitted.blocker.spec.size, np.float32)
    heat[0, 0] = 4.0
    out = on_screen(heat, fitted.blocker.spec)
    assert np.argwhere(out > 0).min(axis=0).tolist() == [34, 80]
    assert out.max() == 1.0
    assert not on_screen(np.zeros_like(heat), fitted.blocker.spec).any()


def test_the_paddle_is_moved_and_nothing_else(fitted: Fitted) -> None:
    env = AtariGame(PONG)
    env.reset(seed=0)
    for _ in range(20):
        env.step(0)
    screen = env.screen()
    moved = with_paddle(screen, 150)
    rows = np.flatnonzero((moved[:, 140:144] == 200).all(axis=1))
    assert (rows[0], rows[-1]) == (135, 150)
    assert np.array_equal(moved[:, :140], screen[:, :140])
    heights, risks = by_height(fitted.blocker, screen)
    assert risks.shape == (len(heights), 6)


def test_the_command_draws_and_checks(
    fitted: Fitted, tiny_pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "b.safetensors", tmp_path / "out"
    replace(fitted.blocker, threshold=0.0).save(file)  # so that it blocks something
    arguments = ["explain", str(tiny_pack), "--blocker", str(file), "--out", str(out)]
    assert main([*arguments, "--count", "2", "--check", "4"]) == 0
    assert {path.name for path in out.iterdir()} == {
        "maps.png",
        "faithfulness.png",
        "paddle.png",
        "explain.json",
    }
    replace(fitted.blocker, threshold=1.0).save(file)
    assert main(arguments) == 1
    assert "blocked steps or more" in capsys.readouterr().err


def test_without_captum_the_message_says_what_to_install(
    fitted: Fitted, positives: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    seen = fitted.blocker.spec.latest(positives[0])
    for method in METHODS.values():
        with pytest.raises(ExplainError, match=r"hirl\[explain\]"):
            method(fitted.blocker, seen, NOTHING, DOWN)
