"""A ring of frames from which stacks of successive frames are read back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["FrameRing"]


class FrameRing:
    """Keeps the newest `capacity` frames; every frame has a number that is never used twice.

    Stacked observations of successive steps share all but one frame. `place` finds out by
    comparing, so a stream of any observations is kept correctly; how little memory it takes
    depends on how much successive stacks share.

    Attributes:
        frames: (capacity, height, width); frame number n lies at n modulo capacity.
        head: number that the next frame gets.
    """

    def __init__(
        self, capacity: int, stack_shape: tuple[int, ...], dtype: np.dtype[np.generic]
    ) -> None:
        """Make an empty ring.

        Args:
            capacity: frames to keep; at least two stacks.
            stack_shape: of one observation, (depth, height, width).
            dtype: of the frames.

        Raises:
            ValueError: the capacity is less than two stacks.
        """
        self.depth = stack_shape[0]
        if capacity < 2 * self.depth:
            raise ValueError(f"expected a capacity of at least {2 * self.depth}, got {capacity}")
        self.frames: NDArray[np.generic] = np.zeros((capacity, *stack_shape[1:]), dtype=dtype)
        self.head = 0

    @property
    def capacity(self) -> int:
        """How many frames are kept."""
        return len(self.frames)

    @property
    def oldest(self) -> int:
        """The lowest number of a frame that is still there, if none were taken back.

        Those that were may have cost some more at this end: whoever remembers numbers asks after
        each `place`.
        """
        return max(0, self.head - self.capacity)

    def place(self, stack: NDArray[np.generic]) -> int:
        """Keep a stack, writing only those of its frames that are not at the ring's end.

        Args:
            stack: (depth, height, width), oldest frame first.

        Returns:
            The number of the stack's newest frame, to be given to `stacks`.
        """
        if self.head >= self.depth:
            last = self.stacks(np.array([self.head - 1]))[0]
            if np.array_equal(stack, last):
                return self.head - 1
            if np.array_equal(stack[:-1], last[1:]):
                return self._push(stack[-1:])
        return self._push(stack)

    def take_back(self, newest: int) -> None:
        """Forget the frames after number `newest`; what they overwrote does not come back."""
        self.head = newest + 1

    def stacks(self, newest: NDArray[np.int64]) -> NDArray[np.generic]:
        """Stacks by the numbers of their newest frames: (n,) to (n, depth, height, width)."""
        numbers = newest[:, None] + np.arange(1 - self.depth, 1)
        taken: NDArray[np.generic] = self.frames[numbers % self.capacity]
        return taken

    def _push(self, frames: NDArray[np.generic]) -> int:
        numbers = np.arange(self.head, self.head + len(frames))
        self.frames[numbers % self.capacity] = frames
        self.head += len(frames)
        return self.head - 1
