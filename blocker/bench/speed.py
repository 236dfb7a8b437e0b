"""How long a judge takes, from raw screens to a decision, on one thread."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from blocker.bench.data import HeldOut
from blocker.bench.judges import Judge

__all__ = ["BATCHES", "Speed", "speed_of"]

BATCHES = (1, 8, 32)
WARM_UP = 5


@dataclass(frozen=True, slots=True)
class Speed:
    """Wall time of one batch.

    Attributes:
        batch: steps judged at once, all their actions.
        p50_us, p99_us: microseconds.
        per_second: steps judged a second, at the median.
        repeats: batches timed.
    """

    batch: int
    p50_us: float
    p99_us: float
    per_second: float
    repeats: int


def speed_of(judge: Judge, data: HeldOut, repeats: int = 200, seed: int = 0) -> list[Speed]:
    """Time the judge on random steps; screens are prepared within the time.

    Args:
        judge: who.
        data: at least one step.
        repeats: batches timed for each size.
        seed: draws the steps.
    """
    rng = np.random.default_rng(seed)
    return [_speed(judge, data, batch, repeats, rng) for batch in BATCHES]


def _speed(
    judge: Judge, data: HeldOut, batch: int, repeats: int, rng: np.random.Generator
) -> Speed:
    parts = [data.where(rng.integers(len(data), size=batch)) for _ in range(repeats + WARM_UP)]
    seconds = []
    with _one_thread():
        for part in parts:
            began = time.perf_counter()
            judge.risks(part)
            seconds.append(time.perf_counter() - began)
    p50, p99 = np.quantile(seconds[WARM_UP:], [0.5, 0.99]) * 1e6
    return Speed(batch, float(p50), float(p99), batch / p50 * 1e6, repeats)


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)
