"""Who is compared: anything that gives every action of a step a probability of being unsafe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit, logit

from blocker.artifact import Blocker
from blocker.bench.data import HeldOut

__all__ = ["BlockerJudge", "ConstantJudge", "EnsembleJudge", "Judge", "risks_of"]

BATCH = 512


class Judge(Protocol):
    """One row of the comparison."""

    @property
    def name(self) -> str:
        """In tables."""
        ...

    @property
    def kind(self) -> str:
        """`Blocker`, `baseline`, or `privileged` for what sees more than a Blocker may."""
        ...

    @property
    def threshold(self) -> float:
        """From this probability on an action is blocked."""
        ...

    @property
    def parameters(self) -> int | None:
        """Numbers learned; None where that says nothing."""
        ...

    @property
    def size_bytes(self) -> int | None:
        """On disk; None where nothing is kept there."""
        ...

    def risks(self, data: HeldOut) -> NDArray[np.float64]:
        """Probability that each action of each step is unsafe: float64 (n, n_actions)."""
        ...


class BlockerJudge:
    """A Blocker's file."""

    kind = "Blocker"

    def __init__(self, blocker: Blocker, name: str, size_bytes: int | None = None) -> None:
        """Take a Blocker and the name of its row."""
        self.blocker = blocker
        self.name = name
        self.threshold = blocker.threshold
        self.parameters: int | None = blocker.network.learned
        self.size_bytes = size_bytes

    @classmethod
    def load(cls, path: Path, name: str | None = None) -> BlockerJudge:
        """Read a file; its name without the ending is the row's if none is given.

        Raises:
            BlockerFileError: it cannot be read.
        """
        return cls(Blocker.load(path), name or path.stem, path.stat().st_size)

    def risks(self, data: HeldOut) -> NDArray[np.float64]:
        """See `Judge.risks`; each screen is prepared once."""
        spec = self.blocker.spec
        keys, places = data.screens(spec.lags)
        images = spec.prepare(data.images[keys])
        out = np.empty((len(data), len(self.blocker.actions)))
        for start in range(0, len(data), BATCH):
            rows = slice(start, start + BATCH)
            out[rows] = self.blocker.probabilities(
                torch.from_numpy(images[places[rows]]), torch.from_numpy(data.previous[rows])
            ).numpy()
        return out


class ConstantJudge:
    """Blocks everything, or nothing."""

    kind = "baseline"
    parameters: int | None = 0
    size_bytes: int | None = None
    threshold = 0.5

    def __init__(self, name: str, probability: float) -> None:
        """Take the row's name and the probability that all actions get."""
        self.name = name
        self._probability = probability

    def risks(self, data: HeldOut) -> NDArray[np.float64]:
        """See `Judge.risks`."""
        return np.full((len(data), data.game.n_actions), self._probability)


class EnsembleJudge:
    """The mean opinion of several Blockers, in log-odds, at the mean of their thresholds."""

    kind = "Blocker"

    def __init__(self, members: Sequence[BlockerJudge]) -> None:
        """Take two members or more."""
        if len(members) < 2:
            raise ValueError(f"expected 2 members or more, got {len(members)}")
        self._members = tuple(members)
        self.name = f"ensemble of {len(members)}"
        self.threshold = float(expit(np.mean([_odds(m.threshold) for m in members])))
        self.parameters: int | None = sum(member.parameters or 0 for member in members)
        sizes = [member.size_bytes for member in members]
        self.size_bytes = sum(s for s in sizes if s is not None) if all(sizes) else None

    def risks(self, data: HeldOut) -> NDArray[np.float64]:
        """See `Judge.risks`."""
        odds = np.mean([_odds(member.risks(data)) for member in self._members], axis=0)
        return np.asarray(expit(odds), np.float64)


def _odds(probability: float | NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(logit(np.clip(probability, 1e-7, 1 - 1e-7)), np.float64)


def risks_of(judge: Judge, data: HeldOut, chunk: int = 2_048) -> NDArray[np.float64]:
    """All of a judge's risks, in parts, so that the prepared screens of a long log fit into memory.

    Args:
        judge: who.
        data: n steps.
        chunk: steps at once.

    Returns:
        float64 (n, n_actions), as `Judge.risks`.
    """
    rows = np.arange(len(data))
    parts = np.array_split(rows, max(1, -(-len(rows) // chunk)))
    return np.concatenate([judge.risks(data.where(part)) for part in parts])
