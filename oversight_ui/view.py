"""Draws a session; decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pygame

from oversight.game import Game
from oversight.types import Tally
from oversight_ui.keymap import Command, KeyMap
from oversight_ui.layout import Box, Layout, lay_out, zone_box
from oversight_ui.messages import Scene
from oversight_ui.overlays import draw_overlay
from oversight_ui.paint import AMBER, BACK, CARD, DIM, GOOD, GREY, INK, STOP, ZONE, Brush, Colour
from oversight_ui.state import Mode, Past, State, idle_in, time_left

__all__ = ["Picture", "draw", "notable"]

NATIVE_SIZE = (210, 160)
"""The Atari's screen, height and width: holds the field's place until the first screen comes."""
IDLE_WARNING_SECONDS = 6.0
BLOCK_STAYS_SECONDS = 0.7
"""A block stays readable this long although allowed steps follow it."""
WAITING_SECONDS = 1.0
"""From here on the window says that it waits for the run."""


@dataclass(frozen=True)
class Picture:
    """All that is drawn.

    Attributes:
        state: the session.
        game: its names, arrows, zone.
        phase: name of the run's phase.
        banner: who oversees, if not the person at the window.
        scene: the step on the screen, if any.
        past: the last decisions, oldest first: the person's, or those of the overseer watched.
        waited: seconds since the run last sent a step.
        keys: the key map, for the hints.
    """

    state: State
    game: Game
    phase: str
    banner: str
    scene: Scene | None
    past: tuple[Past, ...]
    waited: float
    keys: KeyMap


def draw(brush: Brush, surface: pygame.Surface, picture: Picture) -> None:
    """Draw everything on a surface of any size."""
    brush.surface = surface
    surface.fill(BACK)
    scene = picture.scene
    size = (scene.pixels.height, scene.pixels.width) if scene is not None else NATIVE_SIZE
    layout = lay_out(*surface.get_size(), size)
    _field(brush, layout, picture, size)
    _header(brush, layout, picture)
    _action(brush, layout, picture)
    _clock(brush, layout, picture)
    _verdict(brush, layout, picture)
    _counters(brush, layout, picture)
    _keys(brush, layout, picture)
    _strip(brush, layout, picture)
    draw_overlay(brush, layout.unit, picture.state, picture.game, picture.keys)


def notable(past: Sequence[Past], now: float) -> Past | None:
    """The decision to show large: the newest, or a block that was made a moment ago."""
    if not past:
        return None
    for item in reversed(past):
        if now - item.at > BLOCK_STAYS_SECONDS:
            break
        if item.blocked:
            return item
    return past[-1]


def _field(brush: Brush, layout: Layout, picture: Picture, size: tuple[int, int]) -> None:
    edge = {Mode.PAUSED: AMBER, Mode.JUDGING: INK}.get(picture.state.mode, GREY)
    brush.fill(layout.frame, edge)
    brush.fill(layout.field, (0, 0, 0))
    if picture.scene is not None:
        pixels = picture.scene.pixels
        image = pygame.image.frombuffer(pixels.data, (pixels.width, pixels.height), "RGB")
        target = (layout.field.w, layout.field.h)
        brush.surface.blit(pygame.transform.scale(image, target), (layout.field.x, layout.field.y))
    zone = picture.game.zone
    if zone is not None:
        rows, columns = (zone.top, zone.bottom), (zone.left, zone.right)
        box = zone_box(layout.field, size, rows, columns)
        unit = layout.unit
        brush.hatch(box, ZONE, max(8, round(24 * unit)), max(2, round(3 * unit)))
        brush.outline(box, INK, max(1, round(1.5 * unit)))


def _header(brush: Brush, layout: Layout, picture: Picture) -> None:
    word, back, ink = _mode_words(picture)
    unit, radius = layout.unit, round(8 * layout.unit)
    brush.fill(layout.header, back, radius)
    upper, lower = layout.header.inset(round(16 * unit), round(6 * unit)).rows((6, 4))
    brush.text(word, upper, 52 * unit, ink)
    warning = picture.state.mode is Mode.JUDGING and back is CARD and _about_to_idle(picture.state)
    brush.text(_detail(picture), lower, 28 * unit, AMBER if warning else ink)


def _about_to_idle(state: State) -> bool:
    return idle_in(state) < IDLE_WARNING_SECONDS


def _mode_words(picture: Picture) -> tuple[str, Colour, Colour]:
    state = picture.state
    if state.mode is Mode.PAUSED:
        return "PAUSED", AMBER, BACK
    if state.mode is Mode.SPECTATING:
        return picture.banner or "YOU ARE WATCHING", (58, 50, 96), INK
    if state.mode is not Mode.JUDGING:
        return "STOPPED", GREY, INK
    if state.held_since is not None and state.now - state.held_since > state.settings.hold_seconds:
        return "BLOCKING EVERY STEP", STOP, INK
    if state.pending is None and picture.waited > WAITING_SECONDS:
        return "WAITING FOR THE RUN", CARD, AMBER
    return "YOU OVERSEE", CARD, INK


def _detail(picture: Picture) -> str:
    state = picture.state
    if state.mode is Mode.JUDGING and _about_to_idle(state):
        return f"Still there? Press any key: the game stops in {idle_in(state):.0f} s"
    place = f"{picture.game.title}, {picture.phase}" if picture.phase else picture.game.title
    if state.mode is Mode.SPECTATING:
        return f"{place}. You watch; nothing waits for you."
    if state.mode is Mode.PAUSED:
        keys = picture.keys
        step, go_on = keys.label(Command.STEP), keys.label(Command.PAUSE)
        return f"{place}. {step} allows this one step, {go_on} goes on"
    return f"{place}. {state.pace:g} steps a second"


def _action(brush: Brush, layout: Layout, picture: Picture) -> None:
    unit = layout.unit
    brush.fill(layout.action, CARD, round(8 * unit))
    words, symbol = layout.action.inset(round(16 * unit)).columns((6, 4), round(10 * unit))
    title, name, move = words.rows((2, 5, 3.4))
    brush.text("THE AGENT WANTS", title, 28 * unit, DIM)
    if picture.scene is None:
        brush.text("nothing yet", name, 60 * unit, DIM)
        return
    direction = picture.game.arrows[picture.scene.action]
    brush.text(picture.game.actions[picture.scene.action], name, 120 * unit, AMBER)
    brush.text(_move_words(direction), move, 56 * unit, INK)
    brush.arrow(symbol, direction, AMBER)
    hint = picture.scene.hint
    if hint is not None:
        brush.text(f"Blocker: {hint.probability:.0%} unsafe", title, 28 * unit, DIM, "right")


def _move_words(direction: tuple[int, int]) -> str:
    right, down = direction
    parts = [{-1: "up", 0: "", 1: "down"}[down], {-1: "left", 0: "", 1: "right"}[right]]
    return " ".join(["moves", *filter(None, parts)]) if any(direction) else "does not move"


def _clock(brush: Brush, layout: Layout, picture: Picture) -> None:
    brush.fill(layout.clock, CARD, layout.clock.h // 2)
    left = time_left(picture.state)
    if left is None:
        return
    box = layout.clock
    brush.fill(Box(box.x, box.y, max(1, round(box.w * left)), box.h), INK, box.h // 2)


def _verdict(brush: Brush, layout: Layout, picture: Picture) -> None:
    unit, box = layout.unit, layout.verdict
    past = notable(picture.past, picture.state.now)
    if past is None:
        brush.fill(box, CARD, round(8 * unit))
        brush.text("no decision yet", box.inset(round(16 * unit)), 36 * unit, DIM)
        return
    brush.fill(box, _verdict_colour(past), round(8 * unit))
    symbol, word, detail = box.inset(round(16 * unit), round(8 * unit)).columns(
        (1.2, 5, 5), round(10 * unit)
    )
    mark = brush.cross if past.blocked else brush.tick
    mark(symbol, INK)
    text = "TAKEN BACK" if past.undone else "BLOCKED" if past.blocked else "ALLOWED"
    brush.text(text, word, 72 * unit, INK)
    upper, lower = detail.rows((1, 1))
    action = picture.game.actions[past.action]
    brush.text(f"{action}, step {past.step_id}", upper, 30 * unit, INK, "right")
    brush.text(_who(past, picture), lower, 30 * unit, INK, "right")


def _verdict_colour(past: Past) -> Colour:
    return GREY if past.undone else STOP if past.blocked else GOOD


def _who(past: Past, picture: Picture) -> str:
    if picture.state.mode is Mode.SPECTATING:
        who = "by the overseer"
    else:
        who = "by your key" if past.by_key else "by silence"
    return f"{who}, recorded" if _recorded(past, picture) else who


def _recorded(past: Past, picture: Picture) -> bool:
    return picture.scene is not None and past.step_id <= picture.scene.recorded_through


def _counters(brush: Brush, layout: Layout, picture: Picture) -> None:
    unit = layout.unit
    cells = _counts(picture)
    gap = round(8 * unit)
    for (name, value), box in zip(
        cells, layout.counters.columns([1] * len(cells), gap), strict=True
    ):
        brush.fill(box, CARD, round(8 * unit))
        upper, lower = box.inset(round(8 * unit)).rows((6, 4))
        brush.text(value, upper, 56 * unit, INK, "centre")
        brush.text(name, lower, 26 * unit, DIM, "centre")


def _counts(picture: Picture) -> list[tuple[str, str]]:
    tally = picture.scene.tally if picture.scene is not None else Tally()
    cells = [("steps", f"{tally.steps}"), ("games", f"{tally.episodes}")]
    cells.append(("blocks", f"{tally.blocks}"))
    if tally.catastrophes is not None:
        cells.append(("catastrophes", f"{tally.catastrophes}"))
    if picture.state.mode is not Mode.SPECTATING:
        cells.append(("your minutes", f"{picture.state.attention / 60:.1f}"))
    return cells


def _keys(brush: Brush, layout: Layout, picture: Picture) -> None:
    watching = picture.state.mode is Mode.SPECTATING
    commands = (Command.HELP, Command.END) if watching else tuple(Command)
    unit = layout.unit
    gap = round(8 * unit)
    cells = [box for row in layout.keys.rows((1, 1), gap) for box in row.columns([1] * 4, gap)]
    for command, cell in zip(commands, cells, strict=False):
        cap, words = cell.rows((1, 1))
        size = round(28 * unit)
        label = picture.keys.label(command)
        wide = min(cell.w, brush.font(size).size(label)[0] + round(20 * unit))
        cap = Box(cap.x, cap.y, wide, cap.h)
        brush.fill(cap, GREY, round(5 * unit))
        brush.text(label, cap.inset(round(4 * unit), 1), size, INK, "centre")
        brush.text(command.value, words, 27 * unit, DIM)


def _strip(brush: Brush, layout: Layout, picture: Picture) -> None:
    """The last decisions, newest on the right; a line below those that are recorded."""
    unit, box = layout.unit, layout.strip
    title, cells = box.columns((1.6, 10))
    brush.text("LAST STEPS", title, 26 * unit, DIM)
    size = box.h
    count = cells.w // (size + round(4 * unit))
    shown = picture.past[-count:]
    for place, past in enumerate(reversed(shown)):
        x = cells.right - size - place * (size + round(4 * unit))
        _cell(brush, Box(x, box.y, size, size), past, _recorded(past, picture), unit)


def _cell(brush: Brush, box: Box, past: Past, recorded: bool, unit: float) -> None:
    tall = round(box.h * 0.8)
    square = Box(box.x, box.y, box.w, tall)
    colour = _verdict_colour(past)
    if past.by_key or past.blocked:
        brush.fill(square, colour, round(4 * unit))
    else:
        brush.outline(square, colour, max(2, round(2 * unit)), round(4 * unit))
    mark = brush.cross if past.blocked else brush.tick
    mark(square.inset(round(5 * unit)), INK)
    if past.undone:
        middle = Box(square.x, square.y + square.h // 2 - 1, square.w, max(3, round(3 * unit)))
        brush.fill(middle, AMBER)
    if recorded:
        brush.fill(Box(box.x, box.y + tall + max(2, box.h // 14), box.w, max(2, box.h // 9)), INK)
