"""A log's screens for a torch DataLoader, read from the file batch by batch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from blocker.inputs import InputSpec
from oversight.log import UNKNOWN, UNSAFE, UNSURE, InterventionLog

__all__ = ["LogDataset", "LogItem"]

LogItem = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Screen, proposed action, and whether that was judged unsafe."""


class LogDataset(Dataset[LogItem]):
    """Judged decisions of one log, in their order; screens stay on disk until they are asked for.

    An item is (screen uint8 (planes, h, w) prepared, or (210, 160) raw, action int64 (), unsafe
    float32 ()). A DataLoader asks for whole batches (`__getitems__`), which is what makes it fast;
    each of its workers opens the file for itself. Decisions without a judgement or without a screen
    are left out. What a Blocker is trained on, with histories and implied examples, is
    `BlockerDataset`; this one is for logs that do not fit into memory.
    """

    def __init__(
        self, path: Path, spec: InputSpec | None = None, phases: Sequence[str] | None = None
    ) -> None:
        """Read the columns of a log, not its screens.

        Args:
            path: of the log.
            spec: how screens are prepared; None gives raw palette indices.
            phases: which phases; None for all.

        Raises:
            LogError: the log cannot be read.
        """
        self._path, self._spec = path, spec
        self._opened: tuple[int, InterventionLog] | None = None
        with InterventionLog.open(path) as log:
            table = log.steps(phases)
        kept = (table.verdict != UNSURE) & (table.frame != UNKNOWN)
        self.step_id: NDArray[np.int64] = table.step_id[kept]
        """int64 (n,): which decisions these are."""
        self._frames = table.frame[kept]
        self._actions = torch.from_numpy(table.proposed[kept].copy())
        self._unsafe = torch.from_numpy((table.verdict[kept] == UNSAFE).astype(np.float32))

    def __len__(self) -> int:
        return len(self.step_id)

    def __getitem__(self, index: int) -> LogItem:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[LogItem]:
        """A batch at one go."""
        rows = np.asarray(indices, np.int64)
        screens = self._log().frames(self._frames[rows])
        ready = screens if self._spec is None else self._spec.prepare(screens)
        pictures = torch.from_numpy(ready)
        chosen = torch.from_numpy(rows)
        return list(zip(pictures, self._actions[chosen], self._unsafe[chosen], strict=True))

    def __getstate__(self) -> dict[str, object]:
        """Everything but the open file: a worker opens it anew."""
        return {**self.__dict__, "_opened": None}

    def close(self) -> None:
        """Let go of the file; it is opened again when a screen is asked for."""
        if self._opened is not None and self._opened[0] == os.getpid():
            self._opened[1].close()
        self._opened = None

    def _log(self) -> InterventionLog:
        # A connection must not cross a fork, nor a log the process that opened it.
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = (os.getpid(), InterventionLog.open(self._path))
        return self._opened[1]
