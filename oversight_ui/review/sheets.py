"""Draws what is laid over the window: the help, and the question for a reason."""

from __future__ import annotations

from oversight_ui.layout import Box
from oversight_ui.paint import AMBER, CARD, DIM, GREY, INK, Brush
from oversight_ui.review.keys import GROUPS, HelpRow, ReviewKeys
from oversight_ui.review.layout import ReviewLayout
from oversight_ui.review.state import REASONS, Mode, State

__all__ = ["draw_sheet"]

Groups = list[tuple[str, tuple[HelpRow, ...]]]

COLUMNS = (2, 2)
"""How many of the help's groups stand in each column."""


def draw_sheet(brush: Brush, layout: ReviewLayout, state: State) -> None:
    """Draw what belongs over the mode; nothing while the log is watched."""
    if state.mode is Mode.HELP:
        _help(brush, layout, state.keys)
    elif state.mode is Mode.REASON:
        _reason(brush, layout, state)


def _sheet(brush: Brush, layout: ReviewLayout, w: int, h: int) -> Box:
    brush.veil(220)
    wide, tall = brush.surface.get_size()
    box = Box((wide - w) // 2, (tall - h) // 2, w, h)
    brush.fill(box, CARD, round(12 * layout.unit))
    brush.outline(box, GREY, max(2, round(2 * layout.unit)), round(12 * layout.unit))
    return box.inset(round(24 * layout.unit), round(14 * layout.unit))


def _help(brush: Brush, layout: ReviewLayout, keys: ReviewKeys) -> None:
    wide, tall = brush.surface.get_size()
    margin = round(16 * layout.unit)
    box = _sheet(brush, layout, wide - 2 * margin, tall - 2 * margin)
    foot = round(28 * layout.words)
    rest = Box(box.x, box.y, box.w, box.h - foot)
    groups = list(GROUPS.items())
    tall = rest.h // max(_lines(groups[:2]), _lines(groups[2:]))
    tall = min(tall, round(36 * layout.words))
    for column, count in zip(rest.columns((1, 1), round(20 * layout.unit)), COLUMNS, strict=True):
        mine, groups = groups[:count], groups[count:]
        _groups(brush, layout, column, mine, tall, keys)
    words = "Every label is in the log as soon as you give it. Any key leaves this page."
    brush.text(words, Box(box.x, rest.bottom, box.w, foot), 24 * layout.words, AMBER)


def _lines(groups: Groups) -> int:
    return sum(1 + len(rows) for _, rows in groups)


def _groups(
    brush: Brush, layout: ReviewLayout, box: Box, groups: Groups, tall: int, keys: ReviewKeys
) -> None:
    size = 24 * layout.words
    y = box.y
    for title, rows in groups:
        brush.text(title, Box(box.x, y, box.w, tall), size, AMBER)
        y += tall
        for row in rows:
            cap, words = Box(box.x, y, box.w, tall).columns((3, 5), round(12 * layout.unit))
            labels = "  ".join(keys.label(command) for command in row.commands)
            cap = cap.inset(0, 1)
            brush.fill(cap, GREY, round(4 * layout.unit))
            brush.text(labels, cap.inset(round(4 * layout.unit), 0), size, INK, "centre")
            brush.text(row.words, words, size, INK)
            y += tall


def _reason(brush: Brush, layout: ReviewLayout, state: State) -> None:
    line = round(36 * layout.words)
    wide = min(round(760 * layout.words), brush.surface.get_width() - round(20 * layout.unit))
    box = _sheet(brush, layout, wide, (len(REASONS) + 3) * line + round(28 * layout.unit))
    rows = box.rows([1] * (len(REASONS) + 3))
    size = 30 * layout.words
    brush.text("Why? This goes into the log with your labels.", rows[0], size, AMBER)
    for number, (reason, row) in enumerate(zip(REASONS, rows[1:], strict=False), start=1):
        cap, words = row.columns((1, 12), round(12 * layout.unit))
        cap = cap.inset(0, 2)
        brush.fill(cap, GREY, round(4 * layout.unit))
        brush.text(str(number), cap, size, INK, "centre")
        brush.text(reason, words, size, INK)
    field = rows[-2].inset(0, 2)
    brush.outline(field, INK, max(1, round(2 * layout.unit)))
    typed = state.draft or "or type your own"
    colour = INK if state.draft else DIM
    brush.text(f"{typed}{'_' if state.draft else ''}", field.inset(8, 2), size, colour)
    brush.text("ENTER takes it, ESC leaves the old one", rows[-1], 24 * layout.words, DIM)
