"""Draws the lower part of the panel: counters, key hints, and the strip of the last decisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from oversight.types import Tally, Verdict
from oversight_ui.keymap import Command
from oversight_ui.layout import Box, Layout
from oversight_ui.paint import AMBER, CARD, DIM, GOOD, GREY, INK, LATER, STOP, Brush, Colour
from oversight_ui.picture import Picture
from oversight_ui.state import Mode
from oversight_ui.steps import Past

__all__ = [
    "VERDICT_WORDS",
    "counts",
    "draw_counters",
    "draw_keys",
    "draw_strip",
    "mark_of",
    "recorded",
    "verdict_colour",
    "words_of",
]

FEWER_CELLS: Final = 1.4
"""From this text size on there are fewer counters and key hints."""
HINTED: Final = (
    Command.BLOCK,
    Command.APPROVE,
    Command.PAUSE,
    Command.UNDO,
    Command.LATE,
    Command.HELP,
    Command.LOOK,
    Command.END,
)
"""Key hints in the panel, the most needed first."""
LARGE_HINTS: Final = (Command.BLOCK, Command.UNDO, Command.HELP)
WATCHER_HINTS: Final = (Command.HELP, Command.FULL_SCREEN, Command.END)

VERDICT_WORDS: Final = {
    Verdict.UNSAFE: "BLOCKED",
    Verdict.SAFE: "ALLOWED",
    Verdict.UNSURE: "NOT SURE",
}


def mark_of(brush: Brush, past: Past) -> Callable[[Box, Colour], None]:
    """What draws the mark of a decision: a cross, a tick, a question or an exclamation mark."""
    if past.labelled is not None:
        return brush.alert
    if past.verdict is Verdict.UNSURE:
        return brush.query
    return brush.cross if past.blocked else brush.tick


def verdict_colour(past: Past) -> Colour:
    """The colour of a decision, beside its mark and never instead of it."""
    unsure = past.verdict is Verdict.UNSURE
    if past.labelled is not None and not past.undone:
        return LATER
    return GREY if past.undone or unsure else STOP if past.blocked else GOOD


def words_of(past: Past) -> str:
    """A decision, or what was made of it since, in a word or two."""
    if past.undone:
        return "TAKEN BACK"
    if past.labelled is not None:
        return f"LABELLED {past.labelled.value.upper()}"
    return VERDICT_WORDS[past.verdict]


def recorded(past: Past, picture: Picture) -> bool:
    """Whether a decision is known to be in the log on disk."""
    return picture.scene is not None and past.step_id <= picture.scene.recorded_through


def draw_counters(brush: Brush, layout: Layout, picture: Picture) -> None:
    """The tally, and the minutes of attention."""
    unit = layout.unit
    cells = counts(picture)
    gap = round(8 * unit)
    for (name, value), box in zip(
        cells, layout.counters.columns([1] * len(cells), gap), strict=True
    ):
        brush.fill(box, CARD, round(8 * unit))
        upper, lower = box.inset(round(8 * unit)).rows((6, 4))
        brush.text(value, upper, 56 * unit, INK, "centre")
        brush.text(name, lower, layout.small(26), DIM, "centre")


def counts(picture: Picture) -> list[tuple[str, str]]:
    """The counters, as name and value."""
    tally = picture.scene.tally if picture.scene is not None else Tally()
    cells = [("steps", f"{tally.steps}"), ("games", f"{tally.episodes}")]
    cells.append(("blocks", f"{tally.blocks}"))
    if picture.text < FEWER_CELLS:
        standing = max(0, tally.steps - tally.rewound_steps)
        rho = f"{standing / tally.blocks:.0f}" if tally.blocks else "-"
        cells.append(("steps a block", rho))
    if tally.catastrophes is not None:
        cells.append(("catastrophes", f"{tally.catastrophes}"))
    if picture.state.mode is not Mode.SPECTATING:
        cells.append(("your minutes", f"{picture.state.attention / 60:.1f}"))
    return cells


def draw_keys(brush: Brush, layout: Layout, picture: Picture) -> None:
    """The keys that are needed most."""
    watching = picture.state.mode is Mode.SPECTATING
    large = layout.text >= FEWER_CELLS
    commands = WATCHER_HINTS if watching else LARGE_HINTS if large else HINTED
    unit = layout.unit
    gap = round(8 * unit)
    across, down = (3, (1,)) if large else (4, (1, 1))
    cells = [box for row in layout.keys.rows(down, gap) for box in row.columns([1] * across, gap)]
    for command, cell in zip(commands, cells, strict=False):
        cap, words = cell.rows((1, 1))
        size = round(layout.small(28))
        label = picture.keys.label(command)
        wide = min(cell.w, brush.font(size).size(label)[0] + round(20 * unit))
        cap = Box(cap.x, cap.y, wide, cap.h)
        brush.fill(cap, GREY, round(5 * unit))
        brush.text(label, cap.inset(round(4 * unit), 1), size, INK, "centre")
        late = command is Command.LATE
        said = f"block {picture.state.late_steps} back" if late else command.value
        brush.text(said, words, layout.small(27), DIM)


def draw_strip(brush: Brush, layout: Layout, picture: Picture) -> None:
    """The last decisions, newest on the right; a line below those that are recorded."""
    unit, box = layout.unit, layout.strip
    title, cells = box.columns((1.6 * layout.text, 10))
    brush.text("LAST STEPS", title, layout.small(26), DIM)
    size = box.h
    count = cells.w // (size + round(4 * unit))
    shown = picture.past[-count:]
    for place, past in enumerate(reversed(shown)):
        x = cells.right - size - place * (size + round(4 * unit))
        _cell(brush, Box(x, box.y, size, size), past, recorded(past, picture), unit)


def _cell(brush: Brush, box: Box, past: Past, recorded: bool, unit: float) -> None:
    tall = round(box.h * 0.8)
    square = Box(box.x, box.y, box.w, tall)
    colour = verdict_colour(past)
    if past.by_key or past.blocked or past.labelled is not None:
        brush.fill(square, colour, round(4 * unit))
    else:
        brush.outline(square, colour, max(2, round(2 * unit)), round(4 * unit))
    mark_of(brush, past)(square.inset(round(5 * unit)), INK)
    if past.undone:
        middle = Box(square.x, square.y + square.h // 2 - 1, square.w, max(3, round(3 * unit)))
        brush.fill(middle, AMBER)
    if recorded:
        brush.fill(Box(box.x, box.y + tall + max(2, box.h // 14), box.w, max(2, box.h // 9)), INK)
