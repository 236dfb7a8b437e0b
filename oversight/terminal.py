"""Where commands print their tables."""

from __future__ import annotations

import os
import sys

from rich.console import Console

__all__ = ["open_console"]

WIDTH = 160
"""Columns of what is not a terminal, a file or a pipe: nobody can draw it wider afterwards, and
in the 80 that would be taken for it wide tables lose their figures."""


def open_console() -> Console:
    """The standard output: as wide as its terminal, or as `COLUMNS` says."""
    known = sys.stdout.isatty() or os.environ.get("COLUMNS")
    return Console(highlight=False, width=None if known else WIDTH)
