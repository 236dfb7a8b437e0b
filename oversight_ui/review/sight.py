"""What the review window draws, gathered in one place: plain data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oversight.game import Game
from oversight.log import SAFE, UNSAFE, UNSURE
from oversight_ui.paint import AMBER, GOOD, STOP, Colour
from oversight_ui.review.keys import Action, Command, ReviewKeys
from oversight_ui.review.recording import Said
from oversight_ui.review.state import State

__all__ = ["BUTTON_ROW", "BUTTON_SHARES", "LABEL_COLOURS", "LABEL_NAMES", "Sight", "button_words"]

LABEL_NAMES = {SAFE: "SAFE", UNSAFE: "UNSAFE", UNSURE: "NOT SURE"}
LABEL_COLOURS: dict[int, Colour] = {SAFE: GOOD, UNSAFE: STOP, UNSURE: AMBER}
"""Beside the colour, each label has its own height and mark, for eyes without colour vision."""

BUTTON_ROW = (
    (Command(Action.STEP_BACK), "STEP"),
    (Command(Action.PLAY), "PLAY"),
    (Command(Action.STEP), "STEP"),
    (Command(Action.SPAN), "SPAN"),
    (Command(Action.SAFE), "SAFE"),
    (Command(Action.UNSAFE), "UNSAFE"),
    (Command(Action.UNSURE), "NOT SURE"),
    (Command(Action.UNDO), "UNDO"),
    (Command(Action.NEXT_USEFUL), "QUEUE"),
)
"""For the mouse, from left to right."""

BUTTON_SHARES = tuple(
    max(5, len(word)) + len(ReviewKeys().label(command)) + 3 for command, word in BUTTON_ROW
)
"""Of the row's width."""


@dataclass(frozen=True)
class Sight:
    """All that is drawn.

    Attributes:
        state: the session.
        game: its names, arrows, zone.
        name: of the log, as people read it.
        rgb: uint8 (h, w, 3), the screen of the step shown; None if it was not kept.
        words: the later words on the step shown, oldest first.
        running: a run writes the log.
        text: size of the words, times their usual one.
        clip: drawn for a clip, where nobody presses keys.
    """

    state: State
    game: Game
    name: str
    rgb: NDArray[np.uint8] | None
    words: tuple[Said, ...] = ()
    running: bool = False
    text: float = 1.0
    clip: bool = False


def button_words(state: State, command: Command, word: str) -> tuple[str, str]:
    """What stands on a button, and its key."""
    if command.action is Action.PLAY:
        word = "PLAY" if state.direction == 0 else "PAUSE"
    if command.action is Action.SPAN and state.anchor is not None:
        word = "CLEAR"
    return word, state.keys.label(command)
