"""A second opinion beside each proposal, for an overseer who wants one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from oversight.overseer import Overseer
from oversight.types import Decision, Hint, Proposal

__all__ = ["Advise", "Advised"]

Advise = Callable[[Proposal], Hint | None]
"""A Blocker's opinion on a proposal; None while there is none."""


class Advised:
    """Lets an overseer judge with a hint on each proposal; implements `Overseer`."""

    def __init__(self, inner: Overseer, advise: Advise) -> None:
        """Wrap an overseer.

        Args:
            inner: judges.
            advise: gives the opinion, once for each proposal and never for a recheck.
        """
        self._inner = inner
        self._advise = advise

    def review(self, proposals: Sequence[Proposal]) -> Sequence[Decision]:
        """The inner overseer's decisions; see `Overseer.review`."""
        return self._inner.review(
            [p if p.recheck else replace(p, hint=self._advise(p)) for p in proposals]
        )
