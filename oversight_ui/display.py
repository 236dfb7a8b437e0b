"""Whether a window can be opened here, asked without pygame."""

from __future__ import annotations

import sys
from collections.abc import Mapping

__all__ = ["display_problem"]


def display_problem(environ: Mapping[str, str], platform: str = sys.platform) -> str | None:
    """Why no window can be opened here, in one line; None if nothing speaks against it.

    `SDL_VIDEODRIVER` counts as a display: whoever sets it, to `dummy` even, means it.

    Args:
        environ: the process's environment.
        platform: as `sys.platform`.
    """
    if platform == "darwin":
        return None
    if any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")):
        return None
    return (
        "no display: expected DISPLAY or WAYLAND_DISPLAY to be set, neither is;"
        " log in to a desktop, or run without a window"
    )
