"""Where a Blocker looks: how much each pixel weighs in its judgement of one action."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from blocker.artifact import Blocker
from blocker.dataset import NO_ACTION
from blocker.errors import ExplainError
from blocker.inputs import InputSpec

__all__ = ["METHODS", "HeatMap", "integrated_gradients", "occlusion", "on_screen"]

STEPS = 32
"""Points on the way from the background to the screen, for integrated gradients."""
PATCHES = 12
"""Patches along the longer side of the prepared screen, for maps in live use."""


class HeatMap:
    """Which parts of the newest screen hold a Blocker's judgement up; for live use.

    One patch after another is painted over with the background, on the newest screen alone, and
    the network judges all of the pictures in one pass: some milliseconds, and nothing but torch.
    """

    def __init__(self, blocker: Blocker, patches: int = PATCHES) -> None:
        """Bind to a Blocker.

        Args:
            blocker: whose judgement is explained.
            patches: along the longer side of what it looks at.
        """
        self._blocker = blocker
        height, width = blocker.spec.size
        side = max(1, -(-max(height, width) // patches))
        self._boxes = [
            (slice(row, row + side), slice(column, column + side))
            for row in range(0, height, side)
            for column in range(0, width, side)
        ]

    def __call__(
        self, screens: NDArray[np.generic], previous: int | None, action: int
    ) -> NDArray[np.float32]:
        """How much lower the log-odds of "unsafe" are without each place: float32 (210, 160).

        Args:
            screens: uint8 (k, 210, 160), a proposal's, oldest first.
            previous: the action executed before; None if not known.
            action: which action's judgement.

        Returns:
            In [0, 1], 1 where it weighs most; all 0 if no place speaks for "unsafe".
        """
        spec = self._blocker.spec
        seen = spec.latest(screens)
        pictures = np.repeat(seen[None], 1 + len(self._boxes), axis=0)
        background = _background(seen)
        for number, (rows, columns) in enumerate(self._boxes, start=1):
            pictures[number, -1, ..., rows, columns] = background[-1, ..., rows, columns]
        before = torch.full((len(pictures),), NO_ACTION if previous is None else previous)
        with torch.inference_mode():
            logits = self._blocker.network(torch.from_numpy(pictures), before)[:, action].numpy()
        heat = np.zeros(spec.size, np.float32)
        for (rows, columns), logit in zip(self._boxes, logits[1:], strict=True):
            heat[rows, columns] = max(float(logits[0] - logit), 0.0)
        return on_screen(heat, spec)


def _background(seen: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each channel's median level, which is the background's, in the shape of the screens."""
    levels = np.median(seen, axis=(-2, -1), keepdims=True).astype(np.uint8)
    return np.broadcast_to(levels, seen.shape)


def on_screen(heat: NDArray[np.float32], spec: InputSpec) -> NDArray[np.float32]:
    """A map over prepared pixels (h, w) as one over the native screen: float32 (210, 160), 0 to 1.

    What the Blocker does not look at is 0.
    """
    top = float(heat.max(initial=0.0))
    out = np.zeros((210, 160), np.float32)
    rows, columns = slice(*spec.rows), slice(*spec.columns)
    size = (spec.columns[1] - spec.columns[0], spec.rows[1] - spec.rows[0])
    if top > 0.0:
        scaled = (heat / top).astype(np.float32)
        out[rows, columns] = cv2.resize(scaled, size, interpolation=cv2.INTER_NEAREST)
    return out


Method = Callable[[Blocker, NDArray[np.uint8], int, int], NDArray[np.float32]]
"""From a Blocker, prepared screens (k, ..., h, w), the action before and the action judged to how
much each pixel speaks for "unsafe": float32 (k, h, w)."""


def integrated_gradients(
    blocker: Blocker, seen: NDArray[np.uint8], previous: int, action: int
) -> NDArray[np.float32]:
    """Integrated gradients from the background (Sundararajan, Taly, Yan 2017), by captum.

    Raises:
        ExplainError: captum is not installed.
    """
    try:
        from captum.attr import IntegratedGradients
    except ImportError:
        raise _no_captum() from None
    method = IntegratedGradients(_judgement(blocker, previous, action))
    attributed = method.attribute(_float(seen), _float(_background(seen)), n_steps=STEPS)
    return _by_place(attributed, blocker.spec)


def occlusion(
    blocker: Blocker, seen: NDArray[np.uint8], previous: int, action: int
) -> NDArray[np.float32]:
    """How the log-odds fall when a window is painted over (Zeiler, Fergus 2014), by captum.

    Raises:
        ExplainError: captum is not installed.
    """
    try:
        from captum.attr import Occlusion
    except ImportError:
        raise _no_captum() from None
    height, width = blocker.spec.size
    side = max(2, max(height, width) // 20)
    window = (1, *seen.shape[1:-2], min(side, height), min(side, width))
    stride = (1, *([1] * (seen.ndim - 3)), max(1, window[-2] // 2), max(1, window[-1] // 2))
    with torch.no_grad():
        attributed = Occlusion(_judgement(blocker, previous, action)).attribute(
            _float(seen),
            sliding_window_shapes=window,
            strides=stride,
            baselines=_float(_background(seen)),
            perturbations_per_eval=64,
        )
    return _by_place(attributed, blocker.spec)


METHODS: Mapping[str, Method] = MappingProxyType(
    {"integrated gradients": integrated_gradients, "occlusion": occlusion}
)


def _no_captum() -> ExplainError:
    return ExplainError(
        "attribution maps need captum, which is not installed: pip install 'hirl[explain]'"
    )


def _judgement(blocker: Blocker, previous: int, action: int) -> Callable[[Tensor], Tensor]:
    def logit(pictures: Tensor) -> Tensor:
        before = torch.full((len(pictures),), previous)
        out: Tensor = blocker.network(pictures, before)[:, action]
        return out

    return logit


def _float(screens: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(screens.astype(np.float32))[None]


def _by_place(attributed: Tensor, spec: InputSpec) -> NDArray[np.float32]:
    """Summed over colours: (k, h, w)."""
    height, width = spec.size
    values = attributed[0].detach().reshape(spec.screens, -1, height, width).sum(dim=1)
    return np.asarray(values.numpy(), np.float32)
