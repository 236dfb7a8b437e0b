"""Draws the cards: two screens each, their names, and the mark."""

from __future__ import annotations

from typing import Final, Literal

from oversight_ui.layout import Box
from oversight_ui.naming.layout import Card, NamingLayout, Way
from oversight_ui.naming.sight import Enlarger, Sight, shows_before
from oversight_ui.paint import AMBER, BACK, CARD, DIM, GREY, INK, STOP, Brush, Colour

__all__ = ["draw_cards"]

_BAD_CARD: Final[Colour] = (84, 26, 28)


def draw_cards(brush: Brush, enlarger: Enlarger, layout: NamingLayout, sight: Sight) -> None:
    """Draw all cards, or the cursor's alone where the layout has but one place for it."""
    state = sight.state
    for place, card in enumerate(layout.cards):
        at = state.cursor if state.closer else place
        _card(brush, layout, card, sight, at)
        _screens(brush, enlarger, layout, card, sight, at)


def _card(brush: Brush, layout: NamingLayout, card: Card, sight: Sight, place: int) -> None:
    unit, size = layout.unit, 22 * layout.small
    thick, radius = max(3, round(5 * unit)), round(5 * unit)
    marked = sight.state.marked[place]
    if place == sight.state.cursor:
        brush.outline(card.frame.inset(-max(2, round(3 * unit))), INK, max(2, round(3 * unit)))
    brush.fill(card.frame, _BAD_CARD if marked else CARD)
    brush.outline(card.frame, STOP if marked else GREY, thick if marked else 1)
    brush.fill(card.number, STOP if marked else GREY, radius)
    brush.text(str(place + 1), card.number.inset(2, 0), size * 1.1, INK, "centre")
    if sight.sheet.pairs[place].over:
        brush.fill(card.over, AMBER, radius)
        brush.text("GAME OVER", card.over.inset(round(4 * unit), 1), size * 0.9, BACK, "centre")
    if marked:
        _bad(brush, card.bad, unit, size)


def _bad(brush: Brush, box: Box, unit: float, size: float) -> None:
    """A red cross and a word: the frame's colour alone is not seen by every eye."""
    brush.fill(box, INK, round(5 * unit))
    cross = Box(box.x + round(2 * unit), box.y, box.h, box.h)
    brush.cross(cross, STOP)
    rest = Box(cross.right, box.y, box.right - cross.right - round(3 * unit), box.h)
    brush.text("BAD", rest, size * 1.1, STOP, "centre")


def _screens(
    brush: Brush,
    enlarger: Enlarger,
    layout: NamingLayout,
    card: Card,
    sight: Sight,
    place: int,
) -> None:
    instead = shows_before(sight.state)
    earlier = (instead,) if layout.way is Way.ONE else (True, instead)
    for box, label, before in zip(card.pictures, card.labels, earlier, strict=True):
        size = box.h, box.w
        brush.picture(enlarger.picture(sight, place, size, before=before), size, box)
        # What stands where it does not belong says so by its colour, too.
        swapped = before and instead and layout.way is not Way.ONE and box is card.pictures[-1]
        colour = AMBER if swapped else DIM if before else INK
        align: Literal["left", "right"] = "right" if layout.way is Way.STACK else "left"
        brush.text("before" if before else "now", label, 22 * layout.small, colour, align)
