"""Golden images: what was judged good once is drawn again, and compared."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import pygame

__all__ = ["compare"]

FAR, SHARE = 48, 0.004
"""A golden image may differ by more than so many of 255 in this share of its pixels."""


def compare(golden: Path, pixels: NDArray[np.uint8], tmp_path: Path) -> None:
    """Hold a picture against a golden one.

    To draw these anew after a wanted change: HIRL_GOLDEN=write, and look at each.
    """
    surface = pygame.surfarray.make_surface(pixels.swapaxes(0, 1))
    if os.environ.get("HIRL_GOLDEN") == "write":
        pygame.image.save(surface, golden)
    wanted = pygame.surfarray.array3d(pygame.image.load(golden)).swapaxes(0, 1)
    assert wanted.shape == pixels.shape
    far = np.abs(wanted.astype(int) - pixels).max(axis=2) > FAR
    if far.mean() > SHARE:
        pygame.image.save(surface, tmp_path / golden.name)
        pytest.fail(f"{golden.stem}: {far.mean():.2%} of it differ; see {tmp_path / golden.name}")
