"""Whether what a map calls important is: take it away, in three ways, and see the judgement fall.

Published comparisons of attribution maps hang on how pixels are taken away; so all three are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from blocker.artifact import Blocker

__all__ = ["ABLATIONS", "SHARES", "Faithfulness", "ablated", "drops", "faithfulness"]

ABLATIONS = ("zero", "mean", "resample")
"""Black; each pixel's mean over the steps at hand; the same pixels of another step."""
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""Of all pixels, those taken away, the most important first."""


@dataclass(frozen=True)
class Faithfulness:
    """Mean fall of the log-odds of "unsafe", under each ablation.

    Attributes:
        map: by ablation, for each of `SHARES`: the map's most important pixels taken away.
        chance: the same for as many pixels drawn at random.
    """

    map: Mapping[str, tuple[float, ...]]
    chance: Mapping[str, tuple[float, ...]]

    @property
    def gain(self) -> dict[str, float]:
        """By ablation: how much more falls than by chance, averaged over the shares."""
        return {
            name: float(np.mean(np.subtract(self.map[name], self.chance[name])))
            for name in ABLATIONS
        }


def ablated(
    seen: NDArray[np.uint8],
    order: NDArray[np.int64],
    share: float,
    fill: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """The screens with the first pixels of an order replaced.

    Args:
        seen: uint8 (k, ..., h, w).
        order: int64 (k * h * w,), places over screens, rows and columns, most important first.
        share: of the places, in [0, 1].
        fill: uint8, what to put there, in the shape of `seen`.
    """
    screens, (height, width) = len(seen), seen.shape[-2:]
    gone = np.zeros(screens * height * width, np.bool_)
    gone[order[: round(share * len(order))]] = True
    mask = gone.reshape(screens, *([1] * (seen.ndim - 3)), height, width)
    return np.where(mask, fill, seen)


def drops(
    blocker: Blocker,
    seen: NDArray[np.uint8],
    previous: int,
    action: int,
    order: NDArray[np.int64],
    fill: NDArray[np.uint8],
) -> NDArray[np.float64]:
    """How far the log-odds fall for each of `SHARES`: float64 (len(SHARES),)."""
    pictures = np.stack([seen, *(ablated(seen, order, share, fill) for share in SHARES)])
    with torch.inference_mode():
        before = torch.full((len(pictures),), previous)
        logits = blocker.network(torch.from_numpy(pictures), before)[:, action].double().numpy()
    return np.asarray(logits[0] - logits[1:], np.float64)


def faithfulness(
    blocker: Blocker,
    seen: NDArray[np.uint8],
    previous: NDArray[np.int64],
    action: NDArray[np.int64],
    maps: NDArray[np.float32],
    rng: np.random.Generator,
) -> Faithfulness:
    """Measure one kind of map over some steps.

    Args:
        blocker: whose maps they are.
        seen: uint8 (n, k, ..., h, w), prepared screens; n of 2 or more.
        previous: int64 (n,), actions executed before.
        action: int64 (n,), those judged.
        maps: float32 (n, k, h, w).
        rng: draws pixels and the other steps.
    """
    count = len(seen)
    if count < 2:
        raise ValueError(f"expected 2 steps or more, got {count}")
    mean = seen.mean(axis=0).astype(np.uint8)
    falls: dict[str, list[NDArray[np.float64]]] = {name: [] for name in ABLATIONS}
    chance: dict[str, list[NDArray[np.float64]]] = {name: [] for name in ABLATIONS}
    for row in range(count):
        order = np.argsort(-maps[row].ravel(), kind="stable")
        shuffled = rng.permutation(len(order))
        other = (row + int(rng.integers(1, count))) % count
        fills = {"zero": np.zeros_like(mean), "mean": mean, "resample": seen[other]}
        for name, fill in fills.items():
            about = (blocker, seen[row], int(previous[row]), int(action[row]))
            falls[name].append(drops(*about, order, fill))
            chance[name].append(drops(*about, shuffled, fill))
    return Faithfulness(_means(falls), _means(chance))


def _means(of: Mapping[str, list[NDArray[np.float64]]]) -> dict[str, tuple[float, ...]]:
    return {name: tuple(np.mean(rows, axis=0).tolist()) for name, rows in of.items()}
