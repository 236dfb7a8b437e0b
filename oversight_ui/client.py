"""The window's end of the link between a run and its window; ZeroMQ, no pygame."""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from pathlib import Path
from typing import Final

import zmq
from zmq.utils.monitor import recv_monitor_message

from oversight.errors import LinkError
from oversight_ui.codec import decode, encode
from oversight_ui.directory import is_locked, link_address
from oversight_ui.keys import Keys
from oversight_ui.messages import (
    PROTOCOL,
    Begin,
    Bye,
    Film,
    Heartbeat,
    HeatMap,
    Hello,
    Message,
    Refused,
    Show,
    Status,
    Welcome,
)
from oversight_ui.sockets import FAREWELL_MS, network_address, open_socket

__all__ = ["ALIVE_SECONDS", "LinkClient"]

_FROM_RUN: Final = (Begin, Show, Status, Film, HeatMap, Heartbeat, Bye)
ALIVE_SECONDS: Final = 0.5
"""How often it is asked whether the run still lives."""
LOST_SECONDS: Final = 10.0
"""A line that has been down for so long will not come back by itself."""
_UP: Final = (zmq.EVENT_HANDSHAKE_SUCCEEDED,)
_DOWN: Final = (
    zmq.EVENT_DISCONNECTED,
    zmq.EVENT_HANDSHAKE_FAILED_AUTH,
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL,
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
)
_logger = logging.getLogger(__name__)


class LinkClient:
    """The window's end: connects to a run's directory, or to a run on another machine.

    What must arrive (answers, undo) waits in an outbox while the queue is full.
    """

    def __init__(
        self, directory: Path | None, *, address: str | None = None, keys: Keys | None = None
    ) -> None:
        """Connect.

        Args:
            directory: of a run on this machine; None for one on another.
            address: `HOST:PORT` of a run on another machine; needs `keys`.
            keys: the window's, from its key file.

        Raises:
            LinkError: no run serves in that directory, or the address is none.
        """
        self.refused = 0
        self._directory = directory
        self._down_since: float | None = None
        if directory is not None:
            where = link_address(directory)
            if not self.run_alive():
                raise LinkError(f"no run serves a window in {directory}: start the run first")
        elif address is not None and keys is not None:
            where = network_address(address)
        else:
            raise LinkError("expected --directory, or --address with --key: who is to be overseen?")
        self._outbox: deque[Message] = deque()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = open_socket(self._context, zmq.DEALER, keys)
        self._monitor = None if directory is not None else self._socket.get_monitor_socket()
        self._socket.connect(where)

    def handshake(self, timeout: float, protocol: int = PROTOCOL) -> Welcome:
        """Introduce the window and wait to be taken on.

        Args:
            timeout: seconds.
            protocol: version to claim; other than the default only in tests.

        Raises:
            LinkError: refused, another protocol, no answer in time, or the run has died.
        """
        self.send(Hello(protocol, os.getpid()))
        end = time.monotonic() + timeout
        while (remaining := end - time.monotonic()) > 0:
            message = self._receive(min(remaining, ALIVE_SECONDS))
            if isinstance(message, Refused):
                raise LinkError(f"the run refused this window: {message.reason}")
            if isinstance(message, Welcome) and message.protocol == PROTOCOL:
                return message
            if message is None:  # what it said before it died counts
                self.require_run()
        raise LinkError(f"expected the run's welcome within {timeout:g} s, none came")

    def send(self, message: Message) -> None:
        """Send a message, or keep it until there is room; never waits."""
        self._outbox.append(message)
        while self._outbox:
            try:
                self._socket.send_multipart(encode(self._outbox[0]), flags=zmq.NOBLOCK)
            except zmq.Again:
                return
            self._outbox.popleft()

    def receive(self) -> Message | None:
        """The run's next message, if one has come; never waits."""
        while self._socket.poll(0):
            message = self._receive(0)
            if isinstance(message, _FROM_RUN):
                return message
            if message is not None:
                self._refuse(f"refused {type(message).__name__}: out of place")
        return None

    def wait(self, seconds: float) -> None:
        """Wait until a message has come, at most that long."""
        self._socket.poll(max(0, round(seconds * 1000)))

    def require_run(self) -> None:
        """Make sure that the run's process lives.

        Raises:
            LinkError: it has died.
        """
        if not self.run_alive():
            raise LinkError("the run's process has ended without a word; see its own output")

    def run_alive(self) -> bool:
        """Whether the run's process lives, busy or not.

        Locally it holds the lock; over a network the line to it is up, or was lately.
        """
        if self._directory is not None:
            return is_locked(self._directory)
        while self._monitor is not None and self._monitor.poll(0):
            happened = recv_monitor_message(self._monitor)["event"]
            if happened in _UP:
                self._down_since = None
            elif happened in _DOWN and self._down_since is None:
                self._down_since = time.monotonic()
        return self._down_since is None or time.monotonic() - self._down_since < LOST_SECONDS

    def close(self, reason: str) -> None:
        """Say goodbye and close. Closing twice is harmless."""
        if self._socket.closed:
            return
        self.send(Bye(reason))
        if self._monitor is not None:
            self._socket.disable_monitor()
            self._monitor.close(linger=0)
        self._socket.close(linger=FAREWELL_MS)
        self._context.term()

    def _receive(self, timeout: float) -> Message | None:
        if not self._socket.poll(round(timeout * 1000)):
            return None
        try:
            return decode(self._socket.recv_multipart())
        except LinkError as error:
            self._refuse(str(error))
            return None

    def _refuse(self, problem: str) -> None:
        self.refused += 1
        _logger.warning("%s", problem)
