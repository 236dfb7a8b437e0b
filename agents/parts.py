"""Which parts a Double DQN is made of, by its settings."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from stable_baselines3.common.torch_layers import NatureCNN
from stable_baselines3.dqn.policies import DQNPolicy

from agents.frame_replay import FrameReplayBuffer
from agents.graphed import GraphedUpdates
from agents.replay import OverseenReplayBuffer
from agents.settings import DoubleDQNSettings, Precision
from agents.start import CentredCNN, begin_orthogonal
from agents.updates import Bf16Updates, Fp32Updates, Updates
from agents.vector_replay import VectorFrameReplay

__all__ = [
    "knows_bfloat16",
    "policy_kwargs",
    "prepare_weights",
    "replay_for",
    "replay_kwargs",
    "updates_for",
]


def replay_for(
    settings: DoubleDQNSettings, *, games: int, image: bool
) -> type[OverseenReplayBuffer | VectorFrameReplay]:
    """The kind of replay for that many environments."""
    if games > 1:
        return VectorFrameReplay
    return FrameReplayBuffer if image and settings.frames_once else OverseenReplayBuffer


def replay_kwargs(
    settings: DoubleDQNSettings, *, games: int, rng: np.random.Generator
) -> dict[str, Any]:
    """What that replay is made with, beside what SB3 gives it."""
    kwargs = {"rng": rng, "credit": settings.credit, "end_on_block": settings.end_on_block}
    if games == 1:
        return kwargs
    return kwargs | {"n_steps": settings.n_steps, "gamma": settings.gamma}


def knows_bfloat16(device: torch.device) -> bool:
    """Whether a device computes in bfloat16 itself and need not imitate it."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    told = torch.cpu.get_capabilities()
    return device.type == "cpu" and bool(told.get("avx512_bf16") or told.get("amx_bf16"))


def prepare_weights(policy: DQNPolicy, settings: DoubleDQNSettings, *, image: bool) -> None:
    """Lay and fill a new policy's weights as the settings say."""
    if settings.channels_last and image:
        # In place: the optimizer goes on holding the same parameters.
        for parameter in policy.parameters():
            if parameter.dim() == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    if settings.orthogonal:
        begin_orthogonal(policy.q_net)
        policy.q_net_target.load_state_dict(policy.q_net.state_dict())


def updates_for(settings: DoubleDQNSettings, policy: DQNPolicy, *, games: int) -> Updates:
    """The kind of learning for that precision, that device and so many environments."""
    image = isinstance(policy.q_net.features_extractor, NatureCNN)
    auto = settings.precision is Precision.AUTO
    half = settings.precision is Precision.BF16 or (
        auto and image and knows_bfloat16(policy.device)
    )
    graph = settings.cuda_graph and settings.fused_adam and policy.device.type == "cuda"
    if half and graph and games > 1:
        return GraphedUpdates(policy, settings.gamma, settings.max_grad_norm)
    kind = Bf16Updates if half else Fp32Updates
    return kind(policy, settings.gamma, settings.max_grad_norm)


def policy_kwargs(settings: DoubleDQNSettings, *, image: bool) -> dict[str, Any]:
    """What SB3's policy is made with."""
    optimizer: dict[str, Any] = {"eps": settings.adam_epsilon}
    optimizer |= {"fused": True} if settings.fused_adam else {}
    kwargs: dict[str, Any] = {"optimizer_kwargs": optimizer}
    if not image:
        kwargs["net_arch"] = list(settings.hidden)
    elif settings.pixel_centre:
        kwargs["features_extractor_class"] = CentredCNN
        kwargs["features_extractor_kwargs"] = {"centre": settings.pixel_centre}
    return kwargs
