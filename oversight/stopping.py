"""Ctrl-C as a question that loops ask, so that nothing is cut in the middle."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["StopFlag", "stop_on_signals"]


class StopFlag:
    """Whether the run was asked to stop. Call it to know."""

    def __init__(self) -> None:
        self._asked = False

    def __call__(self) -> bool:
        """Whether to stop now."""
        return self._asked

    def ask(self) -> None:
        """Ask the run to stop at its next step."""
        self._asked = True


@contextmanager
def stop_on_signals() -> Iterator[StopFlag]:
    """Turn the first Ctrl-C or termination into a flag; the second interrupts at once."""
    flag = StopFlag()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if flag():
            raise KeyboardInterrupt
        flag.ask()

    watched = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, handle) for number in watched}
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
