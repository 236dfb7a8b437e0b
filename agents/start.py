"""How a network for screens begins: weights that carry a small thing far, pixels around 0.

torch's own first weights let a signal shrink to a third or less in every layer, and a game's
background, bright nearly everywhere, moves all units of the first layer together: in Pong, whose
ball is one or two pixels, half of them never answer again before the network has seen the ball.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import NatureCNN
from stable_baselines3.dqn.policies import QNetwork
from torch import Tensor, nn

from oversight.atari import AtariGame
from oversight.games import game_named

__all__ = ["PIXEL", "CentredCNN", "background_of", "begin_orthogonal"]

PIXEL = 255.0
"""Brightest pixel; networks see pixels in [0, 1], or less what counts as 0."""

HEAD_GAIN = 0.01
"""Gain of the last layer: all values begin near 0 (SB3 begins its actor-critics' actions so)."""


class CentredCNN(NatureCNN):
    """Nature's network, of pixels less a brightness that counts as 0.

    Attributes:
        centre: that brightness, 0 to 255.
    """

    def __init__(
        self,
        observation_space: spaces.Box,
        features_dim: int = 512,
        normalized_image: bool = False,
        centre: int = 0,
    ) -> None:
        """Make it; the first three arguments are SB3's.

        Args:
            observation_space: stacks of uint8 frames.
            features_dim: units of the last hidden layer.
            normalized_image: pixels come in [0, 1] in the space itself.
            centre: brightness that counts as 0.
        """
        super().__init__(observation_space, features_dim, normalized_image)
        self.centre = centre

    def forward(self, observations: Tensor) -> Tensor:
        """Features, float32 (batch, features_dim), of pixels in [0, 1], (batch, c, h, w)."""
        features: Tensor = super().forward(observations - self.centre / PIXEL)
        return features


@torch.no_grad()
def begin_orthogonal(net: QNetwork) -> None:
    """Begin with orthogonal weights (Saxe et al., arXiv:1312.6120), as SB3's actor-critics do.

    Gain of the square root of 2 before each ReLU, biases 0; drawn from torch's generator.

    Args:
        net: changed in place; its layout in memory stays.
    """
    hidden = [x for x in net.features_extractor.modules() if isinstance(x, nn.Conv2d | nn.Linear)]
    head = [x for x in net.q_net.modules() if isinstance(x, nn.Linear)]
    gains = [math.sqrt(2.0)] * (len(hidden) + len(head) - 1) + [HEAD_GAIN]
    for layer, gain in zip([*hidden, *head], gains, strict=True):
        # Apart, for a layer may be channels-last and the initialiser wants the usual layout.
        layer.weight.copy_(nn.init.orthogonal_(torch.empty(layer.weight.shape), gain))
        if layer.bias is not None:
            layer.bias.zero_()


@functools.cache
def background_of(name: str) -> int:
    """Brightness that most of a game's first screen has, 0 to 255: Pong's is 87, of its field.

    Raises:
        ValueError: there is no such game, or it has no ROM.
    """
    observation, _ = AtariGame(game_named(name)).reset(seed=0)
    return int(np.bincount(np.asarray(observation[-1]).ravel()).argmax())
