"""The log's file: foreign ones, other versions, damage, a full disk, two writers, a kill."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from oversight import (
    InterventionLog,
    LogCorrupted,
    LogError,
    LogMeta,
    LogVersionMismatch,
    Source,
    StepRecord,
)
from oversight.log.schema import APPLICATION_ID, FORMAT_VERSION

Make = Callable[..., StepRecord]
ROOT = Path(__file__).parents[2]


def run_python(code: str, *args: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *args],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# ------------------------------------------------------------------ files that are none of ours


def text_file(path: Path) -> None:
    path.write_text("step,action\n" * 200)


def foreign_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE notes (text)")
        raw.commit()


def other_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        raw.execute(f"PRAGMA user_version = {FORMAT_VERSION + 1}")
        raw.commit()


def without_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        raw.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
        raw.commit()


def cut_short(path: Path) -> None:
    with InterventionLog.create(path, LogMeta("toy", ("go",), (1,), "uint8", "fall")):
        pass
    path.write_bytes(path.read_bytes()[:5000])


def without_meta(path: Path) -> None:
    with InterventionLog.create(path, LogMeta("toy", ("go",), (1,), "uint8", "fall")):
        pass
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("DELETE FROM run WHERE key = 'actions'")
        raw.commit()


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda _path: None, LogError, "no such log"),
        (Path.mkdir, LogError, "no such log"),
        (Path.touch, LogError, "an SQLite file, but not an intervention log"),
        (text_file, LogCorrupted, "is not an intervention log, or damaged"),
        (foreign_database, LogError, "an SQLite file, but not an intervention log"),
        (other_version, LogVersionMismatch, r"format version 6, this program reads 1 to 5"),
        (without_tables, LogError, "no such table"),
        (cut_short, LogCorrupted, "damaged"),
        (without_meta, LogCorrupted, "does not say what it is about: 'actions'"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
@pytest.mark.parametrize("read_only", [True, False], ids=["to read", "to write"])
def test_what_cannot_be_opened_is_one_clear_line(
    tmp_path: Path, make: Callable[[Path], None], kind: type, message: str, read_only: bool
) -> None:
    path = tmp_path / "log.sqlite"
    make(path)
    for _ in range(2):  # and nothing is left locked
        with pytest.raises(LogError, match=message) as caught:
            InterventionLog.open(path, read_only=read_only)
        assert type(caught.value) is kind
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_log_is_not_made_over_a_file(tmp_path: Path, meta: LogMeta) -> None:
    path = tmp_path / "log.sqlite"
    text_file(path)
    before = path.read_bytes()
    with pytest.raises(LogError, match="exists already: open it, or choose another name"):
        InterventionLog.create(path, meta)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["log.sqlite"]


def test_a_log_is_not_made_in_a_directory_that_is_not_there(tmp_path: Path, meta: LogMeta) -> None:
    with pytest.raises(LogError, match="is not a directory: make it first"):
        InterventionLog.create(tmp_path / "none" / "log.sqlite", meta)


def test_what_a_kill_left_of_making_a_log_is_not_in_the_way(tmp_path: Path, meta: LogMeta) -> None:
    (tmp_path / "log.sqlite-new").write_bytes(b"half a log")
    (tmp_path / "log.sqlite-lock").touch()
    InterventionLog.create(tmp_path / "log.sqlite", meta).close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["log.sqlite", "log.sqlite-mark"]


def test_a_screen_that_does_not_unpack_is_damage(new_log: InterventionLog, record: Make) -> None:
    new_log.append(record(0, Source.PERSON))
    with closing(sqlite3.connect(new_log.path)) as raw:
        raw.execute("UPDATE frames SET data = x'0011223344'")
        raw.commit()
    with pytest.raises(LogCorrupted, match="a screen does not unpack"):
        new_log.frames(np.array([0]))


# ------------------------------------------------------------------ a full disk


def fill(log: InterventionLog, record: Make) -> None:
    """Append a person's decisions without end."""
    rng = np.random.default_rng(0)
    for step_id in range(5000):
        shown = rng.integers(0, 256, (6, 5), np.uint8)  # does not compress
        log.append(record(step_id, Source.PERSON, screen=shown))


def test_a_full_disk_says_what_to_do_and_loses_nothing(
    new_log: InterventionLog, record: Make
) -> None:
    pages = "PRAGMA max_page_count = {}"
    new_log._connection.exec_driver_sql(pages.format(16))
    with pytest.raises(LogError, match=r"the disk may be full: .*; free some space, then resume"):
        fill(new_log, record)
    failed = new_log.next_step_id - 1
    assert failed > 10
    assert new_log.recorded_through == failed - 1
    with InterventionLog.open(new_log.path) as reader:
        assert reader.steps().step_id.tolist() == list(range(failed))
        assert len(reader.frames(reader.steps().frame)) == failed
    # Somebody freed space: what waited in memory goes to disk with the next decision.
    new_log._connection.exec_driver_sql(pages.format(4000))
    new_log.append(record(failed + 1, Source.PERSON))
    assert new_log.steps().step_id.tolist() == list(range(failed + 2))


LIMITED = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from oversight import AllowAll, Gate, InterventionLog, LogError, LogMeta, Outcome
path = Path(sys.argv[1])
log = InterventionLog.create(path, LogMeta("toy", ("go",), (64, 64), "uint8", "fall"))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
rng = np.random.default_rng(0)
def screen():
    return rng.integers(0, 256, (64, 64), np.uint8)
gate = Gate(AllowAll(), n_actions=1, sink=log)
gate.begin_episode(screen())
try:
    while True:
        gate.decide([0])
        gate.settle([Outcome(0.0, 0.0, False, False, screen())])
except LogError as error:
    print(log.recorded_through)
    print(error)
"""


def test_a_file_system_that_takes_no_more(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    process = run_python(LIMITED, str(path))
    out, err = process.communicate(timeout=60)
    through, message = out.strip().split("\n")
    assert "free some space, then resume: what was recorded is kept" in message, err
    with InterventionLog.open(path) as log:
        table = log.steps()
        assert int(through) > 0
        assert table.step_id.tolist() == list(range(int(through) + 1))
        log.frames(table.frame)


# ------------------------------------------------------------------ two writers


def test_a_second_writer_is_told_to_wait(new_log: InterventionLog, record: Make) -> None:
    new_log.append(record(0, Source.PERSON))
    with pytest.raises(LogError, match="is being written by another process: let it end first"):
        InterventionLog.open(new_log.path, read_only=False)
    new_log.append(record(1, Source.PERSON))
    new_log.close()
    with InterventionLog.open(new_log.path, read_only=False) as second:
        second.append(record(2, Source.PERSON))
        assert second.steps().step_id.tolist() == [0, 1, 2]


def test_a_second_writer_in_another_process_is_told_to_wait(new_log: InterventionLog) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom oversight import InterventionLog, LogError\n"
        "try:\n    InterventionLog.open(Path(sys.argv[1]), read_only=False)\n"
        "except LogError as error:\n    print(error)"
    )
    out, err = run_python(code, str(new_log.path)).communicate(timeout=60)
    assert "is being written by another process: let it end first" in out, err


def test_closing_twice_gives_the_lock_of_nobody_else_away(new_log: InterventionLog) -> None:
    new_log.close()
    with InterventionLog.open(new_log.path, read_only=False):
        new_log.close()
        with pytest.raises(LogError, match="is being written by another process"):
            InterventionLog.open(new_log.path, read_only=False)


# ------------------------------------------------------------------ kill -9

WRITER = """
import sys
from pathlib import Path
import numpy as np
from oversight import (Amendment, Decision, Event, Gate, GateSettings, InterventionLog, LogMeta,
    Outcome, Source, Verdict)
path = Path(sys.argv[1])
shape = (60, 40)
if path.exists():
    log = InterventionLog.open(path, read_only=False)
else:
    log = InterventionLog.create(path, LogMeta("toy", ("a", "b"), shape, "uint8", "fall"))

class Sometimes:
    # A person judges every fifth step and takes back the one before it.
    def review(self, proposals):
        (p,) = proposals
        person = p.step_id % 5 == 4
        amends = (Amendment(p.step_id - 1, Verdict.UNSURE, "undo"),) if person else ()
        source = Source.PERSON if person else Source.BLOCKER
        return [Decision(p.step_id, Verdict.SAFE, source, amends=amends)]

def screen(step_id):
    return np.random.default_rng(step_id).integers(0, 256, shape, np.uint8)

first = log.next_step_id
gate = Gate(Sometimes(), GateSettings(history=1), n_actions=2, sink=log,
            first_step_id=first, first_episode=log.next_episode)
gate.begin_episode(screen(first))
for step_id in range(first, 10**9):
    gate.decide([step_id % 2])
    gate.settle([Outcome(0.0, 0.0, False, False, screen(step_id + 1), int(step_id % 3 == 0))])
    print(log.recorded_through, flush=True)
"""


def killed_at(path: Path, lines: int, rng: np.random.Generator) -> int:
    """Kill a writer at a random moment after so many steps; returns what it said was recorded."""
    process = run_python(WRITER, str(path))
    assert process.stdout is not None
    said = -1
    for _ in range(lines):
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        said = int(line)
    time.sleep(float(rng.uniform(0, 0.02)))
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate(timeout=60)
    whole = rest[: rest.rfind("\n") + 1].split()  # the last line may be cut
    return int(whole[-1]) if whole else said


def test_what_was_said_to_be_recorded_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    rng = np.random.default_rng(3)
    through = -1
    for _ in range(3):
        said = killed_at(path, int(rng.integers(1, 150)), rng)
        assert said >= through
        with InterventionLog.open(path) as log:
            table = log.steps()
            through = int(table.step_id[-1])
            assert through >= said
            # No gap, nothing twice: the next writer went on with the next number.
            assert table.step_id.tolist() == list(range(through + 1))
            # Whole: each step has its screen, its amendment and its event.
            # (An amendment may be there before the decision that brought it.)
            undone = np.flatnonzero(table.verdict == 2).tolist()
            assert [n for n in undone if n < through] == list(range(3, through, 5))
            assert [e.onset_step for e in log.events()] == list(range(0, through + 1, 3))
            screens = log.frames(table.frame)
        for step_id in range(through + 1):
            drawn = np.random.default_rng(step_id).integers(0, 256, (60, 40), np.uint8)
            assert (screens[step_id] == drawn).all()


def test_decisions_keep_their_time_order_after_going_on(
    new_log: InterventionLog, record: Make
) -> None:
    new_log.append(record(0))
    new_log.close()
    with InterventionLog.open(new_log.path, read_only=False) as log:
        log.append(replace(record(1), phase="blocker"))
    with closing(sqlite3.connect(new_log.path)) as raw:
        times = [t for (t,) in raw.execute("SELECT decided_at FROM decisions ORDER BY step_id")]
    assert times == sorted(times)
    assert abs(times[-1] - time.time()) < 60
