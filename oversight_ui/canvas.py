"""Draws a session again and again: the whole of it only where more than the clock has changed."""

from __future__ import annotations

from dataclasses import replace

import pygame

from oversight_ui.layout import Box
from oversight_ui.paint import Brush
from oversight_ui.picture import Picture
from oversight_ui.state import State
from oversight_ui.view import COVERED, draw, draw_clock, layout_of, timed_words

__all__ = ["Canvas"]


class Canvas:
    """Remembers what it has drawn, so that sixty pictures a second cost little.

    A key that comes while a picture is being drawn waits for it, and the learner wants the same
    cores. Between two steps most pictures differ from the last one by the clock alone.
    """

    def __init__(self) -> None:
        self._brush = Brush()
        self._drawn: tuple[pygame.Surface, tuple[int, int], Picture, tuple[object, ...]] | None = (
            None
        )

    def draw(self, surface: pygame.Surface, picture: Picture) -> Box | None:
        """Bring a surface up to date.

        Args:
            surface: the one of the last call, as that left it; or another, which is drawn anew.
            picture: what is to be on it.

        Returns:
            The part that may have changed; None for all of it.
        """
        still = replace(picture, state=_still(picture.state), waited=0.0)
        now = (surface, surface.get_size(), still, timed_words(picture))
        before, self._drawn = self._drawn, now
        if before is None or before[0] is not surface or before[1:] != now[1:]:
            draw(self._brush, surface, picture)
            return None
        layout = layout_of(surface, picture)
        if picture.state.mode not in COVERED:
            draw_clock(self._brush, layout, picture)
        return layout.clock


def _still(state: State) -> State:
    """The same without what time alone has changed."""
    pending = state.pending
    still = None if pending is None else replace(pending, attention=0.0, clock_from=0.0)
    return replace(state, now=0.0, last_input=0.0, pending=still)
