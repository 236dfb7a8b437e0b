"""All that the window draws at one moment: plain data."""

from __future__ import annotations

from dataclasses import dataclass

from oversight.game import Game
from oversight_ui.keymap import KeyMap
from oversight_ui.messages import Film, HeatMap, Pixels, Scene
from oversight_ui.state import State
from oversight_ui.steps import Past

__all__ = ["Picture"]


@dataclass(frozen=True)
class Picture:
    """All that is drawn.

    Attributes:
        state: the session.
        game: its names, arrows, zone.
        phase: name of the run's phase.
        banner: who oversees, if not the person at the window.
        scene: the step on the screen, if any.
        past: the last decisions, oldest first: the person's, or those of the overseer watched.
        waited: seconds since the run last sent a step.
        keys: the key map, for the hints.
        text: how many times as large as usual small words are.
        film: the next second, once the run has sent it.
        heat: where the Blocker looks, likewise.
        opening: a screen of the game, to explain the task by.
        word: the window's own word about something, such as a screenshot; may be empty.
    """

    state: State
    game: Game
    phase: str
    banner: str
    scene: Scene | None
    past: tuple[Past, ...]
    waited: float
    keys: KeyMap
    text: float = 1.0
    film: Film | None = None
    heat: HeatMap | None = None
    opening: Pixels | None = None
    word: str = ""
