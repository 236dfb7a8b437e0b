"""Draws a session; decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pygame

from oversight.game import Game
from oversight_ui.danger import draw_danger
from oversight_ui.keymap import Command
from oversight_ui.layout import Box, Layout, lay_out
from oversight_ui.looks import PICTURES_A_SECOND, draw_heat, draw_opinion, draw_preview
from oversight_ui.overlays import draw_overlay
from oversight_ui.paint import AMBER, BACK, CARD, DIM, GREY, INK, STOP, Brush, Colour
from oversight_ui.panel import (
    VERDICT_WORDS,
    counts,
    draw_counters,
    draw_keys,
    draw_strip,
    mark_of,
    recorded,
    verdict_colour,
    words_of,
)
from oversight_ui.picture import Picture
from oversight_ui.state import Mode, State, Way, idle_in, start_in, time_left
from oversight_ui.steps import Past

__all__ = ["COVERED", "Picture", "draw", "draw_clock", "layout_of", "notable", "timed_words"]

NATIVE_SIZE = (210, 160)
"""The Atari's screen, height and width: holds the field's place until the first screen comes."""
IDLE_WARNING_SECONDS = 6.0
BLOCK_STAYS_SECONDS = 0.7
"""A block stays readable this long although allowed steps follow it."""
NOTICE_SECONDS: Final = 4.0
"""So long a line about the last key stands."""
COVERED: Final = (
    *(Mode.START, Mode.HELP, Mode.IDLE, Mode.UNFOCUSED),
    *(Mode.ENDING, Mode.OVER, Mode.PREVIEW),
)
"""In these modes something lies over the clock, which stands still."""
WAITING_SECONDS = 1.0
"""From here on the window says that it waits for the run."""


def draw(brush: Brush, surface: pygame.Surface, picture: Picture) -> None:
    """Draw everything on a surface of any size."""
    brush.surface = surface
    surface.fill(BACK)
    scene = picture.scene
    layout = layout_of(surface, picture)
    _field(brush, layout, picture)
    _header(brush, layout, picture)
    _action(brush, layout, picture)
    draw_clock(brush, layout, picture)
    hint = scene.hint if scene is not None else None
    draw_opinion(brush, layout, hint, scene.standing if scene is not None else "")
    _verdict(brush, layout, picture)
    draw_counters(brush, layout, picture)
    draw_keys(brush, layout, picture)
    draw_strip(brush, layout, picture)
    if picture.state.mode is Mode.PREVIEW:
        draw_preview(brush, layout, picture.game, picture.film, picture.keys, picture.state)
    draw_overlay(brush, layout, picture)


def layout_of(surface: pygame.Surface, picture: Picture) -> Layout:
    """Where everything goes on a surface."""
    return lay_out(*surface.get_size(), _screen_size(picture), picture.text)


def timed_words(picture: Picture) -> tuple[object, ...]:
    """All that is drawn and that time alone changes, besides the clock."""
    state = picture.state
    left = start_in(state)
    return (
        _mode_words(picture),
        _detail(picture),
        _notice(picture),
        state.mode is Mode.JUDGING and _about_to_idle(state),
        notable(picture.past, state.now),
        counts(picture),
        None if left is None else f"{left:.0f}",
        round(state.now * PICTURES_A_SECOND) if state.mode is Mode.PREVIEW else None,
    )


def _screen_size(picture: Picture) -> tuple[int, int]:
    scene = picture.scene
    return NATIVE_SIZE if scene is None else (scene.pixels.height, scene.pixels.width)


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


def _field(brush: Brush, layout: Layout, picture: Picture) -> None:
    edge = {Mode.PAUSED: AMBER, Mode.JUDGING: INK}.get(picture.state.mode, GREY)
    brush.fill(layout.frame, edge)
    brush.fill(layout.field, (0, 0, 0))
    if picture.scene is not None:
        pixels = picture.scene.pixels
        image = pygame.image.frombuffer(pixels.data, (pixels.width, pixels.height), "RGB")
        target = (layout.field.w, layout.field.h)
        brush.surface.blit(pygame.transform.scale(image, target), (layout.field.x, layout.field.y))
    pending, heat = picture.state.pending, picture.heat
    asked = pending.serial if pending is not None and picture.state.heat else None
    if heat is not None and heat.serial == asked:
        draw_heat(brush, layout, heat)
    shown = None if picture.scene is None else picture.scene.pixels
    draw_danger(brush, layout.field, picture.game, shown, layout.unit, hatched=True)


def _header(brush: Brush, layout: Layout, picture: Picture) -> None:
    word, back, ink = _mode_words(picture)
    unit, radius = layout.unit, round(8 * layout.unit)
    brush.fill(layout.header, back, radius)
    upper, lower = layout.header.inset(round(16 * unit), round(6 * unit)).rows((6, 4))
    brush.text(word, upper, 52 * unit, ink)
    warning = picture.state.mode is Mode.JUDGING and _about_to_idle(picture.state)
    words = _notice(picture)
    news = back is CARD and (warning or bool(words))  # on a coloured header amber is not seen
    brush.text(words or _detail(picture), lower, layout.small(28), AMBER if news else ink)


def _notice(picture: Picture) -> str:
    """The line about the last key, as long as it is news."""
    state = picture.state
    if picture.word:
        return picture.word
    if state.notice and state.now - state.noticed_at < NOTICE_SECONDS:
        return state.notice if state.mode is Mode.JUDGING else ""
    return ""


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
    if _waits(state):
        return "YOUR DECISION", AMBER, BACK
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
        said = state.notice if state.now - state.noticed_at < NOTICE_SECONDS * 2 else place
        return f"{said}. {step} allows, {go_on} goes on"
    return _speed_words(state) if _waits(state) else f"{place}, {_speed_words(state)}"


def _waits(state: State) -> bool:
    """Whether the assisted way has stopped at a step that the Blocker would block."""
    pending = state.pending
    return state.way is Way.ASSISTED and pending is not None and pending.speed == 0


def _speed_words(state: State) -> str:
    own = f"{state.way.value}, {state.pace:g} steps a second"
    if state.way is Way.STEPWISE:
        return f"{state.way.value}: nothing happens without a key"
    if state.way is Way.REAL_TIME or state.pending is None:
        return own
    speed = state.pending.speed
    if speed == 0.0:
        return "the Blocker would block this: it waits for you"
    return f"{own}, x{speed:.1f} by the Blocker"


def _action(brush: Brush, layout: Layout, picture: Picture) -> None:
    unit = layout.unit
    brush.fill(layout.action, CARD, round(8 * unit))
    words, symbol = layout.action.inset(round(16 * unit)).columns((6, 4), round(10 * unit))
    title, name, move, instead = words.rows((2.2, 4.4, 2.4, 2.2))
    again = picture.scene is not None and picture.scene.redoes is not None
    title_words = "AGAIN: THE AGENT WANTED" if again else "THE AGENT WANTS"
    brush.text(title_words, title, layout.small(28), AMBER if again else DIM)
    if picture.scene is None:
        brush.text("nothing yet", name, 60 * unit, DIM)
        return
    direction = picture.game.arrows[picture.scene.action]
    brush.text(picture.game.actions[picture.scene.action], name, 120 * unit, AMBER)
    brush.text(_move_words(direction), move, 56 * unit, INK)
    if picture.state.mode is not Mode.SPECTATING:  # another overseer may take something else
        brush.text(_instead(picture.game, picture.scene.action), instead, layout.small(30), INK)
    brush.arrow(symbol, direction, AMBER)


def _move_words(direction: tuple[int, int]) -> str:
    right, down = direction
    parts = [{-1: "up", 0: "", 1: "down"}[down], {-1: "left", 0: "", 1: "right"}[right]]
    return " ".join(["moves", *filter(None, parts)]) if any(direction) else "does not move"


def _instead(game: Game, action: int) -> str:
    """What is done if the person blocks and names nothing else: the game's safe twin."""
    twin = game.safe_twin[action]
    if twin == action:
        return "if blocked: the same, it is the safe one"
    where = _move_words(game.arrows[twin]).removeprefix("moves ")
    return f"if blocked: {game.actions[twin]}, {where}"


def draw_clock(brush: Brush, layout: Layout, picture: Picture) -> None:
    """The time until silence approves."""
    brush.fill(layout.clock, BACK)
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
        brush.text("no decision yet", box.inset(round(16 * unit)), layout.small(34), DIM)
        return
    brush.fill(box, verdict_colour(past), round(8 * unit))
    symbol, word, detail = box.inset(round(16 * unit), round(8 * unit)).columns(
        (1.2, 5, 5), round(10 * unit)
    )
    mark_of(brush, past)(symbol, INK)
    brush.text(words_of(past), word, 72 * unit, INK)
    upper, lower = detail.rows((1, 1))
    action = picture.game.actions[past.action]
    brush.text(f"{action}, step {past.step_id}", upper, layout.small(30), INK, "right")
    brush.text(_who(past, picture), lower, layout.small(30), INK, "right")


def _who(past: Past, picture: Picture) -> str:
    if picture.state.mode is Mode.SPECTATING:
        who = "by the overseer"
    else:
        who = "by your key" if past.by_key else "by silence"
    if past.labelled is not None:  # it reaches the log with the next decision: not yet recorded
        return f"{VERDICT_WORDS[past.verdict].lower()} {who}"
    return f"{who}, recorded" if recorded(past, picture) else who
