"""A network in bfloat16 that follows another in float32."""

from __future__ import annotations

import copy

import torch
from stable_baselines3.common.torch_layers import NatureCNN
from stable_baselines3.dqn.policies import QNetwork
from torch import Tensor, nn

__all__ = ["HalfNetwork"]

PIXEL = 255.0
"""Brightest pixel; networks see pixels in [0, 1]."""


class HalfNetwork(nn.Module):
    """A NatureCNN in bfloat16 that follows another in float32.

    Pixels stay whole numbers, exact in bfloat16: their scale is in the first layer's weights. The
    last layer, a hundredth of a percent of the work, stays float32: values differ by less than
    bfloat16 can tell.
    """

    def __init__(self, leader: QNetwork) -> None:
        """Follow a network whose features are a NatureCNN's."""
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

    def forward(self, pixels: Tensor) -> Tensor:
        """Values of all actions, float32 (batch, n_actions), of bfloat16 pixels 0 to 255."""
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
        """Have none."""
        self.zero_grad(set_to_none=True)


def _gradient(parameter: Tensor) -> Tensor:
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter)
    return parameter.grad
