"""Whatever stops a training, its agent, tape and counts are of the same step when it goes on."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents import checkpoint
from agents.keeping import added
from agents.training import train_double_dqn
from agents.training_types import Training, TrainSettings, Way
from oversight import RunError
from oversight.tape import Tape
from oversight.types import Tally

SMALL = TrainSettings(
    games=2, steps=64, checkpoint_steps=32, learning_starts=8, buffer_size=200, exploration_steps=64
)  # fmt: skip


class KilledError(BaseException):
    """Stands for the end of the process."""


def go_on(training: Training, steps: int) -> None:
    training.prolong(steps)
    assert train_double_dqn(training, lambda _steps, _note: True)


def half(path: Path) -> Training:
    training = Training.create(path, replace(SMALL, steps=32))
    go_on(training, 32)
    return training


def die_at(point: str, patch: pytest.MonkeyPatch) -> None:
    def die(*_: object, **__: object) -> None:
        raise KilledError

    real = Path.replace

    def renamed(self: Path, target: Path) -> Path:
        if self.name == point:
            raise KilledError
        return real(self, target)

    if point == "tape":
        patch.setattr(Tape, "save", die)
    elif point == "counts":
        patch.setattr(Training, "keep_counts", die)
    elif point == "agent":
        patch.setattr(checkpoint, "save", die)
    else:
        patch.setattr(Path, "replace", renamed)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Training:
    training = half(tmp_path_factory.mktemp("whole") / "run")
    go_on(training, 64)
    return training


@pytest.mark.parametrize(
    "point", ["tape", "counts", "agent", "agent.json.new", "next-tape.npz", "next-counts.json"]
)
def test_a_kill_while_all_is_kept_loses_no_step_of_the_tape(
    tmp_path: Path, whole: Training, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    training = half(tmp_path / "run")
    with monkeypatch.context() as patch:
        die_at(point, patch)
        with pytest.raises(KilledError):
            go_on(training, 64)
    go_on(training, 64)
    assert checkpoint.steps_kept(training.agent) == 64
    assert training.counts() == whole.counts()
    mine, theirs = np.load(training.tape), np.load(whole.tape)
    for name in theirs:
        np.testing.assert_array_equal(mine[name], theirs[name], err_msg=name)
    assert not list(training.path.glob("next-*"))


def test_a_full_disk_is_told_and_what_was_kept_is_intact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = half(tmp_path / "run")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Training, "keep_counts", full)
        with pytest.raises(RunError, match=r"No space left on device.*intact"):
            go_on(training, 64)
    assert checkpoint.steps_kept(training.agent) == Tape.load(training.tape).steps == 32
    assert training.counts()["steps"] == 32


def test_a_tape_that_lacks_steps_is_refused(tmp_path: Path) -> None:
    training = half(tmp_path / "run")
    shutil.copy(training.tape, tmp_path / "short.npz")
    go_on(training, 64)
    shutil.copy(tmp_path / "short.npz", training.tape)
    with pytest.raises(RunError, match=r"tape\.npz of the 64 agent steps .*, got 32: harm"):
        go_on(training, 96)
    training.tape.unlink()
    with pytest.raises(RunError, match=r"tape\.npz of the 64 agent steps .*, got 0: harm"):
        go_on(training, 96)


def test_counts_of_an_agent_that_is_gone_are_refused(tmp_path: Path) -> None:
    training = half(tmp_path / "run")
    shutil.rmtree(training.agent)
    with pytest.raises(RunError, match=r"of the 0 agent steps .*, got 32"):
        go_on(training, 64)


@pytest.mark.parametrize("way", Way)
def test_a_kill_before_the_first_checkpoint_begins_it_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    asked = replace(SMALL, steps=32, way=way)
    training = Training.create(tmp_path / "run", asked)
    with monkeypatch.context() as patch:
        die_at("agent.json.new", patch)
        with pytest.raises(KilledError):
            go_on(training, 32)
    go_on(training, 32)
    assert checkpoint.steps_kept(training.agent) == training.counts()["steps"] == 32


def test_what_is_not_known_of_one_sitting_is_not_known_of_all() -> None:
    now = Tally(steps=5, blocks=2, catastrophes=1)
    assert added(now, {})["steps"] == 5
    both = added(now, {"steps": 3, "blocks": 1, "catastrophes": None})
    assert (both["steps"], both["blocks"], both["catastrophes"]) == (8, 3, None)
