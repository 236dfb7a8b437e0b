"""Draws a sheet; decides nothing."""

from __future__ import annotations

import pygame

from oversight_ui.layout import Box
from oversight_ui.naming.cards import draw_cards
from oversight_ui.naming.covers import draw_cover, draw_words
from oversight_ui.naming.keys import HINTS
from oversight_ui.naming.layout import NamingLayout, lay_out_naming
from oversight_ui.naming.sight import Enlarger, Sight
from oversight_ui.paint import AMBER, BACK, DIM, GOOD, GREY, INK, Brush

__all__ = ["draw_sheet", "draw_wait", "layout_of"]


def layout_of(surface: pygame.Surface, sight: Sight) -> NamingLayout:
    """Where everything of a sheet goes on a surface."""
    count = 1 if sight.state.closer else len(sight.sheet.pairs)
    blink = sight.state.blink
    return lay_out_naming(*surface.get_size(), sight.part.size, count, sight.text, blink=blink)


def draw_sheet(
    brush: Brush, enlarger: Enlarger, surface: pygame.Surface, sight: Sight
) -> NamingLayout:
    """Draw everything on a surface of any size; returns where it went."""
    brush.surface = surface
    surface.fill(BACK)
    layout = layout_of(surface, sight)
    if sight.state.looking:
        _head(brush, layout, sight)
        draw_cards(brush, enlarger, layout, sight)
        _keys(brush, layout, sight.word)
    draw_cover(brush, layout, sight)
    return layout


def draw_wait(brush: Brush, surface: pygame.Surface, words: str, text: float) -> None:
    """Draw that the person has to wait, and for what."""
    brush.surface = surface
    unit = min(surface.get_width() / 1280, surface.get_height() / 720)
    draw_words(brush, unit, unit * text, words, "The clock stands.")


def _head(brush: Brush, layout: NamingLayout, sight: Sight) -> None:
    sheet, state = sight.sheet, sight.state
    size = 26 * layout.words
    brush.paragraphs([(sight.question, INK)], layout.question, 34 * layout.words)
    marked = sum(state.marked)
    words = f"sheet {sheet.number}: {marked} of {len(sheet.pairs)} marked"
    brush.text(words, layout.count, size, INK if marked else DIM, "right")
    spent = sheet.seconds + state.clock.seconds
    words = f"{spent / 60:.1f} of {sheet.allowed / 60:.0f} min"
    brush.text(words, layout.minutes, size, DIM, "right")
    brush.fill(layout.bar, GREY)
    share = min(1.0, spent / sheet.allowed) if sheet.allowed > 0 else 1.0
    if wide := round(layout.bar.w * share):
        done = Box(layout.bar.x, layout.bar.y, wide, layout.bar.h)
        brush.fill(done, AMBER if share >= 1.0 else GOOD)


def _keys(brush: Brush, layout: NamingLayout, word: str) -> None:
    """As many keys as have room, the most needed first; or the window's own word."""
    box, size = layout.keys, 24 * layout.words
    if word:
        brush.text(word, box, size, AMBER)
        return
    font, pad, x = brush.font(round(size)), round(7 * layout.words), box.x
    for key, does in HINTS:
        wide, rest = font.size(key)[0] + 2 * pad, font.size(does)[0]
        if x + wide + pad + rest > box.right:
            continue
        cap = Box(x, box.y + 1, wide, box.h - 2)
        brush.fill(cap, GREY, round(4 * layout.unit))
        brush.text(key, cap.inset(2, 0), size, INK, "centre")
        brush.text(does, Box(cap.right + pad, box.y, rest, box.h), size, DIM)
        x = cap.right + pad + rest + round(14 * layout.words)
