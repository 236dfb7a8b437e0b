"""Naming a catastrophe on screens: a person says which are bad, a small classifier says it of all.

The emulator's look-ahead goes by the classifier then (`NamedHarm`), as it goes by a game's own
definition elsewhere. So nobody has to judge actions, and what harm is need not be read off the
console's memory.
"""

from __future__ import annotations

from blocker.naming.asking import Questions
from blocker.naming.harm import NamedHarm
from blocker.naming.spotter import EVEN, Spotter, fit_spotter
from blocker.naming.view import View, view_for

__all__ = ["EVEN", "NamedHarm", "Questions", "Spotter", "View", "fit_spotter", "view_for"]
