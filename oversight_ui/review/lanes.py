"""Draws the timelines: the whole log, and the steps around the one shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oversight.log import SAFE, UNSAFE, UNSURE
from oversight_ui.layout import Box
from oversight_ui.paint import AMBER, BACK, CARD, DIM, GOOD, GREY, INK, STOP, Brush, Colour
from oversight_ui.review.layout import ReviewLayout
from oversight_ui.review.sight import Sight
from oversight_ui.review.state import State, span_of
from oversight_ui.review.tape import Mark, Tape
from oversight_ui.review.timeline import cells, peaks, runs, x_of

__all__ = ["draw_lanes"]

NAMES = ("WHOLE LOG", "EVENTS", "LABELS", "BLOCKER")
SUSPECT = 0.5
"""From this chance of being wrong on, a label is marked as suspected."""


def draw_lanes(brush: Brush, layout: ReviewLayout, sight: Sight) -> None:
    """Draw all timelines with their names."""
    state = sight.state
    for box, name in zip(layout.names, NAMES, strict=True):
        brush.text(name, box, 24 * layout.words, DIM)
    for box in (layout.overview, layout.events, layout.labels, layout.opinion):
        brush.fill(box, CARD)
    if not len(state.tape):
        return
    _overview(brush, layout, state)
    columns = cells(state.left, state.zoom, len(state.tape), layout.near.w)
    if not state.blind:
        _labels(brush, layout.labels, state.tape, columns)
        _opinion(brush, layout, state.tape, columns)
    _events(brush, layout, state)
    _cursor(brush, layout, state)


def _overview(brush: Brush, layout: ReviewLayout, state: State) -> None:
    box, tape = layout.overview, state.tape
    columns = cells(0, len(tape), len(tape), box.w)
    verdict = tape.recording.steps.verdict
    if not state.blind:
        for code, colour, share in ((UNSURE, AMBER, 0.5), (UNSAFE, STOP, 0.8)):
            _bars(brush, box, columns, verdict == code, colour, share)
    for row in tape.rows(Mark.CATASTROPHE).tolist():
        x = x_of(row + 0.5, box, 0, len(tape))
        colour = GREY if tape.recording.undone[row] else INK
        brush.fill(Box(x - 1, box.y, max(3, round(3 * layout.unit)), box.h), colour)
    left, right = (x_of(r, box, 0, len(tape)) for r in (state.left, state.left + state.zoom))
    frame = Box(left, box.y, max(6, min(right, box.right) - left), box.h)
    brush.outline(frame, DIM, max(1, round(1.5 * layout.unit)))
    x = x_of(state.at + 0.5, box, 0, len(tape))
    wide = max(2, round(3 * layout.unit))
    brush.fill(Box(min(x, box.right - wide), box.y, wide, box.h), AMBER)


def _bars(
    brush: Brush,
    box: Box,
    columns: NDArray[np.int64],
    flags: NDArray[np.bool_],
    colour: Colour,
    share: float,
) -> None:
    """Bars from the bottom of a lane where any step of a column has the flag."""
    tall = max(2, round(box.h * share))
    for start, stop in runs(peaks(flags.astype(np.float64), columns) > 0):
        brush.fill(Box(box.x + start, box.bottom - tall, stop - start, tall), colour)


def _labels(brush: Brush, box: Box, tape: Tape, columns: NDArray[np.int64]) -> None:
    """UNSAFE fills the lane, NOT SURE half of it, SAFE is a line; undone steps are hatched."""
    steps = tape.recording.steps
    for code, colour, share in ((SAFE, GOOD, 0.15), (UNSURE, AMBER, 0.5), (UNSAFE, STOP, 1.0)):
        _bars(brush, box, columns, steps.verdict == code, colour, share)
    tall = max(2, box.h // 8)
    for start, stop in runs(peaks(steps.blocked.astype(np.float64), columns) > 0):
        brush.fill(Box(box.x + start, box.y, stop - start, tall), INK)
    for start, stop in runs(peaks(tape.recording.undone.astype(np.float64), columns) > 0):
        brush.hatch(Box(box.x + start, box.y, max(2, stop - start), box.h), DIM, 8, 1)


def _opinion(brush: Brush, layout: ReviewLayout, tape: Tape, columns: NDArray[np.int64]) -> None:
    box, opinion = layout.opinion, tape.opinion
    if opinion is None:
        words = "no scores in this log: python -m blocker score writes them"
        brush.text(words, box.inset(round(8 * layout.unit)), 24 * layout.words, DIM)
        return
    heights = peaks(opinion.probability, columns)
    for place in np.flatnonzero(heights > 0).tolist():
        tall = max(1, round(box.h * float(heights[place])))
        loud = heights[place] >= opinion.threshold
        brush.fill(Box(box.x + place, box.bottom - tall, 1, tall), AMBER if loud else GREY)
    y = box.bottom - round(box.h * opinion.threshold)
    dash = max(2, round(4 * layout.unit))
    for x in range(box.x, box.right - dash, 3 * dash):
        brush.fill(Box(x, min(y, box.bottom - 1), dash, max(1, round(layout.unit))), INK)
    if tape.suspects is not None:
        flags = np.nan_to_num(tape.suspects) >= SUSPECT
        for start, stop in runs(peaks(flags.astype(np.float64), columns) > 0):
            size = max(4, round(6 * layout.unit))
            brush.fill(Box(box.x + start, box.y, max(size, stop - start), size), INK)


def _events(brush: Brush, layout: ReviewLayout, state: State) -> None:
    """A diamond for a catastrophe, a ring for a life, arrows for a rewind, lines for episodes."""
    box, tape = layout.events, state.tape
    size = box.h
    for row in _seen(state, Mark.EPISODE):
        x = x_of(row, box, state.left, state.zoom)
        brush.fill(Box(x, box.y, max(1, round(2 * layout.unit)), layout.near.h), GREY)
        number = int(tape.recording.steps.episode[row])
        place = Box(x + round(5 * layout.unit), box.y, round(60 * layout.words), box.h)
        if place.right < box.right:
            brush.text(f"ep {number}", place, 20 * layout.words, DIM)
    for mark, draw in (
        (Mark.RELABEL, brush.dot),
        (Mark.REWIND, brush.rewound),
        (Mark.LIFE, brush.ring),
        (Mark.CATASTROPHE, brush.diamond),
    ):
        for row in _seen(state, mark):
            middle = x_of(row + 0.5, box, state.left, state.zoom)
            x = min(max(box.x, middle - size // 2), box.right - size)
            undone = bool(tape.recording.undone[row])
            colour = GREY if undone else DIM if mark is Mark.RELABEL else INK
            draw(Box(x, box.y, size, size), colour)


def _seen(state: State, mark: Mark) -> list[int]:
    """Rows of a mark on the near timeline; where they lie dense, one for every few pixels."""
    rows = state.tape.rows(mark)
    start, stop = np.searchsorted(rows, (state.left, state.left + state.zoom))
    part = rows[start:stop]
    if len(part) > 100:
        part = part[:: len(part) // 100 + 1]
    found: list[int] = part.tolist()
    return found


def _cursor(brush: Brush, layout: ReviewLayout, state: State) -> None:
    box = layout.near
    if state.anchor is not None:
        first, last = span_of(state)
        left = max(box.x, x_of(first, box, state.left, state.zoom))
        right = min(box.right, x_of(last + 1, box, state.left, state.zoom))
        if right > left:
            brush.outline(
                Box(left, box.y, right - left, box.h), INK, max(2, round(3 * layout.unit))
            )
    left = x_of(state.at, box, state.left, state.zoom)
    wide = max(round(3 * layout.unit), x_of(state.at + 1, box, state.left, state.zoom) - left)
    brush.outline(Box(left - 1, box.y, wide + 2, box.h), BACK, 1)
    brush.outline(Box(left, box.y, wide, box.h), AMBER, max(2, round(2 * layout.unit)))
