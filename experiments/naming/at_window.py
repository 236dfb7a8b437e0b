"""A person at the window who says which screens are bad."""

from __future__ import annotations

import os

import numpy as np

from blocker.naming import View
from experiments.naming.people import Answered, Sheet
from experiments.naming.pool import Pool
from experiments.stopping import StopFlag
from oversight import game_named
from oversight.errors import LinkError
from oversight_ui.display import display_problem
from oversight_ui.naming import Left, NamingWindow, Pair
from oversight_ui.naming import Sheet as Shown
from oversight_ui.preferences import read_preferences

__all__ = ["WindowNamer"]


class WindowNamer:
    """Shows sheets in a window, which opens with the first; see `Namer`."""

    def __init__(self, game: str, view: View, stop: StopFlag) -> None:
        """Bind to a game.

        Raises:
            LinkError: there is no display.
        """
        if (problem := display_problem(os.environ)) is not None:
            raise LinkError(problem)
        self._facts, self._view, self._stop = game_named(game), view, stop
        self._window: NamingWindow | None = None

    def answer(self, pool: Pool, sheet: Sheet) -> Answered:
        """See `Namer.answer`."""
        if self._window is None:
            question = f"Mark every pair on which {self._facts.catastrophe}."
            self._window = NamingWindow(
                self._facts.title, question, self._view.rows, self._view.columns, read_preferences()
            )
        pairs = tuple(
            Pair(*pool.pair(pair), bool(pool.over[pair])) for pair in sheet.pairs.tolist()
        )
        shown = Shown(
            pairs, tuple(sheet.marked.tolist()), sheet.number, sheet.seconds, sheet.allowed
        )
        try:
            answer = self._window.ask(shown, self._stop)
        except Left as left:
            return Answered(sheet.marked, left.seconds, leave=True)
        self._window.wait("learning from your answers")
        return Answered(np.array(answer.bad, dtype=np.bool_), answer.seconds, answer.back)

    def close(self) -> None:
        """See `Namer.close`."""
        if self._window is not None:
            self._window.close()
            self._window = None
