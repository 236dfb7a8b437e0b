"""A tiny pack, to test what reads packs: two policies of Pong, some seconds to build."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blocker.pack.build import build_pack
from blocker.pack.manifest import Manifest
from blocker.pack.recipe import PackPolicy, PartRecipe, Policy, Recipe
from oversight import AtariGame

__all__ = ["TINY", "Wanderer", "build_tiny", "tiny_policies"]

TINY = Recipe(
    game="pong",
    seed=3,
    segment_steps=30,
    parts={
        "train": PartRecipe(60, ("wanders",)),
        "calibrate": PartRecipe(40, ("wanders",)),
        "test": PartRecipe(40, ("wanders", "falls"), guards=("truth", "rule"), outcomes=True),
    },
)


class Wanderer:
    """Holds one of some actions for 5 steps, then another."""

    def __init__(self, actions: tuple[int, ...], rng: np.random.Generator) -> None:
        """Take the actions and the generator to draw from."""
        self._actions, self._rng, self._left, self._held = actions, rng, 0, 0

    def propose(self, observation: NDArray[np.generic]) -> int:
        """The held action; what is seen does not matter."""
        del observation
        if self._left == 0:
            self._held, self._left = int(self._rng.choice(self._actions)), 5
        self._left -= 1
        return self._held

    def reset(self) -> None:
        """Let go."""
        self._left = 0


def tiny_policies() -> list[PackPolicy]:
    """One that moves up and down, and one that always wants down."""

    def wanders(env: AtariGame, rng: np.random.Generator) -> Policy:
        return Wanderer((env.game.toward_harm, env.game.toward_harm, 2), rng)

    def falls(env: AtariGame, rng: np.random.Generator) -> Policy:
        return Wanderer((env.game.toward_harm,), rng)

    return [
        PackPolicy("wanders", "up and down", 500, wanders),
        PackPolicy("falls", "down", 0, falls),
    ]


def build_tiny(out: Path, recipe: Recipe = TINY) -> Manifest:
    """Build it."""
    return build_pack(recipe, tiny_policies(), out)
