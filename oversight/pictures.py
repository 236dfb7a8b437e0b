"""What ale-py's pictures of several games tell: colours, brightness, the agents' small view."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from oversight.atari import SIDE
from oversight.errors import OversightError
from oversight.game import Game
from oversight.palette import PALETTE_GREY, from_rgb

__all__ = ["Pictures", "small"]

UNKNOWN = 1
"""Stands for a brightness that the game's colours do not have; palette indices are even."""


class Pictures:
    """Reads ale-py's pictures, in brightness where that is enough to tell the game's colours.

    Attributes:
        grey: whether ale-py is to deliver brightness (half the time), or colours.
    """

    def __init__(self, game: Game, *, colours: bool) -> None:
        """Know which brightness is which colour.

        Args:
            game: whose `Game.colours` count.
            colours: tell true palette indices. False: any of the right brightness.

        Raises:
            ValueError: two of the game's colours are of the same brightness.
        """
        self.game = game
        self.grey = not colours or bool(game.colours)
        self._to_index = _index_of_grey(game.colours) if colours else _any_index_of_grey()

    def indices(self, came: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Palette indices of ale-py's pictures: (games, 1, 210, 160[, 3]) to (games, 210, 160)."""
        if not self.grey:
            return from_rgb(came[:, 0])
        indices = np.asarray(cv2.LUT(_below(came), self._to_index), np.uint8)
        return indices.reshape(len(came), 210, 160)

    def known(self, indices: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The same palette indices.

        Raises:
            OversightError: one is of a colour that the game is not said to have.
        """
        if self.grey and cv2.inRange(_below(indices), UNKNOWN, UNKNOWN).any():
            raise OversightError(
                f"{self.game.name} shows a colour that is none of the {len(self.game.colours)} "
                "that its `Game.colours` tells of: mend them, or leave them empty"
            )
        return indices

    def brightness(
        self, came: NDArray[np.uint8], indices: NDArray[np.uint8] | None = None
    ) -> NDArray[np.uint8]:
        """Brightness of ale-py's pictures, one game under another: (games * 210, 160).

        Args:
            came: the pictures.
            indices: their palette indices, if they are known by now.
        """
        if self.grey:
            return _below(came)
        known = self.indices(came) if indices is None else indices
        return np.asarray(cv2.LUT(_below(known), PALETTE_GREY), np.uint8)


def small(before: NDArray[np.uint8], last: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The brighter of two frames of each game as an agent sees them: (games, SIDE, SIDE).

    All in one call, on all cores: 210 rows are 84 times 2.5, so that no cell of the mean reaches
    into the next game's screen.

    Args:
        before: brightness, one game under another: (games * 210, 160).
        last: the same of the frame that followed.
    """
    games = len(last) // 210
    size = SIDE, SIDE * games
    resized = cv2.resize(cv2.max(before, last), size, interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.uint8).reshape(games, SIDE, SIDE)


def _below(screens: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One game's screen under another: (games * 210, 160)."""
    return screens.reshape(-1, screens.shape[-1])


def _index_of_grey(colours: tuple[int, ...]) -> NDArray[np.uint8]:
    """For each brightness the one colour that has it; `UNKNOWN` where there is none."""
    bright = PALETTE_GREY[list(colours)]
    if len(set(bright.tolist())) != len(colours):
        raise ValueError(f"expected colours that differ in brightness, got {colours}")
    table = np.full(256, UNKNOWN, np.uint8)
    table[bright] = colours
    return table


def _any_index_of_grey() -> NDArray[np.uint8]:
    """A palette index for each brightness, so that `PALETTE_GREY` of it gives that brightness."""
    table = np.zeros(256, np.uint8)
    table[PALETTE_GREY[::2]] = np.arange(0, 256, 2, dtype=np.uint8)
    return table
