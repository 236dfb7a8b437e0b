"""Damage: it never passes unnoticed, what stands before it is read, and the way out is named."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from oversight import InterventionLog, LogAnnotator, LogCorrupted, LogError, Source, StepRecord
from oversight.__main__ import main
from oversight.log.chain import newest_link, packed
from oversight.log.checking import check_log
from oversight.log.copying import merge_logs, salvage_log
from oversight.log.mark import MarkState, mark_path
from oversight.types import Event, Verdict
from oversight.verification import verify_log

Make = Callable[..., StepRecord]


@pytest.fixture
def whole(new_log: InterventionLog, record: Make) -> Path:
    """Thirty decisions of a person, closed."""
    for step_id in range(30):
        if step_id == 20:
            new_log.event(Event("fall", 19, 20))
        new_log.append(record(step_id, Source.PERSON))
    new_log.close()
    return new_log.path


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(statement)
        raw.commit()


def test_a_row_as_bytes() -> None:
    assert packed((1, None, "ä", b"xy", 0.5, None, None)) == b"(1, None, '\\xe4', (2,), 0.5)xy"
    assert packed((0,)) != packed((b"",))
    assert packed((None,)) == b"()"


def test_a_whole_log_is_whole(whole: Path) -> None:
    check = check_log(whole)
    assert check.sound
    assert (check.links, check.decisions, check.condition.state) == (31, 30, MarkState.WHOLE)
    assert verify_log(whole, quick=True).links == 31


@pytest.mark.parametrize(
    ("statement", "step"),
    [
        ("UPDATE decisions SET verdict = 'unsafe' WHERE step_id = 7", 7),
        ("UPDATE decisions SET agent_reward = 1e-300 WHERE step_id = 8", 8),
        ("UPDATE decisions SET blocked = X'' WHERE step_id = 8 AND blocked = 0", 8),
        ("UPDATE chain SET durable = 1 - durable WHERE link = 9", 8),
        ("UPDATE decisions SET reaction_seconds = 0.0 WHERE step_id = 9", 9),
        ("DELETE FROM decisions WHERE step_id = 10", 10),
        ("UPDATE frames SET data = zeroblob(length(data)) WHERE frame = 11", 11),
        ("DELETE FROM events", 20),
        ("UPDATE chain SET digest = zeroblob(16) WHERE link = 13", 12),
        ("DELETE FROM chain WHERE link = 14", 13),
    ],
)
def test_a_row_that_was_changed_is_found(whole: Path, statement: str, step: int) -> None:
    change(whole, statement)
    check = check_log(whole)
    assert not check.sound
    assert check.damage[0].link == step + 1
    assert check.whole_links == step + 1
    with pytest.raises(LogCorrupted, match=r"everything before it is whole.*log salvage"):
        verify_log(whole, quick=True)


def test_a_row_that_was_put_in_is_found(whole: Path) -> None:
    change(whole, "INSERT INTO amendments VALUES (9, 1, 'unsafe', 'person', 'x', 0, 0, 0, 0)")
    change(whole, "INSERT INTO rewinds VALUES (3, 15)")
    first, second = check_log(whole).damage
    assert first.what == "1 rows of amendments are in no commit"
    assert second.what == "1 rows of rewinds are in no commit"


def test_what_is_whole_is_saved(whole: Path, tmp_path: Path) -> None:
    change(whole, "UPDATE decisions SET executed = 5 WHERE step_id = 12")
    before = whole.read_bytes()
    saved = tmp_path / "saved.sqlite"
    salvage_log(whole, saved)
    assert whole.read_bytes() == before
    with InterventionLog.open(whole) as old, InterventionLog.open(saved) as log:
        assert log.meta == old.meta
        assert log.steps().step_id.tolist() == list(range(12))
        frames = old.steps().frame[:12]
        assert (log.frames(log.steps().frame) == old.frames(frames)).all()
    assert check_log(saved).sound
    with pytest.raises(LogError, match="exists already"):
        salvage_log(whole, saved)


def test_a_screen_that_was_altered_does_not_reach_training(whole: Path) -> None:
    other = "(SELECT data FROM frames WHERE frame = 4)"
    change(whole, f"UPDATE frames SET data = {other} WHERE frame = 3")
    with InterventionLog.open(whole) as log, pytest.raises(LogCorrupted, match="screen 3 is not"):
        log.frames(np.array([2, 3]))


# ------------------------------------------------------------------ the end of the file


def running_copy(log: InterventionLog, to: Path) -> Path:
    """What a kill would leave now."""
    copy = to / log.path.name
    for end in ("", "-wal", "-mark"):
        shutil.copy(log.path.with_name(log.path.name + end), copy.with_name(copy.name + end))
    return copy


@pytest.fixture
def killed(new_log: InterventionLog, record: Make, tmp_path: Path) -> Path:
    """Ten decisions of a person, then five of a machine; all of them in the write-ahead log."""
    for step_id in range(10):
        new_log.append(record(step_id, Source.PERSON))
    for step_id in range(10, 15):
        new_log.append(record(step_id))
        new_log.flush()
    (tmp_path / "copy").mkdir()
    return running_copy(new_log, tmp_path / "copy")


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x10
    path.write_bytes(data)


def test_a_flipped_byte_in_the_write_ahead_log_does_not_pass(killed: Path) -> None:
    wal = killed.with_name(killed.name + "-wal")
    flip(wal, wal.stat().st_size // 3)
    with closing(sqlite3.connect(killed)) as raw:  # SQLite itself says nothing
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert raw.execute("SELECT count(*) FROM decisions").fetchone()[0] < 10
    for read_only in (True, False):
        with pytest.raises(LogCorrupted, match=r"acknowledged decisions are missing after step"):
            InterventionLog.open(killed, read_only=read_only)
    with pytest.raises(LogCorrupted, match=r"log salvage .* --out"):
        LogAnnotator.open(killed)
    with InterventionLog.open(killed, damaged_too=True) as log:
        there = log.steps().step_id.tolist()
        assert there == list(range(len(there)))
    assert main(["log", "verify", str(killed), "--quick"]) == 1


def test_an_older_copy_under_a_newer_mark_does_not_pass(
    whole: Path, tmp_path: Path, record: Make
) -> None:
    backup = tmp_path / "backup"
    shutil.copy(whole, backup)
    with InterventionLog.open(whole, read_only=False) as log:
        log.append(record(30, Source.PERSON))
    shutil.copy(backup, whole)
    with pytest.raises(LogCorrupted, match="1 commits of acknowledged decisions are missing"):
        InterventionLog.open(whole)


def test_what_a_power_loss_may_take_is_noted_and_the_run_goes_on(
    killed: Path, record: Make
) -> None:
    wal = killed.with_name(killed.name + "-wal")
    wal.write_bytes(wal.read_bytes()[:-6000])  # the last, unsynced commits of a machine
    with InterventionLog.open(killed) as log:
        assert log.condition.state is MarkState.TAIL_LOST
        last = log.condition.last_step
        assert 9 <= last < 14
    with InterventionLog.open(killed, read_only=False) as log:
        assert log.next_step_id == last + 1
        log.append(record(last + 1, Source.PERSON))
    with InterventionLog.open(killed) as log:
        assert log.condition.state is MarkState.WHOLE
        (incident,) = log.connection.exec_driver_sql("SELECT kind, detail FROM incidents")
    assert incident[0] == "tail lost"
    assert f"missing after step {last}" in incident[1]
    assert check_log(killed).sound


@pytest.mark.parametrize("harm", ["gone", "garbage", "another's"])
def test_a_mark_that_says_nothing_is_told(whole: Path, harm: str) -> None:
    mark = mark_path(whole)
    if harm == "gone":
        mark.unlink()
    elif harm == "garbage":
        mark.write_bytes(b"\0" * 96)
    else:
        flip(mark, 12)
    with InterventionLog.open(whole) as log:
        missing = harm == "gone"
        assert log.condition.state is (MarkState.MISSING if missing else MarkState.FOREIGN)
    InterventionLog.open(whole, read_only=False).close()
    with InterventionLog.open(whole) as log:
        assert log.condition.state is MarkState.WHOLE


# ------------------------------------------------------------------ merging


def test_logs_are_merged_with_all_that_was_said(
    whole: Path, tmp_path: Path, record: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.sqlite"
    shutil.copy(whole, other)
    with LogAnnotator.open(other) as log:
        log.relabel([2, 3], Verdict.UNSAFE, by="ada", reason="late")
        change_ = log.relabel([3], Verdict.SAFE, by="ada", reason="not so late")
        scorer = log.scorer("b", calibrated=False)
        log.score(scorer, np.array([4]), np.array([0.5]), np.array([[0.5, 0.25]]))
    both = tmp_path / "both.sqlite"
    merge_logs(
        [
            other,
            whole,
        ],
        both,
    )
    again = tmp_path / "again.sqlite"
    assert main(["log", "merge", str(whole), str(both), "--out", str(again)]) == 0
    with InterventionLog.open(again) as log, InterventionLog.open(whole) as single:
        table, alone = log.steps(), single.steps()
        assert table.step_id.tolist() == list(range(90))
        assert table.episode.tolist() == [0] * 30 + [1] * 30 + [2] * 30
        assert table.verdict.tolist() == [0] * 32 + [1] + [0] * 57
        for part in range(3):
            screens = log.frames(table.frame[30 * part : 30 * part + 30])
            assert (screens == single.frames(alone.frame)).all()
        assert [e.onset_step for e in log.events()] == [20, 50, 80]
        words = log.words(33)
        assert [w.name for w in words] == ["", "ada", "ada"]
        assert words[-1].change == change_.number
        assert log.scores(log.scorers()[0]).step_id.tolist() == [34]
        origins = log.connection.exec_driver_sql("SELECT name, step_shift FROM origins").fetchall()
        assert [shift for _, shift in origins] == [0, 30, 30, 60]
        end = newest_link(single.connection)
        assert end is not None
    assert check_log(again).sound


def test_logs_that_do_not_go_together(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.sqlite"
    shutil.copy(whole, other)
    change(other, "UPDATE run SET value = '\"chess\"' WHERE key = 'game'")
    for logs, message in (([whole, other], "of one game"), ([whole], "at least two")):
        out = tmp_path / "out.sqlite"
        assert main(["log", "merge", *map(str, logs), "--out", str(out)]) == 2
        shown = capsys.readouterr()
        assert message in shown.err
        assert shown.err.count("\n") == 1
        assert not list(tmp_path.glob("out.sqlite*"))


# ------------------------------------------------------------------ commands


def test_relabels_by_command_and_their_history(
    whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    who = ["--by", "ada", "--reason", "too near"]
    span = ["--verdict", "unsafe", "--first", "3", "--last", "5"]
    assert main(["log", "relabel", str(whole), *span, *who]) == 0
    assert main(["log", "relabel", str(whole), "--undo", "0", *who]) == 0
    assert main(["log", "history", str(whole), "4"]) == 0
    shown = capsys.readouterr().out
    assert [shown.count(word) for word in ("unsafe", "safe", "ada", "too")] == [1, 3, 2, 2]
    for wrong in (["--undo", "0", *span], [], ["--undo", "99"]):
        assert main(["log", "relabel", str(whole), *wrong, *who]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert main(["log", "history", str(whole), "99"]) == 2
    assert "numbered 99" in capsys.readouterr().err


def test_a_key_in_its_row_and_in_its_index(whole: Path) -> None:
    """Keys are read from an index where there is one: a flip in the row itself is told, too."""
    data, key = whole.read_bytes(), b"screen_dtype"
    places = [at for at in range(len(data)) if data.startswith(key, at)]
    assert len(places) >= 2
    for place in places:
        whole.write_bytes(data[:place] + b"z" + data[place + 1 :])
        try:
            assert not check_log(whole).sound
        except LogError:
            continue
