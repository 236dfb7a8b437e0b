"""Whether a map hangs on what was learned: it has to change when the weights are drawn anew.

Adebayo and others, "Sanity checks for saliency maps" (2018).
"""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

from blocker.artifact import Blocker
from blocker.network import TreeMember

__all__ = ["likeness", "with_random_weights"]

LEAST = 1e-3
"""Share of a map's greatest weight from which on a place counts as marked."""


def with_random_weights(blocker: Blocker, seed: int) -> Blocker:
    """The same Blocker with its weights drawn anew, of the same spread layer by layer.

    What the leaves of trees add is dealt anew among them.
    """
    generator = torch.Generator().manual_seed(seed)
    network = copy.deepcopy(blocker.network)
    with torch.no_grad():
        for weights in network.parameters():
            spread = float(weights.std()) if weights.numel() > 1 else 1.0
            weights.copy_(torch.randn(weights.shape, generator=generator) * max(spread, 1e-3))
        for member in network.each():
            if isinstance(member, TreeMember):
                value = member.forest.value.flatten()
                mixed = value[torch.randperm(len(value), generator=generator)]
                member.forest.value.copy_(mixed.reshape(member.forest.value.shape))
    return replace(blocker, network=network)


def likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Spearman's rank correlation of two maps where at least one of them says something.

    Places that neither marks, the empty ones of a screen, would make any two maps alike. 0 if one
    of them is flat there.
    """
    marked = (_shares(one) > LEAST) | (_shares(other) > LEAST)
    mine, others = one[marked], other[marked]
    if len(mine) < 2 or np.ptp(mine) == 0 or np.ptp(others) == 0:
        return 0.0
    return float(spearmanr(mine, others).statistic)


def _shares(values: NDArray[np.float32]) -> NDArray[np.float32]:
    top = float(np.abs(values).max(initial=0.0))
    return np.asarray(np.abs(values) / max(top, 1e-30), np.float32)
