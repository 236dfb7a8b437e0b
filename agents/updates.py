"""One step of learning: in float32 on the policy's own networks, or in bfloat16 beside them."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Protocol

import torch
from stable_baselines3.common.torch_layers import NatureCNN
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from stable_baselines3.dqn.policies import DQNPolicy, QNetwork
from torch import Tensor, nn
from torch.nn import functional

from agents.divergence import explain_divergence
from agents.targets import double_q_target
from oversight.errors import OversightError

__all__ = ["Bf16Updates", "Fp32Updates", "Updates"]

Values = Callable[[Tensor], Tensor]

PIXEL = 255.0
"""Brightest pixel; networks see pixels in [0, 1]."""


class Updates(Protocol):
    """What a Double DQN asks of its learning."""

    def values(self, observations: Tensor) -> Tensor:
        """Values of all actions, float32 (batch, n_actions), without gradient."""
        ...

    def loss(self, batch: ReplayBufferSamples) -> Tensor:
        """Huber loss of a batch against its double-Q target, a scalar with gradient."""
        ...

    def update(self, batch: ReplayBufferSamples, number: int) -> float:
        """One step of the optimizer; returns the loss.

        Raises:
            OversightError: the loss of update `number` is not finite; nothing has changed.
        """
        ...

    def adopt(self) -> None:
        """The policy's weights were changed from outside: take them over."""
        ...

    def adopt_target(self) -> None:
        """The same for the target network alone."""
        ...


def _double_q_loss(
    batch: ReplayBufferSamples, gamma: float, online: Values, target: Values
) -> Tensor:
    with torch.no_grad():
        aim = double_q_target(
            r_t=batch.rewards.squeeze(1),
            discount_t=gamma * (1.0 - batch.dones.squeeze(1)),
            q_t_online=online(batch.next_observations),
            q_t_target=target(batch.next_observations),
        )
    chosen = online(batch.observations).gather(1, batch.actions.long()).squeeze(1)
    return functional.smooth_l1_loss(chosen, aim)


class Fp32Updates:
    """As SB3 learns, but for the target: the reference for the other one."""

    def __init__(self, policy: DQNPolicy, gamma: float, max_grad_norm: float) -> None:
        """Learn on a policy's own networks.

        Args:
            policy: with its optimizer.
            gamma: discount per agent step.
            max_grad_norm: gradients are scaled down to this Euclidean norm.
        """
        self._policy = policy
        self._gamma = gamma
        self._max_grad_norm = max_grad_norm

    def values(self, observations: Tensor) -> Tensor:
        """See `Updates.values`."""
        with torch.no_grad():
            return self._online(observations)

    def loss(self, batch: ReplayBufferSamples) -> Tensor:
        """See `Updates.loss`."""
        return _double_q_loss(batch, self._gamma, self._online, self._target)

    def update(self, batch: ReplayBufferSamples, number: int) -> float:
        """See `Updates.update`."""
        optimizer = self._policy.optimizer
        loss = self.loss(batch)
        value = _finite(loss, batch, number, optimizer)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._descend()
        return value

    def adopt(self) -> None:
        """See `Updates.adopt`; there is nothing beside the policy."""

    def adopt_target(self) -> None:
        """See `Updates.adopt_target`."""

    def _online(self, observations: Tensor) -> Tensor:
        values: Tensor = self._policy.q_net(observations)
        return values

    def _target(self, observations: Tensor) -> Tensor:
        values: Tensor = self._policy.q_net_target(observations)
        return values

    def _descend(self) -> None:
        torch.nn.utils.clip_grad_norm_(self._policy.q_net.parameters(), self._max_grad_norm)
        self._policy.optimizer.step()


class _HalfNetwork(nn.Module):
    """A NatureCNN in bfloat16 that follows another in float32.

    Pixels stay whole numbers, exact in bfloat16: their scale is in the first layer's weights. The
    last layer, a hundredth of a percent of the work, stays float32: values differ by less than
    bfloat16 can tell.
    """

    def __init__(self, leader: QNetwork) -> None:
        super().__init__()
        body = leader.features_extractor
        assert isinstance(body, NatureCNN), "checked when the agent was made"
        self._leader: list[Tensor] = [*body.cnn.parameters(), *body.linear.parameters()]
        self._leader_head: list[Tensor] = list(leader.q_net.parameters())
        self.body = copy.deepcopy(nn.Sequential(*body.cnn, *body.linear)).to(torch.bfloat16)
        self.body = self.body.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.head = copy.deepcopy(leader.q_net)
        self._own: list[Tensor] = list(self.body.parameters())
        self._own_head: list[Tensor] = list(self.head.parameters())
        self._scaled = torch.empty_like(self._leader[0])
        self.follow()

    def forward(self, observations: Tensor) -> Tensor:
        pixels = observations.to(torch.bfloat16, memory_format=torch.channels_last)
        values: Tensor = self.head(self.body(pixels).float())
        return values

    @torch.no_grad()
    def follow(self) -> None:
        """Take the leader's weights."""
        torch.div(self._leader[0], PIXEL, out=self._scaled)
        torch._foreach_copy_(self._own, [self._scaled, *self._leader[1:]])
        torch._foreach_copy_(self._own_head, self._leader_head)

    @torch.no_grad()
    def hand_over_gradients(self) -> None:
        """The leader's gradients become this network's."""
        leaders = (*self._leader, *self._leader_head)
        mine = [_gradient(one) for one in (*self._own, *self._own_head)]
        torch._foreach_copy_([_gradient(one) for one in leaders], mine)
        _gradient(self._leader[0]).div_(PIXEL)

    def forget_gradients(self) -> None:
        self.zero_grad(set_to_none=True)


def _gradient(parameter: Tensor) -> Tensor:
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter)
    return parameter.grad


class Bf16Updates(Fp32Updates):
    """The same in bfloat16: forward and back in half the bytes, the step itself in float32.

    The policy's networks hold the weights, in float32 as always, so whatever reads or saves them
    needs to know nothing of this; copies in bfloat16 follow them after every step.
    """

    def __init__(self, policy: DQNPolicy, gamma: float, max_grad_norm: float) -> None:
        """See `Fp32Updates`; the policy's features are a NatureCNN's."""
        super().__init__(policy, gamma, max_grad_norm)
        self._half = _HalfNetwork(policy.q_net)
        self._half_target = _HalfNetwork(policy.q_net_target).requires_grad_(False)

    def update(self, batch: ReplayBufferSamples, number: int) -> float:
        """See `Updates.update`."""
        loss = self.loss(batch)
        value = _finite(loss, batch, number, self._policy.optimizer)
        self._half.forget_gradients()
        loss.backward()  # type: ignore[no-untyped-call]
        self._half.hand_over_gradients()
        self._descend()
        self._half.follow()
        return value

    def adopt(self) -> None:
        """See `Updates.adopt`."""
        self._half.follow()
        self._half_target.follow()

    def adopt_target(self) -> None:
        """See `Updates.adopt_target`."""
        self._half_target.follow()

    def _online(self, observations: Tensor) -> Tensor:
        values: Tensor = self._half(observations)
        return values

    def _target(self, observations: Tensor) -> Tensor:
        values: Tensor = self._half_target(observations)
        return values


def _finite(
    loss: Tensor, batch: ReplayBufferSamples, number: int, optimizer: torch.optim.Optimizer
) -> float:
    value = loss.item()
    if not math.isfinite(value):
        rate = float(optimizer.param_groups[0]["lr"])
        raise OversightError(explain_divergence(batch, value, number, rate))
    return value
