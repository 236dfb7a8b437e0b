"""The run's end of the link between a run and its window; ZeroMQ, no pygame.

A directory of mode 0700 holds the socket and a lock file. The run holds the lock as long as it
lives, for two reasons: a second ZeroMQ bind on the same path would succeed and steal the socket,
and the window can tell a busy run (the lock is held) from a dead one (it is free).

Over a network the run listens on TCP instead, encrypted, and lets in the one key that it knows.

One window owns a run: the first that greets it with the right protocol. Others are refused until
the owner has gone. Messages that do not fit are refused, logged and counted; they never raise.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

import zmq

from oversight.errors import LinkError
from oversight.game import Game
from oversight_ui.codec import decode, encode
from oversight_ui.directory import SOCKET_NAME, link_address, make_private, take_lock
from oversight_ui.keys import Keys
from oversight_ui.messages import (
    PROTOCOL,
    Amend,
    Answer,
    Ask,
    Bye,
    GoBack,
    Heartbeat,
    Hello,
    Message,
    Pixels,
    Present,
    Refused,
    Welcome,
)
from oversight_ui.so_far import SoFar
from oversight_ui.sockets import FAREWELL_MS, Doorkeeper, network_address, open_socket

__all__ = ["LinkServer"]

_FROM_WINDOW: Final = (Present, Answer, GoBack, Amend, Ask, Heartbeat, Bye)
_logger = logging.getLogger(__name__)


class LinkServer:
    """The run's end: binds, takes one window on, sends and receives.

    Use it from one thread, and as a context manager or with `close`.
    """

    def __init__(
        self,
        directory: Path,
        game: Game,
        *,
        listen: str | None = None,
        keys: Keys | None = None,
    ) -> None:
        """Bind in a directory, or listen on a network.

        Args:
            directory: made with mode 0700 if missing; must be the user's own and closed to others.
            game: told to every window that is taken on.
            listen: `HOST:PORT` to listen on in place of the directory's socket; needs `keys`.
            keys: the run's, from its key file.

        Raises:
            LinkError: another run serves there, others may enter, or the path is too long.
        """
        self.refused = 0
        """How many messages were refused as malformed, foreign or out of place."""
        self.frames_drawn = 0
        """Pictures that the window had drawn when it was last heard of."""
        self.directory = directory
        """Where the socket is."""
        self._game = game
        self.opening: Pixels | None = None
        """A screen of the game that windows explain the task by."""
        self.so_far = SoFar()
        """What the person has done in this run, for a window that is opened again."""
        if (listen is None) is not (keys is None):
            raise LinkError(
                "expected an address and a key file, or neither: whoever can connect can approve"
            )
        address = link_address(directory) if listen is None else network_address(listen)
        make_private(directory)
        self._lock = take_lock(directory)
        self._owner: bytes | None = None
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._door = None if keys is None else Doorkeeper(self._context, keys)
        self._socket = open_socket(self._context, zmq.ROUTER, keys)
        # Sending to a window that is gone must fail, not vanish.
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        try:
            (directory / SOCKET_NAME).unlink(missing_ok=True)
            self._socket.bind(address)
        except (OSError, zmq.ZMQError) as error:
            self.close()
            raise LinkError(f"cannot open the link at {address}: {error}") from error

    @property
    def connected(self) -> bool:
        """Whether a window owns this run, as far as was heard."""
        return self._owner is not None

    def send(self, message: Message) -> bool:
        """Queue a message for the window without waiting.

        Returns:
            False if no window is there (see `connected`) or its queue is full.
        """
        return self._owner is not None and self._send_to(self._owner, message)

    def receive(self, timeout: float) -> Message | None:
        """Wait up to `timeout` seconds for the window's next message.

        A first `Hello` is answered here and not returned; `Bye` frees the run for another window.
        """
        end = time.monotonic() + timeout
        while True:
            remaining_ms = max(0, round((end - time.monotonic()) * 1000))
            if not self._socket.poll(remaining_ms):
                return None
            message = self._take(self._socket.recv_multipart())
            if message is not None:
                return message

    def wait_for_window(self, timeout: float, alive: Callable[[], bool] = lambda: True) -> None:
        """Wait until a window has been taken on.

        Args:
            timeout: seconds.
            alive: asked ten times a second; False ends the wait.

        Raises:
            LinkError: none came in time, or `alive` said no.
        """
        end = time.monotonic() + timeout
        while not self.connected:
            if time.monotonic() > end:
                raise LinkError(f"expected a window within {timeout:g} s, none connected")
            if not alive():
                raise LinkError("the window's process ended before it connected")
            self.receive(0.1)

    def drop_window(self, reason: str) -> None:
        """Part from the window, if there is one, and be free for another."""
        self.send(Bye(reason))
        self._owner = None

    def close(self) -> None:
        """Say goodbye, close the socket and free the directory. Closing twice is harmless."""
        if self._socket.closed:
            return
        self.drop_window("the run has ended")
        self._socket.close(linger=FAREWELL_MS)
        if self._door is not None:
            self._door.close()
        self._context.term()
        os.close(self._lock)

    def __enter__(self) -> LinkServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send_to(self, peer: bytes, message: Message) -> bool:
        try:
            self._socket.send_multipart([peer, *encode(message)], flags=zmq.NOBLOCK)
        except zmq.Again:
            return False
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            if peer == self._owner:
                self._owner = None
            return False
        return True

    def _take(self, frames: Sequence[bytes]) -> Message | None:
        peer, *rest = frames
        try:
            message = decode(rest)
        except LinkError as error:
            self._refuse(str(error))
            return None
        if isinstance(message, Hello):
            self._greet(peer, message)
            return None
        if peer != self._owner or not isinstance(message, _FROM_WINDOW):
            self._refuse(f"refused {type(message).__name__}: not from this run's window")
            return None
        if isinstance(message, Bye):
            self._owner = None
        if isinstance(message, Heartbeat):
            self.frames_drawn = message.frames
        return message

    def _greet(self, peer: bytes, hello: Hello) -> None:
        if self._owner not in (None, peer):
            # Learns whether the owner is still there before a newcomer is turned away.
            self.send(Heartbeat(0))
        if hello.protocol != PROTOCOL:
            problem = f"the window speaks protocol {hello.protocol}, this run {PROTOCOL}"
        elif self._owner not in (None, peer):
            problem = "another window oversees this run"
        else:
            self._owner = peer
            self._send_to(peer, Welcome(PROTOCOL, self._game, self.opening, self.so_far))
            return
        self._refuse(problem)
        self._send_to(peer, Refused(problem))

    def _refuse(self, problem: str) -> None:
        self.refused += 1
        _logger.warning("%s", problem)
