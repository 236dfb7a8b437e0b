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
    """100,000, the first 10,000 of them overseen, in Road Runner 20,000."""
    STANDARD = "standard"
    """1,000,000, the first 15,000 of them overseen, in Road Runner 20,000."""
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
_NEEDED: dict[tuple[str, Budget], int] = {
    ("road_runner", budget): 20_000 for budget in (Budget.SMALL, Budget.STANDARD)
}
"""Overseen steps where the size's own are too few: with fewer labels of Road Runner every Blocker
misses much (docs/blocker_study.md, "What labels buy"). As many fewer follow."""
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
    sizes, usual = _sizes(settings.game, budget), RunSettings()
    ours = {k: v for k, v in sizes.items() if getattr(settings, k) == getattr(usual, k)}
    return replace(settings, **ours)  # type: ignore[arg-type]


def overseen_by_budget(game: str) -> frozenset[int]:
    """Overseen steps of a game that some named size has."""
    return frozenset(overseen for overseen, _ in _named(game))


def is_named_size(game: str, oversight_steps: int, steps: int) -> bool:
    """Whether some named size has so many overseen steps of so many in all."""
    return (oversight_steps, steps) in _named(game)


def _named(game: str) -> set[tuple[int, int]]:
    sizes = [_sizes(game, budget) for budget in _SIZES]
    ours = {
        (size["oversight_steps"], size["oversight_steps"] + size["blocker_steps"]) for size in sizes
    }
    return ours | ({_PAPERS[game]} if game in _PAPERS else set())


def _sizes(game: str, budget: Budget) -> dict[str, int]:
    if budget is Budget.FULL:
        return _full(game)
    sizes = _SIZES[budget]
    more = _NEEDED.get((game, budget), sizes["oversight_steps"]) - sizes["oversight_steps"]
    return sizes | {
        "oversight_steps": sizes["oversight_steps"] + more,
        "blocker_steps": sizes["blocker_steps"] - more,
    }


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
