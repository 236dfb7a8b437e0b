"""Which key does what, as data; keys are spelled as pygame names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

__all__ = ["DEFAULT_KEYS", "Command", "KeyMap"]


class Command(StrEnum):
    """What a key asks for; the value is what the window's key hints call it."""

    BLOCK = "block"
    PAUSE = "pause / go on"
    STEP = "allow one step"
    UNDO = "undo"
    FASTER = "faster"
    SLOWER = "slower"
    HELP = "help"
    END = "end"


DEFAULT_KEYS: Mapping[str, Command] = MappingProxyType(
    {
        "space": Command.BLOCK,
        "p": Command.PAUSE,
        "s": Command.STEP,
        "u": Command.UNDO,
        "backspace": Command.UNDO,
        "+": Command.FASTER,
        "=": Command.FASTER,
        "[+]": Command.FASTER,
        "up": Command.FASTER,
        "-": Command.SLOWER,
        "[-]": Command.SLOWER,
        "down": Command.SLOWER,
        "f1": Command.HELP,
        "?": Command.HELP,
        "escape": Command.END,
    }
)

_NO_INPUT = frozenset(
    f"{side} {name}" for side in ("left", "right") for name in ("shift", "ctrl", "alt", "meta")
) | {"caps lock", "numlock", "scroll lock", "alt gr"}
"""Keys that belong to other programs' shortcuts (Alt-Tab): not a sign that somebody judges."""


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
        return {"escape": "ESC"}.get(name, name.upper())
