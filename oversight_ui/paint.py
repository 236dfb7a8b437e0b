"""Brushes: text that always fits its box, arrows, hatching, marks that need no colour vision."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import pygame

from oversight_ui.layout import Box

__all__ = ["AMBER", "BACK", "CARD", "DIM", "GOOD", "GREY", "INK", "STOP", "ZONE", "Brush", "Colour"]

Colour = tuple[int, int, int]
Align = Literal["left", "centre", "right"]

BACK: Final[Colour] = (13, 17, 23)
CARD: Final[Colour] = (27, 34, 44)
GREY: Final[Colour] = (62, 73, 88)
DIM: Final[Colour] = (158, 170, 186)
INK: Final[Colour] = (240, 244, 250)
AMBER: Final[Colour] = (255, 190, 60)
STOP: Final[Colour] = (222, 60, 50)
ZONE: Final[Colour] = (255, 84, 72)
GOOD: Final[Colour] = (52, 150, 200)
LATER: Final[Colour] = (150, 84, 16)
"""Of a label that came later than its step: amber, dark enough for light words."""

_SMALLEST = 9
_TEXTS_KEPT = 400


class Brush:
    """Draws on one surface; keeps the fonts and the texts that it drew lately."""

    def __init__(self) -> None:
        self.surface = pygame.Surface((1, 1))
        self._fonts: dict[int, pygame.font.Font] = {}
        self._texts: OrderedDict[tuple[str, int, Colour], pygame.Surface] = OrderedDict()

    def font(self, size: int) -> pygame.font.Font:
        """Pygame's own font, so that no machine looks different; `size` in pixels."""
        if size not in self._fonts:
            self._fonts[size] = pygame.font.Font(None, size)
        return self._fonts[size]

    def fitting_size(self, text: str, box: Box, largest: int) -> int:
        """The largest size in which a line fits the box, not above `largest`."""
        size = largest
        while size > _SMALLEST:
            w, h = self.font(size).size(text)
            if w <= box.w and h <= box.h:
                break
            size -= max(1, size // 16)
        return max(size, _SMALLEST)

    def picture(self, data: bytes, size: tuple[int, int], box: Box) -> None:
        """A picture of `size` (height, width), three bytes a pixel, stretched to the box."""
        image = pygame.image.frombuffer(data, (size[1], size[0]), "RGB")
        self.surface.blit(pygame.transform.scale(image, (box.w, box.h)), (box.x, box.y))

    def glow(self, data: bytes, size: tuple[int, int], box: Box) -> None:
        """Light up a box by a map of `size` (height, width), one byte a pixel.

        At most half of full brightness is added, so that what is lit can still be seen.
        """
        levels = np.frombuffer(data, np.uint8).reshape(size) // 2
        colours = np.zeros((*size, 3), np.uint8)
        colours[..., 0] = levels
        colours[..., 1] = levels // 3
        colours[..., 2] = levels
        image = pygame.image.frombuffer(colours.tobytes(), (size[1], size[0]), "RGB")
        scaled = pygame.transform.smoothscale(image, (box.w, box.h))
        self.surface.blit(scaled, (box.x, box.y), special_flags=pygame.BLEND_RGB_ADD)

    def text(
        self,
        text: str,
        box: Box,
        size: float,
        colour: Colour = INK,
        align: Align = "left",
    ) -> None:
        """One line inside the box, in the middle of its height, smaller if it would not fit."""
        shape = self._rendered(text, self.fitting_size(text, box, round(size)), colour)
        w, h = shape.get_size()
        shift = {"left": 0, "centre": (box.w - w) // 2, "right": box.w - w}[align]
        self.surface.blit(shape, (box.x + shift, box.y + (box.h - h) // 2))

    def paragraphs(
        self, paragraphs: Sequence[tuple[str, Colour]], box: Box, largest: float
    ) -> None:
        """Paragraphs broken at spaces, from the top of the box, smaller if they would not fit.

        Args:
            paragraphs: each with its colour.
            box: all of them stay inside it.
            largest: size of the words, pixels, if they fit.
        """
        size = round(largest)
        while size > _SMALLEST and not self._fit(paragraphs, box, size):
            size -= 1
        font, y = self.font(size), box.y
        for words, colour in paragraphs:
            for line in _broken(words, font, box.w):
                row = Box(box.x, y, box.w, font.get_linesize())
                self.text(line, row, size, colour)
                y = row.bottom
            y += size // 4

    def _fit(self, paragraphs: Sequence[tuple[str, Colour]], box: Box, size: int) -> bool:
        font = self.font(size)
        lines = [_broken(words, font, box.w) for words, _ in paragraphs]
        tall = sum(map(len, lines)) * font.get_linesize() + (len(lines) - 1) * (size // 4)
        return tall <= box.h and all(font.size(line)[0] <= box.w for part in lines for line in part)

    def fill(self, box: Box, colour: Colour, radius: int = 0) -> None:
        """A filled rectangle."""
        pygame.draw.rect(self.surface, colour, _rect(box), border_radius=radius)

    def outline(self, box: Box, colour: Colour, width: int, radius: int = 0) -> None:
        """A rectangle's border, drawn inside it."""
        pygame.draw.rect(self.surface, colour, _rect(box), width=width, border_radius=radius)

    def hatch(self, box: Box, colour: Colour, spacing: int, width: int) -> None:
        """Diagonal lines, clipped to the box, and its outline; what lies below stays visible."""
        before = self.surface.get_clip()
        self.surface.set_clip(_rect(box).clip(before))
        for start in range(box.x - box.h, box.right, spacing):
            ends = (start, box.bottom), (start + box.h, box.y)
            pygame.draw.line(self.surface, colour, *ends, width)
        self.surface.set_clip(before)
        self.outline(box, colour, width + 2)

    def veil(self, strength: int) -> None:
        """Darken everything that was drawn; 0 leaves it, 255 makes it black."""
        veil = pygame.Surface(self.surface.get_size())
        veil.fill(BACK)
        veil.set_alpha(strength)
        self.surface.blit(veil, (0, 0))

    def arrow(self, box: Box, direction: tuple[int, int], colour: Colour) -> None:
        """A big arrow in the middle of the box; a ring with a bar where nothing moves.

        Args:
            box: where.
            direction: (right, down), each in {-1, 0, 1}.
            colour: its colour.
        """
        centre, reach = _middle(box), min(box.w, box.h) / 2
        if direction == (0, 0):
            thick = max(3, round(reach * 0.16))
            pygame.draw.circle(self.surface, colour, centre, reach * 0.8, thick)
            bar = pygame.Rect(0, 0, round(reach * 0.8), thick)
            bar.center = (round(centre[0]), round(centre[1]))
            pygame.draw.rect(self.surface, colour, bar)
            return
        angle = math.atan2(direction[1], direction[0])
        shape = (
            (1, 0),
            (0.05, 0.85),
            (0.05, 0.36),
            (-1, 0.36),
            (-1, -0.36),
            (0.05, -0.36),
            (0.05, -0.85),
        )
        pygame.draw.polygon(self.surface, colour, _turned(shape, centre, reach, angle))

    def cross(self, box: Box, colour: Colour) -> None:
        """The mark of a block."""
        centre, reach = _middle(box), min(box.w, box.h) / 2 * 0.8
        for angle in (math.pi / 4, -math.pi / 4):
            bar = ((1, 0.2), (1, -0.2), (-1, -0.2), (-1, 0.2))
            pygame.draw.polygon(self.surface, colour, _turned(bar, centre, reach, angle))

    def tick(self, box: Box, colour: Colour) -> None:
        """The mark of an allowed step."""
        (x, y), reach = _middle(box), min(box.w, box.h) / 2 * 0.8
        points = (
            (-0.9, 0.05),
            (-0.6, -0.25),
            (-0.25, 0.1),
            (0.65, -0.8),
            (0.95, -0.5),
            (-0.25, 0.7),
        )
        pygame.draw.polygon(
            self.surface, colour, [(x + a * reach, y + b * reach) for a, b in points]
        )

    def diamond(self, box: Box, colour: Colour) -> None:
        """The mark of a catastrophe."""
        shape = ((1, 0), (0, 1), (-1, 0), (0, -1))
        reach = min(box.w, box.h) / 2
        pygame.draw.polygon(self.surface, colour, _turned(shape, _middle(box), reach, 0.0))

    def ring(self, box: Box, colour: Colour) -> None:
        """The mark of a lost life."""
        reach = min(box.w, box.h) / 2 * 0.8
        pygame.draw.circle(self.surface, colour, _middle(box), reach, max(2, round(reach / 3)))

    def dot(self, box: Box, colour: Colour) -> None:
        """The mark of a relabelled step."""
        pygame.draw.circle(self.surface, colour, _middle(box), min(box.w, box.h) / 2 * 0.45)

    def rewound(self, box: Box, colour: Colour) -> None:
        """The mark of a rewind: two heads of arrows, back."""
        reach = min(box.w, box.h) / 2
        for shift in (-0.45, 0.45):
            shape = ((-0.55 + shift, 0), (0.35 + shift, 0.8), (0.35 + shift, -0.8))
            pygame.draw.polygon(self.surface, colour, _turned(shape, _middle(box), reach, 0.0))

    def query(self, box: Box, colour: Colour) -> None:
        """The mark of "not sure"."""
        self.text("?", box, box.h * 1.2, colour, "centre")

    def alert(self, box: Box, colour: Colour) -> None:
        """The mark of a step that was allowed and called unsafe afterwards."""
        self.text("!", box, box.h * 1.2, colour, "centre")

    def _rendered(self, text: str, size: int, colour: Colour) -> pygame.Surface:
        key = (text, size, colour)
        if key not in self._texts:
            self._texts[key] = self.font(size).render(text, True, colour)
            if len(self._texts) > _TEXTS_KEPT:
                self._texts.popitem(last=False)
        self._texts.move_to_end(key)
        return self._texts[key]


def _rect(box: Box) -> pygame.Rect:
    return pygame.Rect(box.x, box.y, box.w, box.h)


def _middle(box: Box) -> tuple[float, float]:
    return box.x + box.w / 2, box.y + box.h / 2


def _turned(
    shape: tuple[tuple[float, float], ...], centre: tuple[float, float], reach: float, angle: float
) -> list[tuple[float, float]]:
    cos, sin = math.cos(angle) * reach, math.sin(angle) * reach
    return [(centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos) for x, y in shape]


def _broken(text: str, font: pygame.font.Font, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.size(longer)[0] > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
