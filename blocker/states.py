"""States of which the answer about every action is known, ready to be looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from blocker.amplified import Answers
from blocker.dataset import LabelledLog, has_screens, screens_of
from blocker.eye import Eye
from blocker.pictures import PictureNetwork, Pictures
from blocker.sight import Sight

__all__ = ["States", "states_from_answers"]

_CHUNK = 256  # screens decoded at a time: 9 MB raw, 22 MB prepared
_AT_ONCE = 4_096  # states told of at a time


@dataclass(frozen=True)
class States:
    """States with the answer about every action.

    Attributes:
        drawn: uint8 (m, h, w), what is drawn on each pixel of each screen; see `Pictures`.
        screens: int64 (n, k), rows of `drawn`, oldest first.
        told: float32 (n, d), all that a network is told of each state.
        previous: int64 (n,), the action executed just before, NO_ACTION if there was none.
        proposed: int64 (n,), the action that was proposed.
        unsafe: bool (n, n_actions), the answers.
        episode: int64 (n,), unique over all logs read.
        step: int64 (n,), step within the episode.
    """

    drawn: NDArray[np.uint8]
    screens: NDArray[np.int64]
    told: NDArray[np.float32]
    previous: NDArray[np.int64]
    proposed: NDArray[np.int64]
    unsafe: NDArray[np.bool_]
    episode: NDArray[np.int64]
    step: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.proposed)

    @property
    def proposed_unsafe(self) -> NDArray[np.bool_]:
        """Whether the proposed action of each state is unsafe: bool (n,)."""
        return np.asarray(self.unsafe[np.arange(len(self)), self.proposed])


def states_from_answers(
    parts: Sequence[tuple[LabelledLog, Answers]],
    net: PictureNetwork,
    on_screens: Callable[[int], None] = lambda _: None,
) -> States:
    """Read the states of logs of one game, each with its answers.

    A state that was not judged, or whose screens were not all kept, is left out.

    Args:
        parts: the logs, each with its answers.
        net: says what is looked at; it need not have learned anything.
        on_screens: told how many screens have been read.

    Raises:
        ValueError: no parts.
        LogError: a log and its answers do not fit.
    """
    if not parts:
        raise ValueError("expected a log with its answers, got none")
    read: list[States] = []

    def on_chunk(more: int) -> None:
        on_screens(sum(len(one.drawn) for one in read) + more)

    for log, answers in parts:
        read.append(_from_part(log, answers, net, on_chunk))
    return _join(read)


def _from_part(
    log: LabelledLog, answers: Answers, net: PictureNetwork, on_screens: Callable[[int], None]
) -> States:
    table, unsafe, known = answers.beside(log)
    rows, previous = screens_of(table, net.spec.lags)
    use = np.flatnonzero(known & has_screens(table, rows))
    frame_ids, places = np.unique(table.frame[rows[use]], return_inverse=True)
    drawn, seen = _looked_at(log, net, frame_ids, on_screens)
    screens = places.reshape(len(use), net.spec.screens).astype(np.int64)
    told = [net.whole(seen[screens[i : i + _AT_ONCE]]) for i in range(0, len(use), _AT_ONCE)]
    return States(
        drawn=drawn,
        screens=screens,
        told=torch.cat(told).numpy() if told else np.zeros((0, net.told), np.float32),
        previous=previous[use],
        proposed=table.proposed[use],
        unsafe=unsafe[use],
        episode=table.episode[use],
        step=table.step[use],
    )


def _looked_at(
    log: LabelledLog,
    net: PictureNetwork,
    frame_ids: NDArray[np.int64],
    on_screens: Callable[[int], None],
) -> tuple[NDArray[np.uint8], Tensor]:
    """What is drawn on some screens of a log, and what is where on them: float32 (m, d)."""
    eye, pictures = Eye(net), Pictures(net.spec, net.shape)
    drawn = np.empty((len(frame_ids), *net.spec.size), np.uint8)
    seen = np.empty((len(frame_ids), Sight.width(net.spec, net.shape)), np.float32)
    for start in range(0, len(frame_ids), _CHUNK):
        part = slice(start, start + _CHUNK)
        screens = log.frames(frame_ids[part]).astype(np.uint8, copy=False)
        drawn[part] = pictures.drawn(screens)
        seen[part] = eye.seen(net.spec.prepare(screens))
        on_screens(min(start + _CHUNK, len(frame_ids)))
    return drawn, torch.from_numpy(seen)


def _join(parts: Sequence[States]) -> States:
    """One set of states; episodes and screens are renumbered so that none coincide."""
    screens = np.cumsum([0, *(len(part.drawn) for part in parts)])
    spans = [int(part.episode.max(initial=-1)) + 1 for part in parts]
    episodes = np.cumsum([0, *spans])
    return States(
        drawn=np.concatenate([part.drawn for part in parts]),
        screens=np.concatenate([p.screens + n for p, n in zip(parts, screens, strict=False)]),
        told=np.concatenate([part.told for part in parts]),
        previous=np.concatenate([part.previous for part in parts]),
        proposed=np.concatenate([part.proposed for part in parts]),
        unsafe=np.concatenate([part.unsafe for part in parts]),
        episode=np.concatenate([p.episode + n for p, n in zip(parts, episodes, strict=False)]),
        step=np.concatenate([part.step for part in parts]),
    )
