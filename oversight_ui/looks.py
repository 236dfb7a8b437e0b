"""Draws what the run was asked for: the Blocker's opinion, where it looks, the next second."""

from __future__ import annotations

from typing import Final

from oversight.game import Game
from oversight.types import Hint
from oversight_ui.danger import draw_danger
from oversight_ui.keymap import Command, KeyMap
from oversight_ui.layout import Box, Layout, fit_picture
from oversight_ui.messages import Film, HeatMap, Pixels
from oversight_ui.paint import BACK, CARD, DIM, GOOD, GREY, INK, STOP, Brush, Colour
from oversight_ui.state import State

__all__ = ["PICTURES_A_SECOND", "draw_heat", "draw_opinion", "draw_preview"]

PICTURES_A_SECOND: Final = 15.0


def draw_opinion(brush: Brush, layout: Layout, hint: Hint | None, standing: str) -> None:
    """How likely the Blocker thinks the step unsafe, and from where on it would block."""
    unit, box = layout.unit, layout.opinion
    brush.fill(box, CARD, round(8 * unit))
    upper, lower = box.inset(round(16 * unit), round(5 * unit)).rows((1, 1), round(3 * unit))
    words = f"{hint.probability:.1%} unsafe" if hint is not None else "no opinion yet"
    label, bar, value = upper.columns((2.2, 5, 3.6), round(10 * unit))
    brush.text("BLOCKER", label, layout.small(26), DIM)
    brush.text(words, value, layout.small(28), INK if hint is not None else DIM, "right")
    bar = bar.inset(0, round(bar.h * 0.28))
    brush.fill(bar, GREY, bar.h // 2)
    if hint is not None:
        _level(brush, bar, hint, max(3, round(6 * unit)))
    brush.text(standing or _blocks_from(hint), lower, layout.small(24), DIM)


def _level(brush: Brush, bar: Box, hint: Hint, tick: int) -> None:
    over = hint.probability >= hint.threshold
    width = max(bar.h, round(bar.w * min(1.0, hint.probability)))
    brush.fill(Box(bar.x, bar.y, width, bar.h), STOP if over else GOOD, bar.h // 2)
    mark = bar.x + round((bar.w - tick) * min(1.0, hint.threshold))
    brush.fill(Box(mark, bar.y - tick, tick, bar.h + 2 * tick), INK)


def _blocks_from(hint: Hint | None) -> str:
    if hint is None:
        return "it learns from your decisions; W changes the way of working"
    word = "would block" if hint.probability >= hint.threshold else "would allow"
    return f"{word}; blocks from {hint.threshold:.1%} on"


def draw_heat(brush: Brush, layout: Layout, heat: HeatMap) -> None:
    """Light up the field where the Blocker looks."""
    if heat.height > 0:
        brush.glow(heat.data, (heat.height, heat.width), layout.field)


def draw_preview(
    brush: Brush, layout: Layout, game: Game, film: Film | None, keys: KeyMap, state: State
) -> None:
    """The next second, allowed on the left and blocked on the right, over and over."""
    brush.veil(255)
    w, h = brush.surface.get_size()
    unit = layout.unit
    whole = Box(0, 0, w, h).inset(round(24 * unit))
    title, fields, foot = whole.rows((1.0, 9.2, 1.0), round(8 * unit))
    brush.text("THE NEXT SECOND", title, 52 * unit, INK, "centre")
    hints = ", ".join(
        f"{keys.label(c)} {words}"
        for c, words in (
            (Command.APPROVE, "allows"),
            (Command.BLOCK, "blocks"),
            (Command.LOOK, "goes back"),
        )
    )
    brush.text(f"The game stands still. {hints}", foot, layout.small(30), DIM, "centre")
    left, right = fields.columns((1, 1), round(24 * unit))
    if film is None or state.pending is None or film.serial != state.pending.serial:
        brush.text("playing it ...", fields, 48 * unit, DIM, "centre")
        return
    if not film.allowed:
        brush.text("this run cannot look ahead", fields, 48 * unit, DIM, "centre")
        return
    step = round(state.now * PICTURES_A_SECOND)
    allowed = f"ALLOWED: {game.actions[state.pending.action]}"
    blocked = f"BLOCKED: {game.actions[film.replacement]} instead"
    _future(brush, layout, left, (allowed, GOOD), game, film.allowed, step)
    _future(brush, layout, right, (blocked, STOP), game, film.blocked, step)


def _future(
    brush: Brush,
    layout: Layout,
    box: Box,
    title: tuple[str, Colour],
    game: Game,
    pictures: tuple[Pixels, ...],
    step: int,
) -> None:
    unit = layout.unit
    head, area, bar = box.rows((1.1, 9, 0.3), round(6 * unit))
    brush.fill(head, title[1], round(8 * unit))
    brush.text(title[0], head.inset(round(12 * unit), round(3 * unit)), 40 * unit, INK, "centre")
    count = len(pictures)
    place = min(count - 1, step % (count + 6))  # the end stands for a moment
    shown = pictures[place]
    size = (shown.height, shown.width)
    field = fit_picture(area, *size)
    brush.fill(area, BACK)
    brush.picture(shown.data, size, field)
    draw_danger(brush, field, game, shown, unit, hatched=False)
    brush.fill(bar, GREY)
    brush.fill(Box(bar.x, bar.y, max(1, bar.w * (place + 1) // count), bar.h), INK)
