"""Draws what is laid over the cards: help, pause, no keyboard, the question whether to leave."""

from __future__ import annotations

from oversight_ui.layout import Box
from oversight_ui.naming.keys import HELP
from oversight_ui.naming.layout import NamingLayout
from oversight_ui.naming.sight import Sight
from oversight_ui.naming.state import Mode
from oversight_ui.paint import AMBER, BACK, CARD, DIM, GREY, INK, Brush

__all__ = ["draw_cover", "draw_words"]


def draw_cover(brush: Brush, layout: NamingLayout, sight: Sight) -> None:
    """Draw what belongs over the cards; nothing while they are marked.

    The cards do not shine through: while the clock stands nobody judges.
    """
    state = sight.state
    if state.looking:
        return
    if state.mode is Mode.HELP:
        _help(brush, layout, sight)
    elif state.mode is Mode.PAUSE:
        draw_words(brush, layout.unit, layout.words, "PAUSE", "Any key goes on. The clock stands.")
    elif state.mode is Mode.LEAVING:
        line = "Q once more leaves; this sheet is then not answered. Any other key goes back."
        draw_words(brush, layout.unit, layout.words, "LEAVE?", line)
    else:
        line = "This window has lost the keyboard. Click here to go on. The clock stands."
        draw_words(brush, layout.unit, layout.words, "STOPPED", line)


def draw_words(brush: Brush, unit: float, words: float, title: str, line: str) -> None:
    """A title and a line in the middle of an empty window."""
    brush.surface.fill(BACK)
    wide, tall = brush.surface.get_size()
    w, h = min(wide - 8, round(900 * words)), min(tall - 8, round(200 * words))
    box = _sheet(brush, Box((wide - w) // 2, (tall - h) // 2, w, h), unit)
    upper, lower = box.rows((3, 2))
    brush.text(title, upper, 72 * words, AMBER, "centre")
    brush.text(line, lower, 32 * words, INK, "centre")


def _sheet(brush: Brush, box: Box, unit: float) -> Box:
    radius = round(12 * unit)
    brush.fill(box, CARD, radius)
    brush.outline(box, GREY, max(2, round(2 * unit)), radius)
    return box.inset(round(24 * unit), round(14 * unit))


def _help(brush: Brush, layout: NamingLayout, sight: Sight) -> None:
    brush.surface.fill(BACK)
    wide, tall = brush.surface.get_size()
    margin = round(12 * layout.unit)
    page = Box(margin, margin, wide - 2 * margin, tall - 2 * margin)
    box = _sheet(brush, page, layout.unit)
    rows = box.rows([1.3] + [1.0] * (len(HELP) + 1), round(5 * layout.unit))
    size = 30 * layout.words
    brush.text(sight.question, rows[0], size * 1.2, AMBER)
    for (keys, words), row in zip(HELP, rows[1:-1], strict=True):
        cap, rest = row.columns((2, 7), round(14 * layout.unit))
        brush.fill(cap, GREY, round(5 * layout.unit))
        brush.text(keys, cap.inset(round(6 * layout.unit), 1), size, INK, "centre")
        brush.text(words, rest, size, INK)
    brush.text("The clock stands. Any key leaves this page.", rows[-1], size, DIM)
