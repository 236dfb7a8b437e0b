"""Saying why learning came to numbers that are none, or to an end."""

from __future__ import annotations

import torch
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from torch import Tensor

from oversight.errors import OversightError

__all__ = ["NetworkDied", "explain_divergence", "has_died"]


class NetworkDied(OversightError):  # noqa: N818 - an event
    """Nothing that a network sees can change what it says any more."""


def explain_divergence(
    batch: ReplayBufferSamples, loss: float, update: int, learning_rate: float
) -> str:
    """One line on a loss that is not finite: what came, where from, what to do.

    Args:
        batch: that the loss was computed from.
        loss: NaN or infinite.
        update: number of the update, from 1.
        learning_rate: of the optimizer.
    """
    where = f"expected a finite loss in update {update}, got {loss}: "
    if not bool(torch.isfinite(batch.rewards).all()):
        return where + "a reward in replay is not finite; mend the environment or the penalty"
    observations = batch.observations.float(), batch.next_observations.float()
    if not all(bool(torch.isfinite(x).all()) for x in observations):
        return where + "an observation in replay is not finite; mend the environment"
    return where + (
        f"learning diverged; lower the learning rate ({learning_rate:g}) or clip the rewards, "
        "and go on from the last checkpoint"
    )


def has_died(observations: Tensor, values: Tensor) -> bool:
    """Whether a network says the very same of different observations.

    Where all units of one layer are below 0 whatever is seen, no gradient comes through it any
    more: however long it goes on, only the last biases learn.

    Args:
        observations: (batch, ...), of which some differ.
        values: float32 (batch, n_actions), what it says of them.
    """
    differ = bool((observations != observations[:1]).any())
    return differ and bool((values == values[:1]).all())
