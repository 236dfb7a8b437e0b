"""Where a Blocker looks is found by wiping out what it looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from experiments.heat import PATCH, occlusion_map
from oversight import Proposal


@dataclass
class OnePixel:
    """Finds action 1 unsafe where a pixel of the newest screen is bright, and action 0 never."""

    row: int
    column: int
    worth: float = 0.8

    def score(
        self, screens: list[NDArray[np.uint8]], last: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        assert len(last) == len(screens)
        bright = np.stack(screens)[:, -1, self.row, self.column] > 100
        return np.stack([np.zeros(len(screens)), self.worth * bright], axis=1).astype(np.float32)


def proposal(action: int = 1) -> Proposal:
    screens = np.zeros((2, 45, 64), np.uint8)
    screens[:, 33, 57] = 200
    return Proposal(0, 0, 0, 0, action, screens)


def test_the_patch_that_decides_lights_up_and_no_other() -> None:
    heat = occlusion_map(OnePixel(33, 57), proposal())  # type: ignore[arg-type]
    assert heat.shape == (45, 64)
    assert heat.dtype == np.float32
    lit = np.argwhere(heat == 1.0)
    assert lit.min(axis=0).tolist() == [30, 50]
    assert lit.max(axis=0).tolist() == [39, 59]
    assert len(lit) == PATCH * PATCH == int((heat > 0).sum())


@pytest.mark.parametrize("blocker", [OnePixel(33, 57, 0.005), OnePixel(2, 2)])
def test_where_nothing_matters_all_is_dark(blocker: OnePixel) -> None:
    assert not occlusion_map(blocker, proposal()).any()  # type: ignore[arg-type]


def test_it_is_of_the_action_that_was_proposed() -> None:
    assert not occlusion_map(OnePixel(33, 57), proposal(action=0)).any()  # type: ignore[arg-type]
