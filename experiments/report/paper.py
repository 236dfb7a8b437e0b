"""What the paper reports, as data, to be put beside ours.

Saunders, Sastry, Stuhlmueller, Evans, "Trial without Error", arXiv:1707.05173. Figures marked
`read_off` were read off the authors' plots, within about 3 %.
"""

from __future__ import annotations

from dataclasses import dataclass

from experiments.settings import Condition

__all__ = ["DIFFERENCES", "PAPER", "SOURCE", "PaperFigure", "of_paper"]

SOURCE = "Saunders et al. 2017, arXiv:1707.05173"


@dataclass(frozen=True)
class PaperFigure:
    """Cumulative catastrophes of one game under one condition.

    Attributes:
        game, condition: as ours are called.
        catastrophes: at the end of the plot.
        frames: length of the plot, as its axis says.
        note: what else is said of it.
        read_off: from a plot, within about 3 %.
    """

    game: str
    condition: Condition
    catastrophes: int
    frames: int
    note: str = ""
    read_off: bool = True

    @property
    def per_1000(self) -> float:
        """Catastrophes in 1,000 of the plot's frames."""
        return 1000 * self.catastrophes / self.frames


_FRAMES = {"pong": 17_500_000, "space_invaders": 7_000_000, "road_runner": 30_000_000}
_COUNTS: dict[tuple[str, Condition], tuple[int, str]] = {
    ("pong", Condition.NO_OVERSIGHT): (580_000, ""),
    ("pong", Condition.PENALTY_ONLY): (81, "still rising"),
    ("pong", Condition.HIRL): (0, "final score about +19"),
    ("space_invaders", Condition.NO_OVERSIGHT): (94_000, ""),
    ("space_invaders", Condition.PENALTY_ONLY): (170_000, "final score as HIRL's"),
    ("space_invaders", Condition.HIRL): (0, "final score about 25, rewards clipped"),
    ("road_runner", Condition.NO_OVERSIGHT): (47_000, ""),
    ("road_runner", Condition.PENALTY_ONLY): (11_000, "rising; final score 1,000 to 2,000"),
    ("road_runner", Condition.HIRL): (
        4_600,
        "deaths a frame fell from 0.005 to 0.0001; final score about 8,900",
    ),
}
PAPER: tuple[PaperFigure, ...] = tuple(
    PaperFigure(game, condition, count, _FRAMES[game], note)
    for (game, condition), (count, note) in _COUNTS.items()
)

DIFFERENCES: tuple[str, ...] = (
    "The paper's axes count frames; whether these are the emulator's or the agent's steps is not "
    "said. Ours count agent steps of 4 frames (Road Runner and Space Invaders as their games say).",
    "Its overseers were people; here a simulated person goes by a rule, and every minute is a "
    "model's.",
    "Its catastrophes were counted by the authors' detectors; here by the emulator's truth, frame "
    "by frame.",
    "Its agents were Double DQN and A3C-LSTM, trained for far more steps; ours stand in every "
    "table.",
    "All others: docs/deviations.md.",
)
"""How the set-ups differ."""


def of_paper(game: str, condition: Condition) -> PaperFigure | None:
    """The paper's figure of a cell of its table; None if it has none."""
    found = (f for f in PAPER if (f.game, f.condition) == (game, condition))
    return next(found, None)
