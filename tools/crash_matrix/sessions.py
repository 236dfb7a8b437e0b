"""Sessions that are killed, starved and disturbed: what was acknowledged has to be there."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from oversight import (
    Amendment,
    Decision,
    Gate,
    GateSettings,
    InterventionLog,
    LogAnnotator,
    LogError,
    LogMeta,
    Outcome,
    Proposal,
    Source,
    Verdict,
)
from oversight.log.checking import check_log

SHAPE = (60, 40)
META = LogMeta("toy", ("a", "b"), SHAPE, "uint8", "fall")


@dataclass
class Row:
    """One line of the matrix.

    Attributes:
        case: what was done.
        trials: how often.
        acknowledged: decisions, and relabels, that had been acknowledged at those moments.
        lost: of them, those that were not there afterwards.
        unnoticed: damage that nothing told of.
        note: what else is to be said.
        figures: further counts, by name.
    """

    case: str
    trials: int = 0
    acknowledged: int = 0
    lost: int = 0
    unnoticed: int = 0
    note: str = ""
    figures: dict[str, int] = field(default_factory=dict)

    def count(self, name: str, more: int = 1) -> None:
        self.figures[name] = self.figures.get(name, 0) + more


class Mixed:
    """A person judges every fifth step and takes back the one before it; a Blocker the others."""

    def review(self, proposals: list[Proposal]) -> list[Decision]:
        (p,) = proposals
        person = p.step_id % 5 == 4
        amends = (Amendment(p.step_id - 1, Verdict.UNSURE, "undo"),) if person else ()
        source = Source.PERSON if person else Source.BLOCKER
        return [Decision(p.step_id, Verdict.SAFE, source, amends=amends)]


def screen(step_id: int) -> np.ndarray:
    """A step's screen, so that what comes back can be compared: changes slowly, as games do."""
    shown = np.zeros(SHAPE, np.uint8)
    shown[:, step_id % SHAPE[1]] = np.random.default_rng(step_id).integers(0, 256, SHAPE[0])
    return shown


def session(path: Path, say: Callable[[int], None], steps: int = 10**9, pause: float = 0.0) -> None:
    """Play on where the log stands; `say` is told what is recorded after each step."""
    new = not path.exists()
    log = InterventionLog.create(path, META) if new else InterventionLog.open(path, read_only=False)
    first = log.next_step_id
    gate = Gate(
        Mixed(),
        GateSettings(history=1),
        n_actions=2,
        sink=log,
        first_step_id=first,
        first_episode=log.next_episode,
    )
    gate.begin_episode(screen(first))
    for step_id in range(first, first + steps):
        gate.decide([step_id % 2])
        gate.settle([Outcome(0.0, 0.0, False, False, screen(step_id + 1), int(step_id % 3 == 0))])
        say(log.recorded_through)
        if pause:
            time.sleep(pause)
    log.close()


class Child:
    """A forked process that says numbers through a pipe."""

    def __init__(self, work: Callable[[Callable[[int], None]], None]) -> None:
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                os.close(reading)
                work(lambda number: (os.write(writing, b"%d\n" % number), None)[1])
                status = 0
            finally:
                os._exit(status)
        os.close(writing)
        self._pipe = os.fdopen(reading, "rb", buffering=0)

    def first(self) -> None:
        """Wait until it has said something."""
        self._head = self._pipe.read(1) or b""

    def kill(self) -> int:
        """Kill it; returns the last number that it said, -1 for none."""
        os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def wait(self) -> int:
        said = getattr(self, "_head", b"") + self._pipe.readall()
        os.waitpid(self.pid, 0)
        self._pipe.close()
        whole = said[: said.rfind(b"\n") + 1].split()  # the last line may be cut
        return int(whole[-1]) if whole else -1


def present(path: Path, through: int, row: Row) -> None:
    """Count what was acknowledged and is not there, or is not what was written."""
    row.acknowledged += through + 1
    with InterventionLog.open(path) as log:
        table = log.steps()
        there = set(table.step_id.tolist())
        row.lost += sum(step_id not in there for step_id in range(through + 1))
        recent = table.step_id[-200:]
        shown = log.frames(table.frame[-200:])
    row.lost += sum(
        not np.array_equal(screen(step_id), pixels)
        for step_id, pixels in zip(recent.tolist(), shown, strict=True)
    )


def kills(folder: Path, times: int, rng: np.random.Generator) -> Row:
    """Kill a session, and a reviewer who relabels meanwhile, at random moments."""
    row = Row("kill -9 of a run and of a reviewer beside it")
    path, base, relabels = folder / "killed.sqlite", 0, 0
    session(path, lambda _: None, steps=5)
    for _ in range(times):
        run = Child(lambda say: session(path, say))
        review = Child(lambda say: reviewer(path, say))
        run.first()
        time.sleep(float(rng.uniform(0, 0.15)))
        said = run.kill()
        relabels = max(relabels, review.kill())
        present(path, max(said, base), row)
        with InterventionLog.open(path) as log:
            held = log.connection.exec_driver_sql(
                "SELECT count(*) FROM amendments WHERE name = 'ada'"
            ).scalar_one()
            base = int(log.steps().step_id[-1])
        row.count("relabels lost", max(0, relabels - int(held)))
        row.trials += 1
    row.count("decisions in the end", base + 1)
    row.count("relabels acknowledged", relabels)
    row.lost += row.figures["relabels lost"]
    row.unnoticed += not check_log(path).sound
    row.note = "acknowledged: summed over the kills, each counts all that the log held then"
    return row


def reviewer(path: Path, say: Callable[[int], None]) -> None:
    """Relabel one decision after another; says how many of them stand."""
    with LogAnnotator.open(path) as log:
        query = "SELECT count(*) FROM amendments WHERE name = 'ada'"
        done = int(log.connection.exec_driver_sql(query).scalar_one())
        while True:
            log.relabel([done % 5], Verdict.UNSAFE, by="ada", reason="late")
            done += 1
            say(done)


def full_disk(folder: Path, times: int) -> Row:
    """A disk that fills up under a session, and gets room again."""
    mounted = os.geteuid() == 0 and _mount(folder / "small", "2m")
    row = Row("full disk (a small tmpfs)" if mounted else "full disk (a limit on file sizes)")
    for number in range(times):
        path = (folder / "small" if mounted else folder) / f"full{number}.sqlite"
        run = Child(lambda say, path=path: _until_full(path, say, limited=not mounted))
        said = run.wait()
        if mounted:
            _mount(folder / "small", f"{4 * (number + 2)}m", again=True)
        present(path, said, row)
        session(path, lambda _: None, steps=50)  # and the run goes on
        row.unnoticed += not check_log(path).sound
        row.trials += 1
    if mounted:
        subprocess.run(["umount", folder / "small"], check=True)
    return row


def _mount(folder: Path, size: str, *, again: bool = False) -> bool:
    folder.mkdir(exist_ok=True)
    options = f"remount,size={size}" if again else f"size={size}"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _until_full(path: Path, say: Callable[[int], None], *, limited: bool) -> None:
    if limited:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
    try:
        session(path, say)
    except LogError as error:
        if "free some space" not in str(error):
            raise


def two_writers(folder: Path, times: int) -> Row:
    """A second writer is refused, whenever it comes."""
    row = Row("a second writer")
    path = folder / "two.sqlite"
    for _ in range(times):
        run = Child(lambda say: session(path, say))
        run.first()
        try:
            InterventionLog.open(path, read_only=False).close()
            row.unnoticed += 1
        except LogError:
            row.count("refused")
        present(path, run.kill(), row)
        row.trials += 1
    row.unnoticed += not check_log(path).sound
    return row


def readers(folder: Path, times: int) -> Row:
    """Somebody reads and checks while a session writes."""
    row = Row("a reader while it is written")
    path, before = folder / "read.sqlite", 0
    run = Child(lambda say: session(path, say, pause=0.0005))
    run.first()
    for _ in range(times):
        with InterventionLog.open(path) as log:
            ids = log.steps().step_id
            log.frames(log.steps().frame[-50:])
        row.lost += int(len(ids) < before or (ids != np.arange(len(ids))).any())
        row.unnoticed += not check_log(path).sound
        before = len(ids)
        row.trials += 1
    present(path, run.kill(), row)
    return row
