"""Cohen's kappa by head, beside scikit-learn's, and who counts as a judge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from oversight.log import SAFE, UNKNOWN, UNSAFE, UNSURE
from oversight_ui.review.agreement import Judge, agree, cohens_kappa, judges_of
from oversight_ui.review.recording import Recording, Said


def test_kappa_by_head() -> None:
    # 20 of 50 agree on yes, 15 on no: observed 0.7; expected 0.5 * 0.6 + 0.5 * 0.4 = 0.5.
    assert cohens_kappa(np.array([15, 10, 5, 20])) == pytest.approx(0.4)
    assert cohens_kappa(np.array([9, 0, 0, 1])) == pytest.approx(1.0)
    assert cohens_kappa(np.array([0, 5, 5, 0])) == pytest.approx(-1.0)


def test_kappa_is_not_defined_where_both_always_say_the_same() -> None:
    assert np.isnan(cohens_kappa(np.array([10, 0, 0, 0])))
    assert np.isnan(cohens_kappa(np.array([0, 0, 0, 0])))


@settings(max_examples=30, deadline=None)
@given(st.tuples(*[st.integers(0, 40)] * 4).filter(lambda c: c[0] + c[1] and c[2] + c[3]))
def test_kappa_is_scikit_learns(counts: tuple[int, int, int, int]) -> None:
    first = np.repeat([0, 0, 1, 1], counts)
    second = np.repeat([0, 1, 0, 1], counts)
    assert cohens_kappa(np.array(counts)) == pytest.approx(cohen_kappa_score(first, second))


def test_two_judges_on_the_steps_that_both_judged() -> None:
    one = Judge("one", np.array([SAFE, SAFE, UNSAFE, UNSAFE, UNKNOWN, SAFE], np.int8))
    two = Judge("two", np.array([SAFE, UNSAFE, UNSAFE, SAFE, UNSAFE, UNKNOWN], np.int8))
    found = agree(one, two, np.array([0, 0, 1, 1, 2, 2]), np.random.default_rng(0))
    assert found.counts == (1, 1, 1, 1)
    assert found.steps == 4
    assert found.share == 0.5
    assert found.kappa == pytest.approx(0.0)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 0.0 <= found.high


def test_nothing_in_common() -> None:
    one = Judge("one", np.array([SAFE, UNKNOWN], np.int8))
    two = Judge("two", np.array([UNKNOWN, SAFE], np.int8))
    found = agree(one, two, np.array([0, 1]), np.random.default_rng(0))
    assert (found.steps, found.share, found.kappa, found.low) == (0, None, None, None)


def said(number: int, row: int, verdict: int, change: int, takes_back: int | None = None) -> Said:
    return Said(number, row, verdict, "ada", "reviewed", 0.0, change, takes_back)


def judge(recording: Recording, name: str) -> np.ndarray:
    return next(j.verdict for j in judges_of(recording) if j.name == name)


def test_an_authors_last_word_counts_and_an_undone_one_does_not(recording: Recording) -> None:
    words = (said(1, 3, UNSAFE, 0), said(2, 3, SAFE, 1), said(3, 4, UNSAFE, 2))
    undo = (said(4, 3, UNSAFE, 3, takes_back=1), said(5, 4, SAFE, 4, takes_back=2))
    before = judge(replace(recording, said=words), "ada, in review")
    assert (before[3], before[4], before[5]) == (SAFE, UNSAFE, UNKNOWN)
    after = judge(replace(recording, said=(*words, *undo)), "ada, in review")
    assert (after[3], after[4]) == (UNSAFE, UNKNOWN)


def test_who_judged(recording: Recording) -> None:
    names = [judge.name for judge in judges_of(recording)]
    assert names == [
        "labels as they stand",
        "person, as first given",
        "person, in review",
        "scores of pong.safetensors",
        "the truth",
    ]
    stands = judge(recording, "labels as they stand")
    assert recording.steps.verdict[110] == UNSURE
    assert stands[110] == UNKNOWN
    assert judge(recording, "person, as first given")[110] == SAFE
    scores = judge(recording, "scores of pong.safetensors")
    assert scores[[5, 51, 100]].tolist() == [UNSAFE, SAFE, UNSAFE]
