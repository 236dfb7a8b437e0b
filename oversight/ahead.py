"""What the next second looks like, played on the game itself, which is then put back."""

from __future__ import annotations

from collections.abc import Sequence

from oversight.atari import AtariGame
from oversight.types import Screen

__all__ = ["FRAMES_A_SECOND", "next_second"]

FRAMES_A_SECOND = 60


def next_second(game: AtariGame, actions: Sequence[int]) -> list[list[Screen]]:
    """Screens of the next second under each of some actions, each held all along.

    Afterwards the game is where it was, random numbers included.

    Args:
        game: in the state to look ahead from.
        actions: one future for each.

    Returns:
        For each action one screen an agent step, the present one first; fewer where the game
        ends before.
    """
    steps = max(1, round(FRAMES_A_SECOND / game.game.frameskip))
    moment = game.snapshot()
    futures = []
    for action in actions:
        screens: list[Screen] = [game.screen().copy()]
        for _ in range(steps):
            ended = game.step(action)[2]
            screens.append(game.screen().copy())
            if ended:
                break
        futures.append(screens)
        game.restore(moment)
    return futures
