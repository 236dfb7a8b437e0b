"""A network that looks for itself: at what is drawn around the own thing, to the native pixel.

What it is told of places (`blocker.telling`) says how far two things are apart in the mean; whether
they will touch is a matter of single pixels. With tens of thousands of states of which the answer
for *every* action is known, convolutions learn that; with one label a state, trees over
what is told learn more (docs/blocker_study.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from blocker.closeups import (
    Middles,
    channels_of,
    closeups_of,
    cut,
    drawing_table,
    require_closeups,
)
from blocker.eye import Eye
from blocker.inputs import InputSpec
from blocker.sight import CloseUp, NetworkSpec
from blocker.telling import Telling

__all__ = ["PictureJudge", "PictureMember", "PictureNetwork", "Pictures"]

FAR_OFF = 5.0
"""Spreads from the mean beyond which what is told counts as no further."""
LEAST_SPREAD = 0.05
"""Of what is told, in tens of pixels: what hardly ever changes is not blown up."""


class PictureMember(nn.Module):
    """One network: a tower of convolutions for each close-up, and dense layers for all else."""

    centre: Tensor
    spread: Tensor

    def __init__(self, shape: NetworkSpec, told: int, factors: int, actions: int) -> None:
        """Build it for so many numbers told, actions of so many factors and so many actions."""
        super().__init__()
        self.register_buffer("centre", torch.zeros(told))
        self.register_buffer("spread", torch.ones(told))
        self.towers = nn.ModuleList(
            _tower(closeup, channels_of(shape), shape.hidden) for closeup in shape.closeups
        )
        self.hear = nn.Sequential(nn.Linear(told, shape.hidden), nn.ReLU())
        self.drop = nn.Dropout(shape.dropout)
        views = (1 + len(shape.closeups)) * shape.hidden
        self.mix = nn.Sequential(
            nn.Linear(views + factors, shape.hidden),
            nn.ReLU(),
            nn.Dropout(shape.dropout),
            nn.Linear(shape.hidden, shape.hidden),
            nn.ReLU(),
        )
        self.answer = nn.Linear(shape.hidden, actions)
        # Twice as fast so on a processor, and the same numbers but for rounding.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def measure(self, told: Tensor) -> None:
        """Take the mean and the spread of what is told, (n, d), for what counts as usual."""
        self.centre.copy_(told.mean(dim=0))
        self.spread.copy_(told.std(dim=0) + LEAST_SPREAD)

    def forward(self, told: Tensor, before: Tensor, closeups: Sequence[Tensor]) -> Tensor:
        """Logits float32 (B, n_actions).

        Args:
            told: float32 (B, d), all that is told of the screens.
            before: float32 (B, f), factors of the action executed before.
            closeups: of each float32 (B, lags * channels, h, w) in [0, 1].
        """
        usual = ((told - self.centre) / self.spread).clamp(-FAR_OFF, FAR_OFF)
        views = [
            tower(closeup.contiguous(memory_format=torch.channels_last))
            for tower, closeup in zip(self.towers, closeups, strict=True)
        ]
        known = torch.cat([*views, self.drop(self.hear(usual)), before], dim=1)
        logits: Tensor = self.answer(self.mix(known))
        return logits

    def scale(self, by: float, shift: float) -> None:
        """Turn logits z into by * z + shift, for good."""
        with torch.no_grad():
            self.answer.weight.mul_(by)
            self.answer.bias.mul_(by).add_(shift)


def _tower(closeup: CloseUp, channels: int, hidden: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    rows, columns = (side // closeup.block for side in closeup.size)
    before, kernel = len(closeup.lags) * channels, closeup.kernel
    for width in closeup.widths:
        layers += [nn.Conv2d(before, width, kernel, 2, kernel // 2), nn.ReLU()]
        rows, columns = ((side + 2 * (kernel // 2) - kernel) // 2 + 1 for side in (rows, columns))
        before, kernel = width, 3
    flat = before * rows * columns
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(flat, hidden), nn.ReLU())


class PictureNetwork(Telling):
    """Judges all actions of a state at once, by what it is told and what it sees.

    Args:
        actions: names of the actions, in the order of their numbers.
        spec: how screens are prepared: to the native pixel.
        shape: the network's shape, with close-ups.

    Raises:
        ValueError: the shape and the preparation do not fit.
    """

    def __init__(self, actions: Sequence[str], spec: InputSpec, shape: NetworkSpec) -> None:
        super().__init__(actions, spec, shape)
        require_closeups(spec, shape)
        self._middles = Middles(spec, shape)
        sizes = (self.told, self.factors.shape[1], len(actions))
        self.members = nn.ModuleList(PictureMember(shape, *sizes) for _ in range(shape.members))

    def each(self) -> list[PictureMember]:
        """The members."""
        return [one for one in self.members if isinstance(one, PictureMember)]

    @property
    def learned(self) -> int:
        """How many numbers were learned."""
        return sum(weights.numel() for weights in self.parameters())

    def scale(self, by: float, shift: float) -> None:
        """Turn logits z into by * z + shift, for good: what calibration found."""
        for member in self.each():
            member.scale(by, shift)

    def forward(self, screens: Tensor, previous: Tensor) -> Tensor:
        """Judge every action; the reference for `PictureJudge`.

        Args:
            screens: (B, k, planes, h, w) in [0, 255], prepared, oldest first.
            previous: int64 (B,), the action executed just before, -1 for none known.

        Returns:
            float32 (B, n_actions), logits of "unsafe".
        """
        seen = self.see(screens.flatten(0, 1)).reshape(*screens.shape[:2], -1)
        told = self.whole(seen)
        middles = self._middles(told.detach().numpy())
        closeups = closeups_of(screens, middles, self.spec, self.shape)
        before = self.factors[previous]
        return torch.stack([one(told, before, closeups) for one in self.each()]).mean(dim=0)


class Pictures:
    """Cuts the close-ups of states out of screens on which it is said what is drawn where."""

    def __init__(self, spec: InputSpec, shape: NetworkSpec) -> None:
        """Prepare for screens and close-ups of that kind."""
        self._shape = shape
        self._channels = channels_of(shape)
        self._chosen = [[spec.lags.index(lag) for lag in one.lags] for one in shape.closeups]
        self._middles = Middles(spec, shape)
        self._table = drawing_table(spec, shape)
        self._part = (slice(*spec.rows), slice(*spec.columns))

    def drawn(self, screens: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What is drawn on each pixel of some raw screens: uint8 (m, h, w) of (m, 210, 160)."""
        return self._table[screens[:, *self._part]]

    def cut(
        self, drawn: NDArray[np.uint8], screens: NDArray[np.int64], told: NDArray[np.float32]
    ) -> list[Tensor]:
        """The close-ups of some states, as `closeups_of` has them.

        Args:
            drawn: uint8 (m, h, w), as from `drawn`.
            screens: int64 (B, k), each state's rows of it, oldest first.
            told: float32 (B, d), all that is told of the states.
        """
        middles, out = self._middles(told), []
        for closeup, chosen in zip(self._shape.closeups, self._chosen, strict=True):
            rows, columns = (side // closeup.block for side in closeup.size)
            many = len(chosen) * self._channels
            counts = np.zeros((len(screens), many, rows, columns), np.uint8)
            mine = np.ascontiguousarray(screens[:, chosen])
            cut(drawn, mine, middles, self._channels, closeup.size, closeup.block, counts)
            out.append(torch.from_numpy(counts).float() / closeup.block**2)
        return out


class PictureJudge:
    """Judges as a `PictureNetwork` does, from raw screens."""

    def __init__(self, network: PictureNetwork) -> None:
        """Take a network that is in evaluation mode."""
        self._network = network
        self._eye = Eye(network)
        self._pictures = Pictures(network.spec, network.shape)
        self._middles = Middles(network.spec, network.shape)

    def of_screens(
        self, proposals: Sequence[NDArray[np.generic]], previous: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What is told of some states, float32 (B, d), and each member's logits.

        Args:
            proposals: of each the raw screens uint8 (k, 210, 160), oldest first.
            previous: int64 (B,), the action executed before, -1 for none known.

        Returns:
            The logits are float32 (members, B, n_actions).

        Raises:
            ValueError: too few screens, or another shape or dtype.
        """
        told, lags = self._eye.see(proposals), self._network.spec.lags
        chosen = [one[[len(one) - 1 - lag for lag in lags]] for one in proposals]
        drawn = self._pictures.drawn(np.concatenate(chosen).astype(np.uint8, copy=False))
        screens = np.arange(len(drawn)).reshape(len(proposals), len(lags))
        closeups = self._pictures.cut(drawn, screens, told)
        return told, self._logits(told, closeups, previous)

    def of_prepared(
        self, screens: NDArray[np.uint8], previous: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """The logits of prepared screens uint8 (B, k, planes, h, w)."""
        told, spec, shape = self._eye.told(screens), self._network.spec, self._network.shape
        closeups = closeups_of(torch.from_numpy(screens), self._middles(told), spec, shape)
        return self._logits(told, closeups, previous)

    def _logits(
        self, told: NDArray[np.float32], closeups: list[Tensor], previous: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        with torch.inference_mode():
            known, before = torch.from_numpy(told), self._network.factors[previous]
            logits = [one(known, before, closeups) for one in self._network.each()]
            return np.asarray(torch.stack(logits).numpy())
