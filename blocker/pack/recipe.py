"""What a benchmark pack is built from: seeds, policies and sizes. Plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from oversight import AtariGame

__all__ = ["PARTS", "PackPolicy", "PartRecipe", "Policy", "Recipe", "episode_seed"]

PARTS = ("train", "calibrate", "test")
"""To learn from, to set thresholds by, and to measure on; no episode seed is in two of them."""


class Policy(Protocol):
    """Proposes one action after another; `agents.Proposer` is one."""

    def propose(self, observation: NDArray[np.generic]) -> int:
        """The next action for what the environment shows now."""
        ...

    def reset(self) -> None:
        """A new episode begins."""
        ...


@dataclass(frozen=True)
class PackPolicy:
    """One proposer of a pack.

    Attributes:
        name: in the log's column `phase`, and in every table.
        about: one line for the data card.
        age: agent steps it had learned for; 0 for policies that learn nothing.
        make: from a game in play and a generator to the policy.
    """

    name: str
    about: str
    age: int
    make: Callable[[AtariGame, np.random.Generator], Policy]


@dataclass(frozen=True, slots=True)
class PartRecipe:
    """How one part is made.

    Attributes:
        steps: agent steps of each policy.
        policies: names of those who propose.
        guards: who keeps the game from harm, in turn by episode: "rule" is the exact form of what
            a person goes by, "truth" what catastrophes are counted by. The verdicts in the log are
            the guard's; what is to be learned from is guarded by the rule alone.
        outcomes: whether it is tried which actions change the game (see `Truths.outcome`).
    """

    steps: int
    policies: tuple[str, ...]
    guards: tuple[str, ...] = ("rule",)
    outcomes: bool = False

    def __post_init__(self) -> None:
        if self.steps < 1 or not self.policies:
            raise ValueError(
                f"expected 1 step and 1 policy or more in a part, got {self.steps} and "
                f"{len(self.policies)}"
            )
        if not self.guards or set(self.guards) - {"rule", "truth"}:
            raise ValueError(f"expected guards rule or truth, got {self.guards}")


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides what is in a pack, beside the policies' own code.

    Attributes:
        game: its name.
        seed: of everything.
        segment_steps: an episode is cut after so many agent steps, so that there are many.
        parts: by name, as in `PARTS`.
    """

    game: str
    seed: int
    segment_steps: int
    parts: Mapping[str, PartRecipe]

    def __post_init__(self) -> None:
        if tuple(self.parts) != PARTS:
            raise ValueError(f"expected the parts {', '.join(PARTS)}, got {', '.join(self.parts)}")
        if self.segment_steps < 1 or self.seed < 0:
            raise ValueError(
                f"expected segments of 1 step or more and a seed of 0 or more, got "
                f"{self.segment_steps} and {self.seed}"
            )

    def as_dict(self) -> dict[str, object]:
        """As plain data for JSON."""
        parts = {name: asdict(part) for name, part in self.parts.items()}
        return {
            "game": self.game,
            "seed": self.seed,
            "segment_steps": self.segment_steps,
            "parts": parts,
        }


def episode_seed(seed: int, part: str, policy: int, episode: int) -> int:
    """The seed of an episode's reset: other numbers for each part, policy and episode."""
    key = [seed, PARTS.index(part), policy, episode]
    return int(np.random.SeedSequence(key).generate_state(1)[0])
