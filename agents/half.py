"""A network in bfloat16 that follows another in float32."""

from __future__ import annotations

import copy

import torch
from stable_baselines3.common.torch_layers import NatureCNN
from stable_baselines3.dqn.policies import QNetwork
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

from agents.start import PIXEL, CentredCNN

__all__ = ["HalfNetwork"]

FOLD = 4
"""The first layer's stride: its 8x8 windows are 2x2 of squares of 4x4 pixels, side by side."""


class HalfNetwork(nn.Module):
    """A NatureCNN in bfloat16 that follows another in float32.

    Pixels stay whole numbers, exact in bfloat16 also when `centre` is taken off: their scale is in
    the first layer's weights. The last layer, a hundredth of a percent of the work, stays float32:
    values differ by less than bfloat16 can tell. On a GPU the first layer looks at folded pixels,
    64 channels in place of 4: the same products, by kernels that like many channels (24 us against
    9 on an H100).
    """

    def __init__(self, leader: QNetwork, *, folds: bool) -> None:
        """Follow a network whose features are a NatureCNN's; `folds` suits a GPU."""
        super().__init__()
        body = leader.features_extractor
        assert isinstance(body, NatureCNN), "checked when the agent was made"
        self._leader: list[Tensor] = [*body.cnn.parameters(), *body.linear.parameters()]
        self._leader_head: list[Tensor] = list(leader.q_net.parameters())
        self.body = copy.deepcopy(nn.Sequential(*body.cnn, *body.linear)).to(torch.bfloat16)
        self.body = self.body.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        for layer in self.body:
            if isinstance(layer, nn.ReLU):
                layer.inplace = True
        self.folds = folds
        self.centre = body.centre if isinstance(body, CentredCNN) else 0
        first = self.body[0]
        assert isinstance(first, nn.Conv2d), "a NatureCNN begins with one"
        if folds:
            self.body[0] = _folded(first)
        self.head = copy.deepcopy(leader.q_net)
        self._own: list[Tensor] = list(self.body.parameters())
        self._own_head: list[Tensor] = list(self.head.parameters())
        self._scaled = torch.empty_like(self._own[0], dtype=torch.float32)
        self.follow()

    def pixels(self, observations: Tensor) -> Tensor:
        """Bytes (batch, 4, 84, 84) as `forward` takes them; once for both networks."""
        if self.folds:
            seen = _folded_pixels(observations).to(torch.bfloat16).permute(0, 3, 1, 2)
        else:
            # Bytes change places faster than bfloat16 numbers do.
            seen = observations.contiguous(memory_format=torch.channels_last).to(torch.bfloat16)
        return seen.sub_(self.centre) if self.centre else seen

    def forward(self, pixels: Tensor) -> Tensor:
        """Values of all actions, float32 (batch, n_actions), of what `pixels` gave."""
        values: Tensor = self.head(self.body(pixels).float())
        return values

    @torch.no_grad()
    def follow(self) -> None:
        """Take the leader's weights."""
        first = pixel_unshuffle(self._leader[0], FOLD) if self.folds else self._leader[0]
        torch.div(first, PIXEL, out=self._scaled)
        torch._foreach_copy_(self._own, [self._scaled, *self._leader[1:]])
        torch._foreach_copy_(self._own_head, self._leader_head)

    @torch.no_grad()
    def hand_over_gradients(self) -> None:
        """The leader's gradients become this network's."""
        leaders = (*self._leader, *self._leader_head)
        mine = [_gradient(one) for one in (*self._own, *self._own_head)]
        if self.folds:
            mine[0] = pixel_shuffle(mine[0], FOLD)
        torch._foreach_copy_([_gradient(one) for one in leaders], mine)
        _gradient(self._leader[0]).div_(PIXEL)

    def forget_gradients(self) -> None:
        """Have none."""
        self.zero_grad(set_to_none=True)


def _folded(layer: nn.Conv2d) -> nn.Conv2d:
    """A layer of the same products for folded pixels; its weights are still to be filled."""
    channels, size = layer.in_channels * FOLD**2, layer.kernel_size[0] // FOLD
    made = nn.Conv2d(channels, layer.out_channels, size, device=layer.weight.device).bfloat16()
    made.weight.data = made.weight.data.contiguous(memory_format=torch.channels_last)
    return made


def _folded_pixels(observations: Tensor) -> Tensor:
    """`pixel_unshuffle` with channels last: (batch, c, h, w) to (batch, h / 4, w / 4, 16 c)."""
    batch, channels, height, width = observations.shape
    # A square's line of four bytes moves as one number: a quarter of the places to work out.
    lines = observations.view(torch.int32).view(
        batch, channels, height // FOLD, FOLD, width // FOLD
    )
    return lines.permute(0, 2, 4, 1, 3).flatten(3).view(torch.uint8)


def _gradient(parameter: Tensor) -> Tensor:
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter)
    return parameter.grad
