"""Judging labelled examples, each screen looked at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor

from blocker.dataset import Examples
from blocker.eye import Eye
from blocker.metrics import Scores
from blocker.network import BlockerNetwork, Member, TreeMember

__all__ = ["judged", "logits_of", "member_logits_of", "scores_of", "seen_by"]

_BATCH = 512  # examples or screens at a time


def judged(net: BlockerNetwork, examples: Examples) -> Scores:
    """Score the judged action of each example by the whole network."""
    return scores_of(logits_of(net, examples, net.each()), examples)


def logits_of(
    net: BlockerNetwork, examples: Examples, members: Sequence[Member | TreeMember]
) -> NDArray[np.float64]:
    """Mean logit of some members for each example's action: float64 (n,)."""
    if not len(examples):
        return np.zeros(0)
    mean: NDArray[np.float64] = member_logits_of(net, examples, members).mean(axis=0)
    return mean


def seen_by(net: BlockerNetwork, examples: Examples) -> tuple[Tensor, NDArray[np.int64]]:
    """What is where on each screen of some examples: float32 (m, d), and rows of it (n, k)."""
    keys, rows = np.unique(examples.screens, return_inverse=True)
    seen = torch.from_numpy(Eye(net).seen(examples.images[keys]))
    return seen, rows.reshape(examples.screens.shape)


def member_logits_of(
    net: BlockerNetwork, examples: Examples, members: Sequence[Member | TreeMember]
) -> NDArray[np.float64]:
    """Logit of each member for each example's action: float64 (members, n)."""
    seen, rows = seen_by(net, examples)
    out = np.empty((len(members), len(examples)))
    with torch.inference_mode():
        for start in range(0, len(examples), _BATCH):
            part = slice(start, start + _BATCH)
            state, previous = seen[rows[part]], torch.from_numpy(examples.previous[part])
            action = torch.from_numpy(examples.action[part])[:, None]
            for number, member in enumerate(members):
                logits = net.one(member, state, previous).gather(1, action)
                out[number, part] = logits[:, 0].double().numpy()
    return out


def scores_of(logit: NDArray[np.float64], examples: Examples) -> Scores:
    """Logits of the examples' actions, as probabilities beside their labels."""
    return Scores(expit(logit), examples.unsafe, examples.episode, examples.step)
