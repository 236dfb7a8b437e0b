"""The person's overseer and the spectator, against a scripted window in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from oversight.errors import OverseerGone
from oversight.games import PONG
from oversight.overseer import Overseer, ScriptedOverseer
from oversight.testing import OverseerContract
from oversight.types import Amendment, Decision, Proposal, Screen, Source, Verdict, Viewing
from oversight_ui.client import LinkClient
from oversight_ui.link import LinkServer
from oversight_ui.messages import (
    Amend,
    Answer,
    Ask,
    Begin,
    Bye,
    Film,
    GoBack,
    Heartbeat,
    HeatMap,
    Look,
    Message,
    Present,
    Show,
    Status,
)
from oversight_ui.overseer import HumanOverseer
from oversight_ui.scenes import Looks, scene_of
from oversight_ui.spectator import Spectator
from oversight_ui.state import Settings, State

ToRgb = Callable[[Screen], NDArray[np.uint8]]
Make = Callable[..., Proposal]
Replies = Callable[[Message], list[Message]]


SEEN = Viewing(4.0)
UNDO = Amend(0, Verdict.UNSURE, "undo")


def approve(message: Message) -> list[Message]:
    match message:
        case Show(serial=serial, scene=scene):
            return [Answer(serial, scene.step_id, Verdict.SAFE, None, 0.25, SEEN)]
        case Begin():
            return [Present(here=True)]
        case Heartbeat():
            return [message]
    return []


def block(message: Message) -> list[Message]:
    if isinstance(message, Show):
        return [Answer(message.serial, message.scene.step_id, Verdict.UNSAFE, 0.3, 0.4, SEEN)]
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
        undo = [UNDO] if isinstance(message, Show) and message.serial == 1 else []
        return [*undo, *block(message)]

    with window(server, short_dir, undoing):
        decisions = [human.review([proposal(i)])[0] for i in range(3)]
    undo = Amendment(0, Verdict.UNSURE, "undo")
    assert [d.amends for d in decisions] == [(), (undo,), ()]


def test_a_window_opened_again_is_told_what_was_done(
    server: LinkServer, human: HumanOverseer, short_dir: Path, proposal: Make
) -> None:
    def undoing(message: Message) -> list[Message]:
        return [Amend(7, Verdict.UNSURE, "undo"), *approve(message)]

    with window(server, short_dir, block):
        human.review([proposal(7)])
    server.receive(1.0)  # its goodbye
    with window(server, short_dir, approve):
        human.review([proposal(8)])
    server.receive(1.0)
    told = server.so_far
    assert [(one.step_id, one.verdict) for one in told.answered] == [
        (7, Verdict.UNSAFE),
        (8, Verdict.SAFE),
    ]
    assert [one.by_key for one in told.answered] == [True, False]
    assert told.attention_seconds == pytest.approx(0.65)
    client = LinkClient(short_dir)
    try:
        greeting = threading.Thread(target=lambda: server.receive(2.0))
        greeting.start()
        assert client.handshake(10.0).so_far == told
        greeting.join()
    finally:
        client.close("enough")
        server.receive(1.0)
    with window(server, short_dir, undoing):
        human.review([proposal(9)])
    assert [one.step_id for one in server.so_far.answered] == [8, 9]  # 7 was taken back


def test_a_window_opened_again_is_not_told_of_steps_that_a_late_block_undid(
    server: LinkServer, human: HumanOverseer, short_dir: Path, proposal: Make
) -> None:
    def late(message: Message) -> list[Message]:
        meant = 1 if isinstance(message, Show) and message.scene.step_id == 3 else None
        return [
            replace(reply, meant_for=meant) if isinstance(reply, Answer) else reply
            for reply in block(message)
        ]

    with window(server, short_dir, late):
        for step, action in enumerate((2, 4, 3, 5)):
            human.review([asked(proposal(step, action), *range(step))])
    told = server.so_far
    assert [(one.step_id, one.action) for one in told.answered] == [(0, 2), (3, 4)]
    assert told.attention_seconds == pytest.approx(4 * 0.4)
    again = State.resumed(Settings(), 0.0, told)
    assert again.undoable == (0, 3)


def test_an_undo_just_before_closing_is_not_lost(
    server: LinkServer, human: HumanOverseer, short_dir: Path, proposal: Make
) -> None:
    def undoing(message: Message) -> list[Message]:
        answers = block(message)
        return [*answers, UNDO] if isinstance(message, Show) else answers

    with window(server, short_dir, undoing):
        human.review([proposal(0)])
    assert human.take_late_amendments() == (Amendment(0, Verdict.UNSURE, "undo"),)
    assert human.take_late_amendments() == ()


def test_news_about_steps_not_judged_here_is_ignored(
    server: LinkServer, human: HumanOverseer, short_dir: Path, proposal: Make
) -> None:
    def undoing(message: Message) -> list[Message]:
        return [
            Amend(0, Verdict.UNSURE, "because"),
            Amend(77, Verdict.UNSURE, "undo"),
            *approve(message),
        ]

    with window(server, short_dir, undoing):
        decisions = [human.review([proposal(i)])[0] for i in range(2)]
    assert [d.amends for d in decisions] == [(), ()]


def test_answers_to_other_questions_are_ignored(
    server: LinkServer, human: HumanOverseer, short_dir: Path, proposal: Make
) -> None:
    def confused(message: Message) -> list[Message]:
        if isinstance(message, Show):
            wrong = [
                Answer(message.serial + 1, 4, Verdict.SAFE, None, 0.0, SEEN),
                Answer(message.serial, 99, Verdict.SAFE, None, 0.0, SEEN),
                Answer(message.serial, 4, Verdict.SAFE, None, 0.0, SEEN, replacement=6),
                Answer(message.serial, 4, Verdict.UNSAFE, None, 0.0, SEEN, meant_for=3),
                GoBack(message.serial, 3),
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


def asked(proposal: Proposal, *reach: int) -> Proposal:
    return replace(proposal, reach=reach)


def test_going_back_is_an_answer_and_the_next_question_says_so(
    server: LinkServer, human: HumanOverseer, short_dir: Path, proposal: Make
) -> None:
    def back(message: Message) -> list[Message]:
        if isinstance(message, Show) and message.serial == 0:
            return [GoBack(0, 3)]
        return block(message)

    with window(server, short_dir, back) as heard:
        (first,) = human.review([asked(proposal(5), 3, 4)])
        assert (first.back_to, first.amends) == (3, ())
        (second,) = human.review([asked(proposal(5))])
        (third,) = human.review([proposal(6)])
    assert (second.verdict, second.back_to, second.viewing) == (Verdict.UNSAFE, None, SEEN)
    assert third.verdict is Verdict.UNSAFE
    assert [m.scene.redoes for m in heard if isinstance(m, Show)] == [None, 3, None]


def test_what_was_taken_back_and_not_done_anew_is_not_sure(
    server: LinkServer, human: HumanOverseer, short_dir: Path, proposal: Make
) -> None:
    def back(message: Message) -> list[Message]:
        if isinstance(message, Show) and message.serial == 2:
            return [GoBack(2, 4)]
        return block(message)

    with window(server, short_dir, back):
        human.review([proposal(3)])
        human.review([asked(proposal(4), 3)])
        (away,) = human.review([asked(proposal(5), 3, 4)])
    assert away.back_to == 4
    assert human.take_late_amendments() == (Amendment(4, Verdict.UNSURE, "undo"),)
    assert human.take_late_amendments() == ()


def test_late_blocks_replacements_and_the_end_of_a_game_are_passed_on(
    server: LinkServer, human: HumanOverseer, short_dir: Path, proposal: Make
) -> None:
    def late(message: Message) -> list[Message]:
        if isinstance(message, Show):
            answer = Answer(0, 5, Verdict.UNSAFE, 0.3, 0.4, SEEN, 2, 4, True)
            return [answer]
        return []

    with window(server, short_dir, late):
        (decision,) = human.review([asked(proposal(5), 4)])
    assert (decision.replacement, decision.meant_for, decision.ends_episode) == (2, 4, True)


def test_the_run_answers_what_the_window_asks_about_the_step_shown(
    server: LinkServer, grey_rgb: ToRgb, short_dir: Path, proposal: Make
) -> None:
    def preview(at: Proposal, actions: Sequence[int]) -> list[list[Screen]]:
        return [[at.screens[-1] + action] * 3 for action in actions]

    heat = np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3)
    looks = Looks(preview=preview, heat=lambda _p: heat, standing=lambda: "not ready")
    human = HumanOverseer(server, PONG, to_rgb=grey_rgb, looks=looks)

    def curious(message: Message) -> list[Message]:
        if isinstance(message, Show):
            return [Ask(9, Look.HEAT), Ask(0, Look.HEAT), Ask(0, Look.PREVIEW)]
        return block(Show(0, "", first.scene)) if isinstance(message, Film) else []

    first = Show(0, "", scene_of(proposal(0), grey_rgb))
    with window(server, short_dir, curious) as heard:
        (decision,) = human.review([proposal(0)])
    assert decision.verdict is Verdict.UNSAFE
    assert [m.scene.standing for m in heard if isinstance(m, Show)] == ["not ready"]
    (map_,) = [m for m in heard if isinstance(m, HeatMap)]
    assert (map_.serial, map_.height, map_.width) == (0, 2, 3)
    assert list(map_.data) == [0, 51, 102, 153, 204, 255]
    (film,) = [m for m in heard if isinstance(m, Film)]
    assert film.replacement == PONG.safe_twin[3]
    assert [p.array()[0, 0, 0] for p in (film.allowed[0], film.blocked[0])] == [3, film.replacement]


def test_a_closed_window_is_waited_for_and_the_step_shown_to_the_next(
    server: LinkServer, grey_rgb: ToRgb, short_dir: Path, proposal: Make
) -> None:
    waits: list[str] = []
    human = HumanOverseer(server, PONG, to_rgb=grey_rgb, patience=20.0, on_waiting=waits.append)
    decisions: list[Decision] = []
    thread = threading.Thread(target=lambda: decisions.extend(human.review([proposal(7)])))
    with window(server, short_dir, lambda _: []) as heard:
        thread.start()
        wait_for(lambda: any(isinstance(m, Show) for m in heard))
    wait_for(lambda: bool(waits))
    assert "not approved" in waits[0]
    assert decisions == []
    client = LinkClient(short_dir)
    client.handshake(5.0)
    shown: list[Message] = []
    wait_for(lambda: bool(shown) or _hear(client, shown))
    for reply in block(shown[0]):
        client.send(reply)
    thread.join(5.0)
    client.close("over")
    assert [(d.step_id, d.verdict) for d in decisions] == [(7, Verdict.UNSAFE)]


def test_who_ends_the_session_is_not_waited_for(
    server: LinkServer, grey_rgb: ToRgb, short_dir: Path, proposal: Make
) -> None:
    human = HumanOverseer(server, PONG, to_rgb=grey_rgb, patience=20.0)

    def leaving(message: Message) -> list[Message]:
        return [Bye("ended", True)] if isinstance(message, Show) else []

    with window(server, short_dir, leaving), pytest.raises(OverseerGone, match="ended"):
        human.review([proposal(7)])


def test_a_window_that_does_not_come_back_is_gone(
    server: LinkServer, grey_rgb: ToRgb, proposal: Make
) -> None:
    human = HumanOverseer(server, PONG, to_rgb=grey_rgb, patience=0.2)
    with pytest.raises(OverseerGone, match=r"none was opened within 0\.2 s"):
        human.review([proposal(7)])


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def _hear(client: LinkClient, shown: list[Message]) -> bool:
    message = client.receive()
    shown += [message] if isinstance(message, Show) else []
    return False
