"""The overseer's window, in a process of its own, and the run's end of the link to it.

Nothing here imports pygame until the window's own process opens the display, so a headless
machine can serve a window, or none.
"""

from oversight_ui.display import display_problem
from oversight_ui.launch import open_window
from oversight_ui.link import LinkClient, LinkServer
from oversight_ui.overseer import HumanOverseer, Spectator, ToRgb

__all__ = [
    "HumanOverseer",
    "LinkClient",
    "LinkServer",
    "Spectator",
    "ToRgb",
    "display_problem",
    "open_window",
]
