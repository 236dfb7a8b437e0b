"""Compiling the few loops that every decision waits for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

__all__ = ["compiled"]

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """A function over arrays and numbers as machine code; other threads go on meanwhile.

    It is compiled when it is first called, in some seconds, and kept on disk for other processes.
    """
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
