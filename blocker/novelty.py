"""Whether a state is unlike those that a Blocker learned from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray

from blocker.dataset import Examples
from blocker.judging import member_logits_of, seen_by
from blocker.network import BlockerNetwork

__all__ = ["Novelty", "disagreement", "fit_novelty", "limit_for"]

LEAST_SPREAD = 0.05
"""Half a pixel: what hardly ever moved is not strange for moving by less."""
MOST = 100.0
"""No single number counts for more than ten standard deviations."""


@dataclass(frozen=True, slots=True)
class Novelty:
    """What is familiar, and from where on something is not.

    Attributes:
        centre: mean of each number seen, in training.
        spread: its standard deviation.
        distance_limit: from this mean squared distance on a state is new.
        disagreement_limit: from this on the members disagree as they seldom do.
        budget: share of familiar states that may be called new by mistake.
    """

    centre: tuple[float, ...]
    spread: tuple[float, ...]
    distance_limit: float
    disagreement_limit: float
    budget: float

    def distance(self, seen: NDArray[np.float32]) -> NDArray[np.float64]:
        """Mean squared distance from what is familiar: float64 (n,) of float32 (n, k * d).

        In standard deviations, each number for itself. A thing that was never there has no spread,
        so that its coming counts for much.
        """
        away = ((seen - np.asarray(self.centre)) / np.asarray(self.spread)) ** 2
        mean: NDArray[np.float64] = np.minimum(away, MOST).mean(axis=1)
        return mean

    def as_dict(self) -> dict[str, object]:
        """As plain data for JSON; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Novelty:
        """Read `as_dict`'s answer.

        Raises:
            ValueError: a key is missing.
        """
        try:
            values = {field.name: data[field.name] for field in fields(cls)}
        except KeyError as missing:
            raise ValueError(f"expected {missing} in a description of novelty") from None
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})  # type: ignore[arg-type]


def disagreement(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far members are apart: standard deviation of their probabilities, float64 (...).

    Args:
        logits: float64 (members, ...).
    """
    spread: NDArray[np.float64] = (1 / (1 + np.exp(-np.clip(logits, -60, 60)))).std(axis=0)
    return spread


def limit_for(values: NDArray[np.float64], budget: float) -> float:
    """The value that at most that share of further ones from the same source exceeds, on average.

    The split-conformal quantile (Vovk, Gammerman, Shafer, "Algorithmic learning in a random
    world", 2005). Where there are too few values to keep so small a budget it is the highest of
    them, and more than the budget may be called new.
    """
    rank = math.ceil((len(values) + 1) * (1 - budget))
    return float(np.sort(values)[min(rank, len(values)) - 1])


def fit_novelty(
    net: BlockerNetwork, learn: Examples, unseen: Examples, budget: float = 0.01
) -> Novelty:
    """Learn what is familiar from one part, and set limits on another that was not learned from.

    Args:
        net: trained.
        learn: the part that it learned from.
        unseen: proposed actions of other episodes.
        budget: share of familiar states that may be called new, half by each of the two measures.
    """
    seen, rows = seen_by(net, learn)
    flat = net.whole(seen[torch.from_numpy(rows)])
    centre, spread = flat.mean(dim=0), flat.std(dim=0).clamp(min=LEAST_SPREAD)
    new = Novelty(tuple(centre.tolist()), tuple(spread.tolist()), math.inf, math.inf, budget)
    other, others = seen_by(net, unseen)
    distances = new.distance(net.whole(other[torch.from_numpy(others)]).numpy())
    apart = disagreement(member_logits_of(net, unseen, net.each()))
    return Novelty(
        new.centre,
        new.spread,
        limit_for(distances, budget / 2),
        limit_for(apart, budget / 2),
        budget,
    )
