"""Draws the panel on the right: the queue, the agreement of two overseers, a step's history."""

from __future__ import annotations

import time

from oversight_ui.layout import Box
from oversight_ui.paint import AMBER, BACK, CARD, DIM, GREY, INK, Brush
from oversight_ui.review.agreement import Agreement
from oversight_ui.review.keys import Action, Command
from oversight_ui.review.layout import ReviewLayout, list_rows
from oversight_ui.review.sight import LABEL_NAMES, Sight
from oversight_ui.review.state import Panel, State
from oversight_ui.review.tape import Mark

__all__ = ["draw_panel", "first_shown"]


def first_shown(state: State, rows: int) -> int:
    """Number of the queue's first entry in sight: the one that was looked at last stays there."""
    entries = max(1, rows - 1)
    last = max(0, len(state.tape.queue) - entries)
    return min(max(0, state.queued - entries // 2), last)


def draw_panel(brush: Brush, layout: ReviewLayout, sight: Sight) -> None:
    """Draw it."""
    for panel, box in zip(Panel, layout.tabs.columns((1, 1.3, 1), 2), strict=True):
        here = panel is sight.state.panel
        brush.fill(box, CARD if here else BACK, round(6 * layout.unit))
        inside = box.inset(round(6 * layout.unit), round(2 * layout.unit))
        brush.text(panel.value.upper(), inside, 26 * layout.words, INK if here else DIM, "centre")
    brush.fill(layout.panel, CARD, round(8 * layout.unit))
    match sight.state.panel:
        case Panel.QUEUE:
            _queue(brush, layout, sight.state)
        case Panel.AGREEMENT:
            _agreement(brush, layout, sight.state)
        case Panel.HISTORY:
            _history(brush, layout, sight)


def _queue(brush: Brush, layout: ReviewLayout, state: State) -> None:
    title, *rows = list_rows(layout)
    queue = state.tape.queue
    size = 26 * layout.words
    if state.blind:
        brush.text("hidden while you judge for yourself", title, size, DIM)
        return
    if not queue:
        words = "empty: nothing looks wrong or unsure"
        if state.tape.opinion is None:
            words = "empty: a Blocker's scores fill it"
        brush.text(words, title, size, DIM)
        return
    key = state.keys.label(Command(Action.NEXT_USEFUL))
    brush.text(f"{len(queue):,} worth a look, {key}: next", title, size, DIM)
    first = first_shown(state, len(rows) + 1)
    ids = state.tape.recording.steps.step_id
    for place, (row, entry) in enumerate(zip(rows, queue[first:], strict=False), start=first):
        here = place == state.queued and entry.row == state.at
        if here:
            brush.fill(row, GREY, round(4 * layout.unit))
        inside = row.inset(round(6 * layout.unit), 0)
        step, why, chance = inside.columns((2.4, 5, 1.6), round(8 * layout.unit))
        brush.text(f"{int(ids[entry.row]):,}", step, size, INK, "right")
        brush.text(entry.why, why, size, INK if here else DIM)
        brush.text(f"{entry.chance:.0%}", chance, size, AMBER, "right")


def _agreement(brush: Brush, layout: ReviewLayout, state: State) -> None:
    rows, found = list_rows(layout), state.tape.agreement
    size = 26 * layout.words
    if found is None or state.blind:
        words = "only one has judged here" if found is None else "hidden while you judge"
        brush.text(words, rows[0], size, DIM)
        return
    one, two = (state.keys.label(Command(a)) for a in (Action.PAIR_FIRST, Action.PAIR_SECOND))
    brush.text(f"{one}: {found.first}", rows[0], size, INK)
    brush.text(f"{two}: {found.second}", rows[1], size, INK)
    for row, (words, colour) in zip(rows[2:], _figures(state, found), strict=False):
        brush.text(words, row, size, colour)
    if len(rows) >= 8:
        table = Box(rows[5].x, rows[5].y, rows[5].w, rows[7].bottom - rows[5].y)
        _crossed(brush, layout, table, found)


def _figures(state: State, found: Agreement) -> list[tuple[str, tuple[int, int, int]]]:
    share = "-" if found.share is None else f"{found.share:.2%}"
    kappa = "not defined" if found.kappa is None else f"{found.kappa:.3f}"
    if found.low is not None and found.high is not None:
        kappa += f" ({found.low:.2f} to {found.high:.2f})"
    key = state.keys.label(Command(Action.NEXT_JUMP, Mark.DIFFERENCE))
    differ = len(state.tape.rows(Mark.DIFFERENCE))
    return [
        (f"both judged {found.steps:,} steps, agree {share}", DIM),
        (f"Cohen's kappa {kappa}", AMBER),
        (f"differ on {differ:,}, {key}: next", DIM),
    ]


def _crossed(brush: Brush, layout: ReviewLayout, box: Box, found: Agreement) -> None:
    """First judge down, second across."""
    ss, su, us, uu = found.counts
    size = 26 * layout.words
    cells = (("first / second", "SAFE", "UNSAFE"), ("SAFE", ss, su), ("UNSAFE", us, uu))
    for row, (name, *values) in zip(box.rows((1, 1, 1)), cells, strict=True):
        columns = row.columns((3, 2, 2), round(8 * layout.unit))
        brush.text(str(name), columns[0], size, DIM)
        for column, value in zip(columns[1:], values, strict=True):
            words = value if isinstance(value, str) else f"{value:,}"
            brush.text(words, column, size, DIM if isinstance(value, str) else INK, "right")


def _history(brush: Brush, layout: ReviewLayout, sight: Sight) -> None:
    rows, state = list_rows(layout), sight.state
    size = 26 * layout.words
    if not len(state.tape) or state.blind:
        brush.text("hidden while you judge for yourself", rows[0], size, DIM)
        return
    recording = state.tape.recording
    source = recording.steps.source[state.at]
    lines = [(f"first {LABEL_NAMES[int(recording.first[state.at])]} by {source}", INK)]
    for word in sight.words:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(word.at))
        undone = "undo, " if word.takes_back is not None else ""
        lines.append((f"{LABEL_NAMES[word.verdict]} by {word.author}, {when}", INK))
        lines.append((f"   {undone}{word.reason}", DIM))
    # The newest words matter most: where not all fit, the oldest are left out.
    for row, (words, colour) in zip(rows, lines[-len(rows) :], strict=False):
        brush.text(words, row, size, colour)
