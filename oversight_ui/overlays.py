"""What is laid over the window while the game stands still: start, help, idle, no focus, end."""

from __future__ import annotations

from typing import Final

from oversight.game import Game
from oversight_ui.danger import draw_danger
from oversight_ui.keymap import Command, KeyMap
from oversight_ui.layout import Box, Layout, fit_picture
from oversight_ui.paint import AMBER, CARD, DIM, GREY, INK, Brush
from oversight_ui.picture import Picture
from oversight_ui.state import Mode, State, start_in

__all__ = ["draw_overlay"]

_VEIL: Final = 232
LARGE: Final = 1.25
"""Above this text size the start page names fewer keys."""
FIRST_KEYS: Final = (Command.BLOCK, Command.PAUSE, Command.HELP, Command.UNDO, Command.LOOK)
"""The keys that the start page names, the most needed first."""
_HELP = {
    Command.BLOCK: "tap: refuse the step; hold: every step",
    Command.CHOOSE_UP: "refuse, do that instead (SHIFT: fire)",
    Command.CHOOSE_FIRE: "refuse, fire instead (0: do nothing)",
    Command.APPROVE: "allow the step shown, at once",
    Command.UNSURE: "not sure: allowed, but not learned",
    Command.PAUSE: "stop the game, and go on",
    Command.STEP: "pause; while paused: allow one step",
    Command.WAY: "real time, step by step, assisted",
    Command.FASTER: "faster",
    Command.SLOWER: "slower",
    Command.UNDO: "take back your last decision",
    Command.BACK: "take the game back by one step",
    Command.LATE: "refuse the step some steps back",
    Command.EARLIER: "more steps back for that",
    Command.LATER: "fewer steps back for that",
    Command.CATASTROPHE: "the last step was a catastrophe",
    Command.LOOK: "the next second, both ways",
    Command.HEAT: "where the Blocker looks",
    Command.NEXT_GAME: "end this game at your next decision",
    Command.FULL_SCREEN: "full screen, and back",
    Command.SCREENSHOT: "save a picture of this window",
    Command.BIGGER: "larger words",
    Command.SMALLER: "smaller words",
    Command.END: "end your oversight",
}


def draw_overlay(brush: Brush, layout: Layout, picture: Picture) -> None:
    """Draw what belongs over the session's mode; nothing while it judges, pauses or watches."""
    match picture.state.mode:
        case Mode.START:
            _start(brush, layout, picture)
        case Mode.HELP:
            _help(brush, layout, picture.game, picture.keys)
        case Mode.IDLE:
            _notice(brush, layout, "ARE YOU THERE?", "Press any key to go on.")
        case Mode.UNFOCUSED:
            words = "This window lost the keyboard. Click here to go on."
            _notice(brush, layout, "STOPPED", words)
        case Mode.ENDING:
            end = picture.keys.label(Command.END)
            words = f"{end} once more ends your oversight. Any other key goes back."
            _notice(brush, layout, "END?", words)
        case Mode.OVER:
            _notice(brush, layout, "THE END", "The run has ended this session.")
        case _:
            pass


def _sheet(brush: Brush, unit: float, width: float, height: float, veil: int = _VEIL) -> Box:
    """Darken what lies below and return the inside of a sheet of this size in the middle."""
    brush.veil(veil)
    w, h = brush.surface.get_size()
    wide, tall = round(width * unit), round(height * unit)
    box = Box((w - wide) // 2, (h - tall) // 2, wide, tall)
    brush.fill(box, CARD, round(14 * unit))
    brush.outline(box, GREY, max(2, round(2 * unit)), round(14 * unit))
    return box.inset(round(40 * unit), round(24 * unit))


def _notice(brush: Brush, layout: Layout, title: str, line: str) -> None:
    unit, text = layout.unit, layout.text
    box = _sheet(brush, unit, min(1240, 1000 * text), min(420, 320 * text), veil=160)
    upper, middle, lower = box.rows((5, 3, 3))
    size = layout.small(46)
    brush.text(title, upper, 110 * unit, AMBER, "centre")
    brush.text("The game has stopped. Nothing was approved.", middle, size, INK, "centre")
    brush.text(line, lower, size, INK, "centre")


def _start(brush: Brush, layout: Layout, picture: Picture) -> None:
    unit, game, opening = layout.unit, picture.game, picture.opening
    box = _sheet(brush, unit, 1248, 696, veil=255)
    title, body, count = box.rows((1.3, 9.5, 1.9), round(12 * unit))
    brush.text(f"{game.title}: you oversee a learning agent", title, 66 * unit, INK)
    if opening is not None:
        body, side = body.columns((6.3, 3.7), round(24 * unit))
        field = fit_picture(side, opening.height, opening.width)
        brush.picture(opening.data, (opening.height, opening.width), field)
        brush.outline(field.inset(-3), INK, 3)
        draw_danger(brush, field, game, opening, unit * 0.7, hatched=True)
    large = layout.text > LARGE
    task, keyed = body.rows((6.4, 4.2) if large else (5, 5.2), round(12 * unit))
    lines = (
        (f"Prevent this: {game.catastrophe}.", INK),
        (game.instruction, AMBER),
        ("If you press nothing, the step shown is allowed.", INK),
    )
    brush.paragraphs(lines, task, layout.small(38))
    commands = FIRST_KEYS[:3] if large else FIRST_KEYS
    texts = {**_HELP, Command.HELP: "all the keys"}
    _key_lines(brush, layout, keyed, picture.keys, commands, texts)
    _countdown(brush, layout, count, picture.state)


def _countdown(brush: Brush, layout: Layout, box: Box, state: State) -> None:
    unit, left = layout.unit, start_in(state)
    brush.fill(box, AMBER, round(10 * unit))
    upper, lower = box.inset(round(20 * unit), round(6 * unit)).rows((5, 5))
    brush.text("PRESS ANY KEY TO OVERSEE", upper, 64 * unit, CARD, "centre")
    words = "The game waits for you."
    if left is not None:
        words = f"Nobody here? In {left:.0f} s the run goes on without a person."
    brush.text(words, lower, layout.small(36), CARD, "centre")


def _help(brush: Brush, layout: Layout, game: Game, keys: KeyMap) -> None:
    unit = layout.unit
    box = _sheet(brush, unit, 1268, 706)
    title, keyed, foot = box.rows((1.0, 10.4, 1.3), round(8 * unit))
    brush.text(game.instruction, title, layout.small(40), AMBER)
    half = -(-len(_HELP) // 2)
    commands = tuple(_HELP)
    for column, part in zip(
        keyed.columns((1, 1), round(20 * unit)), (commands[:half], commands[half:]), strict=True
    ):
        _key_lines(brush, layout, column, keys, part, _HELP)
    words = (
        "Silence allows a step only while this window has the keyboard and you pressed a key in"
        " the last seconds. Otherwise the game stops. Any key counts, and leaves this page."
    )
    brush.paragraphs(((words, DIM),), foot, layout.small(30))


def _key_lines(
    brush: Brush,
    layout: Layout,
    box: Box,
    keys: KeyMap,
    commands: tuple[Command, ...],
    texts: dict[Command, str],
) -> None:
    unit = layout.unit
    rows = [row.columns((2.2, 10), round(12 * unit)) for row in box.rows([1] * len(commands))]
    largest = round(layout.small(36))
    size = min(
        brush.fitting_size(texts[command], words, largest)
        for command, (_, words) in zip(commands, rows, strict=True)
    )
    for command, (place, words) in zip(commands, rows, strict=True):
        cap = place.inset(0, max(1, round(3 * unit)))
        brush.fill(cap, GREY, round(5 * unit))
        brush.text(keys.label(command), cap.inset(round(5 * unit), 1), size, INK, "centre")
        brush.text(texts[command], words, size, INK)
