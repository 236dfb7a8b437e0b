"""What an environment did with an executed action, and what the agent gets of it."""

from __future__ import annotations

from dataclasses import dataclass

from oversight.types import Screen, StepRecord

__all__ = ["Outcome", "Settled", "StepInfo", "step_info"]

StepInfo = dict[str, int | float | bool | str | None]
"""Scalars for `info["oversight"]`; SB3 copies it every step, so no arrays."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an environment did with the executed action.

    Attributes:
        reward: as the environment pays it.
        game_reward: the game's own score of the step.
        terminated, truncated: as in Gymnasium.
        screen: what an overseer sees now.
        onsets: catastrophes that began during the step; None where no truth is known.
        before: the frame before `screen`; None where it is not known.
    """

    reward: float
    game_reward: float
    terminated: bool
    truncated: bool
    screen: Screen
    onsets: int | None = None
    before: Screen | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What the agent gets of a step.

    Attributes:
        reward: the agent's reward.
        info: for `info["oversight"]`.
        truncated: the episode was cut, by the environment or because the overseer asked for it.
    """

    reward: float
    info: StepInfo
    truncated: bool = False


def step_info(record: StepRecord, onsets: int | None, game_return: float) -> StepInfo:
    """What the agent's side is told of a step.

    Args:
        record: of the step.
        onsets: catastrophes that began during it.
        game_return: of the episode so far, this step included.
    """
    return {
        # No numbers that run through the run: the same seed and actions give the same info.
        "step": record.proposal.step,
        "phase": record.phase,
        "proposed_action": record.proposal.action,
        "executed_action": record.executed,
        "verdict": record.decision.verdict.value,
        "source": record.decision.source.value,
        "blocked": record.blocked,
        "no_safe_action": record.no_safe_action,
        "probability": record.decision.probability,
        "game_reward": record.game_reward,
        "game_return": game_return,
        "catastrophe_onsets": onsets,
        "proposed_unsafe": record.proposed_unsafe,
        "executed_unsafe": record.executed_unsafe,
        # Agent steps before this one that no longer stand. When it is not 0 this transition
        # begins where the oldest of them began, not at the observation the agent saw last.
        "rewound": len(record.undoes),
    }
