"""Long trainings in the fast way: trained, gone on with, counted by the truth, shown."""

import itertools
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from agents.divergence import NetworkDied
from agents.training import Told, train_double_dqn
from agents.training_types import Training
from blocker import Blocker
from blocker.network import BlockerNetwork
from blocker.presets import preset_for
from blocker.testing import grow_on_noise
from experiments import fast_study as fast_study_module
from experiments.fast_settings import FastCondition, FastSettings
from experiments.fast_study import fast_study
from experiments.fast_types import FastLearner, curve, mastered
from experiments.reporter import Reporter
from oversight import RunError, game_named

STEPS = 960


@pytest.fixture(scope="module")
def blocker_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    game, preset = game_named("pong"), preset_for("pong")
    torch.manual_seed(0)
    network = BlockerNetwork(game.actions, preset.input, preset.shape).eval()
    grow_on_noise(network, np.random.default_rng(0), trees=preset.shape.trees)
    # Of noise it says little: a low threshold, so that it blocks at all.
    made = Blocker(network, preset.shape, preset.input, 0.01, game.name, game.actions)
    path = tmp_path_factory.mktemp("blocker") / "blocker.safetensors"
    made.save(path)
    return path


def settings_in(folder: Path, blocker: Path) -> FastSettings:
    return FastSettings(
        blocker=blocker,
        steps=STEPS,
        games=4,
        checkpoint_steps=STEPS // 2,
        device="cpu",
        work=folder / "work",
        out=folder / "fast.json",
    )


def never() -> bool:
    return False


@pytest.mark.slow
def test_trains_counts_and_shows(tmp_path: Path, blocker_file: Path) -> None:
    settings = settings_in(tmp_path, blocker_file)
    rows = fast_study(replace(settings, episodes=1), Reporter(), never)
    assert [row.condition for row in rows] == ["no_oversight", "blocker"]
    for row in rows:
        assert row.steps == STEPS
        assert sum(part.steps for part in row.parts) == STEPS
        assert [each.age for each in row.alone] == [STEPS // 2, STEPS]
        assert all(each.steps > 700 and len(each.returns) == 1 for each in row.alone)
    alone, behind = rows
    assert alone.blocks == 0
    # Random play does harm 21 times in 1,000 steps; the Blocker of noise blocks.
    assert alone.catastrophes is not None
    assert alone.catastrophes > 5
    assert behind.blocks == sum(part.blocks for part in behind.parts)
    assert 0 < behind.blocks < STEPS
    assert (tmp_path / "fast.png").stat().st_size > 10_000
    kept = json.loads((tmp_path / "fast.json").read_text())
    assert [row["catastrophes"] for row in kept[0]["parts"]] == [
        part.catastrophes for part in alone.parts
    ]

    # Everything is there: nothing is played again.
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").rglob("*.npz")}
    assert fast_study(replace(settings, episodes=1), Reporter(), never) == rows
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps}
    with pytest.raises(RunError, match="other settings"):
        fast_study(replace(settings, n_steps=3), Reporter(), never)


def test_a_training_out_of_time_is_gone_on_with(
    tmp_path: Path, blocker_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = itertools.count()  # a clock that goes on by a second whenever it is looked at
    clock = SimpleNamespace(monotonic=lambda: float(next(seconds)))
    monkeypatch.setattr("experiments.fast_study.time", clock)
    settings = replace(
        settings_in(tmp_path, blocker_file),
        conditions=(FastCondition.NO_OVERSIGHT,),
        count=False,
    )
    # Looked at when the study begins, when the training does (twice) and after its first steps.
    stopped = fast_study(replace(settings, minutes=2.5 / 60), Reporter(), never)
    assert [row.steps for row in stopped] == [64]  # the clock is asked every 64 agent steps
    (row,) = fast_study(settings, Reporter(), never)
    assert row.steps == STEPS
    assert row.parts == []
    assert row.seconds > stopped[0].seconds


def test_sb3s_own_dqn_learns_beside_ours(tmp_path: Path, blocker_file: Path) -> None:
    settings = replace(
        settings_in(tmp_path, blocker_file),
        conditions=(FastCondition.BLOCKER,),
        learners=(FastLearner.DOUBLE_DQN, FastLearner.DQN),
        batch_size=8,
        episodes=1,
    )
    ours, theirs = fast_study(settings, Reporter(), never)
    assert [ours.learner, theirs.learner] == ["double_dqn", "dqn"]
    assert theirs.steps == STEPS
    assert sum(part.steps for part in theirs.parts) == STEPS
    assert 0 < theirs.blocks < STEPS
    assert theirs.device == "cpu"
    assert len(ours.alone) == 2
    assert theirs.alone == []  # its weights are not kept by age
    # It is there, and can't be gone on with: more steps make no difference to it.
    kept = fast_study(
        replace(settings, learners=(FastLearner.DQN,), steps=2 * STEPS), Reporter(), never
    )
    assert [row.steps for row in kept] == [STEPS]


def test_one_that_died_does_not_keep_the_others_from_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = FastSettings(
        conditions=(FastCondition.NO_OVERSIGHT,),
        seeds=(0, 1),
        steps=64,
        games=4,
        checkpoint_steps=32,
        device="cpu",
        count=False,
        work=tmp_path,
    )

    def train(training: Training, told: Told, **options: Any) -> bool:  # noqa: ANN401 - handed on
        if training.settings().seed == 0:
            raise NetworkDied("the network has died: at agent step 32")
        return train_double_dqn(training, told, **options)

    monkeypatch.setattr(fast_study_module, "train_double_dqn", train)
    assert [row.seed for row in fast_study(settings, Reporter(), never)] == [1]
    assert "no_oversight, double_dqn, seed 0: the network has died" in capsys.readouterr().out


def test_what_cannot_be_played_is_refused() -> None:
    with pytest.raises(RunError, match="--blocker FILE"):
        FastSettings().check()
    with pytest.raises(RunError, match="games share evenly"):
        FastSettings(conditions=(FastCondition.NO_OVERSIGHT,), games=7).check()
    alone = FastSettings(conditions=(FastCondition.NO_OVERSIGHT,))
    assert alone.check() is alone
    for wrong in (replace(alone, workers=0), replace(alone, episodes=-1)):
        with pytest.raises(RunError, match="workers of 1 or more"):
            wrong.check()


def test_mastery_is_twenty_games_in_a_row() -> None:
    ends = np.arange(30) * 100
    returns = np.full(30, 17.0)
    assert mastered(ends, returns, 18.0) is None
    returns[5:] = 18.0
    assert mastered(ends, returns, 18.0) == 2_400
    assert mastered(ends[:19], np.full(19, 21.0), 18.0) is None


def test_a_curve_leaves_out_stretches_in_which_no_game_ended() -> None:
    ends, returns = np.array([150, 160, 900]), np.array([-21.0, -19.0, 3.0])
    assert curve(ends, returns, 1_000) == [(160, -20.0), (900, 3.0)]


@pytest.mark.slow
def test_a_longer_training_goes_on_with_a_shorter_one(tmp_path: Path, blocker_file: Path) -> None:
    conditions = (FastCondition.NO_OVERSIGHT,)
    whole = replace(settings_in(tmp_path, blocker_file), conditions=conditions, count=False)
    half = replace(whole, work=tmp_path / "half", steps=STEPS // 2)
    assert [row.steps for row in fast_study(half, Reporter(), never)] == [STEPS // 2]
    prolonged = replace(half, steps=STEPS)
    (row,), (straight,) = (fast_study(each, Reporter(), never) for each in (prolonged, whole))
    assert row.steps == straight.steps == STEPS
    one, other = (np.load(each.work / "pong-no_oversight-0/tape.npz") for each in (half, whole))
    assert set(one) == set(other)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])
    with pytest.raises(RunError, match="for 960 steps; choose another --work"):
        fast_study(half, Reporter(), never)
