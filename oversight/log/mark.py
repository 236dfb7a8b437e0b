"""The high-water mark: a line beside the log that says how far it went, outside of SQLite.

One flipped byte in a write-ahead log makes SQLite leave out, in silence, all that stands after it.
The mark tells: it names the newest link that was committed and the newest that was acknowledged.
It is written after each commit, in place, and synced when the log is closed and once a second
while durable commits come; so it may lag behind the log after a power loss, never lead it.
"""

from __future__ import annotations

import fcntl
import os
import time
import zlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from oversight.errors import LogError

__all__ = ["Mark", "MarkFile", "MarkState", "compare", "mark_path", "read_mark"]

SYNC_SECONDS = 1.0
"""A power loss may take back at most so much of the mark. Syncing it at every commit would double
what a decision waits for the disk."""
WIDTH = 96
"""Bytes of the file: far below a sector, so a write of it is whole or not there."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a log went.

    Attributes:
        log: digest of its first link in hex: whose mark this is.
        recorded: newest link committed.
        acknowledged: newest link committed with a sync, as what a person saw acknowledged is.
    """

    log: str
    recorded: int
    acknowledged: int


class MarkState(StrEnum):
    """What the mark says of a log."""

    WHOLE = "whole"
    MISSING = "missing"
    """No mark: a lost end could not be told."""
    FOREIGN = "foreign"
    """The mark is another log's, or damaged."""
    TAIL_LOST = "tail lost"
    """Commits are missing that a power loss may take: a machine's decisions."""
    LOST = "lost"
    """Commits are missing that were acknowledged."""
    UNREADABLE = "unreadable"
    """The chain's end, or the newest decision, cannot be read."""


def mark_path(log: Path) -> Path:
    """Where a log's mark stands."""
    return log.with_name(log.name + "-mark")


def read_mark(log: Path) -> Mark | None:
    """Read a log's mark; None if there is none.

    Raises:
        ValueError: it is damaged.
        OSError: it cannot be read.
    """
    try:
        data = mark_path(log).read_bytes()
    except FileNotFoundError:
        return None
    return _parsed(data)


def compare(mark: Mark | None, log: str, newest: int) -> MarkState:
    """Hold a mark against a log.

    Args:
        mark: read before the log was.
        log: digest of its first link in hex.
        newest: its newest link.
    """
    if mark is None:
        return MarkState.MISSING
    if mark.log != log:
        return MarkState.FOREIGN
    if newest < mark.acknowledged:
        return MarkState.LOST
    return MarkState.TAIL_LOST if newest < mark.recorded else MarkState.WHOLE


class MarkFile:
    """The mark, held open by a process that writes the log. Several may."""

    def __init__(self, log: Path, identity: str) -> None:
        """Open it, or make it.

        Args:
            log: path of the log.
            identity: digest of the log's first link in hex.

        Raises:
            LogError: it cannot be made.
        """
        self._identity = identity
        self._synced = time.monotonic()
        self._written = (b"", Mark(identity, -1, -1))
        try:
            self._handle = os.open(mark_path(log), os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise LogError(f"{mark_path(log)} cannot be written: {error.strerror}") from None

    def set(self, recorded: int, acknowledged: int) -> None:
        """Say how far the log goes, whatever was said before; on disk when this returns."""
        self._write(Mark(self._identity, recorded, acknowledged))
        os.fsync(self._handle)

    def reached(self, link: int, *, durable: bool) -> None:
        """Say that a link was committed."""
        fcntl.flock(self._handle, fcntl.LOCK_EX)  # another process may be some links further
        try:
            known = self._known()
            acknowledged = max(known.acknowledged, link if durable else -1)
            self._write(Mark(self._identity, max(known.recorded, link), acknowledged))
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_UN)
        now = time.monotonic()
        if durable and now - self._synced >= SYNC_SECONDS:
            os.fdatasync(self._handle)
            self._synced = now

    def _known(self) -> Mark:
        line = os.pread(self._handle, WIDTH, 0)
        if line == self._written[0]:
            return self._written[1]
        try:
            return _parsed(line)
        except ValueError:
            return Mark(self._identity, -1, -1)

    def close(self) -> None:
        """Put it on disk and let go of it."""
        os.fsync(self._handle)
        os.close(self._handle)

    def _write(self, mark: Mark) -> None:
        self._written = (_line(mark), mark)
        os.pwrite(self._handle, self._written[0], 0)


def _line(mark: Mark) -> bytes:
    words = f"hirl-mark {mark.log} {mark.recorded:12d} {mark.acknowledged:12d}"
    line = f"{words} {zlib.crc32(words.encode()):08x}"
    return line.ljust(WIDTH - 1).encode() + b"\n"


def _parsed(data: bytes) -> Mark:
    try:
        words, checksum = data.decode().rstrip().rsplit(" ", 1)
        name, log, recorded, acknowledged = words.split()
        if name == "hirl-mark" and int(checksum, 16) == zlib.crc32(words.encode()):
            return Mark(log, int(recorded), int(acknowledged))
    except ValueError:
        pass
    raise ValueError("the mark is damaged")
