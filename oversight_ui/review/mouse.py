"""What the mouse means: pure functions from a place in the window to an event."""

from __future__ import annotations

from enum import StrEnum

from oversight_ui.layout import Box
from oversight_ui.review.layout import ReviewLayout, list_rows
from oversight_ui.review.panels import first_shown
from oversight_ui.review.sight import BUTTON_ROW, BUTTON_SHARES
from oversight_ui.review.state import Event, Mode, Panel, Press, Seek, Show, State
from oversight_ui.review.timeline import row_at

__all__ = ["Lane", "dragged", "lane_at", "pressed"]


class Lane(StrEnum):
    """The timelines that the mouse can drag along."""

    WHOLE = "whole"
    NEAR = "near"


def lane_at(layout: ReviewLayout, x: int, y: int) -> Lane | None:
    """The timeline under the mouse, if any."""
    if _inside(layout.overview, x, y):
        return Lane.WHOLE
    return Lane.NEAR if _inside(layout.near, x, y) else None


def dragged(layout: ReviewLayout, state: State, lane: Lane, x: int, *, spanning: bool) -> Seek:
    """The step that the mouse drags to; beyond a timeline's end the last one there."""
    total = len(state.tape)
    if lane is Lane.WHOLE:
        return Seek(row_at(x, layout.overview, 0, max(1, total), total), spanning)
    return Seek(row_at(x, layout.near, state.left, state.zoom, total), spanning)


def pressed(layout: ReviewLayout, state: State, x: int, y: int, *, spanning: bool) -> Event | None:
    """What a click asks for; None for nothing.

    Args:
        layout: of the window.
        state: the session.
        x: column of the mouse, pixels.
        y: row of the mouse, pixels.
        spanning: shift is held, so that a span is meant.
    """
    if state.mode is not Mode.WATCH:
        return Press(None) if state.mode is Mode.HELP else None
    lane = lane_at(layout, x, y)
    if lane is not None:
        return dragged(layout, state, lane, x, spanning=spanning)
    for (command, _), box in zip(BUTTON_ROW, layout.buttons.columns(BUTTON_SHARES), strict=True):
        if _inside(box, x, y):
            return Press(command)
    for panel, box in zip(Panel, layout.tabs.columns((1, 1.3, 1)), strict=True):
        if _inside(box, x, y):
            return Show(panel)
    return _queued(layout, state, x, y)


def _queued(layout: ReviewLayout, state: State, x: int, y: int) -> Seek | None:
    """The queue's entry under the mouse."""
    if state.panel is not Panel.QUEUE or state.blind:
        return None
    rows = list_rows(layout)
    first = first_shown(state, len(rows))
    for place, box in enumerate(rows[1:], start=first):
        if _inside(box, x, y) and place < len(state.tape.queue):
            return Seek(state.tape.queue[place].row, queued=place)
    return None


def _inside(box: Box, x: int, y: int) -> bool:
    return box.x <= x < box.right and box.y <= y < box.bottom
