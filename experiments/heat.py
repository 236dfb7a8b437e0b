"""Where a Blocker looks: how its opinion changes when a patch of the screen is wiped out."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from blocker import Blocker
from blocker.dataset import NO_ACTION
from oversight import Proposal

__all__ = ["PATCH", "occlusion_map"]

PATCH: Final = 10
"""Rows and columns of a patch, pixels: about as large as things in Atari games."""
_FAINT: Final = 0.01
"""A change of the probability below this is not worth a look."""


def occlusion_map(blocker: Blocker, proposal: Proposal, patch: int = PATCH) -> NDArray[np.float32]:
    """How much wiping out each patch changes the probability of the proposed action.

    A patch is painted in the most frequent colour of its rows, on all screens at once (Zeiler and
    Fergus, arXiv:1311.2901, section 4.2).

    Returns:
        float32 of the screen's shape, in [0, 1]: the largest change is 1; all 0 where no patch
        changes it by more than 0.01.
    """
    screens = np.asarray(proposal.screens)
    rows, columns = (-(-length // patch) for length in screens.shape[1:])
    wiped = np.stack(
        [screens, *(_wiped(screens, r, c, patch) for r in range(rows) for c in range(columns))]
    )
    risks = _risks(blocker, proposal, wiped)
    change = np.abs(risks[1:] - risks[0]).reshape(rows, columns)
    most = float(change.max())
    level = change / most if most > _FAINT else np.zeros_like(change)
    full = np.kron(level, np.ones((patch, patch), np.float32))
    return full[: screens.shape[1], : screens.shape[2]].astype(np.float32)


def _wiped(screens: NDArray[np.generic], row: int, column: int, patch: int) -> NDArray[np.generic]:
    band = slice(row * patch, (row + 1) * patch)
    wiped = screens.copy()
    for screen in wiped:
        colours, counts = np.unique(screen[band], return_counts=True)
        screen[band, column * patch : (column + 1) * patch] = colours[counts.argmax()]
    return wiped


def _risks(
    blocker: Blocker, proposal: Proposal, screens: NDArray[np.generic]
) -> NDArray[np.float32]:
    last = NO_ACTION if proposal.last_executed is None else proposal.last_executed
    scores = blocker.score(list(screens.astype(np.uint8)), np.full(len(screens), last, np.int64))
    return scores[:, proposal.action]
