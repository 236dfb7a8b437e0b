"""Where a Blocker looks, and whether the maps that say so can be believed."""

from __future__ import annotations

from blocker.explain.faithfulness import ABLATIONS, Faithfulness, faithfulness
from blocker.explain.maps import METHODS, HeatMap, integrated_gradients, occlusion, on_screen
from blocker.explain.paddle import by_height, with_paddle
from blocker.explain.sanity import likeness, with_random_weights

__all__ = [
    "ABLATIONS",
    "METHODS",
    "Faithfulness",
    "HeatMap",
    "by_height",
    "faithfulness",
    "integrated_gradients",
    "likeness",
    "occlusion",
    "on_screen",
    "with_paddle",
    "with_random_weights",
]
