"""Draws a review; decides nothing."""

from __future__ import annotations

import numpy as np
import pygame
from numpy.typing import NDArray

from oversight_ui.layout import Box, zone_box
from oversight_ui.paint import AMBER, BACK, DIM, GREY, INK, STOP, ZONE, Brush
from oversight_ui.review.cards import draw_cards, draw_head
from oversight_ui.review.keys import Action
from oversight_ui.review.lanes import draw_lanes
from oversight_ui.review.layout import CLIP_SIZE, ReviewLayout, lay_out_review
from oversight_ui.review.panels import draw_panel
from oversight_ui.review.sheets import draw_sheet
from oversight_ui.review.sight import BUTTON_ROW, BUTTON_SHARES, Sight, button_words

__all__ = ["NATIVE_SIZE", "draw_clip", "draw_review", "picture_size"]

NATIVE_SIZE = (210, 160)
"""The Atari's screen, height and width: holds the field's place where no screen was kept."""


def draw_review(brush: Brush, surface: pygame.Surface, sight: Sight) -> None:
    """Draw everything on a surface of any size."""
    brush.surface = surface
    surface.fill(BACK)
    layout = lay_out_review(*surface.get_size(), picture_size(sight), sight.text)
    draw_head(brush, layout, sight)
    _field(brush, layout, sight)
    draw_cards(brush, layout, sight)
    draw_panel(brush, layout, sight)
    _buttons(brush, layout, sight)
    draw_lanes(brush, layout, sight)
    draw_sheet(brush, layout, sight.state)


def draw_clip(brush: Brush, sight: Sight) -> NDArray[np.uint8]:
    """Draw a clip's frame: the game with its zone, the cards of the step, the timelines.

    Needs no display.

    Returns:
        uint8 (h, w, 3), of `CLIP_SIZE`.
    """
    pygame.font.init()
    surface = brush.surface = pygame.Surface(CLIP_SIZE)
    surface.fill(BACK)
    layout = lay_out_review(*CLIP_SIZE, picture_size(sight), clip=True)
    draw_head(brush, layout, sight)
    _field(brush, layout, sight)
    draw_cards(brush, layout, sight)
    draw_lanes(brush, layout, sight)
    return np.ascontiguousarray(pygame.surfarray.array3d(surface).swapaxes(0, 1))


def picture_size(sight: Sight) -> tuple[int, int]:
    """Height and width of the screen that is drawn."""
    return NATIVE_SIZE if sight.rgb is None else (sight.rgb.shape[0], sight.rgb.shape[1])


def _field(brush: Brush, layout: ReviewLayout, sight: Sight) -> None:
    state, unit = sight.state, layout.unit
    blocked = len(state.tape) > 0 and bool(state.tape.recording.steps.blocked[state.at])
    brush.fill(layout.frame, STOP if blocked and not state.blind else GREY)
    brush.fill(layout.field, (0, 0, 0))
    if sight.rgb is None:
        brush.text("no screen was kept", layout.field.inset(8), 26 * layout.words, DIM, "centre")
        return
    height, width = sight.rgb.shape[:2]
    image = pygame.image.frombuffer(sight.rgb.tobytes(), (width, height), "RGB")
    target = (layout.field.w, layout.field.h)
    brush.surface.blit(pygame.transform.scale(image, target), (layout.field.x, layout.field.y))
    zone = sight.game.zone
    if zone is not None:
        rows, columns = (zone.top, zone.bottom), (zone.left, zone.right)
        box = zone_box(layout.field, (height, width), rows, columns)
        brush.hatch(box, ZONE, max(8, round(24 * unit)), max(1, round(2 * unit)))
    if blocked and not state.blind:
        side = max(18, round(44 * unit))
        mark = Box(layout.field.right - side - 4, layout.field.y + 4, side, side)
        brush.fill(mark, STOP, round(6 * unit))
        brush.cross(mark, INK)


def _buttons(brush: Brush, layout: ReviewLayout, sight: Sight) -> None:
    state = sight.state
    boxes = layout.buttons.columns(BUTTON_SHARES, round(6 * layout.unit))
    for (command, usual), box in zip(BUTTON_ROW, boxes, strict=True):
        on = command.action is Action.PLAY and state.direction != 0
        on = on or (command.action is Action.SPAN and state.anchor is not None)
        brush.fill(box, AMBER if on else GREY, round(6 * layout.unit))
        word, key = button_words(state, command, usual)
        inside = box.inset(round(6 * layout.unit), round(2 * layout.unit))
        left, right = inside.columns((len(word) + 1, len(key) + 1))
        brush.text(word, left, 24 * layout.words, BACK if on else INK)
        brush.text(key, right, 24 * layout.words, BACK if on else DIM, "right")
