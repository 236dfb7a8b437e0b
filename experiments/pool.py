"""Pieces of work one by one, or side by side in processes of their own."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from experiments.stopping import StopFlag

__all__ = ["each_done"]

Piece = TypeVar("Piece")
Result = TypeVar("Result")

POLL_SECONDS = 0.5
"""How often a stop is looked for while work goes on elsewhere."""


def each_done(
    work: Callable[[Piece], Result], pieces: Sequence[Piece], workers: int, stop: StopFlag
) -> Iterator[Result]:
    """Do pieces of work, each in one of several processes; results as they come, in any order.

    Once stopped, what is under way is dropped.

    Args:
        work: a function of a module, so that other processes find it.
        pieces: what to do it to.
        workers: processes, 1 or more.
        stop: asked twice a second.
    """
    # Nothing is inherited: threads and open files of this process stay here.
    with multiprocessing.get_context("spawn").Pool(workers, _leave_stopping_to_others) as pool:
        results = pool.imap_unordered(work, pieces)
        for _ in pieces:
            result: list[Result] = []
            while not result:
                if stop():
                    return
                try:
                    result.append(results.next(POLL_SECONDS))
                except multiprocessing.TimeoutError:
                    continue
            yield result[0]


def _leave_stopping_to_others() -> None:
    # Ctrl-C reaches the whole group of processes; this one ends when its pool does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
