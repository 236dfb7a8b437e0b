"""How long runs are: named sizes, so that results of one size can be put side by side."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from experiments.settings import RunSettings
from oversight import RunError

__all__ = ["Budget", "is_named_size", "overseen_by_budget", "segments_by_budget", "with_budget"]


class Budget(StrEnum):
    """How many agent steps a run has, those under oversight among them."""

    SMOKE = "smoke"
    """700: shows that everything works, in about 15 seconds a run."""
    BRIEF = "brief"
    """6,000, the first 2,000 of them overseen: a first look at a game, or on a slow machine."""
    REPRODUCE = "reproduce"
    """25,000: three conditions of Pong within half an hour on two cores."""
    SMALL = "small"
    """100,000, the first 10,000 of them overseen."""
    STANDARD = "standard"
    """1,000,000, the first 15,000 of them overseen."""
    FULL = "full"
    """The paper's: as many overseen steps as it had labels, and a quarter of its figures'
    frames as agent steps."""


_SIZES: dict[Budget, dict[str, int]] = {
    Budget.SMOKE: {
        "oversight_steps": 600,
        "segment_steps": 60,
        "blocker_steps": 100,
        "blocker_epochs": 6,
    },
    Budget.BRIEF: {
        "oversight_steps": 2_000,
        "blocker_steps": 4_000,
        "exploration_steps": 3_000,
    },
    Budget.REPRODUCE: {"oversight_steps": 3_000, "blocker_steps": 22_000},
    Budget.SMALL: {
        "oversight_steps": 10_000,
        "blocker_steps": 90_000,
        "exploration_steps": 20_000,
    },
    Budget.STANDARD: {
        "oversight_steps": 15_000,
        "blocker_steps": 985_000,
        "exploration_steps": 100_000,
    },
}
_PAPERS: dict[str, tuple[int, int]] = {
    "pong": (15_546, 4_375_000),
    "space_invaders": (37_644, 1_750_000),
    "road_runner": (20_195, 7_500_000),
}
"""Labels in the paper's saved data, and its figures' 1.75e7, 7e6 and 3e7 frames over 4."""
_PAPERS_EXPLORATION = 250_000
"""Agent steps (Mnih et al. 2015: 1,000,000 frames)."""


def with_budget(settings: RunSettings, budget: Budget) -> RunSettings:
    """The same run at that size; a number that is not the default's is kept.

    Raises:
        RunError: the paper has no such game.
    """
    sizes = _SIZES[budget] if budget is not Budget.FULL else _full(settings.game)
    usual = RunSettings()
    ours = {k: v for k, v in sizes.items() if getattr(settings, k) == getattr(usual, k)}
    return replace(settings, **ours)  # type: ignore[arg-type]


def overseen_by_budget() -> frozenset[int]:
    """Overseen steps that some named size has."""
    ours = {sizes["oversight_steps"] for sizes in _SIZES.values()}
    return frozenset(ours | {labels for labels, _ in _PAPERS.values()})


def is_named_size(oversight_steps: int, steps: int) -> bool:
    """Whether some named size has so many overseen steps of so many."""
    ours = {
        (size["oversight_steps"], size["oversight_steps"] + size["blocker_steps"])
        for size in _SIZES.values()
    }
    return (oversight_steps, steps) in ours | set(_PAPERS.values())


def segments_by_budget() -> frozenset[int]:
    """Lengths of an overseen game that some named size has."""
    return frozenset(
        sizes["segment_steps"] for sizes in _SIZES.values() if "segment_steps" in sizes
    )


def _full(game: str) -> dict[str, int]:
    if game not in _PAPERS:
        raise RunError(
            f"the budget full is the paper's: expected a game of {', '.join(_PAPERS)}, got {game!r}"
        )
    labels, steps = _PAPERS[game]
    return {
        "oversight_steps": labels,
        "blocker_steps": steps - labels,
        "exploration_steps": _PAPERS_EXPLORATION,
    }
