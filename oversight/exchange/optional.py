"""Packages that only an export needs."""

from __future__ import annotations

import errno
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from types import ModuleType

from oversight.errors import LogError

__all__ = ["needed", "whole_folder"]

_FULL = (errno.ENOSPC, errno.EDQUOT)
"""What is said of a disk, or of one's share of it, that is full."""


def needed(module: str, extra: str) -> ModuleType:
    """Import a package that is not always installed.

    Raises:
        LogError: it is not; says how to get it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise LogError(
            f"{module} is not installed ({error}): pip install 'hirl[{extra}]', or from a clone "
            f"pip install -c constraints.txt '.[{extra}]'"
        ) from None


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A folder that gets its name only when everything is in it.

    Raises:
        LogError: there is something of that name already, or nowhere to put it.
    """
    if out.exists():
        raise LogError(f"{out} exists already: choose another name")
    if not out.parent.is_dir():
        raise LogError(f"{out.parent} is not a directory: make it first")
    part = out.with_name(out.name + "-part")
    rmtree(part, ignore_errors=True)
    try:
        part.mkdir()
        yield part
        part.replace(out)
    except OSError as error:
        remedy = "; free some space and try again" if error.errno in _FULL else ""
        raise LogError(f"{out} cannot be written: {error}{remedy}") from None
    finally:
        rmtree(part, ignore_errors=True)
