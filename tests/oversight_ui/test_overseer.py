"""The person's overseer and the spectator, against a scripted window in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from oversight.errors import OverseerGone
from oversight.games import PONG
from oversight.overseer import Overseer, ScriptedOverseer
from oversight.testing import OverseerContract
from oversight.types import Amendment, Proposal, Screen, Source, Verdict
from oversight_ui.link import LinkClient, LinkServer
from oversight_ui.messages import (
    Answer,
    Begin,
    Heartbeat,
    Message,
    Present,
    Show,
    Status,
    Undo,
)
from oversight_ui.overseer import HumanOverseer, Spectator

ToRgb = Callable[[Screen], NDArray[np.uint8]]
Make = Callable[..., Proposal]
Replies = Callable[[Message], list[Message]]


def approve(message: Message) -> list[Message]:
    match message:
        case Show(serial=serial, scene=scene):
            return [Answer(serial, scene.step_id, False, None, 0.25)]
        case Begin():
            return [Present(here=True)]
        case Heartbeat():
            return [message]
    return []


def block(message: Message) -> list[Message]:
    if isinstance(message, Show):
        return [Answer(message.serial, message.scene.step_id, True, 0.3, 0.4)]
    return approve(message)


@contextmanager
def window(server: LinkServer, directory: Path, replies: Replies) -> Iterator[list[Message]]:
    """A window that answers by a rule; yields what it heard, and is closed at the end."""
    heard: list[Message] = []
    ready, stop = threading.Event(), threading.Event()

    def work() -> None:
        client = LinkClient(directory)
        client.handshake(5.0)
        ready.set()
        while not stop.is_set():
            client.wait(0.01)
            while (message := client.receive()) is not None:
                heard.append(message)
                for reply in replies(message):
                    client.send(reply)
        client.close("the window was closed")

    thread = threading.Thread(target=work)
    thread.start()
    try:
        server.wait_for_window(5.0)
        assert ready.wait(5.0)
        yield heard
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def server(short_dir: Path) -> Iterator[LinkServer]:
    with LinkServer(short_dir, PONG) as server:
        yield server


@pytest.fixture
def human(server: LinkServer, grey_rgb: ToRgb) -> HumanOverseer:
    return HumanOverseer(server, PONG, to_rgb=grey_rgb, stale_seconds=1.5)


class TestContractOfAPerson(OverseerContract):
    @pytest.fixture(autouse=True)
    def someone_at_the_window(
        self, server: LinkServer, human: HumanOverseer, short_dir: Path
    ) -> Iterator[None]:
        self.human = human
        with window(server, short_dir, block):
            yield

    def make(self) -> Overseer:
        return self.human


class TestContractOfASpectator(OverseerContract):
    @pytest.fixture(autouse=True)
    def someone_watching(
        self, server: LinkServer, short_dir: Path, grey_rgb: ToRgb
    ) -> Iterator[None]:
        self.watched = spectator(server, grey_rgb, time.monotonic)
        with window(server, short_dir, approve):
            yield

    def make(self) -> Overseer:
        return self.watched


def test_decisions(
    server: LinkServer, human: HumanOverseer, short_dir: Path, proposal: Make
) -> None:
    with window(server, short_dir, block) as heard:
        (decision,) = human.review([proposal(5)])
    assert (decision.step_id, decision.verdict, decision.source) == (
        5,
        Verdict.UNSAFE,
        Source.PERSON,
    )
    assert (decision.reaction_seconds, decision.attention_seconds) == (0.3, 0.4)
    assert (decision.replacement, decision.amends) == (None, ())
    (show,) = [m for m in heard if isinstance(m, Show)]
    assert (show.scene.step_id, show.scene.action, show.scene.recorded_through) == (5, 3, 4)
    assert np.all(show.scene.pixels.array() == 5)


def test_silence_has_no_reaction_time(
    server: LinkServer, human: HumanOverseer, short_dir: Path, proposal: Make
) -> None:
    with window(server, short_dir, approve):
        (decision,) = human.review([proposal(0)])
    assert (decision.verdict, decision.reaction_seconds) == (Verdict.SAFE, None)
    assert decision.attention_seconds == 0.25


def test_undo_rides_on_the_next_decision(
    server: LinkServer, human: HumanOverseer, short_dir: Path, proposal: Make
) -> None:
    def undoing(message: Message) -> list[Message]:
        undo = [Undo(0)] if isinstance(message, Show) and message.serial == 1 else []
        return [*undo, *block(message)]

    with window(server, short_dir, undoing):
        decisions = [human.review([proposal(i)])[0] for i in range(3)]
    undo = Amendment(0, Verdict.UNSURE, "undo")
    assert [d.amends for d in decisions] == [(), (undo,), ()]


def test_an_undo_just_before_closing_is_not_lost(
    server: LinkServer, human: HumanOverseer, short_dir: Path, proposal: Make
) -> None:
    def undoing(message: Message) -> list[Message]:
        answers = block(message)
        return [*answers, Undo(0)] if isinstance(message, Show) else answers

    with window(server, short_dir, undoing):
        human.review([proposal(0)])
    assert human.take_late_amendments() == (Amendment(0, Verdict.UNSURE, "undo"),)
    assert human.take_late_amendments() == ()


def test_undo_of_what_no_key_decided_is_ignored(
    server: LinkServer, human: HumanOverseer, short_dir: Path, proposal: Make
) -> None:
    def undoing(message: Message) -> list[Message]:
        return [Undo(0), Undo(77), *approve(message)]

    with window(server, short_dir, undoing):
        decisions = [human.review([proposal(i)])[0] for i in range(2)]
    assert [d.amends for d in decisions] == [(), ()]


def test_answers_to_other_questions_are_ignored(
    server: LinkServer, human: HumanOverseer, short_dir: Path, proposal: Make
) -> None:
    def confused(message: Message) -> list[Message]:
        if isinstance(message, Show):
            wrong = [
                Answer(message.serial + 1, 4, False, None, 0.0),
                Answer(message.serial, 99, False, None, 0.0),
            ]
            return [*wrong, *block(message)]
        return []

    with window(server, short_dir, confused):
        (decision,) = human.review([proposal(4)])
    assert decision.verdict is Verdict.UNSAFE


def test_batches_are_refused(human: HumanOverseer, proposal: Make) -> None:
    with pytest.raises(ValueError, match="one proposal at a time, got 2"):
        human.review([proposal(0), proposal(1)])
    with pytest.raises(ValueError, match="in \\[0, 6\\)"):
        human.review([proposal(0, action=6)])


def test_a_recheck_is_not_asked(
    server: LinkServer, human: HumanOverseer, short_dir: Path, proposal: Make
) -> None:
    with window(server, short_dir, approve) as heard:
        (decision,) = human.review([proposal(1, action=2, recheck=True)])
        assert (decision.verdict, decision.source) == (Verdict.UNSURE, Source.PERSON)
    assert not [m for m in heard if isinstance(m, Show)]


def test_nobody_there_never_approves(human: HumanOverseer, proposal: Make) -> None:
    with pytest.raises(OverseerGone):
        human.review([proposal(0)])
    with pytest.raises(OverseerGone):
        human.review([proposal(0, recheck=True)])


def test_closing_while_asked(
    server: LinkServer, human: HumanOverseer, short_dir: Path, proposal: Make
) -> None:
    gone: list[BaseException] = []

    def ask() -> None:
        try:
            human.review([proposal(0)])
        except OverseerGone as error:
            gone.append(error)

    with window(server, short_dir, lambda _: []):
        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(0.2)
    thread.join(5.0)
    assert "closed" in str(gone[0])


def test_a_silent_window_is_gone(
    server: LinkServer, human: HumanOverseer, short_dir: Path, proposal: Make
) -> None:
    with window(server, short_dir, lambda _: []):
        began = time.monotonic()
        with pytest.raises(OverseerGone, match=r"not answered for 1\.5 s"):
            human.review([proposal(0)])
    assert 1.4 < time.monotonic() - began < 4.0
    assert not server.connected


def test_heartbeats_keep_a_thinking_person(
    server: LinkServer, human: HumanOverseer, short_dir: Path, proposal: Make
) -> None:
    shown: list[tuple[float, Show]] = []

    def slow(message: Message) -> list[Message]:
        if isinstance(message, Show):
            shown.append((time.monotonic(), message))
            return []
        if shown and time.monotonic() - shown[0][0] > 2.2:
            return block(shown[0][1])
        return [message]

    with window(server, short_dir, slow):
        assert human.review([proposal(0)])[0].verdict is Verdict.UNSAFE


@pytest.mark.parametrize("here", [True, False])
def test_start_screen(
    server: LinkServer, human: HumanOverseer, short_dir: Path, here: bool
) -> None:
    def replies(message: Message) -> list[Message]:
        return [Present(here)] if isinstance(message, Begin) else []

    with window(server, short_dir, replies) as heard:
        assert human.wait_for_person(3.0) is here
    assert heard[0] == Begin(3.0)


def spectator(server: LinkServer, to_rgb: ToRgb, clock: Callable[[], float]) -> Spectator:
    inner = ScriptedOverseer(lambda p: p.step_id % 2 == 0)
    return Spectator(inner, server, to_rgb=to_rgb, banner="SCRIPT oversees", clock=clock)


def test_spectator_shows_at_most_thirty_a_second(
    server: LinkServer, grey_rgb: ToRgb, short_dir: Path, proposal: Make
) -> None:
    now = [0.0]
    watched = spectator(server, grey_rgb, lambda: now[0])
    with window(server, short_dir, approve) as heard:
        for step in range(100):
            now[0] = step / 100
            (decision,) = watched.review([proposal(step)])
            assert decision.verdict is (Verdict.UNSAFE if step % 2 == 0 else Verdict.SAFE)
            time.sleep(0.001)
        time.sleep(0.2)
    shown = [m for m in heard if isinstance(m, Status)]
    assert 10 <= len(shown) <= 30
    assert {m.banner for m in shown} == {"SCRIPT oversees"}
    assert shown[0].verdict is Verdict.UNSAFE


def test_spectator_never_waits_for_the_window(
    server: LinkServer, grey_rgb: ToRgb, short_dir: Path, proposal: Make
) -> None:
    now = [0.0]
    watched = spectator(server, grey_rgb, lambda: now[0])
    for step in range(3):  # no window at all
        now[0] += 1
        watched.review([proposal(step)])

    def stuck(message: Message) -> list[Message]:
        time.sleep(0.1)
        return []

    with window(server, short_dir, stuck):
        began = time.monotonic()
        for step in range(60):
            now[0] += 1
            watched.review([proposal(step)])
        assert time.monotonic() - began < 1.0
    for step in range(3):  # closed without stopping the run
        now[0] += 1
        watched.review([proposal(step)])
    assert not server.connected
