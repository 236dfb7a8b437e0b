"""A game that is its own mirror image: what was seen on one side is known of the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from blocker.dataset import NO_ACTION, Examples, join
from blocker.inputs import InputSpec

__all__ = ["mirror_actions", "mirrored", "with_mirrored"]

SIDES = {"LEFT": "RIGHT", "RIGHT": "LEFT"}


def mirror_actions(actions: Sequence[str]) -> NDArray[np.int64]:
    """Number of each action's mirror image: int64 (n_actions,).

    Raises:
        ValueError: one has none among them.
    """
    names = [re.sub("LEFT|RIGHT", lambda side: SIDES[side[0]], name) for name in actions]
    missing = sorted(set(names) - set(actions))
    if missing:
        raise ValueError(f"expected {', '.join(missing)} among the actions of a mirrored game")
    return np.array([actions.index(name) for name in names], dtype=np.int64)


def mirrored(examples: Examples, actions: Sequence[str], spec: InputSpec, columns: int) -> Examples:
    """The same examples in the mirror, to learn from.

    They count as `Examples.implied`: nobody judged them, and nothing is measured with them.

    Args:
        examples: with screens prepared by `spec`.
        actions: names, in the order of their numbers.
        spec: keeps every native column that it looks at apart.
        columns: what a native column and its mirror image add up to. What is seen where the other
            side was not looked at is nothing.

    Raises:
        ValueError: columns were averaged, or an action has no mirror image.
    """
    first, end = spec.columns
    if spec.size[1] != end - first:
        raise ValueError(
            f"expected {end - first} columns to mirror, each apart, got {spec.size[1]}"
        )
    source = columns - 2 * first - np.arange(end - first)
    there = (source >= 0) & (source < end - first)
    images = np.zeros_like(examples.images)
    images[..., there] = examples.images[..., source[there]]
    image = mirror_actions(actions)
    known = examples.previous != NO_ACTION
    return replace(
        examples,
        images=images,
        action=image[examples.action],
        previous=np.where(known, image[examples.previous], NO_ACTION),
        implied=np.ones(len(examples), dtype=np.bool_),
    )


def with_mirrored(
    examples: Examples, actions: Sequence[str], spec: InputSpec, columns: int
) -> Examples:
    """The examples, and after them their mirror images; arguments and errors as in `mirrored`."""
    return join([examples, mirrored(examples, actions, spec, columns)])
