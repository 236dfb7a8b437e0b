"""The link: what is said arrives, what is malformed or foreign is refused and never raises."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st

from oversight.errors import LinkError
from oversight.games import PONG
from oversight.types import Hint, Tally, Verdict, Viewing
from oversight_ui.client import LinkClient
from oversight_ui.codec import decode, encode
from oversight_ui.directory import is_locked, link_address
from oversight_ui.link import LinkServer
from oversight_ui.messages import (
    PROTOCOL,
    Amend,
    Answer,
    Ask,
    Begin,
    Bye,
    Film,
    GoBack,
    Heartbeat,
    HeatMap,
    Hello,
    Look,
    Message,
    Pixels,
    Present,
    Refused,
    Scene,
    Show,
    Status,
    Welcome,
)

ANSWERED = Answer(0, 7, Verdict.UNSAFE, 0.3, 0.4, Viewing(4.0))
PIXELS = Pixels.of(np.arange(24, dtype=np.uint8).reshape(2, 4, 3))
SCENE = Scene(7, 1, 3, 2, Tally(7, 1, 0, None), 6, Hint(0.25, 0.5), PIXELS)
MESSAGES: list[Message] = [
    Hello(PROTOCOL, 42),
    Welcome(PROTOCOL, PONG),
    Refused("no"),
    Begin(20.0),
    Present(here=True),
    Show(0, "oversight", SCENE),
    Answer(0, 7, Verdict.UNSAFE, 0.3, 0.4, Viewing(4.0, 2.0, 0.1, True), 2, 5, True),
    Answer(0, 7, Verdict.SAFE, None, 0.0, Viewing(None)),
    GoBack(0, 3),
    Amend(3, Verdict.UNSURE, "undo"),
    Ask(0, Look.HEAT),
    Film(0, 2, 1.0, (PIXELS, PIXELS), (PIXELS,)),
    HeatMap(0, 2, 3, b"abcdef"),
    HeatMap(0, 0, 0, b""),
    Status("blocker", "BLOCKER oversees", True, SCENE, Verdict.UNSAFE),
    Status("training", "", False),
    Heartbeat(1),
    Bye("closed"),
]


@pytest.fixture
def server(short_dir: Path) -> Iterator[LinkServer]:
    with LinkServer(short_dir, PONG) as server:
        yield server


@pytest.fixture
def client(server: LinkServer, short_dir: Path) -> Iterator[LinkClient]:
    client = LinkClient(short_dir)
    thread = threading.Thread(target=server.wait_for_window, args=(5.0,))
    thread.start()
    assert client.handshake(5.0).game == PONG
    thread.join()
    yield client
    client.close("test over")


def until(ask: Callable[[], Message | None]) -> Message:
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if (message := ask()) is not None:
            return message
        time.sleep(0.005)
    raise AssertionError("no message came")


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_messages_survive_the_wire(message: Message) -> None:
    assert decode(encode(message)) == message


def header(kind: str, body: object) -> bytes:
    return json.dumps({"kind": kind, "body": body}).encode()


ANSWER = {"serial": 0, "step_id": 0, "blocked": True, "reaction_seconds": None}
MALFORMED: dict[str, list[bytes]] = {
    "no frames": [],
    "empty": [b""],
    "no JSON": [b"\x80\x04pickle"],
    "no UTF-8": [b"\xff\xfe"],
    "not a header": [b"[1]"],
    "unknown kind": [header("approve", {})],
    "kind is a list": [header(["bye"], {})],  # type: ignore[arg-type]
    "field missing": [header("answer", ANSWER)],
    "field too many": [header("bye", {"reason": "", "x": 1})],
    "number as truth": [header("present", {"here": 1})],
    "truth as number": [header("goback", {"step_id": True})],
    "text as number": [header("goback", {"step_id": "1"})],
    "not finite": [b'{"kind":"begin","body":{"seconds":NaN}}'],
    "infinite": [b'{"kind":"begin","body":{"seconds":1e999}}'],
    "too large": [header("goback", {"step_id": 2**70})],
    "deep": [b"[" * 50_000],
    "long": [b" " * 70_000],
    "frame too many": [*encode(Bye("x")), b"more"],
    "pixels missing": encode(Show(0, "p", SCENE))[:1],
    "pixels short": [encode(Show(0, "p", SCENE))[0], b"123"],
    "wrong verdict": [
        encode(Status("p", "", True, None, Verdict.SAFE))[0].replace(b"safe", b"yes")
    ],
    "wrong game": [encode(Welcome(PROTOCOL, PONG))[0].replace(b'"NOOP", ', b"")],
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(LinkError, match="refused a malformed message") as caught:
        decode(MALFORMED[name])
    assert "\n" not in str(caught.value)


@given(st.lists(st.binary(max_size=200), max_size=3))
def test_arbitrary_bytes_never_do_worse(frames: list[bytes]) -> None:
    with pytest.raises(LinkError):
        decode(frames)


@pytest.mark.parametrize("shape", [(2, 2), (2, 2, 4), (0, 2, 3)])
def test_pixels_check_their_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Pixels.of(np.zeros(shape, dtype=np.uint8))


def test_pixels_give_the_picture_back() -> None:
    picture = np.arange(30, dtype=np.uint8).reshape(2, 5, 3)
    assert np.array_equal(Pixels.of(picture).array(), picture)


def test_both_ways(server: LinkServer, client: LinkClient) -> None:
    assert server.send(Show(0, "oversight", SCENE))
    assert until(client.receive) == Show(0, "oversight", SCENE)
    client.send(ANSWERED)
    assert server.receive(5.0) == ANSWERED
    assert server.receive(0.0) is None


def test_bye_frees_the_run(server: LinkServer, client: LinkClient, short_dir: Path) -> None:
    client.close("the window was closed")
    assert server.receive(5.0) == Bye("the window was closed")
    assert not server.connected
    assert not server.send(Heartbeat(1))


def test_the_runs_bye_reaches_the_window(server: LinkServer, client: LinkClient) -> None:
    server.close()
    assert until(client.receive) == Bye("the run has ended")
    assert not client.run_alive()


def answering(server: LinkServer) -> tuple[threading.Thread, threading.Event]:
    stop = threading.Event()

    def poll() -> None:
        while not stop.is_set():
            server.receive(0.02)

    thread = threading.Thread(target=poll)
    thread.start()
    return thread, stop


def test_another_protocol_is_refused(server: LinkServer, short_dir: Path) -> None:
    client = LinkClient(short_dir)
    thread, stop = answering(server)
    try:
        with pytest.raises(LinkError, match=f"protocol 99, this run {PROTOCOL}"):
            client.handshake(5.0, protocol=99)
    finally:
        stop.set()
        thread.join()
        client.close("x")
    assert not server.connected


def test_one_window_owns_a_run(server: LinkServer, client: LinkClient, short_dir: Path) -> None:
    second = LinkClient(short_dir)
    thread, stop = answering(server)
    try:
        with pytest.raises(LinkError, match="another window oversees this run"):
            second.handshake(5.0)
    finally:
        stop.set()
        thread.join()
    second.send(ANSWERED)  # and nobody else can approve
    assert server.receive(0.2) is None
    second.close("x")


def test_foreign_bytes_are_counted_and_ignored(server: LinkServer, short_dir: Path) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    stranger = context.socket(zmq.DEALER)
    stranger.connect(link_address(short_dir))
    for frames in MALFORMED.values():
        if frames:
            stranger.send_multipart(frames)
            assert server.receive(0.05) is None
    stranger.close(linger=0)
    context.term()
    assert server.refused >= len(MALFORMED) - 1
    assert not server.connected


def test_the_window_refuses_what_is_out_of_place(server: LinkServer, client: LinkClient) -> None:
    server.send(Welcome(PROTOCOL, PONG))
    server.send(Heartbeat(5))
    assert until(client.receive) == Heartbeat(5)
    assert client.refused == 1


def test_a_second_server_gets_one_line(server: LinkServer, short_dir: Path) -> None:
    with pytest.raises(LinkError, match="window port in use") as caught:
        LinkServer(short_dir, PONG)
    assert "\n" not in str(caught.value)


def test_a_dead_runs_directory_can_be_used_again(short_dir: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from oversight.games import PONG;"
        "from oversight_ui.link import LinkServer; LinkServer(Path(sys.argv[1]), PONG); os._exit(9)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code, str(short_dir)], cwd=root, check=False)
    assert done.returncode == 9
    assert not is_locked(short_dir)
    with LinkServer(short_dir, PONG):
        assert is_locked(short_dir)
    assert not is_locked(short_dir)


def test_nobody_serves(short_dir: Path) -> None:
    with pytest.raises(LinkError, match="no run serves"):
        LinkClient(short_dir)


def test_others_must_not_enter(short_dir: Path) -> None:
    short_dir.chmod(0o755)
    with pytest.raises(LinkError, match="mode 0700"):
        LinkServer(short_dir, PONG)


def test_a_made_directory_is_private(short_dir: Path) -> None:
    with LinkServer(short_dir / "made", PONG):
        assert (short_dir / "made").stat().st_mode & 0o777 == 0o700


def test_a_file_in_the_way(short_dir: Path) -> None:
    (short_dir / "file").touch()
    with pytest.raises(LinkError, match="cannot use"):
        LinkServer(short_dir / "file", PONG)


def test_too_long_a_path(short_dir: Path) -> None:
    with pytest.raises(LinkError, match="shorter directory"):
        LinkServer(short_dir / ("x" * 120), PONG)


def test_waiting_for_a_window_that_never_comes(server: LinkServer) -> None:
    with pytest.raises(LinkError, match="none connected"):
        server.wait_for_window(0.2)
    with pytest.raises(LinkError, match="ended before"):
        server.wait_for_window(5.0, alive=lambda: False)


def test_a_run_that_dies_before_its_welcome_is_not_waited_for(short_dir: Path) -> None:
    """Killed when it has taken the window on, but before its answer was on the wire."""
    server = LinkServer(short_dir, PONG)
    client = LinkClient(short_dir)
    server.close()
    began = time.monotonic()
    with pytest.raises(LinkError, match="has ended without a word"):
        client.handshake(timeout=10.0)
    assert time.monotonic() - began < 5.0
    client.close("test")


def test_nobody_answers_the_handshake(server: LinkServer, short_dir: Path) -> None:
    client = LinkClient(short_dir)
    with pytest.raises(LinkError, match="welcome within"):
        client.handshake(0.2)
    client.close("x")
