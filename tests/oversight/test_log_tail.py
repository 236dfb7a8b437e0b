"""A log is followed: what came is told once, however it came."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from oversight import Amendment, Event, InterventionLog, LogError, Source, StepRecord, Verdict
from oversight.log import SAFE, UNSAFE, LogAnnotator, LogTail

Make = Callable[..., StepRecord]


@pytest.fixture
def tail(new_log: InterventionLog) -> LogTail:
    return LogTail(new_log.path)


def test_each_step_is_told_once(new_log: InterventionLog, record: Make, tail: LogTail) -> None:
    assert tail.look() is None
    told: list[int] = []
    for step in range(9):
        new_log.append(record(step, Source.PERSON))
        if step % 3 == 2:
            news = tail.look()
            assert news is not None
            told += news.steps.step_id.tolist()
            assert tail.look() is None
    assert told == list(range(9))


def test_at_most_so_many_at_once(new_log: InterventionLog, record: Make, tail: LogTail) -> None:
    for step in range(7):
        new_log.append(record(step))
    new_log.flush()
    parts = [news.steps.step_id.tolist() for news in iter(lambda: tail.look(3), None)]
    assert parts == [[0, 1, 2], [3, 4, 5], [6]]


def test_later_words_come_with_who_and_why(
    new_log: InterventionLog, record: Make, tail: LogTail
) -> None:
    for step in range(3):
        new_log.append(record(step, Source.PERSON))
    new_log.amend([Amendment(1, Verdict.UNSURE, "undo")], Source.PERSON)
    first = tail.look()
    assert first is not None
    assert [(a.step_id, a.verdict, a.name, a.change) for a in first.amendments] == [
        (1, Verdict.UNSURE, "", None)
    ]
    with LogAnnotator.open(new_log.path) as other:
        change = other.relabel([0, 2], Verdict.UNSAFE, by="ada", reason="missed it")
        other.take_back(change.number, by="ada", reason="slip")
    news = tail.look()
    assert news is not None
    assert len(news.steps) == 0
    assert [(a.step_id, a.verdict, a.name, a.reason) for a in news.amendments] == [
        (0, Verdict.UNSAFE, "ada", "missed it"),
        (2, Verdict.UNSAFE, "ada", "missed it"),
        (0, Verdict.SAFE, "ada", "slip"),
        (2, Verdict.SAFE, "ada", "slip"),
    ]
    assert [a.takes_back for a in news.amendments] == [None, None, change.number, change.number]


def test_first_verdicts_stay_what_they_were(
    new_log: InterventionLog, record: Make, tail: LogTail
) -> None:
    new_log.append(record(0, Source.PERSON, Verdict.UNSAFE))
    new_log.amend([Amendment(0, Verdict.SAFE, "reviewed")], Source.PERSON)
    news = tail.look()
    assert news is not None
    assert news.first_verdicts.tolist() == [UNSAFE]
    assert news.steps.verdict.tolist() == [SAFE]


def test_catastrophes_and_scores_are_news(
    new_log: InterventionLog, record: Make, tail: LogTail
) -> None:
    new_log.append(record(0, Source.PERSON))
    news = tail.look()
    assert news is not None
    assert not news.scored
    new_log.event(Event("fall", 0, 0))
    new_log.flush()
    news = tail.look()
    assert news is not None
    assert [event.onset_step for event in news.events] == [0]
    with LogAnnotator.open(new_log.path) as other:
        scorer = other.scorer("blocker", threshold=0.5, calibrated=True)
        other.score(scorer, np.array([0]), np.array([0.25]))
    news = tail.look()
    assert news is not None
    assert news.scored


def test_no_log_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="no such log"):
        LogTail(tmp_path / "none.sqlite")
