"""Where everything goes on a sheet: pure functions from the window's size to rectangles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from oversight_ui.layout import Box

__all__ = ["Card", "NamingLayout", "Way", "card_at", "lay_out_naming"]

_DESIGN_SIZE: Final = (1280, 720)
"""Lengths below are pixels at this size and grow with the window; those of words with the text."""
_MARGIN, _GAP, _PAD = 8, 6, 5
_HEAD, _BAR, _FOOT, _LINE = 38, 6, 26, 20
_BEFORE, _NOW, _NUMBER, _BAD, _OVER = 60, 40, 28, 60, 82
"""Widths of words on a card."""
_CARD_SHARE: Final = 0.5
"""Words on cards grow so much with the text size: the pictures are what is judged."""
_SHRINK: Final = 0.8
"""They may become so much smaller than they are meant, and no smaller."""
_WHOLE: Final = 2.0
"""From this enlargement on it is a whole number."""
_STEPS: Final = 8
"""Below, it is a multiple of one part of so many: at 1 a whole sheet would be too small to judge,
and 1280 pixels hold four cards of 160 columns twice as large but for their frames."""


class Way(StrEnum):
    """How a card shows its two screens."""

    SIDE = "next to each other"
    STACK = "above each other"
    ONE = "by turns in one place"


@dataclass(frozen=True, slots=True)
class Card:
    """A card's parts, none of which overlap but the frame, which holds all.

    Attributes:
        frame: the whole card.
        title: its line of words.
        number: the card's number.
        labels: of the pictures; one for each.
        over: GAME OVER.
        bad: the mark.
        pictures: the earlier one and the later one; one alone that shows both by turns.
    """

    frame: Box
    title: Box
    number: Box
    labels: tuple[Box, ...]
    over: Box
    bad: Box
    pictures: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class NamingLayout:
    """The window's regions, none of which overlap.

    Attributes:
        unit: how many pixels a pixel of the 1280x720 design is.
        words: the same for texts: with the text size.
        small: the same for the words on cards.
        question: what to mark.
        count: number of the sheet, and how many are marked.
        bar: the time spent, as a part of the time planned.
        minutes: the same in words.
        cards: one for each pair.
        keys: the line of keys.
        columns: cards beside each other.
        way: how the screens lie.
        times: enlargement of the Atari's pixels.
    """

    unit: float
    words: float
    small: float
    question: Box
    count: Box
    bar: Box
    minutes: Box
    cards: tuple[Card, ...]
    keys: Box
    columns: int
    way: Way
    times: float


@dataclass(frozen=True, slots=True)
class _Plan:
    """A way to arrange the cards.

    Attributes:
        columns: of cards.
        rows: of cards.
        way: how the screens lie.
        times: enlargement.
        footed: the card's marks have a line of their own below the pictures.
        legible: the words have room in their size.
        snug: how large the enlargement could be, if it could be any number.
    """

    columns: int
    rows: int
    way: Way
    times: float
    footed: bool
    legible: bool
    snug: float


def lay_out_naming(
    width: int,
    height: int,
    part: tuple[int, int],
    count: int,
    text: float = 1.0,
    *,
    blink: bool = False,
) -> NamingLayout:
    """Divide a window so that the Atari's pixels become as large as they can.

    Args:
        width: of the window, pixels.
        height: of the window, pixels.
        part: height and width of what is shown of a screen.
        count: of cards.
        text: size of the words, times their usual one.
        blink: one place a card, for both screens by turns.
    """
    unit = min(width / _DESIGN_SIZE[0], height / _DESIGN_SIZE[1])
    words = unit * text
    margin, gap = round(_MARGIN * unit), round(_GAP * unit)
    inner = Box(margin, margin, max(1, width - 2 * margin), max(1, height - 2 * margin))
    head = Box(inner.x, inner.y, inner.w, round(_HEAD * words))
    question, number, minutes = head.columns((6, 2, 1.6), 2 * gap)
    bar = Box(inner.x, head.bottom, inner.w, max(3, round(_BAR * unit)))
    tall = round(_FOOT * words)
    keys = Box(inner.x, inner.bottom - tall, inner.w, tall)
    top = bar.bottom + gap
    area = Box(inner.x, top, inner.w, max(1, keys.y - gap - top))
    small = unit * (1 + _CARD_SHARE * (text - 1))
    plan = _best(area, part, count, small, unit, blink=blink)
    return NamingLayout(
        unit=unit,
        words=words,
        question=question,
        count=number,
        bar=bar,
        minutes=minutes,
        small=small,
        cards=tuple(_card(area, plan, place, part, small, unit) for place in range(count)),
        keys=keys,
        columns=plan.columns,
        way=plan.way,
        times=plan.times,
    )


def card_at(layout: NamingLayout, x: int, y: int) -> int | None:
    """The card under the mouse, if any."""
    for place, card in enumerate(layout.cards):
        box = card.frame
        if box.x <= x < box.right and box.y <= y < box.bottom:
            return place
    return None


def _best(
    area: Box, part: tuple[int, int], count: int, words: float, unit: float, *, blink: bool
) -> _Plan:
    """The plan with legible words, the largest pixels, the fewest empty places."""
    ways = (Way.ONE,) if blink else (Way.SIDE, Way.STACK)
    # A row without any card would only take room.
    columns = [c for c in range(1, count + 1) if (-(-count // c) - 1) * c < count]
    plans = [
        _plan(area, part, c, -(-count // c), way, words, unit) for c in columns for way in ways
    ]

    def worth(plan: _Plan) -> tuple[bool, float, int, float]:
        empty = plan.columns * plan.rows - count
        return plan.legible, plan.times, -empty, plan.snug

    return max(plans, key=worth)


def _plan(
    area: Box,
    part: tuple[int, int],
    columns: int,
    rows: int,
    way: Way,
    words: float,
    unit: float,
) -> _Plan:
    gap, pad = round(_GAP * unit), round(_PAD * unit)
    w = (area.w - gap * (columns - 1)) // columns - 2 * pad
    h = (area.h - gap * (rows - 1)) // rows - 2 * pad
    footed = w < _needed(way) * words * _SHRINK
    lines = (2 if footed else 1) * round(_LINE * words) + pad * (2 if footed else 1)
    across, down = (2 if way is Way.SIDE else 1), (2 if way is Way.STACK else 1)
    room_w = w - pad * (across - 1) - (round(_BEFORE * words) if way is Way.STACK else 0)
    room_h = h - lines - pad * (down - 1)
    snug = min(room_w / (across * part[1]), room_h / (down * part[0]))
    legible = w >= _least(way) * words * _SHRINK
    return _Plan(columns, rows, way, _allowed(snug), footed, legible, snug)


def _needed(way: Way) -> int:
    """What the first line needs, to hold the marks, too; a pair's stand above the later screen."""
    marks = _BAD + _OVER + 2 * _GAP
    if way is Way.SIDE:
        return 2 * (_NOW + marks)
    return _NUMBER + marks + (_BEFORE + _GAP if way is Way.ONE else 0)


def _least(way: Way) -> int:
    """What a card needs whose marks have a line of their own."""
    first = _NUMBER + _BEFORE + _GAP
    return max(_OVER + _BAD + _GAP, 2 * first if way is Way.SIDE else first)


def _allowed(snug: float) -> float:
    if snug >= _WHOLE:
        return float(math.floor(snug))
    return max(1, math.floor(snug * _STEPS)) / _STEPS


def _card(
    area: Box, plan: _Plan, place: int, part: tuple[int, int], words: float, unit: float
) -> Card:
    gap, pad, line = round(_GAP * unit), round(_PAD * unit), round(_LINE * words)
    row, column = divmod(place, plan.columns)
    cell = area.rows([1] * plan.rows, gap)[row].columns([1] * plan.columns, gap)[column]
    size = max(1, int(part[0] * plan.times)), max(1, int(part[1] * plan.times))
    frame = _frame(cell, plan, size, words, unit)
    inner = frame.inset(pad)
    title = Box(inner.x, inner.y, inner.w, line)
    if not plan.footed:
        words = min(words, inner.w / _needed(plan.way))  # what is beside each other fits
    pictures = _pictures(inner, title.bottom + pad, plan.way, size, words, pad)
    number = Box(title.x, title.y, round(_NUMBER * words), line)
    marks = Box(inner.x, inner.bottom - line, inner.w, line) if plan.footed else title
    over, bad = _marks(marks, words, gap, from_left=plan.footed)
    labels = _labels(title, number, pictures, plan.way, words, gap)
    return Card(frame, title, number, labels, over, bad, pictures)


def _marks(line: Box, words: float, gap: int, *, from_left: bool) -> tuple[Box, Box]:
    """GAME OVER and the mark, on the right; narrower if both have no room."""
    share = min(words, max(1, line.w - gap) / (_OVER + _BAD))
    over, bad = max(1, int(_OVER * share)), max(1, int(_BAD * share))
    right = line.right - bad
    return (
        Box(line.x if from_left else right - gap - over, line.y, over, line.h),
        Box(right, line.y, bad, line.h),
    )


def _frame(cell: Box, plan: _Plan, size: tuple[int, int], words: float, unit: float) -> Box:
    """As small as what is in it, in the middle of its place."""
    pad, line = round(_PAD * unit), round(_LINE * words)
    across, down = (2 if plan.way is Way.SIDE else 1), (2 if plan.way is Way.STACK else 1)
    w = across * size[1] + pad * (across - 1)
    if plan.way is Way.STACK:
        w += round(_BEFORE * words)
    least = (_least if plan.footed else _needed)(plan.way)
    w = min(cell.w, max(w, round(least * words)) + 2 * pad)
    lines = 2 if plan.footed else 1
    h = min(cell.h, down * size[0] + pad * (down - 1) + lines * (line + pad) + 2 * pad)
    return Box(cell.x + (cell.w - w) // 2, cell.y + (cell.h - h) // 2, w, h)


def _pictures(
    inner: Box, top: int, way: Way, size: tuple[int, int], words: float, pad: int
) -> tuple[Box, ...]:
    h, w = size
    if way is Way.SIDE:
        left = inner.x + (inner.w - 2 * w - pad) // 2
        return Box(left, top, w, h), Box(left + w + pad, top, w, h)
    if way is Way.ONE:
        return (Box(inner.x + (inner.w - w) // 2, top, w, h),)
    beside = round(_BEFORE * words)
    left = inner.x + beside + (inner.w - beside - w) // 2
    return Box(left, top, w, h), Box(left, top + h + pad, w, h)


def _labels(
    title: Box, number: Box, pictures: tuple[Box, ...], way: Way, words: float, gap: int
) -> tuple[Box, ...]:
    """Above the pictures where these lie next to each other, else beside them."""
    wide = round(_BEFORE * words)
    if way is Way.STACK:
        return tuple(Box(p.x - wide, p.y, wide - gap, p.h) for p in pictures)
    left = number.right + gap
    if way is Way.ONE:
        return (Box(left, title.y, max(1, min(wide, title.right - left)), title.h),)
    left = max(left, pictures[0].x)
    first = Box(left, title.y, max(1, min(wide, pictures[0].right - left)), title.h)
    return first, Box(pictures[1].x, title.y, round(_NOW * words), title.h)
