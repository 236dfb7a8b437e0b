"""Frames of several games, each kept once, from which stacks of successive ones are read back."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["FrameStrips"]

Ints = NDArray[np.int64]


class FrameStrips:
    """What `FrameRing` is for one game, for several that step together, on the CPU or a GPU.

    Each game has its own ring, a strip of one tensor, so that a batch is gathered by one call. A
    frame's number is counted from its game's first; it is never used twice.

    Attributes:
        frames: uint8 (games * frames of each, height, width).
        heads: the number that each game's next frame gets, int64 (games,).
        last: the stack that each game showed last, uint8 (games, depth, height, width).
        each: frames of a game that are kept.
    """

    def __init__(
        self, games: int, stack_shape: tuple[int, ...], each: int, device: torch.device
    ) -> None:
        """Make empty strips for stacks of (depth, height, width)."""
        self.depth = stack_shape[0]
        self.each = each
        self.frames = torch.zeros(
            (games * each, *stack_shape[1:]), dtype=torch.uint8, device=device
        )
        self.heads = np.zeros(games, np.int64)
        self.last: NDArray[np.uint8] = np.zeros((games, *stack_shape), np.uint8)

    @property
    def first_whole(self) -> Ints:
        """For each game the number of the oldest newest frame of a stack that is all there."""
        first: Ints = self.heads - self.each + self.depth - 1
        return first

    def place(self, stacks: NDArray[np.uint8]) -> Ints:
        """Keep a stack of each game; returns the numbers of their newest frames."""
        known = (self.heads > 0) & _alike(stacks, self.last)
        if not known.all():
            # A game that goes on shows all but the oldest of the frames of before.
            goes_on = (self.heads > 0) & _alike(stacks[:, :-1], self.last[:, 1:])
            one, whole = np.flatnonzero(~known & goes_on), np.flatnonzero(~known & ~goes_on)
            self._push(one, stacks[one, -1:])
            self._push(whole, stacks[whole])
            self.last[:] = stacks
        newest: Ints = self.heads - 1
        return newest

    def places(self, games: Ints, newest: Ints) -> Ints:
        """Where the frames of some stacks lie: two (batch,) to (batch, depth)."""
        return self._at(games, newest, 1 - self.depth, 1)

    def pairs(self, games: Ints, first: Ints, then: Ints) -> tuple[torch.Tensor, torch.Tensor]:
        """The stacks of what was seen first, and of what was seen then: (batch, depth, h, w)."""
        if (then - first == 1).all():
            # Five frames hold both stacks of four.
            taken = self._taken(self._at(games, first, 1 - self.depth, 2))
            return taken[:, :-1], taken[:, 1:]
        return self._taken(self.places(games, first)), self._taken(self.places(games, then))

    def _at(self, games: Ints, numbers: Ints, begin: int, end: int) -> Ints:
        places: Ints = (
            games[:, None] * self.each + (numbers[:, None] + np.arange(begin, end)) % self.each
        )
        return places

    def _taken(self, places: Ints) -> torch.Tensor:
        flat = torch.from_numpy(places.reshape(-1)).to(self.frames.device, non_blocking=True)
        taken = self.frames.index_select(0, flat)
        return taken.view(*places.shape, *self.frames.shape[1:])

    def _push(self, games: Ints, frames: NDArray[np.uint8]) -> None:
        """Add frames, (games, of each, height, width), to the ends of some games' strips."""
        if not games.size:
            return
        more, device = frames.shape[1], self.frames.device
        at = torch.from_numpy(self._at(games, self.heads[games], 0, more).reshape(-1))
        flat = torch.from_numpy(frames.reshape(-1, *frames.shape[2:]))
        self.frames[at.to(device)] = flat.to(device)
        self.heads[games] += more


def _alike(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """In which games two stacks show the same."""
    same = _wide(one) == _wide(other)
    alike: NDArray[np.bool_] = same.reshape(len(one), -1).all(axis=1)
    return alike


def _wide(stacks: NDArray[np.uint8]) -> NDArray[np.unsignedinteger]:
    """The same bytes, eight at a time if they can be: an eighth of the numbers to compare."""
    flat = stacks.reshape(*stacks.shape[:2], -1)
    return flat.view(np.uint64) if flat.shape[-1] % 8 == 0 else flat
