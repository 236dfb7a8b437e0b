"""A person at the window who says which screens are bad."""

from __future__ import annotations

import numpy as np

from blocker.naming import View
from experiments.naming.people import Answered, Namer, Sheet
from experiments.naming.pool import Pool
from oversight import game_named
from oversight_ui.naming import Left, NamingWindow, Pair
from oversight_ui.naming import Sheet as Shown
from oversight_ui.preferences import read_preferences

__all__ = ["window_namer"]


class WindowNamer:
    """Shows sheets in a window; see `Namer`."""

    def __init__(self, window: NamingWindow) -> None:
        """Ask at a window that is open."""
        self._window = window

    def answer(self, pool: Pool, sheet: Sheet) -> Answered:
        """See `Namer.answer`."""
        pairs = tuple(
            Pair(*pool.pair(pair), bool(pool.over[pair])) for pair in sheet.pairs.tolist()
        )
        marked = tuple(sheet.marked.tolist())
        try:
            answer = self._window.ask(
                Shown(pairs, marked, sheet.number, sheet.seconds, sheet.allowed)
            )
        except Left as left:
            self._window.close()
            return Answered(sheet.marked, left.seconds, leave=True)
        self._window.wait("learning from your answers")
        return Answered(np.array(answer.bad, dtype=np.bool_), answer.seconds, answer.back)


def window_namer(game: str, view: View) -> Namer:
    """Open the window for a game."""
    facts = game_named(game)
    question = f"Mark every pair on which {facts.catastrophe}."
    return WindowNamer(
        NamingWindow(facts.title, question, view.rows, view.columns, read_preferences())
    )
