"""The log of a game that was taken back: nothing lost, nothing counted twice, older logs."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zstandard

import oversight.log.store as store
from oversight import Amendment, Event, InterventionLog, LogMeta, Source, StepRecord, Verdict
from oversight.log import UNKNOWN, UNSAFE
from oversight.log.mark import mark_path
from oversight.log.migration import COLUMNS, TABLES
from oversight.log.schema import FORMAT_VERSION
from oversight.types import Rewind

Make = Callable[..., StepRecord]
ROOT = Path(__file__).parents[2]


def taken_back(log: InterventionLog, record: Make) -> None:
    """Steps 0 to 6: step 4 is step 2 anew, step 6 is step 4 anew; harm in steps 0, 3, 5 and 6."""
    undoes = {4: (2, 3), 6: (4, 5)}
    for step_id in range(7):
        if step_id in (0, 3, 5, 6):
            log.event(Event("fall", step_id, step_id))
        log.append(replace(record(step_id, Source.PERSON), undoes=undoes.get(step_id, ())))


def test_undone_steps_and_their_catastrophes_are_left_out_unless_asked_for(
    new_log: InterventionLog, record: Make
) -> None:
    taken_back(new_log, record)
    new_log.close()
    with InterventionLog.open(new_log.path) as log:
        assert log.steps().step_id.tolist() == [0, 1, 6]
        assert log.steps(undone=True).step_id.tolist() == list(range(7))
        assert [e.onset_step for e in log.events()] == [0, 6]
        assert [e.onset_step for e in log.events(undone=True)] == [0, 3, 5, 6]
        assert log.rewinds() == [Rewind(4, (2, 3)), Rewind(6, (4, 5))]
        assert len(log.frames(log.steps(undone=True).frame)) == 7


def test_a_log_without_rewinds_has_none(new_log: InterventionLog, record: Make) -> None:
    new_log.append(record(0))
    assert new_log.rewinds() == []
    assert len(new_log.steps()) == len(new_log.steps(undone=True)) == 1


def test_phases_and_news_know_of_undone_steps(new_log: InterventionLog, record: Make) -> None:
    new_log.append(replace(record(0), phase="blocker"))
    for step_id, undoes in ((1, ()), (2, (0,))):
        new_log.append(replace(record(step_id), undoes=undoes))
    new_log.amend([Amendment(0, Verdict.UNSAFE, "undo")], Source.PERSON)
    assert len(new_log.steps(["blocker"])) == 0
    assert new_log.steps(["blocker"], undone=True).verdict.tolist() == [UNSAFE]
    assert new_log.steps(["oversight"]).step_id.tolist() == [1, 2]


def test_a_rewind_is_on_disk_with_the_step_that_did_it_and_not_before(
    new_log: InterventionLog, record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BATCH_SECONDS", 1e9)
    seen: list[tuple[int, list[int]]] = []

    def look() -> None:
        with InterventionLog.open(new_log.path) as reader:
            seen.append((len(reader.steps()), [r.step_id for r in reader.rewinds()]))

    for step_id in range(3):
        new_log.append(record(step_id, Source.PERSON))
    # All that may reach the disk between the two: news and harm of the step that does it.
    new_log.amend([Amendment(0, Verdict.UNSURE, "undo")], Source.PERSON)
    new_log.event(Event("fall", 3, 3))
    new_log.flush()
    look()
    new_log.append(replace(record(3), undoes=(1, 2)))  # a machine's: it waits
    look()
    new_log.append(record(4, Source.PERSON))
    look()
    assert seen == [(3, []), (3, []), (3, [3])]


# ------------------------------------------------------------------ kills

WRITER = """
import os, sys
from pathlib import Path
import numpy as np
from oversight import (Decision, Gate, GateSettings, InterventionLog, LogMeta, Outcome, Source,
    Verdict)
path, die_at = Path(sys.argv[1]), int(sys.argv[2])
shape = (60, 40)
if path.exists():
    log = InterventionLog.open(path, read_only=False)
else:
    log = InterventionLog.create(path, LogMeta("toy", ("a", "b"), shape, "uint8", "fall"))

class Late:
    # Every sixth step a person blocks what was proposed three steps before.
    def review(self, proposals):
        (p,) = proposals
        if p.step_id % 6 == 5 and p.step_id >= first + 3:
            return [Decision(p.step_id, Verdict.UNSAFE, Source.PERSON, 1, meant_for=p.step_id - 3)]
        return [Decision(p.step_id, Verdict.SAFE, Source.PERSON)]

def screen(step_id):
    return np.random.default_rng(step_id).integers(0, 256, shape, np.uint8)

def mark():
    return lambda: None

first = log.next_step_id
gate = Gate(Late(), GateSettings(history=1, rewind_steps=3), n_actions=2, sink=log, marks=[mark],
            first_step_id=first, first_episode=log.next_episode)
gate.begin_episode(screen(first))
for step_id in range(first, 10**9):
    gate.decide([0])
    if step_id == die_at:
        os._exit(7)  # the game was taken back, and nothing of it is on disk yet
    gate.settle([Outcome(0.0, 0.0, False, False, screen(step_id + 1), int(step_id % 4 == 0))])
    print(log.recorded_through, flush=True)
"""


def writer(path: Path, die_at: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(die_at)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def consistent(path: Path) -> list[int]:
    """See that every rewind is whole; returns the steps that stand."""
    with InterventionLog.open(path) as log:
        everything, stands = log.steps(undone=True), log.steps().step_id.tolist()
        ids = everything.step_id.tolist()
        assert ids == list(range(len(ids)))
        undone: list[int] = []
        for rewind in log.rewinds():
            assert rewind.undoes == tuple(range(rewind.step_id - 3, rewind.step_id))
            assert everything.verdict[rewind.step_id] == UNSAFE
            assert everything.step[rewind.step_id] == everything.step[rewind.step_id - 3]
            undone += rewind.undoes
        assert sorted(set(ids) - set(undone)) == stands
        late = everything.verdict == UNSAFE
        assert [r.step_id for r in log.rewinds()] == np.flatnonzero(late).tolist()
        assert [e.onset_step for e in log.events(undone=True)] == ids[::4]
        return stands


def test_a_kill_after_taking_the_game_back_leaves_what_was_played(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    _, error = (process := writer(path, die_at=11)).communicate(timeout=60)
    assert process.returncode == 7, error
    # Step 5 did step 2 anew; step 11 was to do step 8 anew and never got there.
    assert consistent(path) == [0, 1, 5, 6, 7, 8, 9, 10]
    # The number is used again, by a step that takes nothing back.
    _, error = (process := writer(path, die_at=14)).communicate(timeout=60)
    assert process.returncode == 7, error
    assert consistent(path) == [0, 1, *range(5, 14)]


def test_a_kill_at_any_moment_leaves_no_half_rewind(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    rng = np.random.default_rng(8)
    for _ in range(2):
        process = writer(path, die_at=-1)
        assert process.stdout is not None
        for _ in range(int(rng.integers(5, 60))):
            assert process.stdout.readline(), process.communicate()[1]
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        assert len(consistent(path)) > 3


# ------------------------------------------------------------------ older logs


def make_older(path: Path, version: int) -> None:
    """Make of a log one as an older format had it: whole screens, and what came later missing."""
    with InterventionLog.open(path) as log:
        table = log.steps()
        screens = dict(zip(table.frame.tolist(), log.frames(table.frame), strict=True))
    with closing(sqlite3.connect(path)) as raw:
        for frame, screen in screens.items():
            data = zstandard.compress(screen.tobytes())
            raw.execute("UPDATE frames SET data = ?, base = NULL WHERE frame = ?", (data, frame))
        for columns in (columns for format_, columns in COLUMNS.items() if format_ > version):
            for column in columns:
                raw.execute(f"ALTER TABLE {column.table.name} DROP COLUMN {column.name}")
        for tables in (tables for format_, tables in TABLES.items() if format_ > version):
            for table_ in tables:
                raw.execute(f"DROP TABLE {table_.name}")
        raw.execute(f"PRAGMA user_version = {version}")
        raw.commit()
    mark_path(path).unlink()


@pytest.fixture(params=[1, 2, 3, 4])
def older(request: pytest.FixtureRequest, tmp_path: Path, meta: LogMeta, record: Make) -> Path:
    path = tmp_path / "older.sqlite"
    with InterventionLog.create(path, meta) as log:
        log.begin_episode(0, env_index=0, seed=9, phase="oversight")
        for step_id in range(3):
            log.event(Event("fall", step_id, step_id))
            log.append(record(step_id, Source.PERSON))
    make_older(path, request.param)
    return path


def test_an_older_log_is_read_and_stays_as_it_is(older: Path) -> None:
    before = older.read_bytes()
    for _ in range(2):
        with InterventionLog.open(older) as log:
            assert log.steps().step_id.tolist() == [0, 1, 2]
            assert len(log.events()) == 3
            assert log.rewinds() == []
            assert log.frames(log.steps().frame).shape[0] == 3
            assert np.isnan(log.steps().pace).all()
            assert set(log.steps().previewed.tolist()) == {UNKNOWN}
    assert older.read_bytes() == before


def test_an_older_log_that_is_written_to_becomes_a_new_one(older: Path, record: Make) -> None:
    for step_id, undoes in ((3, (1, 2)), (4, ())):
        with InterventionLog.open(older, read_only=False) as log:
            assert log.next_step_id == step_id
            log.append(replace(record(step_id, Source.PERSON), undoes=undoes))
    with closing(sqlite3.connect(older)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (FORMAT_VERSION,)
    with InterventionLog.open(older) as log:
        assert log.steps().step_id.tolist() == [0, 3, 4]
        assert [e.onset_step for e in log.events()] == [0]


def test_the_tables_of_a_log_that_was_brought_up_to_date_are_those_of_a_new_one(
    older: Path, new_log: InterventionLog
) -> None:
    InterventionLog.open(older, read_only=False).close()
    tables = []
    for path in (older, new_log.path):
        with closing(sqlite3.connect(path)) as raw:
            names = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            columns = {
                name: raw.execute(f"PRAGMA table_info({name})").fetchall() for (name,) in names
            }
            tables.append(columns)
    assert tables[0] == tables[1]
