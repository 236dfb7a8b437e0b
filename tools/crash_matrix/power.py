"""A power loss between write and sync: a session's writes, recorded, and kept up to a moment.

The session runs under strace. Up to the chosen moment every write that was followed by a sync of
its file has reached the disk; of the others each sector of 512 bytes has or has not, by chance:
SQLite and this program must get along with any of these disks. New names and removed ones count as
on disk at once, which is more than a file system promises.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sessions import Row, present

from oversight import InterventionLog, LogCorrupted
from oversight.log.checking import check_log

SECTOR = 512
CALLS = "openat,close,pwrite64,write,ftruncate,fsync,fdatasync,unlink,rename"


@dataclass
class Disk:
    """What of a file is on disk, and what may be."""

    synced: bytearray = field(default_factory=bytearray)
    waiting: list[tuple[int, bytes]] = field(default_factory=list)

    def sync(self) -> None:
        for offset, data in self.waiting:
            put(self.synced, offset, data)
        self.waiting = []

    def after(self, rng: np.random.Generator) -> bytes:
        """The file after a loss of power now."""
        left, kept = bytearray(self.synced), float(rng.choice([0.0, 0.5, 0.9]))
        for offset, data in self.waiting:
            if offset < 0:  # cut to a length
                if rng.random() < kept:
                    del left[len(data) :]
                continue
            for start in range(0, len(data), SECTOR):
                if rng.random() < kept:
                    put(left, offset + start, data[start : start + SECTOR])
        return bytes(left)


def put(target: bytearray, offset: int, data: bytes) -> None:
    if len(target) < offset + len(data):
        target.extend(bytes(offset + len(data) - len(target)))
    target[offset : offset + len(data)] = data


@dataclass(frozen=True)
class Call:
    """One system call of the session."""

    name: str
    arguments: str
    result: int


def recorded(folder: Path, steps: int) -> list[Call]:
    """Run a session under strace."""
    trace = folder / "trace"
    here = Path(__file__).parent
    code = (
        "import os, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from sessions import session\n"
        "say = os.open(sys.argv[3], os.O_WRONLY | os.O_CREAT)\n"
        "session(Path(sys.argv[2]), lambda n: os.write(say, b'%d\\n' % n), steps=int(sys.argv[4]))"
    )
    command = ["strace", "-f", "-xx", "-s", "200000", "-e", f"trace={CALLS}", "-o", str(trace)]
    arguments = [sys.executable, "-c", code, str(here), str(folder / "log.sqlite")]
    said = [str(folder / "said"), str(steps)]
    subprocess.run([*command, *arguments, *said], check=True, capture_output=True)
    pattern = re.compile(r"^\d+\s+(\w+)\((.*)\)\s+= (-?\d+)")
    found = (pattern.match(line) for line in trace.read_text().splitlines())
    return [Call(m[1], m[2], int(m[3])) for m in found if m is not None]


def text(argument: str) -> bytes:
    """What stands between the first quotes, in hexadecimal."""
    return bytes.fromhex(re.findall(r'"((?:\\x[0-9a-f]{2})*)"', argument)[0].replace("\\x", ""))


class Machine:
    """The files of a session, call by call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, Disk] = {}
        self.said = -1
        self.syncs = 0
        self._open: dict[int, str] = {}

    def take(self, call: Call) -> None:
        if call.result < 0:
            return
        handle = call.arguments.split(",", 1)[0]
        if call.name == "openat":
            self._opened(call)
        elif call.name == "close":
            self._open.pop(int(handle), None)
        elif call.name == "rename":
            names = re.findall(r'"((?:\\x[0-9a-f]{2})*)"', call.arguments)
            old, new = (Path(bytes.fromhex(n.replace("\\x", "")).decode()).name for n in names)
            self.files[new] = self.files.pop(old, Disk())
            self._open = {fd: new if name == old else name for fd, name in self._open.items()}
        elif call.name == "unlink":
            self.files.pop(Path(text(call.arguments).decode()).name, None)
        elif handle.isdigit() and int(handle) in self._open:
            self._written(self._open[int(handle)], call)

    def _opened(self, call: Call) -> None:
        path = Path(text(call.arguments).decode())
        if path.parent == self.folder and path.is_relative_to(self.folder):
            self._open[call.result] = path.name
            self.files.setdefault(path.name, Disk())
        else:
            self._open.pop(call.result, None)

    def _written(self, name: str, call: Call) -> None:
        disk = self.files.setdefault(name, Disk())
        if name == "said":
            if call.name == "write":
                self.said = int(text(call.arguments))
        elif call.name == "pwrite64":
            offset = int(call.arguments.rsplit(",", 1)[1])
            disk.waiting.append((offset, text(call.arguments)[: call.result]))
        elif call.name == "ftruncate":
            disk.waiting.append((-1, bytes(int(call.arguments.rsplit(",", 1)[1]))))
        elif call.name in {"fsync", "fdatasync"}:
            self.syncs += 1
            disk.sync()


def power_losses(folder: Path, times: int, rng: np.random.Generator, steps: int = 400) -> Row:
    """Take the power away at random moments of one recorded session."""
    row = Row("power loss between write and sync, any sectors of what was not synced")
    if shutil.which("strace") is None:
        row.note = "not measured: no strace here"
        return row
    home = folder / "powered"
    home.mkdir()
    calls = recorded(home, steps)
    machine = Machine(home)
    # From the first person's decision on: what comes before is Python starting.
    begun = next(n for n, call in enumerate(calls) if "\\x34\\x0a" in call.arguments)
    cuts = set((begun + rng.choice(len(calls) - begun, times)).tolist())
    for number, call in enumerate(calls):
        machine.take(call)
        if number in cuts:
            one_loss(machine, folder / f"loss{number}", row, rng)
    row.count("syncs in the session", machine.syncs)
    row.count("decisions in the session", machine.said + 1)
    row.note = "acknowledged: decisions of a person, every fifth step, and all before them"
    return row


def one_loss(machine: Machine, left: Path, row: Row, rng: np.random.Generator) -> None:
    left.mkdir()
    for name, disk in machine.files.items():
        if not name.endswith(("-shm", "-lock", "said", "trace")):
            (left / name).write_bytes(disk.after(rng))
    # A person's decision is every fifth; what was said of later ones, a crash alone must spare.
    durable = (machine.said + 1) // 5 * 5 - 1
    row.trials += 1
    path = left / "log.sqlite"
    try:
        present(path, durable, row)
        check = check_log(path)
        row.unnoticed += bool(check.damage)
        row.count(f"afterwards {check.condition.state.value}")
    except LogCorrupted:
        row.lost += durable + 1
        with InterventionLog.open(path, damaged_too=True) as log:
            row.lost -= len(log.steps())
    shutil.rmtree(left)
