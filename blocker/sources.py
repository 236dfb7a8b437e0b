"""What a Blocker is trained or tested on: each source once, told apart by what it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blocker.pack import MANIFEST, log_path
from oversight.log import InterventionLog

__all__ = ["file_digest", "refuse_twice"]

MOST = 0.5
"""Share of the shorter log's steps that may be in the other: runs of one seed can begin alike."""

_Episodes = dict[int, list[NDArray[np.int64]]]
"""By seed, proposed and executed actions (n, 2) of the episodes that began with it."""


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refuse_twice(paths: Sequence[Path]) -> None:
    """Refuse a log or a pack that is given twice, by whatever name, or as a copy.

    Its episodes would count as independent: some learned from, the same ones tested on, and every
    bound too narrow. A copy is known by its episodes, so that one into which opinions or labels
    were written since, one that has grown, and one in a merged log are found as well. Of a pack
    it is the test part that is looked at.

    Raises:
        LogError: one of two or more logs cannot be read.
        ValueError: says which two.
    """
    seen: dict[Path, Path] = {}
    for path in paths:
        if path.resolve() in seen:
            raise _twice(seen[path.resolve()], path)
        seen[path.resolve()] = path
    if len(paths) < 2:  # nothing to compare with: the episodes need not be read
        return
    known: list[tuple[Path, _Episodes]] = []
    for path, log in _logs(paths):
        mine = _episodes(log)
        for other, theirs in known:
            if _alike(mine, theirs):
                raise _twice(other, path)
        known.append((path, mine))


def _twice(first: Path, second: Path) -> ValueError:
    return ValueError(
        f"expected each log or pack once, got {first} and {second} with the same content: "
        "leave one out"
    )


def _logs(paths: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Each source and the log that is read of it; what is no pack is told by who reads it."""
    for path in paths:
        if not path.is_dir():
            yield path, path
        elif (path / MANIFEST).exists() and log_path(path, "test").exists():
            yield path, log_path(path, "test")


def _episodes(path: Path) -> _Episodes:
    found: _Episodes = {}
    with InterventionLog.open(path, read_only=True) as log:
        for episode in log.episodes():
            if episode.seed is not None:
                actions = np.stack([episode.steps.proposed, episode.steps.executed], axis=1)
                found.setdefault(episode.seed, []).append(actions.astype(np.int64))
    return found


def _alike(mine: _Episodes, theirs: _Episodes) -> bool:
    shared = sum(
        max((_shared(one, other) for other in theirs.get(seed, [])), default=0)
        for seed, episodes in mine.items()
        for one in episodes
    )
    return shared > MOST * min(_steps(mine), _steps(theirs))


def _shared(one: NDArray[np.int64], other: NDArray[np.int64]) -> int:
    """Steps of both, if the longer begins as the shorter: same seed and actions, same game."""
    n = min(len(one), len(other))
    return n if np.array_equal(one[:n], other[:n]) else 0


def _steps(episodes: _Episodes) -> int:
    return sum(len(one) for found in episodes.values() for one in found)
