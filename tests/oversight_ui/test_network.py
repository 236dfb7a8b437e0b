"""The link over a network: the right key gets in, a stranger gets nothing and approves nothing."""

from __future__ import annotations

import contextlib
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from oversight.errors import LinkError
from oversight.games import PONG
from oversight.types import Verdict, Viewing
from oversight_ui.client import LinkClient
from oversight_ui.codec import encode
from oversight_ui.keys import Keys, make_keys
from oversight_ui.link import LinkServer
from oversight_ui.messages import PROTOCOL, Answer, Hello
from oversight_ui.sockets import network_address

SAFE = Answer(0, 0, Verdict.SAFE, None, 0.1, Viewing(4.0))


@pytest.fixture
def address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Keys, Keys]:
    run, window = make_keys(tmp_path / "keys")
    return Keys.read(run, "run"), Keys.read(window, "window")


@pytest.fixture
def server(short_dir: Path, address: str, keys: tuple[Keys, Keys]) -> Iterator[LinkServer]:
    with LinkServer(short_dir, PONG, listen=address, keys=keys[0]) as server:
        yield server


def test_the_window_with_the_key_is_welcome(
    server: LinkServer, address: str, keys: tuple[Keys, Keys]
) -> None:
    client = LinkClient(None, address=address, keys=keys[1])
    thread = threading.Thread(target=server.wait_for_window, args=(10.0,))
    thread.start()
    assert client.handshake(10.0).game == PONG
    thread.join()
    client.send(SAFE)
    assert server.receive(5.0) == SAFE
    assert client.run_alive()
    client.close("over")


def stranger(address: str, keys: Keys | None) -> list[bytes]:
    """Knocks for a second, greets and approves; returns whatever came back."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    knocking = context.socket(zmq.DEALER)
    knocking.setsockopt(zmq.LINGER, 0)
    if keys is not None:
        knocking.setsockopt(zmq.CURVE_SECRETKEY, keys.secret)
        knocking.setsockopt(zmq.CURVE_PUBLICKEY, keys.public)
        knocking.setsockopt(zmq.CURVE_SERVERKEY, keys.partner)
    knocking.connect(network_address(address))
    came: list[bytes] = []
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        for message in (Hello(PROTOCOL, 1), SAFE):
            with contextlib.suppress(zmq.Again):
                knocking.send_multipart(encode(message), flags=zmq.NOBLOCK)
        if knocking.poll(50):
            came += knocking.recv_multipart()
    knocking.close()
    context.term()
    return came


@pytest.mark.parametrize("kind", ["no key", "a key of their own", "a key for another run"])
def test_a_stranger_gets_nothing_and_approves_nothing(
    server: LinkServer, address: str, keys: tuple[Keys, Keys], kind: str
) -> None:
    public, secret = zmq.curve_keypair()
    strangers = {
        "no key": None,
        # Knows the run's public key, as anybody may, but is not the one that the run knows.
        "a key of their own": Keys("window", secret, public, keys[0].public),
        "a key for another run": Keys("window", keys[1].secret, keys[1].public, public),
    }
    came: list[bytes] = []
    thread = threading.Thread(target=lambda: came.extend(stranger(address, strangers[kind])))
    thread.start()
    heard = []
    while thread.is_alive():
        heard.append(server.receive(0.05))
    thread.join()
    assert came == []
    assert set(heard) == {None}
    assert not server.connected
    assert server.refused == 0  # not even its messages arrive


def test_key_files_are_for_one_side_and_closed_to_others(tmp_path: Path) -> None:
    run, window = make_keys(tmp_path)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (run, window)] == [0o600, 0o600]
    assert Keys.read(run, "run").partner == Keys.read(window, "window").public
    assert "secret" not in repr(Keys.read(run, "run"))
    with pytest.raises(LinkError, match="the run's key file, expected the window's"):
        Keys.read(run, "window")
    with pytest.raises(LinkError, match="cannot make key files"):
        make_keys(tmp_path)  # never over an older pair
    run.chmod(0o644)
    with pytest.raises(LinkError, match="chmod 600"):
        Keys.read(run, "run")


@pytest.mark.parametrize("text", ["", "role = 1", "role = 'run'\nsecret = 'a'"])
def test_what_is_no_key_file_is_refused_in_a_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(LinkError, match="no key file"):
        Keys.read(path, "run")


@pytest.mark.parametrize("text", ["", "host", "host:", ":5", "host:99999", "host:x"])
def test_addresses(text: str) -> None:
    with pytest.raises(LinkError, match="HOST:PORT"):
        network_address(text)


def test_no_network_without_keys(short_dir: Path) -> None:
    with pytest.raises(LinkError, match="whoever can connect can approve"):
        LinkServer(short_dir, PONG, listen="127.0.0.1:5555")
    with pytest.raises(LinkError, match="expected --directory"):
        LinkClient(None, address="127.0.0.1:5555")


def test_a_line_that_is_down_is_noticed(address: str, keys: tuple[Keys, Keys]) -> None:
    client = LinkClient(None, address=address, keys=keys[1])
    with pytest.raises(LinkError, match="welcome within"):
        client.handshake(0.3)
    client.close("over")
