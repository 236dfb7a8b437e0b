"""What a part of a pack holds, in figures, and a digest of every bit of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blocker.pack.manifest import MANIFEST, PartFigures, log_path, truths_path
from blocker.pack.recipe import PARTS
from blocker.pack.truths import IN_PLAY, Truths
from blocker.threshold import run_numbers
from oversight.games import game_named
from oversight.log import InterventionLog, StepTable

__all__ = ["differences", "digest_of", "measured", "measured_part"]

COLUMNS = (
    *("step_id", "episode", "step", "proposed", "executed", "verdict", "blocked"),
    *("no_safe_action", "phase", "source", "game_reward", "terminated", "truncated"),
    *("proposed_unsafe", "executed_unsafe"),
)
"""What of a log's decisions is the same each time; times of day are not."""
CHUNK = 512


def measured(pack: Path) -> dict[str, PartFigures]:
    """The figures of each part."""
    return {part: measured_part(pack, part) for part in PARTS}


def measured_part(pack: Path, part: str) -> PartFigures:
    """The figures and the digest of one part, read from its files.

    Raises:
        LogError: its log cannot be read.
        PackError: its truths cannot be read.
    """
    truths = Truths.load(truths_path(pack, part))
    with InterventionLog.open(log_path(pack, part)) as log:
        table = log.steps()
        digest = digest_of(log, table, truths)
        twins = game_named(log.meta.game).safe_twin
    judged = truths.state == IN_PLAY
    proposed = truths.unsafe[np.arange(len(table)), table.proposed] & judged
    runs = run_numbers(proposed, table.episode, table.step)
    return PartFigures(
        steps=len(table),
        episodes=len(np.unique(table.episode)),
        judged=int(judged.sum()),
        positives=int(proposed.sum()),
        runs=int(runs.max(initial=-1)) + 1,
        positives_any=int((truths.unsafe.any(axis=1) & judged).sum()),
        pairs=int(truths.unsafe[judged].sum()),
        rule_positives=int((truths.rule & judged).sum()),
        idle_safe=_idle_safe(table, truths, judged & ~proposed, twins),
        by_policy={
            str(name): _counts(table.phase == name, judged, proposed, runs)
            for name in dict.fromkeys(table.phase.tolist())
        },
        digest=digest,
    )


def _counts(
    mine: NDArray[np.bool_],
    judged: NDArray[np.bool_],
    unsafe: NDArray[np.bool_],
    runs: NDArray[np.int64],
) -> tuple[int, int, int]:
    of_mine = mine & unsafe
    return int((mine & judged).sum()), int(of_mine.sum()), len(np.unique(runs[of_mine]))


def _idle_safe(
    table: StepTable, truths: Truths, safe: NDArray[np.bool_], twins: Sequence[int]
) -> int | None:
    if truths.outcome.shape[1] == 0:
        return None
    rows = np.arange(len(table))
    instead = np.asarray(twins)[table.proposed]
    same = truths.outcome[rows, instead] == truths.outcome[rows, table.proposed]
    return int((safe & same).sum())


def digest_of(log: InterventionLog, table: StepTable, truths: Truths) -> str:
    """SHA-256 over decisions, raw screens and truths, in hexadecimal.

    Every array goes in as its name, its shape and its bytes, little-endian, text as UTF-8 lines.
    """
    sha = hashlib.sha256()
    for name in COLUMNS:
        _add(sha, name, getattr(table, name))
    for start in range(0, len(table), CHUNK):
        _add(sha, "screens", log.frames(table.frame[start : start + CHUNK]))
    for field in fields(Truths):
        _add(sha, field.name, getattr(truths, field.name))
    return sha.hexdigest()


def _add(sha: hashlib._Hash, name: str, values: NDArray[np.generic]) -> None:
    sha.update(f"{name} {values.shape}\n".encode())
    if values.dtype.kind == "U":
        sha.update("\n".join(values.tolist()).encode())
    else:
        sha.update(np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"))).tobytes())


def differences(said: Mapping[str, PartFigures], found: Mapping[str, PartFigures]) -> list[str]:
    """What is not as the manifest says, one line for each part and figure."""
    wrong = [f"{part}: is none of {', '.join(PARTS)}" for part in said if part not in PARTS]
    for part in PARTS:
        if part in said:
            wrong += _part_differences(part, said[part], found[part])
        else:
            wrong.append(f"{part}: expected in {MANIFEST}, got none")
    return wrong


def _part_differences(part: str, said: PartFigures, found: PartFigures) -> list[str]:
    if said.digest != found.digest:  # the figures are of other content then, and tell nothing more
        return [f"{part}: expected digest {said.digest[:16]}, found {found.digest[:16]}"]
    return [
        f"{part}: expected {name} {was}, found {now}"
        for name, was, now in (
            (field.name, _plain(getattr(said, field.name)), _plain(getattr(found, field.name)))
            for field in fields(PartFigures)
        )
        if was != now
    ]


def _plain(figure: object) -> object:
    """As it comes out of a manifest, where tuples have become lists."""
    return json.loads(json.dumps(figure))
