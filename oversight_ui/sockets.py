"""ZeroMQ sockets as both ends of the link use them, in the clear locally and CURVE over TCP."""

from __future__ import annotations

from types import TracebackType
from typing import Final

import zmq
from zmq.auth.thread import ThreadAuthenticator

from oversight.errors import LinkError
from oversight_ui.keys import Keys

__all__ = ["FAREWELL_MS", "Doorkeeper", "network_address", "open_socket"]

QUEUE_MESSAGES: Final = 8
"""Messages that may wait in each direction; what is merely to be drawn is dropped above that."""
MESSAGE_BYTES_MAX: Final = 64 * 2**20
FAREWELL_MS: Final = 200
"""How long closing may wait for the last message to leave; otherwise sockets do not linger."""
_DOMAIN: Final = "hirl"
BEAT_MS: Final = 1_000
SILENCE_MS: Final = 5_000
"""Over a network each side asks the other every second, and gives the line up after five."""


def network_address(text: str) -> str:
    """`HOST:PORT` as a ZeroMQ address; the host `*` listens on all.

    Raises:
        LinkError: it is none.
    """
    host, _, port = text.removeprefix("tcp://").rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise LinkError(f"expected an address HOST:PORT, got {text!r}")
    return f"tcp://{host}:{port}"


def open_socket(
    context: zmq.Context[zmq.Socket[bytes]], kind: int, keys: Keys | None
) -> zmq.Socket[bytes]:
    """A socket that never lingers and never queues without bound.

    Args:
        context: to open it in.
        kind: `zmq.ROUTER` for the run, `zmq.DEALER` for the window.
        keys: of this side, for a network; None for a local link.
    """
    socket = context.socket(kind)
    for option, value in (
        (zmq.LINGER, 0),
        (zmq.SNDHWM, QUEUE_MESSAGES),
        (zmq.RCVHWM, QUEUE_MESSAGES),
        (zmq.MAXMSGSIZE, MESSAGE_BYTES_MAX),
    ):
        socket.setsockopt(option, value)
    if keys is None:
        return socket
    for option, value in (
        (zmq.HEARTBEAT_IVL, BEAT_MS),
        (zmq.HEARTBEAT_TIMEOUT, SILENCE_MS),
        (zmq.CURVE_SERVER, int(kind == zmq.ROUTER)),
    ):
        socket.setsockopt(option, value)
    socket.setsockopt(zmq.CURVE_SECRETKEY, keys.secret)
    socket.setsockopt(zmq.CURVE_PUBLICKEY, keys.public)
    if kind == zmq.ROUTER:
        socket.setsockopt(zmq.ZAP_DOMAIN, _DOMAIN.encode())
    else:
        socket.setsockopt(zmq.CURVE_SERVERKEY, keys.partner)
    return socket


class Doorkeeper:
    """Lets one public key in and nobody else; works in a thread of its own."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], keys: Keys) -> None:
        """Stand at the door of every CURVE server of a context."""
        self.turned_away = 0
        """How many strangers were refused."""
        self._partner = keys.partner
        self._authenticator = ThreadAuthenticator(context)
        self._authenticator.start()
        self._authenticator.configure_curve_callback(domain=_DOMAIN, credentials_provider=self)

    def callback(self, domain: str, key: bytes) -> bool:
        """Whether a public key may enter; asked by ZeroMQ's authenticator."""
        del domain
        known = key == self._partner
        self.turned_away += not known
        return known

    def close(self) -> None:
        """Leave the door."""
        self._authenticator.stop()

    def __enter__(self) -> Doorkeeper:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
