"""The decisions of a log as columns, for training, counting and drawing."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

__all__ = ["SAFE", "UNKNOWN", "UNSAFE", "UNSURE", "StepTable"]

SAFE, UNSAFE, UNSURE = 0, 1, 2
"""Codes of `StepTable.verdict`."""
UNKNOWN = -1
"""Code for a truth that was not measured, and for a frame that was not kept."""


@dataclass(frozen=True)
class StepTable:
    """One row per agent step, in the order of step_id; every column has shape (n,).

    Attributes:
        step_id: int64, unique.
        episode: int64, number of the episode in the run.
        step: int64, agent step within the episode.
        proposed: int64, the proposed action.
        executed: int64, the executed action.
        verdict: int8, SAFE, UNSAFE or UNSURE, with the newest relabel applied.
        blocked: bool, executed differs from proposed.
        no_safe_action: bool, all that was looked at had been refused.
        frame: int64, key of the screen that the overseer saw last; UNKNOWN if not kept.
        phase: str, name of the phase.
        source: str, who judged.
        reaction_seconds: float64, NaN where nobody pressed a key.
        attention_seconds: float64.
        probability: float64, NaN where the overseer had no number.
        game_reward: float64, the game's own score.
        agent_reward: float64, what the agent was paid.
        terminated: bool.
        truncated: bool.
        proposed_unsafe: int8 truth, 0, 1 or UNKNOWN.
        executed_unsafe: int8 truth, 0, 1 or UNKNOWN.
        pace: float64, agent steps a second in front of the person; NaN where the step waited
            for a key, or nobody was shown anything.
        speed_up: float64, that pace over the person's own; NaN where nobody was shown anything.
        hint: float64, the Blocker's probability that the person saw; NaN for none.
        previewed: int8, whether the person looked ahead, 0, 1 or UNKNOWN.
        frame_before: int64, key of the frame before `frame`; UNKNOWN if not kept.
    """

    step_id: NDArray[np.int64]
    episode: NDArray[np.int64]
    step: NDArray[np.int64]
    proposed: NDArray[np.int64]
    executed: NDArray[np.int64]
    verdict: NDArray[np.int8]
    blocked: NDArray[np.bool_]
    no_safe_action: NDArray[np.bool_]
    frame: NDArray[np.int64]
    phase: NDArray[np.str_]
    source: NDArray[np.str_]
    reaction_seconds: NDArray[np.float64]
    attention_seconds: NDArray[np.float64]
    probability: NDArray[np.float64]
    game_reward: NDArray[np.float64]
    agent_reward: NDArray[np.float64]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    proposed_unsafe: NDArray[np.int8]
    executed_unsafe: NDArray[np.int8]
    pace: NDArray[np.float64]
    speed_up: NDArray[np.float64]
    hint: NDArray[np.float64]
    previewed: NDArray[np.int8]
    frame_before: NDArray[np.int64]

    def __post_init__(self) -> None:
        count = len(self.step_id)
        for column in fields(self):
            length = len(getattr(self, column.name))
            if length != count:
                raise ValueError(f"expected {count} rows in {column.name}, got {length}")

    def __len__(self) -> int:
        return len(self.step_id)

    def where(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> StepTable:
        """The rows chosen by a mask or by indices."""
        return StepTable(*(getattr(self, column.name)[rows] for column in fields(self)))
