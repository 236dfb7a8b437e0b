"""What the agent is paid for a step: one pure function."""

from __future__ import annotations

from oversight.settings import GateSettings, RewardRule

__all__ = ["agent_reward"]


def agent_reward(reward: float, *, penalised: bool, settings: GateSettings) -> float:
    """The agent's reward of one step (HIRL, arXiv:1707.05173, section 2).

    Args:
        reward: the environment's, clipped or not as it pays it.
        penalised: the proposed action was refused, or would have been in `penalty_only`.
        settings: the rule and the penalty.

    Returns:
        The environment's reward, or the penalty in its place, or their sum.
    """
    if not penalised:
        return reward
    if settings.reward_rule is RewardRule.ADD:
        return reward + settings.penalty
    return settings.penalty
