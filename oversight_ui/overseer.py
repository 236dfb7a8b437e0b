"""The overseer that speaks to the window: the person."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence

from oversight.errors import OverseerGone
from oversight.game import Game
from oversight.types import Amendment, Decision, Proposal, Source, Verdict
from oversight_ui.link import LinkServer
from oversight_ui.messages import (
    Amend,
    Answer,
    Ask,
    Begin,
    Bye,
    GoBack,
    Heartbeat,
    Look,
    Message,
    Present,
    Show,
)
from oversight_ui.scenes import Looks, ToRgb, scene_of
from oversight_ui.so_far import Answered

__all__ = ["HumanOverseer"]

BEAT_SECONDS = 0.5
POLL_SECONDS = 0.05
JUDGED_KEPT = 4096
_REASONS = ("undo", "late block", "catastrophe")
"""What the window may amend a step for."""

_logger = logging.getLogger(__name__)


class HumanOverseer:
    """The person at the window; asks about one step at a time and waits for the answer.

    Attributes:
        phase: name of the run's phase, drawn in the window; change it as the run goes on.
        looks: answers what the window asks about the step shown.
    """

    def __init__(
        self,
        server: LinkServer,
        game: Game,
        *,
        to_rgb: ToRgb,
        phase: str = "oversight",
        looks: Looks | None = None,
        stale_seconds: float = 5.0,
        patience: float = 0.0,
        on_waiting: Callable[[str], None] = lambda _line: None,
        should_stop: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Speak to a window that is already there.

        Args:
            server: the run's end of the link, with a window connected.
            game: whose actions are proposed.
            to_rgb: turns a screen into a picture.
            phase: name of the run's phase.
            looks: answers what the window asks about the step shown; nothing if not given.
            stale_seconds: a window that is silent for so long counts as gone.
            patience: seconds that the run waits for a window that was closed or has died to be
                opened again; a person who ends the session is not waited for.
            on_waiting: told in one line why the run waits.
            should_stop: asked while waiting for the person; True raises `OverseerGone`.
            clock: seconds, never going back.
        """
        self.phase = phase
        self.looks = looks or Looks()
        self._server = server
        self._game = game
        self._to_rgb = to_rgb
        self._stale = stale_seconds
        self._patience = patience
        self._on_waiting = on_waiting
        self._should_stop = should_stop
        self._clock = clock
        self._serial = -1
        self._beats = 0
        self._beaten = clock()
        self._went_back: tuple[int, int] | None = None
        self._judged: deque[int] = deque(maxlen=JUDGED_KEPT)
        self._amends: list[Amendment] = []
        self._taken_back: tuple[int, ...] = ()  # by going back, with no answer since

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        """Ask the person; see `oversight.Overseer.review`.

        A re-check of a replacement is not put to a person, who is never asked twice about a
        step: it is answered with `Verdict.UNSURE`, no judgement.

        Raises:
            ValueError: not exactly one proposal, or an action that the game does not have.
            OverseerGone: the person ended the session, or the window was closed, has ended or
                does not answer, and was not opened again in time.
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
            if not self._server.connected:
                raise OverseerGone("the window was closed; the step it showed was not approved")
            return [Decision(proposal.step_id, Verdict.UNSURE, Source.PERSON)]
        return [self._ask(proposal)]

    def wait_for_person(self, timeout: float = 20.0) -> bool:
        """Show the start screen and its countdown.

        Args:
            timeout: seconds that the window waits for a key.

        Returns:
            Whether somebody pressed a key in time.

        Raises:
            OverseerGone: the window was closed, has ended or does not answer.
        """
        message = self._converse(Begin(timeout), lambda m: isinstance(m, Present), patience=0.0)
        return isinstance(message, Present) and message.here

    def take_late_amendments(self) -> tuple[Amendment, ...]:
        """News about earlier steps that no decision has carried yet, each returned once.

        For the end of a session: the person may undo and then close the window. Where that took
        the game back, no step done anew has superseded what was taken back: it is not sure.
        """
        while isinstance(message := self._server.receive(0.0), Amend):
            self._take(message)
        undone = (Amendment(step, Verdict.UNSURE, "undo") for step in self._taken_back)
        taken = (*self._amends, *undone)
        self._amends.clear()
        self._taken_back = ()
        return taken

    def _ask(self, proposal: Proposal) -> Decision:
        self._serial += 1
        redoes = self._redone(proposal)
        scene = scene_of(proposal, self._to_rgb, redoes=redoes, standing=self.looks.standing())
        show = Show(self._serial, self.phase, scene)

        def answers(message: Message) -> bool:
            if isinstance(message, Ask):
                self._look(message, proposal)
                return False
            return self._fits(message, proposal)

        message = self._converse(show, answers, patience=self._patience)
        if isinstance(message, GoBack):
            self._went_back = (proposal.step_id, message.step_id)
            self._taken_back = tuple(step for step in self._judged if step >= message.step_id)
            return Decision(
                proposal.step_id, Verdict.UNSURE, Source.PERSON, back_to=message.step_id
            )
        if not isinstance(message, Answer):
            raise TypeError(f"expected an Answer, got {message}")
        return self._decision(proposal, message)

    def _redone(self, proposal: Proposal) -> int | None:
        """The earlier step that this proposal is, if the person has just gone back to it."""
        back, self._went_back = self._went_back, None
        return back[1] if back is not None and back[0] == proposal.step_id else None

    def _fits(self, message: Message, proposal: Proposal) -> bool:
        """Whether a message answers the question about this proposal, and may be acted on."""
        if isinstance(message, GoBack):
            return message.serial == self._serial and message.step_id in proposal.reach
        if not isinstance(message, Answer):
            return False
        here = (message.serial, message.step_id) == (self._serial, proposal.step_id)
        n_actions = self._game.n_actions
        known = message.replacement is None or 0 <= message.replacement < n_actions
        late = message.meant_for is None or (
            message.meant_for in proposal.reach and message.verdict is Verdict.UNSAFE
        )
        return here and known and late

    def _look(self, ask: Ask, proposal: Proposal) -> None:
        if ask.serial != self._serial:
            return
        if ask.look is Look.HEAT:
            self._server.send(self.looks.heat_map(ask.serial, proposal))
            return
        instead = self._game.safe_twin[proposal.action]
        self._server.send(self.looks.film(ask.serial, proposal, instead, self._to_rgb))

    def _decision(self, proposal: Proposal, answer: Answer) -> Decision:
        self._judged.append(proposal.step_id)
        self._remember(proposal, answer)
        self._taken_back = ()
        amends = tuple(self._amends)
        self._amends.clear()
        return Decision(
            proposal.step_id,
            answer.verdict,
            Source.PERSON,
            replacement=answer.replacement,
            reaction_seconds=answer.reaction_seconds,
            attention_seconds=answer.attention_seconds,
            amends=amends,
            meant_for=answer.meant_for,
            ends_episode=answer.ends_episode,
            viewing=answer.viewing,
        )

    def _remember(self, proposal: Proposal, answer: Answer) -> None:
        """For a window that is opened again; what was taken back is not told."""
        undone = {each.step_id for each in self._amends if each.reason == "undo"}
        action, by_key = proposal.action, answer.reaction_seconds is not None
        before = self._server.so_far
        if answer.meant_for is not None:  # done anew from there, as the open window shows it
            late = [one for one in before.answered if one.step_id >= answer.meant_for]
            undone.update(one.step_id for one in late)
            action = next((o.action for o in late if o.step_id == answer.meant_for), action)
        self._server.so_far = before.and_then(
            Answered(proposal.step_id, action, answer.verdict, by_key),
            answer.attention_seconds,
            undone.union(self._taken_back),
        )

    def _converse(
        self, question: Message, answers: Callable[[Message], bool], *, patience: float
    ) -> Message:
        """Send until it is queued, then wait for the answer, with heartbeats."""
        sent = False
        heard = self._clock()
        while True:
            sent = sent or self._server.send(question)
            message = self._server.receive(POLL_SECONDS if sent else POLL_SECONDS / 10)
            now = self._clock()
            if message is not None:
                heard = now
                if answers(message):
                    return message
                self._aside(message)
            if now - self._beaten > BEAT_SECONDS:
                self._beaten = now
                self._beats += 1
                self._server.send(Heartbeat(self._beats))
            if self._should_stop():
                raise OverseerGone("the run was asked to stop; nothing was approved")
            gone = self._gone(now - heard)
            if gone is not None:
                self._await_another(gone, patience)
                sent, heard = False, self._clock()

    def _gone(self, silent: float) -> str | None:
        """Why nobody is at the window any more; None if somebody is."""
        if silent > self._stale and self._server.connected:
            self._server.drop_window("the window did not answer")
            return f"the window has not answered for {self._stale:g} s; nothing was approved"
        if not self._server.connected:
            return "the window was closed; the step it showed was not approved"
        return None

    def _await_another(self, gone: str, patience: float) -> None:
        """Wait for the window to be opened again.

        Raises:
            OverseerGone: it was not, in time.
        """
        if patience <= 0:
            raise OverseerGone(gone)
        self._on_waiting(gone)
        end = self._clock() + patience
        while not self._server.connected:
            if self._clock() > end:
                raise OverseerGone(f"{gone}, and none was opened within {patience:g} s")
            if self._should_stop():
                raise OverseerGone("the run was asked to stop; nothing was approved")
            self._server.receive(POLL_SECONDS)

    def _aside(self, message: Message) -> None:
        if isinstance(message, Amend):
            self._take(message)
        elif isinstance(message, Bye) and message.final:
            raise OverseerGone(f"{message.reason}; the step it showed was not approved")
        elif not isinstance(message, Heartbeat | Bye | Ask):
            _logger.warning("ignored an answer that fits no question: %.200s", message)

    def _take(self, amend: Amend) -> None:
        if amend.step_id not in self._judged or amend.reason not in _REASONS:
            _logger.warning("ignored news about step %d: not judged here", amend.step_id)
            return
        self._amends.append(Amendment(amend.step_id, amend.verdict, amend.reason))
