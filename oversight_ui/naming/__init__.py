"""A person names a catastrophe on screens: sheets of pairs of them, marked where it happens.

Nothing here imports pygame until `NamingWindow` is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oversight_ui.naming.sheet import Answer, Left, Pair, Sheet

if TYPE_CHECKING:
    from oversight_ui.naming.window import NamingWindow

__all__ = ["Answer", "Left", "NamingWindow", "Pair", "Sheet"]


def __getattr__(name: str) -> type[NamingWindow]:
    """The window, only once it is wanted."""
    if name != "NamingWindow":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from oversight_ui.naming.window import NamingWindow

    return NamingWindow
