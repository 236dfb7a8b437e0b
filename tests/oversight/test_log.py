"""The intervention log: what goes in comes out, when it is on disk, and that nothing is lost."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oversight.log.columns as columns
import oversight.log.store as store
from oversight import (
    Amendment,
    Decision,
    Event,
    Gate,
    InterventionLog,
    LogError,
    LogMeta,
    Outcome,
    ScriptedOverseer,
    Source,
    StepRecord,
    Verdict,
)
from oversight.log import SAFE, UNKNOWN, UNSAFE, UNSURE
from oversight.testing import proposal_of
from oversight.types import Viewing

Make = Callable[..., StepRecord]


def rows_on_disk(log: InterventionLog) -> int:
    """Decisions that a reader of its own sees now."""
    with closing(sqlite3.connect(f"{log.path.as_uri()}?mode=ro", uri=True)) as reader:
        return int(reader.execute("SELECT count(*) FROM decisions").fetchone()[0])


# ------------------------------------------------------------------ round trips


def full_record() -> StepRecord:
    return StepRecord(
        proposal=replace(proposal_of(1, step_id=3, shape=(6, 5)), step=17),
        decision=Decision(
            3,
            Verdict.UNSAFE,
            Source.PERSON,
            replacement=0,
            reaction_seconds=0.31,
            attention_seconds=0.8,
            probability=0.75,
            viewing=Viewing(pace=8.0, speed_up=2.0, hint=0.25, previewed=True),
        ),
        executed=0,
        blocked=True,
        no_safe_action=True,
        phase="oversight",
        game_reward=2.5,
        agent_reward=-1.0,
        terminated=True,
        truncated=True,
        proposed_unsafe=True,
        executed_unsafe=False,
    )


def test_every_field_comes_back(new_log: InterventionLog) -> None:
    row = full_record()
    new_log.append(row)
    new_log.close()
    with InterventionLog.open(new_log.path) as log:
        table = log.steps()
        got = {column.name: getattr(table, column.name)[0].item() for column in fields(table)}
        frame = got.pop("frame")
        assert got == {
            "step_id": 3,
            "episode": 0,
            "step": 17,
            "proposed": 1,
            "executed": 0,
            "verdict": UNSAFE,
            "blocked": True,
            "no_safe_action": True,
            "phase": "oversight",
            "source": "person",
            "reaction_seconds": 0.31,
            "attention_seconds": 0.8,
            "probability": 0.75,
            "game_reward": 2.5,
            "agent_reward": -1.0,
            "terminated": True,
            "truncated": True,
            "proposed_unsafe": 1,
            "executed_unsafe": 0,
            "pace": 8.0,
            "speed_up": 2.0,
            "hint": 0.25,
            "previewed": 1,
            "frame_before": UNKNOWN,
        }
        assert (log.frames(np.array([frame]))[0] == row.proposal.screens[-1]).all()


def test_what_was_not_measured_comes_back_as_that(new_log: InterventionLog, record: Make) -> None:
    new_log.append(record(0))
    table = new_log.steps()
    assert np.isnan(table.reaction_seconds).all()
    assert np.isnan(table.probability).all()
    assert table.proposed_unsafe.tolist() == table.executed_unsafe.tolist() == [UNKNOWN]


def test_the_types_of_the_columns_are_what_the_table_says(
    new_log: InterventionLog, record: Make
) -> None:
    for table in (new_log.steps(), (new_log.append(record(0)), new_log.steps())[1]):
        assert table.step_id.dtype == table.frame.dtype == np.int64
        assert table.verdict.dtype == table.executed_unsafe.dtype == np.int8
        assert table.blocked.dtype == table.terminated.dtype == np.bool_
        assert table.probability.dtype == np.float64
        assert table.phase.dtype.kind == "U"


def test_the_meta_comes_back(new_log: InterventionLog, meta: LogMeta) -> None:
    with InterventionLog.open(new_log.path) as log:
        assert log.meta == meta
        assert {"python", "ale-py", "numpy"} <= set(log.meta.versions)


def test_events_come_back_in_their_order(new_log: InterventionLog, record: Make) -> None:
    events = [Event("fall", 0, 2), Event("fall", 3, 3, avoidable=False)]
    for event in events:
        new_log.event(event)
    new_log.append(record(0))
    new_log.close()
    with InterventionLog.open(new_log.path) as log:
        assert log.events() == events


@settings(max_examples=20, deadline=None)
@given(values=st.lists(st.integers(0, 2), min_size=1, max_size=30), chosen=st.data())
def test_screens_come_back_whatever_the_game_shows(
    tmp_path_factory: pytest.TempPathFactory, values: list[int], chosen: st.DataObject
) -> None:
    meta = LogMeta("toy", ("go",), (2, 3), "uint8", "fall")
    path = tmp_path_factory.mktemp("log") / "log.sqlite"
    with InterventionLog.create(path, meta) as log:
        log.begin_episode(0, env_index=0, seed=None, phase="oversight")
        for step_id, value in enumerate(values):
            shown = np.full((1, 2, 3), value, np.uint8)
            log.append(
                replace(
                    full_record(), proposal=replace(proposal_of(0, step_id=step_id), screens=shown)
                )
            )
        frame = log.steps().frame
        places = chosen.draw(st.lists(st.integers(0, len(values) - 1)))
        shown = log.frames(frame[places])
        assert shown.shape == (len(places), 2, 3)
        assert shown[:, 0, 0].tolist() == [values[place] for place in places]
        # A game that stands still is kept once.
        changes = sum(a != b for a, b in itertools.pairwise(values))
        assert len(set(frame.tolist())) == 1 + changes
    shutil.rmtree(path.parent)


def test_floats_are_screens_too(tmp_path: Path, record: Make) -> None:
    meta = LogMeta("cartpole", ("left", "right"), (4,), "float32", "fall")
    shown = np.array([0.1, -2.0, np.inf, 3.5], np.float32)
    with InterventionLog.create(tmp_path / "log.sqlite", meta) as log:
        log.append(record(0, screen=shown))
        assert log.frames(log.steps().frame).tolist() == [shown.tolist()]


def test_a_screen_that_the_meta_does_not_know_is_refused(
    new_log: InterventionLog, record: Make
) -> None:
    for odd in (np.zeros((5, 6), np.uint8), np.zeros((6, 5), np.float32)):
        with pytest.raises(ValueError, match=r"expected screens of shape \(6, 5\)"):
            new_log.append(record(0, screen=odd))


def test_a_frame_that_is_not_there_is_an_error(new_log: InterventionLog) -> None:
    with pytest.raises(KeyError, match="expected 1 frames, the log holds 0"):
        new_log.frames(np.array([UNKNOWN]))


def test_steps_of_chosen_phases(new_log: InterventionLog, record: Make) -> None:
    for step_id, phase in enumerate(("oversight", "blocker", "oversight")):
        new_log.append(replace(record(step_id), phase=phase))
    assert new_log.steps(["oversight"]).step_id.tolist() == [0, 2]
    assert new_log.steps(["blocker"]).step_id.tolist() == [1]
    assert new_log.steps([]).step_id.tolist() == []


# ------------------------------------------------------------------ relabels


def test_the_newest_word_holds_and_the_decision_stays(
    new_log: InterventionLog, record: Make
) -> None:
    for step_id in range(4):
        new_log.append(record(step_id, Source.PERSON))
    new_log.amend([Amendment(1, Verdict.UNSURE, "undo")], Source.PERSON)
    new_log.amend(
        [Amendment(1, Verdict.UNSAFE, "late block"), Amendment(3, Verdict.UNSAFE, "late block")],
        Source.SIMULATED,
    )
    new_log.amend([Amendment(3, Verdict.UNSURE, "undo")], Source.PERSON)
    assert new_log.steps().verdict.tolist() == [SAFE, UNSAFE, SAFE, UNSURE]
    new_log.close()
    with closing(sqlite3.connect(new_log.path)) as raw:
        assert raw.execute("SELECT verdict FROM decisions").fetchall() == [("safe",)] * 4
        rows = raw.execute("SELECT step_id, verdict, author, reason FROM amendments").fetchall()
    assert rows == [
        (1, "unsure", "person", "undo"),
        (1, "unsafe", "simulated", "late block"),
        (3, "unsafe", "simulated", "late block"),
        (3, "unsure", "person", "undo"),
    ]


def test_relabels_hold_within_a_phase_too(new_log: InterventionLog, record: Make) -> None:
    for step_id, phase in enumerate(("oversight", "blocker", "oversight")):
        new_log.append(replace(record(step_id), phase=phase))
    new_log.amend([Amendment(2, Verdict.UNSAFE, "late block")], Source.PERSON)
    assert new_log.steps(["oversight"]).verdict.tolist() == [SAFE, UNSAFE]
    assert new_log.steps(["blocker"]).verdict.tolist() == [SAFE]


def test_news_about_a_step_that_is_not_there_does_not_hold_up_the_others(
    new_log: InterventionLog, record: Make
) -> None:
    new_log.append(record(5))
    new_log.amend([Amendment(2, Verdict.UNSAFE, "late block")], Source.PERSON)
    new_log.append(record(6, Source.PERSON))
    assert new_log.recorded_through == 6
    assert new_log.steps().verdict.tolist() == [SAFE, SAFE]


# ------------------------------------------------------------------ when it is on disk


def test_a_persons_decision_is_on_disk_when_append_returns(
    new_log: InterventionLog, record: Make
) -> None:
    for step_id in range(3):
        new_log.append(record(step_id, Source.PERSON))
        assert new_log.recorded_through == step_id
        assert rows_on_disk(new_log) == step_id + 1


def test_a_persons_decision_takes_what_waited_before_it_along(
    new_log: InterventionLog, record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BATCH_SECONDS", 1e9)
    new_log.append(record(0))
    assert rows_on_disk(new_log) == 0
    new_log.append(record(1, Source.PERSON))
    assert rows_on_disk(new_log) == 2


def test_a_persons_amendment_is_on_disk_when_amend_returns(
    new_log: InterventionLog, record: Make
) -> None:
    new_log.append(record(0, Source.PERSON))
    new_log.amend([Amendment(0, Verdict.UNSAFE, "late block")], Source.PERSON)
    with InterventionLog.open(new_log.path) as reader:
        assert reader.steps().verdict.tolist() == [UNSAFE]


def test_a_persons_decision_survives_a_power_cut_a_machines_a_crash(
    new_log: InterventionLog, record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BATCH_ROWS", 1)
    for step_id, source in enumerate((Source.BLOCKER, Source.PERSON, Source.BLOCKER)):
        new_log.append(record(step_id, source))
        level = new_log._connection.exec_driver_sql("PRAGMA synchronous").scalar()
        assert level == (2 if source is Source.PERSON else 1)  # FULL, NORMAL


def test_a_machines_decisions_are_on_disk_after_so_many(
    new_log: InterventionLog, record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BATCH_SECONDS", 1e9)
    monkeypatch.setattr(store, "BATCH_ROWS", 8)
    for step_id in range(20):
        new_log.append(record(step_id))
        assert new_log.recorded_through == (step_id + 1) // 8 * 8 - 1
        assert rows_on_disk(new_log) == (step_id + 1) // 8 * 8
    new_log.flush()
    assert rows_on_disk(new_log) == 20
    assert new_log.recorded_through == 19


def test_a_machines_decisions_are_on_disk_after_so_long(
    new_log: InterventionLog, record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_log.flush()
    now = [100.0]
    monkeypatch.setattr(store.time, "monotonic", lambda: now[0])
    new_log.append(record(0))
    now[0] += store.BATCH_SECONDS * 0.9
    new_log.append(record(1))
    assert rows_on_disk(new_log) == 0
    now[0] += store.BATCH_SECONDS * 0.2
    new_log.append(record(2))
    assert rows_on_disk(new_log) == 3


def test_a_step_is_never_on_disk_without_its_events_and_amendments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every row at once is the worst case: a kill may come after any commit.
    monkeypatch.setattr(store, "BATCH_ROWS", 1)
    meta = LogMeta("toy", ("stay", "go"), (1,), "uint8", "fall")
    shown = np.zeros(1, np.uint8)
    seen: list[tuple[int, int]] = []
    with InterventionLog.create(tmp_path / "log.sqlite", meta) as log:
        commit = log._commit

        def watched(*, durable: bool) -> None:
            commit(durable=durable)
            with InterventionLog.open(log.path) as reader:
                seen.append((len(reader.steps()), len(reader.events())))

        monkeypatch.setattr(log, "_commit", watched)
        gate = Gate(ScriptedOverseer({}), n_actions=2, sink=log)
        gate.begin_episode(shown)
        for _ in range(4):
            gate.decide([0])
            gate.settle([Outcome(0.0, 0.0, False, False, shown, onsets=1)])
    assert [(steps, events) for steps, events in seen if steps] == [(n, n) for n in range(1, 5)]


def test_it_is_read_while_it_is_written(new_log: InterventionLog, record: Make) -> None:
    with InterventionLog.open(new_log.path) as reader:
        assert len(reader.steps()) == 0
        for step_id in range(5):
            new_log.append(record(step_id, Source.PERSON))
            table = reader.steps()
            assert len(table) == step_id + 1
            wanted = record(step_id).proposal.screens[-1]
            assert (reader.frames(table.frame[-1:])[0] == wanted).all()


def test_a_phase_that_begins_while_the_log_is_read(
    new_log: InterventionLog, record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_log.append(record(0, Source.PERSON))
    census, late = columns._census, [replace(record(1, Source.PERSON), phase="blocker")]

    def meanwhile(*arguments: object) -> object:
        found = census(*arguments)  # type: ignore[arg-type]
        while late:
            new_log.append(late.pop())
        return found

    monkeypatch.setattr(columns, "_census", meanwhile)
    with InterventionLog.open(new_log.path) as reader:
        assert reader.steps().phase.tolist() == ["oversight"]
        assert reader.steps().phase.tolist() == ["oversight", "blocker"]


# ------------------------------------------------------------------ going on


def test_it_goes_on_where_it_stopped(new_log: InterventionLog, record: Make) -> None:
    for step_id in range(3):
        new_log.append(record(step_id))
    new_log.begin_episode(1, env_index=0, seed=None, phase="oversight")
    new_log.close()
    with InterventionLog.open(new_log.path, read_only=False) as log:
        assert (log.next_step_id, log.next_episode, log.recorded_through) == (3, 2, 2)
        log.append(record(3, Source.PERSON))
        frames = log.frames(log.steps().frame)
    for step_id in range(4):
        assert (frames[step_id] == record(step_id).proposal.screens[-1]).all()


def test_numbers_are_not_given_twice(new_log: InterventionLog, record: Make) -> None:
    new_log.append(record(4))
    with pytest.raises(ValueError, match=r"numbered 5 or more, got 4: .*first_step_id"):
        new_log.append(record(4))
    with pytest.raises(ValueError, match=r"numbered 1 or more, got 0: .*first_episode"):
        new_log.begin_episode(0, env_index=0, seed=None, phase="oversight")
    new_log.append(record(5, Source.PERSON))
    assert new_log.steps().step_id.tolist() == [4, 5]


def test_a_log_opened_to_read_is_not_written_to(new_log: InterventionLog, record: Make) -> None:
    new_log.append(record(0, Source.PERSON))
    reader = InterventionLog.open(new_log.path)
    with pytest.raises(LogError, match="readonly"):
        reader.append(record(1, Source.PERSON))
    reader.close()
    assert rows_on_disk(new_log) == 1
