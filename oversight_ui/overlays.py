"""What is laid over the window while the game stands still: start, help, idle, no focus, over."""

from __future__ import annotations

from oversight.game import Game
from oversight_ui.keymap import Command, KeyMap
from oversight_ui.layout import Box
from oversight_ui.paint import AMBER, CARD, DIM, GREY, INK, Brush
from oversight_ui.state import Mode, State, start_in

__all__ = ["draw_overlay"]

_VEIL = 232
_HELP = {
    Command.BLOCK: "tap: refuse the step shown; keep it down: refuse every step",
    Command.PAUSE: "stop the game, and go on",
    Command.STEP: "pause; while paused: allow exactly the step shown",
    Command.UNDO: "take back your last key's decision; again: the one before",
    Command.FASTER: "more steps a second",
    Command.SLOWER: "fewer steps a second",
    Command.HELP: "all keys; any key leaves that page",
    Command.END: "end your oversight; nothing more is approved",
}


def draw_overlay(brush: Brush, unit: float, state: State, game: Game, keys: KeyMap) -> None:
    """Draw what belongs over the session's mode; nothing while it judges, pauses or watches."""
    match state.mode:
        case Mode.START:
            _start(brush, unit, state, game, keys)
        case Mode.HELP:
            _help(brush, unit, game, keys)
        case Mode.IDLE:
            _notice(brush, unit, "ARE YOU THERE?", "Press any key to go on.")
        case Mode.UNFOCUSED:
            _notice(brush, unit, "STOPPED", "This window lost the keyboard. Click here to go on.")
        case Mode.OVER:
            _notice(brush, unit, "THE END", "The run has ended this session.")
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
    return box.inset(round(44 * unit), round(30 * unit))


def _notice(brush: Brush, unit: float, title: str, line: str) -> None:
    box = _sheet(brush, unit, 900, 300, veil=160)
    upper, middle, lower = box.rows((5, 3, 3))
    brush.text(title, upper, 110 * unit, AMBER, "centre")
    brush.text("The game has stopped. Nothing was approved.", middle, 42 * unit, INK, "centre")
    brush.text(line, lower, 42 * unit, INK, "centre")


def _start(brush: Brush, unit: float, state: State, game: Game, keys: KeyMap) -> None:
    box = _sheet(brush, unit, 1100, 660, veil=255)
    title, text, keyed, count = box.rows((2.0, 3.8, 5.6, 3.2), round(18 * unit))
    brush.text(f"{game.title}: you oversee a learning agent", title, 66 * unit, INK)
    y = brush.paragraph(f"Prevent this: {game.catastrophe}.", text, 36 * unit, INK)
    rest = Box(text.x, y + round(8 * unit), text.w, text.bottom - y)
    y = brush.paragraph(game.instruction, rest, 36 * unit, AMBER)
    rest = Box(text.x, y + round(8 * unit), text.w, text.bottom - y)
    brush.paragraph("If you press nothing, the step shown is allowed.", rest, 36 * unit, INK)
    commands = (Command.BLOCK, Command.PAUSE, Command.UNDO, Command.HELP, Command.END)
    _key_lines(brush, unit, keyed, keys, commands)
    _countdown(brush, unit, count, state)


def _countdown(brush: Brush, unit: float, box: Box, state: State) -> None:
    left = start_in(state)
    brush.fill(box, AMBER, round(10 * unit))
    upper, lower = box.inset(round(20 * unit), round(8 * unit)).rows((6, 4))
    brush.text("PRESS ANY KEY TO OVERSEE", upper, 64 * unit, CARD, "centre")
    words = "The game waits for you."
    if left is not None:
        words = f"Nobody here? In {left:.0f} s the run goes on without a person."
    brush.text(words, lower, 34 * unit, CARD, "centre")


def _help(brush: Brush, unit: float, game: Game, keys: KeyMap) -> None:
    box = _sheet(brush, unit, 1180, 660)
    title, rule, keyed, foot = box.rows((1.4, 1.2, 8, 1.4), round(14 * unit))
    brush.text("Help", title, 64 * unit, INK)
    brush.text(game.instruction, rule, 36 * unit, AMBER)
    _key_lines(brush, unit, keyed, keys, tuple(Command))
    words = (
        "Silence allows a step only while this window has the keyboard and you pressed a key in"
        " the last seconds. Otherwise the game stops. Any key counts; a change of pace or undo"
        " gives the step its full time again."
    )
    brush.paragraph(words, foot, 28 * unit, DIM)


def _key_lines(
    brush: Brush, unit: float, box: Box, keys: KeyMap, commands: tuple[Command, ...]
) -> None:
    for command, row in zip(commands, box.rows([1] * len(commands)), strict=True):
        cap, words = row.columns((2.2, 10), round(18 * unit))
        cap = cap.inset(0, max(1, round(3 * unit)))
        brush.fill(cap, GREY, round(5 * unit))
        brush.text(keys.label(command), cap.inset(round(6 * unit), 1), 32 * unit, INK, "centre")
        brush.text(_HELP[command], words, 34 * unit, INK)
