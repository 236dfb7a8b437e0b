"""Taking the real game back by real keys in the real window, and opening the window again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oversight import AtariGame, GateSettings, OverseerGone, OversightWrapper, to_rgb
from oversight.ahead import next_second
from oversight.games import PONG
from oversight.testing import MemorySink
from oversight.types import Verdict
from oversight_ui.launch import open_window
from oversight_ui.link import LinkServer
from oversight_ui.overseer import HumanOverseer
from oversight_ui.scenes import Looks

pytestmark = pytest.mark.window


def press(key: str) -> None:
    subprocess.run(["xdotool", "key", key], check=True, timeout=20)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.01)


class Game:
    """Pong behind the gate with a person at the window; an agent that always wants down."""

    def __init__(self, server: LinkServer) -> None:
        self.env = AtariGame(PONG)
        self.waits: list[str] = []
        self.human = HumanOverseer(
            server,
            PONG,
            to_rgb=to_rgb,
            patience=60.0,
            on_waiting=self.waits.append,
            looks=Looks(preview=lambda _proposal, actions: next_second(self.env, actions)),
        )
        self.sink = MemorySink()
        self.wrapper = OversightWrapper(
            self.env, self.human, GateSettings(rewind_steps=8), sink=self.sink
        )
        self.gone = ""
        self.thread = threading.Thread(target=self._play)

    def _play(self) -> None:
        self.human.wait_for_person(30.0)
        self.wrapper.reset(seed=1)
        try:
            while True:
                self.wrapper.step(3)
        except OverseerGone as error:
            self.gone = str(error)

    def after(self, key: str, records: int) -> None:
        """Press a key and wait for so many records; then until the next step is drawn."""
        press(key)
        wait_until(lambda: len(self.sink.records) == records, f"{records} records after {key}")
        time.sleep(0.5)


def focus() -> int:
    found = subprocess.run(
        ["xdotool", "search", "--sync", "--class", "hirl"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout.split()[0]
    subprocess.run(["xdotool", "windowfocus", found], check=True, timeout=20)
    time.sleep(0.3)
    pid = subprocess.run(
        ["xdotool", "getwindowpid", found], check=True, capture_output=True, text=True, timeout=20
    )
    return int(pid.stdout)


@pytest.fixture
def game(display: str, short_dir: Path) -> Iterator[Game]:
    options = ("--pace", "0.5", "--idle-seconds", "60")
    with open_window(PONG, directory=short_dir, options=options) as server:
        game = Game(server)
        game.thread.start()
        yield game
    game.thread.join(10.0)
    assert not game.thread.is_alive()


def test_the_game_is_taken_back_and_the_window_opened_again(game: Game, short_dir: Path) -> None:
    process = focus()
    press("Return")
    time.sleep(0.5)
    press("p")
    time.sleep(0.5)
    start = len(game.sink.records)
    for count in (1, 2, 3):
        game.after("s", start + count)
    press("BackSpace")  # the third step again
    time.sleep(0.5)
    press("u")  # the second, which a key had allowed
    time.sleep(0.5)
    press("v")  # looks ahead from there
    time.sleep(1.0)
    game.after("space", start + 4)
    anew = game.sink.records[-1]
    second = game.sink.records[start + 1]
    assert anew.undoes == (second.proposal.step_id, second.proposal.step_id + 1)
    assert anew.proposal.step == second.proposal.step
    assert (anew.proposal.screens == second.proposal.screens).all()
    assert (anew.blocked, anew.decision.verdict) == (True, Verdict.UNSAFE)
    assert anew.decision.viewing is not None
    assert anew.decision.viewing.previewed
    assert game.wrapper.gate.tally.rewinds == 1

    game.after("Up", start + 5)  # blocks, and up instead
    assert PONG.actions[game.sink.records[-1].executed] == "RIGHT"

    os.kill(process, signal.SIGKILL)  # the window dies, and the run waits
    wait_until(lambda: bool(game.waits), "the run to wait")
    played = len(game.sink.records)
    command = [sys.executable, "-m", "oversight_ui", "connect", "--directory", str(short_dir)]
    root = Path(__file__).parents[2]
    again = subprocess.Popen([*command, "--pace", "0.5"], cwd=root)
    try:
        time.sleep(1.0)
        focus()
        press("Return")  # leaves the start screen
        time.sleep(0.5)
        game.after("a", played + 1)
        assert game.sink.records[-1].decision.verdict is Verdict.SAFE
        press("Escape")
        time.sleep(0.3)
        press("Escape")
        wait_until(lambda: game.gone != "", "the end")
        assert "ended the session" in game.gone
        again.wait(20)
    finally:
        again.kill()
        again.wait(20)
