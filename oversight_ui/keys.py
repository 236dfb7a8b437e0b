"""Key files for a window on another machine: one for the run, one for the window.

A pair is made at once, and each file holds its own secret and the other's public key; so each
side knows exactly one partner (CurveZMQ, https://rfc.zeromq.org/spec/26/).
"""

from __future__ import annotations

import os
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import zmq

from oversight.errors import LinkError

__all__ = ["RUN_KEY", "WINDOW_KEY", "Keys", "make_keys"]

RUN_KEY: Final = "run.key"
WINDOW_KEY: Final = "window.key"
_LENGTH: Final = 40
"""Characters of a key in Z85."""


@dataclass(frozen=True)
class Keys:
    """What one side needs, each 40 characters of Z85.

    Attributes:
        role: "run" or "window".
        secret: this side's own, to be kept.
        public: its other half.
        partner: the public key of the only other side that is let in.
    """

    role: str
    secret: bytes
    public: bytes
    partner: bytes

    def __repr__(self) -> str:
        return f"Keys(role={self.role!r})"  # never a secret in a log

    @classmethod
    def read(cls, path: Path, role: str) -> Keys:
        """Read a key file.

        Raises:
            LinkError: missing, open to others, damaged, or the other side's file.
        """
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            values = tomllib.loads(path.read_text(encoding="ascii"))
            keys = cls(
                str(values["role"]),
                *(str(values[name]).encode() for name in ("secret", "public", "partner")),
            )
        except (OSError, KeyError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise LinkError(
                f"{path} is no key file ({error}): make a pair with"
                " 'python -m oversight_ui keys DIRECTORY'"
            ) from None
        if mode & 0o077:
            raise LinkError(
                f"expected {path} to be closed to others, got mode {mode:04o}: chmod 600"
            )
        if any(len(key) != _LENGTH for key in (keys.secret, keys.public, keys.partner)):
            raise LinkError(f"{path} is damaged: expected keys of {_LENGTH} characters")
        if keys.role != role:
            raise LinkError(f"{path} is the {keys.role}'s key file, expected the {role}'s")
        return keys


def make_keys(directory: Path) -> tuple[Path, Path]:
    """Make a pair of key files.

    Returns:
        The run's and the window's.

    Raises:
        LinkError: a file is there already, or the place cannot be written.
    """
    run, window = zmq.curve_keypair(), zmq.curve_keypair()
    paths = directory / RUN_KEY, directory / WINDOW_KEY
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _write(paths[0], Keys("run", run[1], run[0], window[0]))
        _write(paths[1], Keys("window", window[1], window[0], run[0]))
    except OSError as error:
        raise LinkError(f"cannot make key files in {directory}: {error}") from error
    return paths


def _write(path: Path, keys: Keys) -> None:
    words = {"secret": keys.secret, "public": keys.public, "partner": keys.partner}
    lines = [f"# hirl: the {keys.role}'s key file. Whoever has it can act as the {keys.role}."]
    lines += [f'role = "{keys.role}"']
    lines += [f"{name} = '{value.decode()}'" for name, value in words.items()]
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
