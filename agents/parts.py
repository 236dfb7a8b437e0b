"""Which parts a Double DQN is made of, by its settings."""

from __future__ import annotations

from typing import Any

from stable_baselines3.dqn.policies import DQNPolicy

from agents.frame_replay import FrameReplayBuffer
from agents.replay import OverseenReplayBuffer
from agents.settings import DoubleDQNSettings, Precision
from agents.updates import Bf16Updates, Fp32Updates, Updates
from agents.vector_replay import VectorFrameReplay

__all__ = ["policy_kwargs", "replay_for", "updates_for"]


def replay_for(
    settings: DoubleDQNSettings, *, games: int, image: bool
) -> type[OverseenReplayBuffer | VectorFrameReplay]:
    """The kind of replay for that many environments."""
    if games > 1:
        return VectorFrameReplay
    return FrameReplayBuffer if image and settings.frames_once else OverseenReplayBuffer


def updates_for(settings: DoubleDQNSettings, policy: DQNPolicy) -> Updates:
    """The kind of learning for that precision."""
    kind = Bf16Updates if settings.precision is Precision.BF16 else Fp32Updates
    return kind(policy, settings.gamma, settings.max_grad_norm)


def policy_kwargs(settings: DoubleDQNSettings, *, image: bool) -> dict[str, Any]:
    """What SB3's policy is made with."""
    optimizer = {"fused": True} if settings.fused_adam else {}
    layers = {} if image else {"net_arch": list(settings.hidden)}
    return {"optimizer_kwargs": optimizer, **layers}
