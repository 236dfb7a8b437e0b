"""Relabels and scores: rows of their own, by name, and written while a run is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from oversight import InterventionLog, LogAnnotator, LogError, Source, StepRecord, Verdict
from oversight.log import SAFE, UNSAFE, UNSURE
from oversight.log.checking import check_log

Make = Callable[..., StepRecord]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def judged(new_log: InterventionLog, record: Make) -> Path:
    """Ten decisions of a person, all safe; the run still has the log open."""
    for step_id in range(10):
        new_log.append(record(step_id, Source.PERSON))
    return new_log.path


def verdicts(path: Path) -> list[int]:
    with InterventionLog.open(path) as log:
        return log.steps().verdict.tolist()


def test_a_relabel_says_who_what_when_and_why(judged: Path) -> None:
    with LogAnnotator.open(judged) as log:
        change = log.relabel([3], Verdict.UNSAFE, by="ada", reason="too near")
        first, second = log.words(3)
    assert (change.steps, change.left) == ((3,), ())
    assert (first.verdict, first.author, first.name, first.change) == ("safe", "person", "", None)
    assert (second.verdict, second.author, second.name) == ("unsafe", "person", "ada")
    assert (second.reason, second.change, second.takes_back) == ("too near", change.number, None)
    assert first.at <= second.at
    assert verdicts(judged) == [SAFE] * 3 + [UNSAFE] + [SAFE] * 6


def test_a_span_is_one_change_and_taken_back_at_one_go(judged: Path) -> None:
    with LogAnnotator.open(judged) as log:
        change = log.relabel(range(2, 99), Verdict.UNSURE, by="ada", reason="cannot see it")
        assert change.steps == tuple(range(2, 10))
        assert verdicts(judged) == [SAFE] * 2 + [UNSURE] * 8
        undo = log.take_back(change.number, by="bob", reason="one can")
        assert verdicts(judged) == [SAFE] * 10
        log.take_back(undo.number, by="ada", reason="one cannot")
        assert verdicts(judged) == [SAFE] * 2 + [UNSURE] * 8
        assert [w.takes_back for w in log.words(5)] == [None, None, change.number, undo.number]


def test_an_undo_leaves_newer_words_alone(judged: Path) -> None:
    with LogAnnotator.open(judged) as log:
        first = log.relabel([1, 2], Verdict.UNSAFE, by="ada", reason="x")
        log.relabel([2], Verdict.UNSURE, by="bob", reason="y")
        undo = log.take_back(first.number, by="ada", reason="z")
    assert (undo.steps, undo.left) == ((1,), (2,))
    assert verdicts(judged)[:3] == [SAFE, SAFE, UNSURE]


def test_changes_of_one_step_are_taken_back_one_after_the_other(judged: Path) -> None:
    with LogAnnotator.open(judged) as log:
        first, second, third = (
            log.relabel([1], verdict, by="ada", reason="x").number
            for verdict in (Verdict.UNSAFE, Verdict.UNSURE, Verdict.UNSAFE)
        )
        for change, expected in ((third, UNSURE), (second, UNSAFE), (first, SAFE)):
            undo = log.take_back(change, by="ada", reason="y")
            assert (undo.left, verdicts(judged)[1]) == ((), expected)
        log.take_back(undo.number, by="ada", reason="z")
        assert verdicts(judged)[1] == UNSAFE
        assert log.take_back(second, by="ada", reason="z").left == (1,)  # taken back already


def test_what_others_took_back_themselves_is_in_nobodys_way(judged: Path) -> None:
    with LogAnnotator.open(judged) as log:
        mine = log.relabel([1], Verdict.UNSAFE, by="ada", reason="x")
        theirs = log.relabel([1], Verdict.UNSURE, by="bob", reason="y")
        gone = log.take_back(theirs.number, by="bob", reason="y")
        undone = log.take_back(mine.number, by="ada", reason="x")
        assert (undone.left, verdicts(judged)[1]) == ((), SAFE)
        # Bob's word came on top of Ada's, which holds no longer.
        assert log.take_back(gone.number, by="bob", reason="y").left == (1,)
        log.take_back(undone.number, by="ada", reason="x")
        log.take_back(gone.number, by="bob", reason="y")
        assert verdicts(judged)[1] == UNSURE
        assert log.take_back(mine.number, by="ada", reason="x").left == (1,)


def test_what_cannot_be_relabelled_changes_nothing(judged: Path) -> None:
    with LogAnnotator.open(judged) as log:
        with pytest.raises(KeyError, match=r"the log has no \[10\]"):
            log.relabel([9, 10], Verdict.UNSAFE, by="ada", reason="x")
        with pytest.raises(ValueError, match="a name and a reason"):
            log.relabel([9], Verdict.UNSAFE, by=" ", reason="x")
        with pytest.raises(KeyError, match="no change 7"):
            log.take_back(7, by="ada", reason="x")
        with pytest.raises(KeyError, match="numbered 10"):
            log.words(10)
        assert log.newest_link == 10  # one for each decision, the episode with the first
    assert verdicts(judged) == [SAFE] * 10


def test_scores_come_back_and_are_written_once(judged: Path) -> None:
    steps, rng = np.array([8, 1, 5]), np.random.default_rng(0)
    by_action = rng.random((3, 2))
    with LogAnnotator.open(judged) as log:
        scorer = log.scorer("b.safetensors", checksum="ab", threshold=0.3, calibrated=True)
        assert log.score(scorer, steps, by_action[:, 0], by_action) == 3
        again = log.scorer("b.safetensors", checksum="ab", threshold=0.3, calibrated=True)
        assert again == scorer
        assert log.unscored(scorer, np.arange(10)).tolist() == [0, 2, 3, 4, 6, 7, 9]
        assert log.score(scorer, np.array([1, 2]), np.array([0.5, 0.5])) == 1
        other = log.scorer("b.safetensors", checksum="cd", threshold=0.3, calibrated=True)
        assert other.number != scorer.number
        assert len(log.scores(other)) == 0
        assert log.scores(other).by_action.shape == (0, 0)
    with InterventionLog.open(judged) as log:
        assert log.scorers() == [scorer, other]
        scores = log.scores(scorer)
        assert scores.step_id.tolist() == [1, 2, 5, 8]
        assert scores.probability[[0, 2, 3]].tolist() == by_action[[1, 2, 0], 0].tolist()
        assert (scores.by_action[[0, 2, 3]] == by_action[[1, 2, 0]].astype(np.float32)).all()
        assert np.isnan(scores.by_action[1]).all()
        assert log.scores(scorer, np.array([5, 6])).step_id.tolist() == [5]


def test_scores_that_are_none_are_refused(judged: Path) -> None:
    with LogAnnotator.open(judged) as log:
        scorer = log.scorer("b", calibrated=False)
        for steps, probability, by_action, message in (
            ([1, 2], [0.5], None, "one probability for each step"),
            ([1, 1], [0.5, 0.5], None, "each step once"),
            ([1], [1.5], None, r"in \[0, 1\]"),
            ([1], [np.nan], None, r"in \[0, 1\]"),
            ([1], [0.5], [[0.5]], r"by action \(1, 2\)"),
        ):
            given = None if by_action is None else np.array(by_action)
            with pytest.raises(ValueError, match=message):
                log.score(scorer, np.array(steps), np.array(probability), given)
        assert len(log.scores(scorer)) == 0


REVIEWER = """
import sys
from pathlib import Path
import numpy as np
from oversight import LogAnnotator, Verdict
with LogAnnotator.open(Path(sys.argv[1])) as log:
    scorer = log.scorer("b", calibrated=False)
    for turn in range(40):
        log.relabel([turn % 10], Verdict.UNSAFE, by="ada", reason=f"turn {turn}")
        log.score(scorer, np.array([turn]), np.array([0.25]))
"""


def test_a_run_and_a_reviewer_write_side_by_side(
    judged: Path, new_log: InterventionLog, record: Make
) -> None:
    for step_id in range(10, 40):
        new_log.append(record(step_id))
    new_log.flush()
    reviewer = subprocess.Popen([sys.executable, "-c", REVIEWER, str(judged)], cwd=ROOT)
    step_id = 40
    while reviewer.poll() is None:
        new_log.append(record(step_id, Source.PERSON))
        step_id += 1
    assert reviewer.returncode == 0
    with InterventionLog.open(judged) as log:
        assert log.steps().step_id.tolist() == list(range(step_id))
        assert (log.steps().verdict[:10] == UNSAFE).all()
        assert len(log.words(0)) == 5
        assert log.scores(0).step_id.tolist() == list(range(40))
    check = check_log(judged)
    assert check.sound, check.in_words()
    assert check.decisions == step_id


def test_a_reviewer_needs_a_log_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="no such log"):
        LogAnnotator.open(tmp_path / "none.sqlite")


def test_episodes_come_one_by_one_as_arrays(new_log: InterventionLog, record: Make) -> None:
    for step_id in range(3):
        new_log.append(record(step_id))
    new_log.begin_episode(1, env_index=2, seed=None, phase="blocker")  # and never plays
    new_log.flush()
    with InterventionLog.open(new_log.path) as log:
        (episode,) = log.episodes()
        assert (episode.episode, episode.env_index, episode.seed) == (0, 0, 9)
        assert episode.steps.step_id.tolist() == [0, 1, 2]
        assert log.frames(episode.steps.frame).shape == (3, 6, 5)
        assert list(log.episodes(["blocker"])) == []
