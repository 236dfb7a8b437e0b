"""Another overseer judges, and the person watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from oversight.overseer import Overseer
from oversight.types import Decision, Proposal
from oversight_ui.link import LinkServer
from oversight_ui.messages import Status
from oversight_ui.scenes import ToRgb, scene_of

__all__ = ["Spectator"]


class Spectator:
    """Lets another overseer judge and shows what it decides, never waiting for the window.

    Attributes:
        phase: name of the run's phase, drawn in the window; change it as the run goes on.
    """

    def __init__(
        self,
        inner: Overseer,
        server: LinkServer,
        *,
        to_rgb: ToRgb,
        banner: str,
        phase: str = "oversight",
        rate: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Wrap an overseer.

        Args:
            inner: judges.
            server: the run's end of the link; no window need be there, and it may be closed.
            to_rgb: turns a screen into a picture.
            banner: who oversees, such as "BLOCKER oversees".
            phase: name of the run's phase.
            rate: at most so many steps a second are shown; the others are not sent.
            clock: seconds, never going back.
        """
        self.phase = phase
        self._inner = inner
        self._server = server
        self._to_rgb = to_rgb
        self._banner = banner
        self._interval = 1.0 / rate
        self._clock = clock
        self._last: float | None = None

    def review(self, proposals: Sequence[Proposal]) -> Sequence[Decision]:
        """The inner overseer's decisions; see `oversight.Overseer.review`."""
        decisions = self._inner.review(proposals)
        if proposals and not proposals[0].recheck and self._due():
            self._show(proposals[0], decisions[0])
        return decisions

    def _due(self) -> bool:
        if not self._server.connected:
            return False
        now = self._clock()
        if self._last is not None and now - self._last < self._interval:
            return False
        self._last = now
        return True

    def _show(self, proposal: Proposal, decision: Decision) -> None:
        while self._server.receive(0.0) is not None:
            pass  # heartbeats; a Bye has been noted by the server
        scene = scene_of(proposal, self._to_rgb)
        self._server.send(Status(self.phase, self._banner, True, scene, decision.verdict))
