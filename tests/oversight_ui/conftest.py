"""Shared by the window's tests: a made-up game, pictures, proposals, link directories."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from oversight.types import Proposal, Screen, Tally


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """A directory with a short path: a socket's path has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="ui-") as name:
        yield Path(name)


@pytest.fixture
def grey_rgb() -> Callable[[Screen], NDArray[np.uint8]]:
    def to_rgb(screen: Screen) -> NDArray[np.uint8]:
        return np.repeat(screen.astype(np.uint8)[:, :, None], 3, axis=2)

    return to_rgb


@pytest.fixture
def proposal() -> Callable[..., Proposal]:
    def make(step_id: int = 0, action: int = 3, *, recheck: bool = False) -> Proposal:
        screens = np.full((2, 210, 160), step_id % 256, dtype=np.uint8)
        tally = Tally(step_id, 1, 0, 0, 0, 0)
        return Proposal(
            step_id, 0, 0, step_id, action, screens, tally, step_id - 1, recheck=recheck
        )

    return make
