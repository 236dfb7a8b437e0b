"""The directory that holds a link's socket and its lock: who may enter, and who serves there."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from pathlib import Path
from typing import Final

import zmq

from oversight.errors import LinkError

__all__ = ["SOCKET_NAME", "is_locked", "link_address", "make_private", "take_lock"]

LOCK_NAME: Final = "lock"
SOCKET_NAME: Final = "link"
PATH_BYTES_MAX: Final = int(zmq.IPC_PATH_MAX_LEN)
"""107 on Linux, 103 on macOS: the operating system's limit for a socket's path."""


def link_address(directory: Path) -> str:
    """The ZeroMQ address of the link in a directory.

    Raises:
        LinkError: the socket's path would be longer than the system allows.
    """
    path = str(directory.absolute() / SOCKET_NAME)
    length = len(os.fsencode(path))
    if length > PATH_BYTES_MAX:
        raise LinkError(
            f"expected a socket path of at most {PATH_BYTES_MAX} bytes, got {length} ({path}):"
            " use a shorter directory"
        )
    return f"ipc://{path}"


def make_private(directory: Path) -> None:
    """Make the directory, or check that nobody else can enter: who connects can approve.

    Raises:
        LinkError: it cannot be made, or others may enter it.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = directory.stat()
    except OSError as error:
        raise LinkError(f"cannot use {directory} for the window's socket: {error}") from error
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid != os.getuid() or mode & 0o077:
        raise LinkError(
            f"expected {directory} to be yours and of mode 0700, got mode {mode:04o}:"
            " use another directory, or chmod 700"
        )


def take_lock(directory: Path, attempts: int = 5) -> int:
    """Lock the directory; a window that just asks `is_locked` holds it for microseconds.

    Returns:
        The open file that holds the lock; closing it frees the directory.

    Raises:
        LinkError: another run holds it.
    """
    try:
        handle = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LinkError(f"cannot lock {directory}: {error}") from error
    for _ in range(attempts):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return handle
    os.close(handle)
    raise LinkError(f"window port in use: another run serves {directory}; end it or use another")


def is_locked(directory: Path) -> bool:
    """Whether a living process serves there, busy or not."""
    try:
        handle = os.open(directory / LOCK_NAME, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
