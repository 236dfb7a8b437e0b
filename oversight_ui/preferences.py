"""The overseer's settings file: TOML, everything in it optional, nothing in it guessed at."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Final

from oversight.errors import LinkError
from oversight_ui.keymap import DEFAULT_KEYS, Command, KeyMap, rebound
from oversight_ui.review.keys import ReviewKeys, command_name, remapped
from oversight_ui.state import Settings, Way

__all__ = ["Preferences", "default_path", "read_preferences", "written"]

TEXT_SIZES: Final = (1.0, 1.25, 1.5, 1.75, 2.0)
_TABLES: Final = ("session", "keys", "review_keys")
"""Not written as single values."""


@dataclass(frozen=True)
class Preferences:
    """What an overseer may set.

    Attributes:
        session: pace, presence, late blocks, way of working.
        keys: which key does what.
        review_keys: the same for the review window.
        text_size: of small words, in [1, 2] times the usual.
        full_screen: open on the whole screen.
        sounds: play a short sound at a block, at a stop and before the game stops.
        screenshots: directory for the screenshot key.
    """

    session: Settings = field(default_factory=Settings)
    keys: KeyMap = field(default_factory=KeyMap)
    review_keys: ReviewKeys = field(default_factory=ReviewKeys)
    text_size: float = 1.0
    full_screen: bool = False
    sounds: bool = False
    screenshots: Path = field(default_factory=lambda: Path.home() / "hirl-screenshots")

    def __post_init__(self) -> None:
        if not 1.0 <= self.text_size <= 2.0:
            raise ValueError(f"expected a text size in [1, 2], got {self.text_size:g}")


def default_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the file is looked for: `window.toml` in the desktop's directory for settings."""
    base = environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "hirl" / "window.toml"


def read_preferences(path: Path | None = None) -> Preferences:
    """Read a settings file.

    Args:
        path: the file; the default one, which need not exist, if None.

    Raises:
        LinkError: it is missing although it was named, is no TOML, or says something that is
            not understood; the line names it.
    """
    place = path or default_path()
    if path is None and not place.is_file():
        return Preferences()
    try:
        values = tomllib.loads(place.read_text(encoding="utf-8"))
        return _preferences(values)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValueError, TypeError) as error:
        raise LinkError(
            f"{place}: {error}; 'python -m oversight_ui settings' shows what it may hold"
        ) from error


def _preferences(values: dict[str, object]) -> Preferences:
    usual = Preferences()
    keys = _keys(values.pop("keys", {}))
    review_keys = remapped(values.pop("review_keys", {}))
    session = {f.name: values.pop(f.name) for f in fields(Settings) if f.name in values}
    own = {f.name: f for f in fields(Preferences) if f.name not in _TABLES}
    unknown = sorted(set(values) - set(own))
    if unknown:
        raise ValueError(f"unknown setting {unknown[0]!r}")
    typed = {name: _typed(name, value, getattr(usual, name)) for name, value in values.items()}
    settings = {
        name: _typed(name, value, getattr(usual.session, name)) for name, value in session.items()
    }
    chosen = replace(usual.session, **settings)  # type: ignore[arg-type]
    return replace(usual, session=chosen, keys=keys, review_keys=review_keys, **typed)  # type: ignore[arg-type]


def _typed(name: str, value: object, usual: object) -> object:
    """A value of the kind that the default has."""
    if isinstance(usual, Way):
        return Way(str(value))
    if isinstance(usual, Path) and isinstance(value, str):
        return Path(value).expanduser()
    if type(usual) is float and type(value) in (int, float):
        return float(str(value))
    if type(value) is type(usual):
        return value
    raise ValueError(f"expected {name} to be like {usual!r}, got {value!r}")


def _keys(table: object) -> KeyMap:
    names = {command.name.lower(): command for command in Command}
    keys = KeyMap(rebound(table, "keys", names, DEFAULT_KEYS))
    if Command.BLOCK not in keys.keys.values():
        raise ValueError("expected a key for block: without one nothing can be prevented")
    return keys


def written(preferences: Preferences) -> str:
    """A settings file that says what these preferences are, key by key."""
    session = preferences.session
    lines = ["# The overseer's window. Every line may be left out."]
    lines += [f"{f.name} = {_toml(getattr(session, f.name))}" for f in fields(Settings)]
    for name in ("text_size", "full_screen", "sounds", "screenshots"):
        lines.append(f"{name} = {_toml(getattr(preferences, name))}")
    lines += ["", "[keys]  # as pygame names them; 'pad 0' is a gamepad's first button"]
    for command in Command:
        bound = [key for key, of in preferences.keys.keys.items() if of is command]
        lines.append(f"{command.name.lower()} = [{', '.join(_toml(key) for key in bound)}]")
    lines += [
        "",
        "[review_keys]  # of the review window; 'shift x' and 'ctrl x' are keys of their own",
    ]
    review = preferences.review_keys.keys
    for name in dict.fromkeys(map(command_name, review.values())):
        bound = [key for key, of in review.items() if command_name(of) == name]
        lines.append(f"{name} = [{', '.join(_toml(key) for key in bound)}]")
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Way | Path | str):
        return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{value}"
