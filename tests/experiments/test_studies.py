"""The studies of the truth and of the simulated person, small but real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from experiments.__main__ import main
from experiments.adversaries import ADVERSARIES, adversaries_of
from experiments.levels import LevelLedger
from oversight import AtariGame, game_named


def test_the_truth_study_counts_both_sides(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "truth.json"
    arguments = ["truth", "--games", "space_invaders", "--proposers", "barrier", "greedy"]
    assert main([*arguments, "--steps", "160", "--out", str(out)]) == 0
    rows = json.loads(out.read_text())
    assert [(r["proposer"], r["guarded"]) for r in rows] == [
        (name, guarded) for name in ("barrier", "greedy") for guarded in (False, True)
    ]
    for row in rows:
        assert row["steps"] == 160
        assert (row["catastrophes"] == 0) == row["guarded"]
        assert row["avoidable"] == row["catastrophes"]
        assert row["lost_states"] == (0 if row["guarded"] else None)
        # Exact binomial: 1 - 0.05 ** (1 / 160) where nothing was seen.
        if row["guarded"]:
            assert row["per_1000_upper_95"] == pytest.approx(18.55, abs=0.01)
    assert "space_invaders: catastrophes by the exact truth" in capsys.readouterr().out


@pytest.mark.slow
def test_ctrl_c_keeps_the_rows_of_two_workers_and_the_study_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "truth.json"
    command = [sys.executable, "-m", "experiments", "truth", "--games", "pong", "--proposers"]
    command += ["random", "held", "--steps", "40000", "--unguarded-steps", "300"]
    command += ["--workers", "2", "--out", str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as study:
        deadline = time.monotonic() + 60
        while not out.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        os.killpg(study.pid, signal.SIGINT)  # as a terminal does: to the workers, too
        said = study.communicate(timeout=60)[0].decode()
    assert study.returncode == 130
    assert "pong: catastrophes by the exact truth" in said
    kept = {(row["proposer"], row["guarded"]): row for row in json.loads(out.read_text())}
    assert 0 < len(kept) < 4
    assert {row["steps"] for row in kept.values()} == {300}  # whole cells alone
    short = ["truth", "--games", "pong", "--proposers", "random", "held", "--steps", "300"]
    assert main([*short, "--workers", "2", "--out", str(out)]) == 0
    after = {(row["proposer"], row["guarded"]): row for row in json.loads(out.read_text())}
    assert len(after) == 4
    assert all(after[key] == row for key, row in kept.items())


def test_the_people_study_shows_what_rewind_saves(tmp_path: Path) -> None:
    out = tmp_path / "people.json"
    arguments = ["people", "--games", "pong", "--people", "perfect", "tired", "--steps", "500"]
    assert main([*arguments, "--pace", "15", "--out", str(out)]) == 0
    rows = {(r["person"], r["rewind_steps"]): r for r in json.loads(out.read_text())}
    # At 15 steps a second every reaction, 0.275 s, is four steps late: more than the rule's margin.
    # One press can be on its way when the study ends.
    assert rows["perfect", 8]["catastrophes"] <= 1 < rows["perfect", 0]["catastrophes"]
    assert rows["perfect", 8]["undone_catastrophes"] > 5
    assert rows["perfect", 8]["rewinds"] > 5
    assert rows["tired", 0]["catastrophes"] >= rows["tired", 8]["catastrophes"]
    assert all(row["simulated_seconds"] > 0 for row in rows.values())
    assert all(row["steps"] == 500 for row in rows.values())
    # What is counted apart adds up: of the steps that stand each was unsafe or safe.
    row = rows["perfect", 8]
    assert row["unsafe"] + row["safe"] == 500 - row["rewound_steps"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["truth", "--proposers", "sideways"], "unknown proposer 'sideways'"),
        (["truth", "--games", "chess"], "unknown game 'chess'"),
        (["truth", "--steps", "0"], "expected steps of 1 or more, got 0"),
        (["people", "--people", "sleepy"], "unknown preset 'sleepy'"),
        (["people", "--pace", "0"], "expected a pace above 0"),
        (["run", "--game", "freeway"], "no Blocker can be trained for freeway yet"),
        (["run", "--person", "sleepy"], "expected a person of perfect, careful, typical, tired"),
        (["run", "--rewind-steps", "-1"], "expected a rewind_steps of 0 or more, got -1"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


@pytest.mark.parametrize("game", ["pong", "space_invaders", "road_runner"])
def test_every_adversary_proposes_actions(game: str) -> None:
    env = AtariGame(game_named(game))
    for name in adversaries_of(game):
        env.reset(seed=0)
        actions = ADVERSARIES[name](env, np.random.default_rng(0))
        for _ in range(12):
            env.step(next(actions))


def test_the_adversaries_of_road_runner_go_where_they_say() -> None:
    env = AtariGame(game_named("road_runner"))
    env.reset(seed=0)
    actions = ADVERSARIES["coyote"](env, np.random.default_rng(0))
    onsets = sum(env.step(next(actions))[-1]["catastrophe_onsets"] for _ in range(120))
    assert onsets >= 1


def test_dying_and_scoring_again_on_the_first_level_is_told() -> None:
    ledger = LevelLedger()
    ledger.begin()
    for level, score, deaths in [(1, 100, 0), (1, 0, 1), (1, 50, 0), (1, 50, 0), (2, 70, 0)]:
        ledger.step(level, score, deaths)
    assert (ledger.highest, ledger.first_level_score) == (2, 200)
    assert (ledger.replays, ledger.replayed_score) == (1, 100)
    ledger.begin()
    ledger.step(1, 10, 0)
    assert ledger.replays == 1
