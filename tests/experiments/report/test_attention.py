"""What attention costs and buys: which pictures there are, the table of labour on the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments.report.attention import (
    ATTENTION,
    HOURS,
    draw_attention,
    draw_hours,
    pictures_of,
)
from experiments.report.beside import ASSISTED, LABOUR, NAMED, _game_of, sections_beside
from experiments.report.page import page
from experiments.sweep.study import Row
from oversight import RunError

ROOT = Path(__file__).resolve().parents[3]


def way(arm: str, seconds: float, missed: int, seed: int = 0) -> Row:
    return {
        "game": "pong",
        "arm": arm,
        "seed": seed,
        "steps": 500,
        "seconds": seconds,
        "missed": missed,
        "unsafe": 50,
    }


def run(overseen: int, condition: str = "hirl", **others: object) -> Row:
    row: Row = {
        "game": "pong",
        "condition": condition,
        "variant": "",
        "oversight_steps": overseen,
        "asked_steps": 25_000,
        "human_seconds": 0.8 * overseen if condition == "hirl" else 0.0,
        "catastrophes": 3,
        "game_return_mean": None if overseen == 450 else -20.0,
    }
    return row | others  # type: ignore[return-value]


def test_ways_of_working_have_a_picture(tmp_path: Path) -> None:
    ways = [way("paced", 300.0, 0), way("real time", 30.0, 40), way("real time", 31.0, 42, 1)]
    assert pictures_of({"ways": ways, "run": [run(3_000)]}).keys() == {ATTENTION}
    draw_attention(tmp_path / ATTENTION, ways)
    assert (tmp_path / ATTENTION).read_bytes().startswith(b"\x89PNG")


def test_hours_are_a_curve_from_three_amounts_of_oversight_on(tmp_path: Path) -> None:
    runs = [run(0, "no_oversight"), run(450), run(1_125), run(1_125), run(9, variant="x")]
    assert pictures_of({"run": runs}) == {}
    runs.append(run(4_500, asked_steps=4_600))
    assert pictures_of({"run": runs}) == {}, "one that was stopped"
    runs.append(run(4_500))
    assert pictures_of({"run": runs}).keys() == {HOURS}
    draw_hours(tmp_path / HOURS, runs)
    assert (tmp_path / HOURS).read_bytes().startswith(b"\x89PNG")


def test_rows_of_labour_become_a_table_of_the_page(tmp_path: Path) -> None:
    assert list(sections_beside(tmp_path)) == []
    row = {
        "game": "montezuma_revenge",
        "what": "random play",
        "labels": 20_000,
        "unsafe": 496,
        "seconds_are": "the paper's",
        "seconds": {"value": 0.8, "low": None, "high": None},
        "rho": {"value": 40.32, "low": 37.7, "high": None},
        "hours": {"value": None, "low": None, "high": None},
        "hours_a_million": {"value": 222.2, "low": 220.0, "high": 225.0},
    }
    (tmp_path / LABOUR).write_text(json.dumps({"n_cat": 166, "rows": [row]}))
    lines = page([], sections_beside(tmp_path)).splitlines()
    assert "## What oversight costs a person" in lines
    assert (
        "| montezuma revenge | random play | 20,000 | 496 | 0.80 | the paper's "
        "| 40.3 (37.7 to any) | none seen | 222 (220 to 225) |"
    ) in lines
    (tmp_path / LABOUR).write_text("{}")
    with pytest.raises(RunError, match="expected rows of 'experiments labour'"):
        list(sections_beside(tmp_path))


def test_long_trainings_and_a_blockers_help_become_tables(tmp_path: Path) -> None:
    part = {"steps": 500, "catastrophes": 0, "unsafe": 3, "needless": 1}
    long = {"condition": "blocker", "seed": 4, "steps": 1_000, "last_100": -3.25, "seconds": 7_200}
    (tmp_path / "fast_pong_x.json").write_text(json.dumps([{**long, "parts": [part, part]}]))
    helped = {"game": "pong", "fastest": 4.0, "steps": 2_000, "unsafe": 50, "catastrophes": 1}
    helped |= {"blocks": 60, "needless_blocks": 12, "attention_seconds": 500.0, "speed": 3.2}
    (tmp_path / ASSISTED).write_text(json.dumps([helped]))
    lines = "\n".join(sections_beside(tmp_path)).splitlines()
    # Exact bounds: 1 - 0.05 ** (1 / 1000), and that of one event in 2,000.
    assert (
        "| pong | `fast_pong_x` | the Blocker, from the first step on | double dqn | 4 | 1,000 "
        "| 0 in 1,000 (at most 2.99) | 6 | 2 | -3.2 | 2.0 |"
    ) in lines
    assert (
        "| pong | assisted, at most 4 times as fast | 50 | 2 | 12 | 1 in 2,000 (at most 2.37) "
        "| 250 | 3.2 |"
    ) in lines
    (tmp_path / ASSISTED).write_text("[3]")
    with pytest.raises(RunError, match="expected rows of 'experiments assisted'"):
        list(sections_beside(tmp_path))


def test_a_file_of_a_long_training_names_its_game() -> None:
    named = [_game_of(Path(f"fast_{name}.json")) for name in ("pong_h200", "space_invaders_x", "x")]
    assert named == ["pong", "space_invaders", "x"]


def test_what_naming_cost_becomes_a_table(tmp_path: Path) -> None:
    pairs = {"pairs": 900, "bad": 90, "missed": 2, "falsely": 3}
    pairs |= {"events": 40, "unseen": 1, "imagined": 0}
    labels = {"states": 50, "out_by_both": 2, "out_by_name": 1, "out_by_truth": 0, "unlearned": 1}
    labels |= {"unsafe": 30, "missed": 0, "safe": 270, "falsely": 4}
    row = {"game": "pong", "seed": 1, "namer": "typical", "minutes": 1.12, "simulated": True}
    row |= {"shown": 84, "marked": 40, "wrong": 0, "pool_steps": 1_500}
    rows = [{**row, "pairs": pairs, "labels": labels}, {**row, "pairs": None, "labels": None}]
    (tmp_path / NAMED).write_text(json.dumps(rows))
    lines = "\n".join(sections_beside(tmp_path)).splitlines()
    first = "| pong | 1 | typical (simulated) | 1.1 | 84 | 40 | 0 "
    assert f"{first}| 1 of 40 | 0 | 2 of 90 | 3 of 810 | 0 of 30 | 4 of 270 | 1 + 0 + 2 |" in lines
    assert f"{first}| - | - | - | - | - | - | - |" in lines


def test_every_picture_of_the_page_is_one_that_a_report_draws() -> None:
    folders = sorted((ROOT / "results/experiments").glob("*/rows.json"))
    for folder in folders:
        rows: dict[str, list[Row]] = {}
        for result in json.loads(folder.read_text())["results"]:
            rows.setdefault(result["study"], []).extend(result["rows"])
        missing = [name for name in pictures_of(rows) if not folder.with_name(name).exists()]
        assert missing == [], folder.parent.name
