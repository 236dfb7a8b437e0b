"""The log behind a review: followed, annotated, compared."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from oversight import Amendment, InterventionLog, Source, Verdict
from oversight.errors import LogError
from oversight.log import SAFE, UNKNOWN, UNSAFE, UNSURE, LogMeta
from oversight_ui.review import reader
from oversight_ui.review.reader import ReviewLog, game_in
from oversight_ui.review.recording import Recording

Grow = Callable[[InterventionLog, int, int], None]


@pytest.fixture
def log(path: Path) -> Iterator[ReviewLog]:
    log = ReviewLog(path, "ada")
    yield log
    log.close()


def test_all_of_a_log(log: ReviewLog) -> None:
    recording = log.look()
    assert recording is not None
    assert len(recording) == 120
    assert np.flatnonzero(recording.undone).tolist() == [88, 89]
    assert recording.redone.tolist() == [90]
    assert [event.onset_step for event in recording.events] == [71]
    assert [(word.row, word.verdict, word.author) for word in recording.said] == [
        (110, UNSURE, "person")
    ]
    assert (recording.first[110], recording.steps.verdict[110]) == (SAFE, UNSURE)
    assert recording.opinions["pong.safetensors"].threshold == 0.2
    assert log.look() is None


def test_screens_in_colour(log: ReviewLog) -> None:
    recording = log.look()
    assert recording is not None
    rgb = log.screen(recording, 7)
    assert rgb is not None
    assert rgb.shape == (210, 160, 3)
    assert rgb.dtype == np.uint8
    for row in range(100):
        log.screen(recording, row)
    assert np.array_equal(log.screen(recording, 7), rgb)


def test_a_label_is_in_the_log_when_the_call_returns(log: ReviewLog, path: Path) -> None:
    change = log.relabel((3, 4), Verdict.UNSAFE, "missed it")
    with InterventionLog.open(path) as other:
        assert other.steps(undone=True).verdict[[3, 4]].tolist() == [UNSAFE, UNSAFE]
        word = other.words(3)[-1]
    assert (word.name, word.reason, word.author) == ("ada", "missed it", Source.PERSON)
    log.take_back(change.number, "undo: missed it")
    recording = log.look()
    assert recording is not None
    assert recording.steps.verdict[[3, 4]].tolist() == [SAFE, SAFE]
    assert [w.takes_back for w in recording.history(3)] == [None, change.number]


def test_nothing_is_written_to_a_log_that_is_only_looked_at(path: Path) -> None:
    log = ReviewLog(path, "ada", read_only=True)
    with pytest.raises(LogError, match="read only"):
        log.relabel((3,), Verdict.SAFE, "reviewed")
    log.close()


def test_a_running_run_is_followed_and_annotated(tmp_path: Path, grow: Grow) -> None:
    path = tmp_path / "log.sqlite"
    meta = LogMeta("pong", game_in(_meta("pong")).actions, (210, 160), "uint8", "zone")
    with InterventionLog.create(path, meta) as writer:
        log = ReviewLog(path, "ada")
        assert log.look() is None
        grow(writer, 0, 30)
        recording = log.look()
        assert recording is not None
        assert len(recording) == 30
        log.relabel((10,), Verdict.UNSAFE, "missed it")
        grow(writer, 30, 95)
        writer.amend([Amendment(12, Verdict.UNSURE, "undo")], Source.PERSON)
        recording = log.look()
        assert recording is not None
        assert len(recording) == 95
        assert recording.steps.step_id.tolist() == list(range(95))
        assert recording.steps.verdict[[10, 12, 50]].tolist() == [UNSAFE, UNSURE, UNSAFE]
        assert recording.first[[10, 12]].tolist() == [SAFE, SAFE]
        assert np.flatnonzero(recording.undone).tolist() == [88, 89]
        log.close()
        grow(writer, 95, 100)  # the run goes on as if nothing had been
    with InterventionLog.open(path) as after:
        assert len(after.steps(undone=True)) == 100


def test_another_copys_labels(log: ReviewLog, path: Path, tmp_path: Path) -> None:
    shutil.copytree(path.parent, tmp_path / "bob")
    copy = tmp_path / "bob" / path.name
    theirs = ReviewLog(copy, "bob")
    theirs.relabel((1,), Verdict.UNSAFE, "reviewed")
    theirs.close()
    judge = log.labels_of(copy)
    assert judge.name == "labels in log.sqlite"
    assert judge.verdict[[0, 1, 110]].tolist() == [SAFE, UNSAFE, UNKNOWN]


def test_a_log_that_was_compared_is_still_there(log: ReviewLog, path: Path) -> None:
    log.labels_of(path)
    assert len(log.whole()) == 120
    assert log.look() is None


def test_a_log_in_parts_keeps_its_scores_and_words(
    path: Path, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "AT_ONCE", 50)
    log = ReviewLog(path, "ada", read_only=True)
    found = log.whole()
    log.close()
    assert np.array_equal(found.steps.step_id, recording.steps.step_id)
    assert np.array_equal(found.steps.verdict, recording.steps.verdict)
    name = "pong.safetensors"
    assert np.array_equal(found.opinions[name].probability, recording.opinions[name].probability)
    assert found.said == recording.said


def test_another_runs_log_is_refused(log: ReviewLog, tmp_path: Path, grow: Grow) -> None:
    path = tmp_path / "other.sqlite"
    with InterventionLog.create(path, _meta("pong")) as writer:
        grow(writer, 40, 60)
    with InterventionLog.open(path, read_only=False) as writer:
        grow(writer, 60, 61)
    assert log.labels_of(path).verdict[40] == SAFE  # a part of the same run may be compared
    other = tmp_path / "breakout.sqlite"
    with InterventionLog.create(other, _meta("breakout")) as writer:
        grow(writer, 0, 5)
    with pytest.raises(LogError, match="expected a copy"):
        log.labels_of(other)


def test_games_that_this_program_does_not_know() -> None:
    game = game_in(LogMeta("cliff", ("up", "RIGHT"), (4, 12), "uint8", "fall"))
    assert (game.title, game.actions, game.zone) == ("cliff", ("up", "RIGHT"), None)
    assert game.arrows == ((0, 0), (1, 0))


def _meta(name: str) -> LogMeta:
    actions = ("NOOP", "FIRE", "RIGHT", "LEFT", "RIGHTFIRE", "LEFTFIRE")
    return LogMeta(name, actions, (210, 160), "uint8", "zone")
