"""The overseers that speak to the window: the person, and any other whom the person watches."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from oversight.errors import OverseerGone
from oversight.game import Game
from oversight.overseer import Overseer
from oversight.types import Amendment, Decision, Proposal, Screen, Source, Verdict
from oversight_ui.link import LinkServer
from oversight_ui.messages import (
    Answer,
    Begin,
    Bye,
    Heartbeat,
    Message,
    Pixels,
    Present,
    Scene,
    Show,
    Status,
    Undo,
)

__all__ = ["HumanOverseer", "Spectator", "ToRgb"]

ToRgb = Callable[[Screen], NDArray[np.uint8]]
"""Turns a screen as overseers get it into uint8 RGB of shape (height, width, 3)."""

BEAT_SECONDS = 0.5
POLL_SECONDS = 0.05
UNDO_KEPT = 4096

_logger = logging.getLogger(__name__)


class HumanOverseer:
    """The person at the window; asks about one step at a time and waits for the answer.

    Attributes:
        phase: name of the run's phase, drawn in the window; change it as the run goes on.
    """

    def __init__(
        self,
        server: LinkServer,
        game: Game,
        *,
        to_rgb: ToRgb,
        phase: str = "oversight",
        stale_seconds: float = 5.0,
        should_stop: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Speak to a window that is already there.

        Args:
            server: the run's end of the link, with a window connected.
            game: whose actions are proposed.
            to_rgb: turns a screen into a picture.
            phase: name of the run's phase.
            stale_seconds: a window that is silent for so long counts as gone.
            should_stop: asked while waiting for the person; True raises `OverseerGone`.
            clock: seconds, never going back.
        """
        self.phase = phase
        self._server = server
        self._game = game
        self._to_rgb = to_rgb
        self._stale = stale_seconds
        self._should_stop = should_stop
        self._clock = clock
        self._serial = -1
        self._beats = 0
        self._by_key: deque[int] = deque(maxlen=UNDO_KEPT)
        self._amends: list[Amendment] = []

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        """Ask the person; see `oversight.Overseer.review`.

        A re-check of a replacement is not put to a person, who is never asked twice about a
        step: it is answered with `Verdict.UNSURE`, no judgement.

        Raises:
            ValueError: not exactly one proposal, or an action that the game does not have.
            OverseerGone: the window was closed, has ended or does not answer.
        """
        if len(proposals) != 1:
            raise ValueError(
                f"a person judges one proposal at a time, got {len(proposals)}: use one environment"
            )
        proposal = proposals[0]
        if not 0 <= proposal.action < self._game.n_actions:
            raise ValueError(
                f"expected an action of {self._game.name} in [0, {self._game.n_actions}),"
                f" got {proposal.action}"
            )
        if proposal.recheck:
            self._check_connected()
            return [Decision(proposal.step_id, Verdict.UNSURE, Source.PERSON)]
        return [self._decision(proposal, self._ask(proposal))]

    def wait_for_person(self, timeout: float = 20.0) -> bool:
        """Show the start screen and its countdown.

        Args:
            timeout: seconds that the window waits for a key.

        Returns:
            Whether somebody pressed a key in time.

        Raises:
            OverseerGone: the window was closed, has ended or does not answer.
        """
        message = self._converse(Begin(timeout), lambda m: isinstance(m, Present))
        return isinstance(message, Present) and message.here

    def take_late_amendments(self) -> tuple[Amendment, ...]:
        """Undone steps that no decision has carried yet, each returned once.

        For the end of a session: the person may undo and then close the window.
        """
        while isinstance(message := self._server.receive(0.0), Undo):
            self._take_undo(message)
        taken = tuple(self._amends)
        self._amends.clear()
        return taken

    def _ask(self, proposal: Proposal) -> Answer:
        self._serial += 1
        serial = self._serial
        show = Show(serial, self.phase, _scene(proposal, self._to_rgb))

        def answers(message: Message) -> bool:
            return isinstance(message, Answer) and (message.serial, message.step_id) == (
                serial,
                proposal.step_id,
            )

        message = self._converse(show, answers)
        if not isinstance(message, Answer):
            raise TypeError(f"expected an Answer, got {message}")
        return message

    def _decision(self, proposal: Proposal, answer: Answer) -> Decision:
        if answer.reaction_seconds is not None:
            self._by_key.append(proposal.step_id)
        amends = tuple(self._amends)
        self._amends.clear()
        return Decision(
            proposal.step_id,
            Verdict.UNSAFE if answer.blocked else Verdict.SAFE,
            Source.PERSON,
            reaction_seconds=answer.reaction_seconds,
            attention_seconds=answer.attention_seconds,
            amends=amends,
        )

    def _converse(self, question: Message, answers: Callable[[Message], bool]) -> Message:
        """Send until it is queued, then wait for the answer, with heartbeats."""
        sent = False
        heard = beaten = self._clock()
        while True:
            sent = sent or self._server.send(question)
            message = self._server.receive(POLL_SECONDS if sent else POLL_SECONDS / 10)
            now = self._clock()
            if message is not None:
                heard = now
                if answers(message):
                    return message
                self._aside(message)
            if now - heard > self._stale:
                self._server.drop_window("the window did not answer")
                raise OverseerGone(
                    f"the window has not answered for {self._stale:g} s; nothing was approved"
                )
            if now - beaten > BEAT_SECONDS:
                beaten = now
                self._beats += 1
                self._server.send(Heartbeat(self._beats))
            if self._should_stop():
                raise OverseerGone("the run was asked to stop; nothing was approved")
            self._check_connected()

    def _aside(self, message: Message) -> None:
        if isinstance(message, Undo):
            self._take_undo(message)
        elif not isinstance(message, Heartbeat | Bye):
            _logger.warning("ignored an answer that fits no question: %s", message)

    def _take_undo(self, undo: Undo) -> None:
        if undo.step_id not in self._by_key:
            _logger.warning("ignored an undo of step %d: no key decided it", undo.step_id)
            return
        self._by_key.remove(undo.step_id)
        self._amends.append(Amendment(undo.step_id, Verdict.UNSURE, "undo"))

    def _check_connected(self) -> None:
        if not self._server.connected:
            raise OverseerGone("the window was closed; the step it showed was not approved")


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
        scene = _scene(proposal, self._to_rgb)
        self._server.send(Status(self.phase, self._banner, True, scene, decision.verdict))


def _scene(proposal: Proposal, to_rgb: ToRgb) -> Scene:
    return Scene(
        step_id=proposal.step_id,
        episode=proposal.episode,
        step=proposal.step,
        action=proposal.action,
        tally=proposal.tally,
        recorded_through=proposal.recorded_through,
        hint=proposal.hint,
        pixels=Pixels.of(to_rgb(proposal.screens[-1])),
    )
