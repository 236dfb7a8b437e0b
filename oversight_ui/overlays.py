"""What is laid over the window while the game stands still: start, help, idle, no focus, end."""

from __future__ import annotations

from oversight.game import Game
from oversight_ui.keymap import Command, KeyMap
from oversight_ui.layout import Box, fit_picture, zone_box
from oversight_ui.messages import Pixels
from oversight_ui.paint import AMBER, CARD, DIM, GREY, INK, ZONE, Brush
from oversight_ui.state import Mode, State, start_in

__all__ = ["draw_overlay"]

_VEIL = 232
_HELP = {
    Command.BLOCK: "tap: refuse the step; hold: refuse every step",
    Command.CHOOSE_UP: "refuse, and do that instead (SHIFT: with fire)",
    Command.CHOOSE_FIRE: "refuse, and fire instead; 0: do nothing instead",
    Command.APPROVE: "allow the step shown, at once",
    Command.UNSURE: "not sure: allowed, nothing is learned from it",
    Command.PAUSE: "stop the game, and go on",
    Command.STEP: "pause; while paused: allow exactly one step",
    Command.WAY: "real time, step by step, assisted",
    Command.FASTER: "faster",
    Command.SLOWER: "slower",
    Command.UNDO: "take your last decision back, and the game",
    Command.BACK: "take the game back by one step",
    Command.LATE: "refuse the step some steps back",
    Command.EARLIER: "more steps back for that",
    Command.LATER: "fewer steps back for that",
    Command.CATASTROPHE: "mark: the last step was a catastrophe",
    Command.LOOK: "the next second, allowed and blocked",
    Command.HEAT: "where the Blocker looks",
    Command.NEXT_GAME: "end this game with your next decision",
    Command.FULL_SCREEN: "full screen, and back",
    Command.SCREENSHOT: "save a picture of this window",
    Command.BIGGER: "larger words",
    Command.SMALLER: "smaller words",
    Command.END: "end your oversight; nothing more is approved",
}


def draw_overlay(
    brush: Brush, unit: float, state: State, game: Game, keys: KeyMap, opening: Pixels | None
) -> None:
    """Draw what belongs over the session's mode; nothing while it judges, pauses or watches."""
    match state.mode:
        case Mode.START:
            _start(brush, unit, state, game, keys, opening)
        case Mode.HELP:
            _help(brush, unit, game, keys)
        case Mode.IDLE:
            _notice(brush, unit, "ARE YOU THERE?", "Press any key to go on.")
        case Mode.UNFOCUSED:
            _notice(brush, unit, "STOPPED", "This window lost the keyboard. Click here to go on.")
        case Mode.ENDING:
            end = keys.label(Command.END)
            words = f"{end} once more ends your oversight. Any other key goes back."
            _notice(brush, unit, "END?", words)
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


def _start(
    brush: Brush, unit: float, state: State, game: Game, keys: KeyMap, opening: Pixels | None
) -> None:
    box = _sheet(brush, unit, 1200, 680, veil=255)
    title, body, count = box.rows((1.3, 9.3, 2.0), round(12 * unit))
    brush.text(f"{game.title}: you oversee a learning agent", title, 66 * unit, INK)
    if opening is not None:
        body, picture = body.columns((6.4, 3.4), round(24 * unit))
        _explained(brush, unit, picture, game, opening)
    text, keyed = body.rows((4.2, 5), round(10 * unit))
    y = brush.paragraph(f"Prevent this: {game.catastrophe}.", text, 32 * unit, INK)
    rest = Box(text.x, y + round(6 * unit), text.w, text.bottom - y)
    y = brush.paragraph(game.instruction, rest, 32 * unit, AMBER)
    rest = Box(text.x, y + round(6 * unit), text.w, text.bottom - y)
    brush.paragraph("If you press nothing, the step shown is allowed.", rest, 32 * unit, INK)
    commands = (Command.BLOCK, Command.PAUSE, Command.UNDO, Command.LOOK, Command.HELP)
    texts = {**_HELP, Command.HELP: "all keys; any key leaves that page"}
    _key_lines(brush, unit, keyed, keys, commands, texts)
    _countdown(brush, unit, count, state)


def _explained(brush: Brush, unit: float, box: Box, game: Game, opening: Pixels) -> None:
    """A screen of the game with the place of the harm."""
    size = (opening.height, opening.width)
    field = fit_picture(box, *size)
    brush.picture(opening.data, size, field)
    brush.outline(field.inset(-3), INK, 3)
    if game.zone is None:
        return
    rows, columns = (game.zone.top, game.zone.bottom), (game.zone.left, game.zone.right)
    brush.hatch(zone_box(field, size, rows, columns), ZONE, max(8, round(16 * unit)), 3)


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
    box = _sheet(brush, unit, 1240, 690)
    title, rule, keyed, foot = box.rows((1.2, 0.9, 9.4, 1.3), round(8 * unit))
    brush.text("Help", title, 56 * unit, INK)
    brush.text(game.instruction, rule, 34 * unit, AMBER)
    half = -(-len(_HELP) // 2)
    commands = tuple(_HELP)
    for column, part in zip(
        keyed.columns((1, 1), round(24 * unit)), (commands[:half], commands[half:]), strict=True
    ):
        _key_lines(brush, unit, column, keys, part, _HELP)
    words = (
        "Silence allows a step only while this window has the keyboard and you pressed a key in"
        " the last seconds. Otherwise the game stops. Any key counts, and leaves this page."
    )
    brush.paragraph(words, foot, 26 * unit, DIM)


def _key_lines(
    brush: Brush,
    unit: float,
    box: Box,
    keys: KeyMap,
    commands: tuple[Command, ...],
    texts: dict[Command, str],
) -> None:
    for command, row in zip(commands, box.rows([1] * len(commands)), strict=True):
        cap, words = row.columns((2.2, 10), round(12 * unit))
        cap = cap.inset(0, max(1, round(3 * unit)))
        brush.fill(cap, GREY, round(5 * unit))
        brush.text(keys.label(command), cap.inset(round(5 * unit), 1), 30 * unit, INK, "centre")
        brush.text(texts[command], words, 32 * unit, INK)
