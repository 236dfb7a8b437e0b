"""From an intervention log to labelled examples, split by episode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from blocker.inputs import InputSpec
from blocker.late import meant
from oversight.log.table import UNKNOWN, UNSAFE, UNSURE, StepTable
from oversight.types import Source

__all__ = [
    "NO_ACTION",
    "BlockerDataset",
    "Examples",
    "LabelledLog",
    "LogMeta",
    "examples_from_logs",
    "has_screens",
    "join",
    "prepared",
    "screens_of",
]

NO_ACTION = -1
"""Stands for "no earlier action known", as at the start of an episode."""
TEACHERS = (Source.PERSON, Source.SIMULATED, Source.ORACLE)
"""Whose judgements are learned from: never a Blocker's own."""
_CHUNK = 512  # frames decoded at a time: 17 MB of raw screens


class LogMeta(Protocol):
    """What a log says about itself, as far as a Blocker needs it."""

    @property
    def game(self) -> str:
        """Name of the game."""
        ...

    @property
    def actions(self) -> tuple[str, ...]:
        """Names of the actions, in the order of their numbers."""
        ...

    @property
    def gate(self) -> Mapping[str, object]:
        """The gate's settings."""
        ...


class LabelledLog(Protocol):
    """The part of `InterventionLog` that is read here."""

    @property
    def meta(self) -> LogMeta:
        """What the log says about itself."""
        ...

    def steps(self, phases: Sequence[str] | None = None) -> StepTable:
        """The steps, of some phases or of all."""
        ...

    def frames(self, keys: NDArray[np.int64], /) -> NDArray[np.generic]:
        """Raw screens (n, 210, 160) by their keys."""
        ...

    def late(self) -> Mapping[int, int]:
        """From the step at which a late block arrived to the earlier one that it was meant for."""
        ...


@dataclass(frozen=True)
class Examples:
    """Judged actions with what was seen.

    Attributes:
        images: uint8 (m, planes, h, w), each prepared screen once.
        screens: int64 (n, k), rows of `images`, oldest first.
        action: int64 (n,), the action that was judged.
        previous: int64 (n,), the action executed just before, NO_ACTION if there was none. Two
            screens do not show it, and in games with momentum it decides what happens next.
        unsafe: bool (n,), the label.
        episode: int64 (n,), unique over all logs read.
        step: int64 (n,), step within the episode.
        implied: bool (n,), the action was not proposed but executed in place of a refused one:
            whoever blocks takes it for safe. To learn from, never to measure with.
        step_id: int64 (n,), the step's number in its log.
        log: int64 (n,), which of the logs read, from 0.
    """

    images: NDArray[np.uint8]
    screens: NDArray[np.int64]
    action: NDArray[np.int64]
    previous: NDArray[np.int64]
    unsafe: NDArray[np.bool_]
    episode: NDArray[np.int64]
    step: NDArray[np.int64]
    implied: NDArray[np.bool_]
    step_id: NDArray[np.int64]
    log: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.action)

    @property
    def positives(self) -> int:
        """How many were judged unsafe."""
        return int(self.unsafe.sum())

    def where(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Examples:
        """The examples chosen by a mask or by indices; images are shared."""
        return replace(
            self,
            screens=self.screens[rows],
            action=self.action[rows],
            previous=self.previous[rows],
            unsafe=self.unsafe[rows],
            episode=self.episode[rows],
            step=self.step[rows],
            implied=self.implied[rows],
            step_id=self.step_id[rows],
            log=self.log[rows],
        )

    @property
    def proposed(self) -> Examples:
        """Only what was proposed and judged."""
        return self.where(~self.implied)


class BlockerDataset(Dataset[tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]]):
    """Examples for a torch DataLoader.

    An item is (screens uint8 (k, c, h, w), previous int64 (), action int64 (), unsafe float32 ()).
    """

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    @classmethod
    def from_log(
        cls, log: LabelledLog, spec: InputSpec, phases: Sequence[str] | None = None
    ) -> BlockerDataset:
        """Read one log; see `examples_from_logs`."""
        return cls(examples_from_logs([log], spec, phases))

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(
        self, index: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        one = self.examples
        return (
            torch.from_numpy(one.images[one.screens[index]]),
            torch.tensor(int(one.previous[index])),
            torch.tensor(int(one.action[index])),
            torch.tensor(float(one.unsafe[index])),
        )


def examples_from_logs(
    logs: Sequence[LabelledLog],
    spec: InputSpec,
    phases: Sequence[str] | None = None,
    *,
    as_meant: bool = True,
) -> Examples:
    """Read the judged steps of logs.

    Only steps judged by a person, a simulated person or an oracle count, and only those with a
    judgement (UNSURE is none). The screens of an example are those of consecutive steps of its
    episode, the first repeated at the start, exactly as in `Proposal.screens`; a step whose
    screens were not all kept is left out. A blocked step is a second example too: the action
    executed in the refused one's place, as safe. Without it a Blocker sees at the very moments
    that matter only what is unsafe there, and refuses the way out as well.

    Args:
        logs: one or more.
        spec: how screens are prepared.
        phases: which phases of the logs; None for all.
        as_meant: a late block is a judgement of the step that it was meant for (`blocker.late`);
            False takes it for one of the step at which it arrived.

    Raises:
        ValueError: no logs, or logs of different games or action sets.
    """
    if not logs:
        raise ValueError("expected at least one log")
    first = logs[0].meta
    for log in logs[1:]:
        if (log.meta.game, log.meta.actions) != (first.game, first.actions):
            raise ValueError(
                f"expected logs of one game: {first.game} with {len(first.actions)} actions, got "
                f"{log.meta.game} with {len(log.meta.actions)}; train a Blocker for each"
            )
    return join([_from_log(log, spec, phases, as_meant=as_meant) for log in logs])


def _from_log(
    log: LabelledLog, spec: InputSpec, phases: Sequence[str] | None, *, as_meant: bool
) -> Examples:
    table = log.steps(phases)
    table = table.where(np.lexsort((table.step, table.episode)))
    if as_meant:
        table = meant(table, log.late())
    rows, previous = screens_of(table, spec.lags)
    keys = table.frame[np.maximum(rows, 0)]
    whole = has_screens(table, rows)
    taught = np.isin(table.source, [str(source) for source in TEACHERS])
    judged = np.flatnonzero(whole & taught & (table.verdict != UNSURE))
    refused = (table.verdict == UNSAFE) & table.blocked & ~table.no_safe_action
    instead = np.flatnonzero(whole & taught & refused)
    use = np.concatenate([judged, instead])
    implied = np.arange(len(use)) >= len(judged)
    frame_ids, places = np.unique(keys[use], return_inverse=True)
    return Examples(
        images=prepared(log, spec, frame_ids),
        screens=places.reshape(len(use), spec.screens).astype(np.int64),
        action=np.where(implied, table.executed[use], table.proposed[use]),
        previous=previous[use],
        unsafe=(table.verdict[use] == UNSAFE) & ~implied,
        episode=table.episode[use],
        step=table.step[use],
        implied=implied,
        step_id=table.step_id[use],
        log=np.zeros(len(use), dtype=np.int64),
    )


def screens_of(
    table: StepTable, lags: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each row of a table sorted by (episode, step): rows of its screens, action before it.

    Returns:
        rows int64 (n, len(lags)), oldest first, -1 where the step is missing from the table; and
        previous int64 (n,), NO_ACTION at the start of an episode or where it is missing.
    """
    index = np.arange(len(table))
    columns = []
    for back in lags:
        reach = np.minimum(back, table.step)  # before the start the first screen is repeated
        there = index - reach
        clipped = np.maximum(there, 0)
        found = (
            (there >= 0)
            & (table.episode[clipped] == table.episode)
            & (table.step[clipped] == table.step - reach)
        )
        columns.append(np.where(found, clipped, -1))
    before = np.maximum(index - 1, 0)
    follows = (
        (index > 0)
        & (table.episode[before] == table.episode)
        & (table.step[before] == table.step - 1)
    )
    previous = np.where(follows, table.executed[before], NO_ACTION)
    return np.stack(columns, axis=1), previous.astype(np.int64)


def has_screens(table: StepTable, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which steps of a table have all their screens, as `screens_of` found them: bool (n,)."""
    found = table.frame[np.maximum(rows, 0)] != UNKNOWN
    return np.asarray((rows >= 0).all(axis=1) & found.all(axis=1))


def prepared(log: LabelledLog, spec: InputSpec, frame_ids: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Screens of a log by their keys, prepared: uint8 (n, planes, h, w)."""
    images = np.empty((len(frame_ids), len(spec.planes), *spec.size), dtype=np.uint8)
    for start in range(0, len(frame_ids), _CHUNK):
        part = slice(start, start + _CHUNK)
        images[part] = spec.prepare(log.frames(frame_ids[part]))
    return images


def join(parts: Sequence[Examples]) -> Examples:
    """One set of examples; episodes and images are renumbered so that none coincide."""
    images = np.cumsum([0, *(len(part.images) for part in parts)])
    spans = [int(part.episode.max(initial=-1)) + 1 for part in parts]
    episodes = np.cumsum([0, *spans])
    return Examples(
        images=np.concatenate([part.images for part in parts]),
        screens=np.concatenate([p.screens + n for p, n in zip(parts, images, strict=False)]),
        action=np.concatenate([part.action for part in parts]),
        previous=np.concatenate([part.previous for part in parts]),
        unsafe=np.concatenate([part.unsafe for part in parts]),
        episode=np.concatenate([p.episode + n for p, n in zip(parts, episodes, strict=False)]),
        step=np.concatenate([part.step for part in parts]),
        implied=np.concatenate([part.implied for part in parts]),
        step_id=np.concatenate([part.step_id for part in parts]),
        log=np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
    )
