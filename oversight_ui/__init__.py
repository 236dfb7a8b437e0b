"""The overseer's window, in a process of its own, and the run's end of the link to it.

Nothing here imports pygame until the window's own process opens the display, so a headless
machine can serve a window, or none.
"""

from oversight_ui.client import LinkClient
from oversight_ui.display import display_problem
from oversight_ui.keys import Keys
from oversight_ui.launch import await_window, open_window
from oversight_ui.link import LinkServer
from oversight_ui.overseer import HumanOverseer
from oversight_ui.scenes import Looks, ToRgb
from oversight_ui.spectator import Spectator

__all__ = [
    "HumanOverseer",
    "Keys",
    "LinkClient",
    "LinkServer",
    "Looks",
    "Spectator",
    "ToRgb",
    "await_window",
    "display_problem",
    "open_window",
]
