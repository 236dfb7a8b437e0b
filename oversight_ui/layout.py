"""Where everything goes in the window: pure functions from its size to rectangles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["MINIMUM_SIZE", "Box", "Layout", "fit_picture", "lay_out", "zone_box"]

MINIMUM_SIZE = (800, 600)
"""Below this the words are too small to be read; the window does not get smaller."""

_DESIGN_SIZE = (1280, 720)
"""Lengths below are pixels at this size and grow with the window."""
_MARGIN, _STRIP, _GAP = 14, 42, 10
_FIELD_SHARE = 0.6
"""The field's largest share of the window's width."""
_ROWS = (
    ("header", 13.0, 17.0),
    ("action", 29.0, 28.0),
    ("clock", 3.0, 2.0),
    ("opinion", 10.0, 16.0),
    ("verdict", 12.0, 13.0),
    ("counters", 14.0, 14.0),
    ("keys", 19.0, 11.0),
)
"""The panel's rows from the top and their shares of its height, at text size 1 and at 2."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels: left edge, upper edge, width, height."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        """First column to the right of it."""
        return self.x + self.w

    @property
    def bottom(self) -> int:
        """First row below it."""
        return self.y + self.h

    def overlaps(self, other: Box) -> bool:
        """Whether they share a pixel."""
        across = self.x < other.right and other.x < self.right
        return across and self.y < other.bottom and other.y < self.bottom

    def contains(self, other: Box) -> bool:
        """Whether the other lies inside."""
        across = self.x <= other.x and other.right <= self.right
        return across and self.y <= other.y and other.bottom <= self.bottom

    def inset(self, dx: int, dy: int | None = None) -> Box:
        """A smaller one, `dx` less on the left and right, `dy` (else `dx`) above and below."""
        dy = dx if dy is None else dy
        return Box(self.x + dx, self.y + dy, max(1, self.w - 2 * dx), max(1, self.h - 2 * dy))

    def columns(self, shares: Sequence[float], gap: int = 0) -> list[Box]:
        """Cut it from left to right into parts of these shares."""
        cuts = _cuts(self.w, shares, gap)
        return [Box(self.x + start, self.y, size, self.h) for start, size in cuts]

    def rows(self, shares: Sequence[float], gap: int = 0) -> list[Box]:
        """Cut it from above to below into parts of these shares."""
        cuts = _cuts(self.h, shares, gap)
        return [Box(self.x, self.y + start, self.w, size) for start, size in cuts]


@dataclass(frozen=True, slots=True)
class Layout:
    """The window's regions, none of which overlap.

    Attributes:
        unit: how many pixels a pixel of the 1280x720 design is.
        field: the game's picture.
        frame: the field with its border.
        header: what the session is doing.
        action: the proposed action.
        clock: the time until silence approves.
        opinion: what the Blocker thinks of it.
        verdict: the last decision.
        counters: the tally.
        keys: the key hints.
        strip: the last decisions.
        text: how many times as large as usual small words are, 1 to 2.
    """

    unit: float
    text: float
    field: Box
    frame: Box
    header: Box
    action: Box
    clock: Box
    opinion: Box
    verdict: Box
    counters: Box
    keys: Box
    strip: Box

    def small(self, pixels: float) -> float:
        """The size of small words that have so many pixels in the design."""
        return pixels * self.unit * self.text

    def regions(self) -> dict[str, Box]:
        """All regions that must not overlap, by name; the frame stands for the field."""
        names = ("frame", *(name for name, *_ in _ROWS), "strip")
        return {name: getattr(self, name) for name in names}


def fit_picture(area: Box, height: int, width: int) -> Box:
    """Centre a picture in an area, as many whole times as large as fits.

    A picture larger than the area is made a whole number of times smaller.
    """
    times = min(area.h // height, area.w // width)
    if times >= 1:
        h, w = height * times, width * times
    else:
        part = max(-(-height // area.h), -(-width // area.w))
        h, w = max(1, height // part), max(1, width // part)
    return Box(area.x + (area.w - w) // 2, area.y + (area.h - h) // 2, w, h)


def lay_out(width: int, height: int, picture: tuple[int, int], text: float = 1.0) -> Layout:
    """Divide a window.

    Args:
        width: of the window, pixels.
        height: of the window, pixels.
        picture: height and width of the game's screen, pixels.
        text: how many times as large as usual small words are, 1 to 2. The field gives way.
    """
    unit = min(width / _DESIGN_SIZE[0], height / _DESIGN_SIZE[1])
    margin, gap, border = round(_MARGIN * unit), round(_GAP * unit), max(2, round(5 * unit))
    strip_h = round(_STRIP * unit)
    strip = Box(margin, height - margin - strip_h, width - 2 * margin, strip_h)
    upper = Box(margin, margin, width - 2 * margin, strip.y - 2 * margin)
    fitted = fit_picture(Box(0, 0, round(width * _FIELD_SHARE / text**0.7), upper.h), *picture)
    field = Box(upper.x + border, upper.y + (upper.h - fitted.h) // 2, fitted.w, fitted.h)
    left = field.right + border + margin
    panel = Box(left, upper.y, upper.right - left, upper.h)
    rows = panel.rows([low + (high - low) * (text - 1.0) for _, low, high in _ROWS], gap)
    named = {name: row for (name, *_), row in zip(_ROWS, rows, strict=True)}
    frame = field.inset(-border)
    return Layout(unit=unit, text=text, field=field, frame=frame, strip=strip, **named)


def zone_box(
    field: Box, picture: tuple[int, int], rows: tuple[int, int], columns: tuple[int, int]
) -> Box:
    """A part of the game's screen on the window.

    Args:
        field: where the picture is drawn.
        picture: height and width of the game's screen.
        rows: first and last row, inclusive.
        columns: first and last column, inclusive.
    """
    down, across = field.h / picture[0], field.w / picture[1]
    top, bottom = round(rows[0] * down), round((rows[1] + 1) * down)
    left, right = round(columns[0] * across), round((columns[1] + 1) * across)
    return Box(field.x + left, field.y + top, right - left, bottom - top)


def _cuts(length: int, shares: Sequence[float], gap: int) -> list[tuple[int, int]]:
    room = length - gap * (len(shares) - 1)
    total = sum(shares)
    cuts, before = [], 0.0
    for index, share in enumerate(shares):
        start = round(room * before / total)
        before += share
        end = round(room * before / total)
        cuts.append((start + index * gap, end - start))
    return cuts
