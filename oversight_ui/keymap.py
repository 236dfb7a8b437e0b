"""Which key does what, as data; keys are spelled as pygame names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from oversight.game import Game

__all__ = ["DEFAULT_KEYS", "STICK", "Command", "KeyMap", "choice", "rebound"]

Bound = TypeVar("Bound")
"""What keys ask for in one window or the other."""


class Command(StrEnum):
    """What a key asks for; the value is what the window's key hints call it."""

    BLOCK = "block"
    APPROVE = "allow"
    PAUSE = "pause / go on"
    STEP = "step by step"
    UNDO = "undo"
    BACK = "one step back"
    LATE = "late block"
    LOOK = "look ahead"
    UNSURE = "not sure"
    CATASTROPHE = "catastrophe!"
    WAY = "way of working"
    FASTER = "faster"
    SLOWER = "slower"
    LATER = "late block: fewer back"
    EARLIER = "late block: more back"
    HEAT = "where it looks"
    NEXT_GAME = "end this game"
    HELP = "help"
    FULL_SCREEN = "full screen"
    SCREENSHOT = "screenshot"
    BIGGER = "bigger text"
    SMALLER = "smaller text"
    END = "end"
    CHOOSE_UP = "up instead"
    CHOOSE_DOWN = "down instead"
    CHOOSE_LEFT = "left instead"
    CHOOSE_RIGHT = "right instead"
    CHOOSE_FIRE = "fire instead"
    CHOOSE_NOTHING = "nothing instead"


STICK: Mapping[Command, tuple[int, int]] = MappingProxyType(
    {
        Command.CHOOSE_UP: (0, -1),
        Command.CHOOSE_DOWN: (0, 1),
        Command.CHOOSE_LEFT: (-1, 0),
        Command.CHOOSE_RIGHT: (1, 0),
        Command.CHOOSE_FIRE: (0, 0),
        Command.CHOOSE_NOTHING: (0, 0),
    }
)
"""The commands that block and choose, and where they point: (right, down)."""

DEFAULT_KEYS: Mapping[str, Command] = MappingProxyType(
    {
        "space": Command.BLOCK,
        "pad 0": Command.BLOCK,
        "return": Command.APPROVE,
        "a": Command.APPROVE,
        "pad 1": Command.APPROVE,
        "p": Command.PAUSE,
        "pad 7": Command.PAUSE,
        "s": Command.STEP,
        "u": Command.UNDO,
        "pad 2": Command.UNDO,
        "backspace": Command.BACK,
        "pad 6": Command.BACK,
        "l": Command.LATE,
        "pad 5": Command.LATE,
        "v": Command.LOOK,
        "pad 3": Command.LOOK,
        "n": Command.UNSURE,
        "pad 4": Command.UNSURE,
        "c": Command.CATASTROPHE,
        "w": Command.WAY,
        "+": Command.FASTER,
        "=": Command.FASTER,
        "[+]": Command.FASTER,
        "-": Command.SLOWER,
        "[-]": Command.SLOWER,
        ".": Command.LATER,
        ",": Command.EARLIER,
        "e": Command.HEAT,
        "g": Command.NEXT_GAME,
        "f1": Command.HELP,
        "?": Command.HELP,
        "f11": Command.FULL_SCREEN,
        "f12": Command.SCREENSHOT,
        "f3": Command.BIGGER,
        "f2": Command.SMALLER,
        "escape": Command.END,
        "up": Command.CHOOSE_UP,
        "down": Command.CHOOSE_DOWN,
        "left": Command.CHOOSE_LEFT,
        "right": Command.CHOOSE_RIGHT,
        "pad up": Command.CHOOSE_UP,
        "pad down": Command.CHOOSE_DOWN,
        "pad left": Command.CHOOSE_LEFT,
        "pad right": Command.CHOOSE_RIGHT,
        "f": Command.CHOOSE_FIRE,
        "0": Command.CHOOSE_NOTHING,
    }
)

_NO_INPUT = frozenset(
    f"{side} {name}" for side in ("left", "right") for name in ("shift", "ctrl", "alt", "meta")
) | {"caps lock", "numlock", "scroll lock", "alt gr"}
"""Keys that belong to other programs' shortcuts (Alt-Tab): not a sign that somebody judges."""

_SHORT = {"escape": "ESC", "return": "ENTER", "backspace": "BACK", "up": "ARROWS"}


@dataclass(frozen=True)
class KeyMap:
    """Looks keys up.

    Attributes:
        keys: from a key's name to its command.
    """

    keys: Mapping[str, Command] = field(default_factory=lambda: DEFAULT_KEYS)

    def command(self, names: Iterable[str]) -> Command | None:
        """The command of a key that goes by any of these names, or None if it has none."""
        return next((self.keys[name] for name in names if name in self.keys), None)

    def counts_as_input(self, names: Iterable[str]) -> bool:
        """Whether pressing the key shows that somebody is there."""
        return not any(name in _NO_INPUT for name in names)

    def label(self, command: Command) -> str:
        """The first key of a command as people read it, such as "SPACE"; "-" if it has none."""
        names = (name for name, bound in self.keys.items() if bound is command)
        name = next(names, "-")
        return _SHORT.get(name, name.upper())


def choice(game: Game, command: Command, *, with_fire: bool = False) -> int | None:
    """The action that an arrow or the fire key names in a game; None if the game has none.

    Args:
        game: whose actions and arrows.
        command: one of `STICK`.
        with_fire: the shift key is down: the direction with FIRE.
    """
    fire = with_fire or command is Command.CHOOSE_FIRE
    if command is Command.CHOOSE_NOTHING:
        return game.actions.index("NOOP") if "NOOP" in game.actions else None
    wanted = STICK[command]
    for action, (name, arrow) in enumerate(zip(game.actions, game.arrows, strict=True)):
        if arrow == wanted and ("FIRE" in name) == fire and name != "NOOP":
            return action
    return None


def rebound(
    table: object, title: str, names: Mapping[str, Bound], usual: Mapping[str, Bound]
) -> dict[str, Bound]:
    """Keys by a settings file's table, from commands' names to their keys.

    Commands that it does not name keep their keys, but for those given to others.

    Args:
        table: as TOML has it: a key or a list of keys for each name.
        title: the table's name, for messages.
        names: how the file calls each command.
        usual: the keys of a file without the table.

    Raises:
        TypeError: it is no table.
        ValueError: an unknown command, or a key given twice.
    """
    if not isinstance(table, dict):
        raise TypeError(f"expected [{title}] to be a table, got {table!r}")
    chosen: dict[str, Bound] = {}
    for name, spelled in table.items():
        if name not in names:
            raise ValueError(f"unknown command {name!r} in [{title}]")
        for key in [spelled] if isinstance(spelled, str) else spelled:
            if not isinstance(key, str) or not key:
                raise ValueError(f"expected names of keys for {name}, got {key!r}")
            if key.lower() in chosen:
                raise ValueError(f"the key {key!r} is given to two commands")
            chosen[key.lower()] = names[name]
    named = [names[name] for name in table]
    kept = {k: bound for k, bound in usual.items() if k not in chosen and bound not in named}
    return {**chosen, **kept}
