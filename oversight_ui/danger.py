"""Shows the overseer where harm is: the zone that the game has, and things that move about."""

from __future__ import annotations

from oversight.game import Game, Zone
from oversight_ui.layout import Box, zone_box
from oversight_ui.messages import Pixels
from oversight_ui.paint import ZONE, Brush
from oversight_ui.threats import threat_zones

__all__ = ["draw_danger"]


def draw_danger(
    brush: Brush, field: Box, game: Game, pixels: Pixels | None, unit: float, *, hatched: bool
) -> None:
    """Outline it on the field; the zone may be hatched, what moves must stay visible.

    Args:
        brush: draws.
        field: where the game's picture is.
        game: knows its zone and its threats.
        pixels: the game's picture; None while there is none.
        unit: how many pixels a pixel of the 1280x720 design is.
        hatched: with lines across the zone.
    """
    size = (210, 160) if pixels is None else (pixels.height, pixels.width)
    if game.zone is not None:
        box = _on(field, size, game.zone)
        if hatched:
            brush.hatch(box, ZONE, max(8, round(24 * unit)), max(2, round(3 * unit)))
        else:
            brush.outline(box, ZONE, max(2, round(3 * unit)))
    if game.threats is not None and pixels is not None:
        for zone in threat_zones(pixels, game.threats):
            brush.outline(_on(field, size, zone), ZONE, max(3, round(5 * unit)))


def _on(field: Box, size: tuple[int, int], zone: Zone) -> Box:
    return zone_box(field, size, (zone.top, zone.bottom), (zone.left, zone.right))
