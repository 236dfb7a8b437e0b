"""An agent's networks and optimizer as named tensors, and back."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from agents.double_dqn import DoubleDQN

__all__ = ["adopt_tensors", "mismatch", "named_tensors"]

ONLINE, TARGET, OPTIMIZER, RANDOM = "online.", "target.", "optimizer.", "random."


def named_tensors(agent: DoubleDQN) -> dict[str, Tensor]:
    """Copies of all tensors that learning depends on, contiguous and on the CPU."""
    named: dict[str, Tensor] = {
        **{ONLINE + name: value for name, value in agent.q_net.state_dict().items()},
        **{TARGET + name: value for name, value in agent.q_net_target.state_dict().items()},
        **_optimizer_tensors(agent),
        RANDOM + "cpu": torch.get_rng_state(),
    }
    if agent.device.type == "cuda":
        named[RANDOM + "cuda"] = torch.cuda.get_rng_state(agent.device)
    return {name: value.detach().cpu().contiguous().clone() for name, value in named.items()}


def mismatch(agent: DoubleDQN, tensors: Mapping[str, Tensor]) -> str | None:
    """The first way in which tensors do not fit an agent's network; None if they fit."""
    for prefix, net in ((ONLINE, agent.q_net), (TARGET, agent.q_net_target)):
        own = {prefix + name: tuple(value.shape) for name, value in net.state_dict().items()}
        came = {name: tuple(x.shape) for name, x in tensors.items() if name.startswith(prefix)}
        for name in sorted(own.keys() | came.keys()):
            if own.get(name) != came.get(name):
                return f"expected {name} of shape {own.get(name)}, got {came.get(name)}"
    return None


def adopt_tensors(agent: DoubleDQN, tensors: Mapping[str, Tensor]) -> None:
    """Give an agent the tensors of another of the same architecture, and the random state."""
    agent.q_net.load_state_dict(_under(ONLINE, tensors))
    agent.q_net_target.load_state_dict(_under(TARGET, tensors))
    _adopt_optimizer(agent, _under(OPTIMIZER, tensors))
    agent.updates.adopt()
    torch.set_rng_state(tensors[RANDOM + "cpu"])
    if agent.device.type == "cuda" and RANDOM + "cuda" in tensors:
        torch.cuda.set_rng_state(tensors[RANDOM + "cuda"], agent.device)


def _optimizer_tensors(agent: DoubleDQN) -> dict[str, Tensor]:
    state = agent.policy.optimizer.state
    return {
        f"{OPTIMIZER}{name}.{key}": value
        for name, parameter in agent.q_net.named_parameters()
        for key, value in state.get(parameter, {}).items()
    }


def _adopt_optimizer(agent: DoubleDQN, tensors: Mapping[str, Tensor]) -> None:
    optimizer = agent.policy.optimizer
    on_device = bool(optimizer.param_groups[0].get("fused"))
    optimizer.state.clear()
    for name, parameter in agent.q_net.named_parameters():
        for key, value in _under(f"{name}.", tensors).items():
            if value.shape == parameter.shape:
                # In the parameter's own layout: a fused kernel walks both side by side.
                kept = torch.empty_like(parameter, requires_grad=False).copy_(value)
            else:
                kept = value.to(parameter.device) if on_device else value
            optimizer.state[parameter][key] = kept


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    start = len(prefix)
    return {name[start:]: value for name, value in tensors.items() if name.startswith(prefix)}
