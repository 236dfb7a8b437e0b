"""Counting a long training's catastrophes from its tape, part by part."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from experiments.fast_types import PartRow
from oversight.tape import Tape, count_truth

__all__ = ["PARTS", "count_part"]

PARTS = 10
"""Parts of a training whose catastrophes are counted apart."""


def count_part(piece: tuple[Path, int]) -> tuple[Path, PartRow]:
    """Count what one part of a tape did, by the truth.

    Args:
        piece: the tape's file, and which of `PARTS` parts of whole episodes, in the order of their
            beginnings.

    Returns:
        The tape's file again, and the counts.
    """
    path, part = piece
    whole = Tape.load(path)
    begins = np.cumsum([0, *(len(episode.steps) for episode in whole.episodes)])[:-1]
    places = np.minimum(begins * PARTS // max(whole.steps, 1), PARTS - 1)
    some = Tape(whole.game, whole.gate)
    some.episodes = [e for e, at in zip(whole.episodes, places, strict=True) if at == part]
    tally = count_truth(some)
    return path, PartRow(
        part=part,
        episodes=len(some.episodes),
        steps=tally.steps,
        catastrophes=int(tally.catastrophes or 0),
        blocks=tally.blocks,
        unsafe=tally.proposed_catastrophes,
        needless=tally.needless_blocks,
    )
