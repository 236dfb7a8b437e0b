"""The real window, under Xvfb, with real key presses from outside."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from oversight.errors import OverseerGone
from oversight.games import PONG
from oversight.types import Amendment, Decision, Proposal, Screen, Verdict
from oversight_ui.launch import open_window
from oversight_ui.link import LinkServer
from oversight_ui.overseer import HumanOverseer

pytestmark = pytest.mark.window

SLOW = ("--pace", "0.5", "--idle-seconds", "60")
"""2 s a step: enough for a slow machine to press keys between two silent approvals."""

ToRgb = Callable[[Screen], NDArray[np.uint8]]
Make = Callable[..., Proposal]


def xdotool(*arguments: str) -> str:
    done = subprocess.run(
        ["xdotool", *arguments], check=True, capture_output=True, text=True, timeout=20
    )
    return done.stdout


class Run:
    """A training side without training: proposes steps and collects decisions in a thread."""

    def __init__(self, server: LinkServer, to_rgb: ToRgb, make: Make) -> None:
        self.human = HumanOverseer(server, PONG, to_rgb=to_rgb)
        self.make = make
        self.present: bool | None = None
        self.decisions: list[Decision] = []
        self.arrivals: list[float] = []
        self.shown = -1
        self.gone = ""
        self.late: tuple[Amendment, ...] = ()
        self.thread = threading.Thread(target=self._work)

    def _work(self) -> None:
        try:
            self.present = self.human.wait_for_person(20.0)
            while True:
                self.shown = len(self.decisions)
                self.decisions += self.human.review([self.make(self.shown)])
                self.arrivals.append(time.monotonic())
        except OverseerGone as error:
            self.gone = str(error)
            self.late = self.human.take_late_amendments()

    def brief(self) -> list[tuple[int, str, str]]:
        """step, verdict, and whether a key or silence decided."""
        return [
            (d.step_id, d.verdict.value, "silence" if d.reaction_seconds is None else "key")
            for d in self.decisions
        ]


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.005)


@pytest.fixture
def run(
    display: str, short_dir: Path, grey_rgb: ToRgb, proposal: Make, request: pytest.FixtureRequest
) -> Iterator[Run]:
    options = getattr(request, "param", SLOW)
    with open_window(PONG, directory=short_dir, options=options) as server:
        run = Run(server, grey_rgb, proposal)
        run.thread.start()
        identity = xdotool("search", "--sync", "--class", "hirl").split()[0]
        xdotool("windowfocus", identity)
        time.sleep(0.3)
        yield run
    run.thread.join(10.0)
    assert not run.thread.is_alive()


def press(run: Run, key: str, answers: int) -> None:
    """Press a key and wait for the decisions that it makes."""
    before = len(run.decisions)
    xdotool("key", key)
    wait_until(lambda: len(run.decisions) == before + answers, f"{key} to decide {answers}")
    if answers:
        wait_until(lambda: run.shown == before + answers, "the next step")
        time.sleep(0.15)  # until it is drawn


def begin(run: Run) -> None:
    assert run.present is None
    xdotool("key", "Return")
    wait_until(lambda: run.present is not None and run.shown == 0, "the first step")
    time.sleep(0.15)


def test_a_session_by_key_presses(run: Run) -> None:
    begin(run)
    press(run, "space", 1)  # 0 blocked
    press(run, "p", 0)
    time.sleep(2.5)  # longer than a step's time: a pause approves nothing
    assert len(run.decisions) == 1
    press(run, "s", 1)  # 1 allowed by a key
    press(run, "space", 1)  # 2 blocked while paused
    press(run, "u", 0)  # takes 2 back
    press(run, "s", 1)  # 3 carries that
    press(run, "u", 0)  # takes 3 back
    press(run, "u", 0)  # and 1, for 2 is taken back already
    press(run, "F1", 0)
    time.sleep(2.5)  # nor does help
    press(run, "Return", 0)
    press(run, "p", 0)
    wait_until(lambda: len(run.decisions) == 5, "silence to allow step 4")
    xdotool("key", "Escape")
    time.sleep(0.3)
    assert run.gone == ""  # it asks first
    xdotool("key", "Escape")
    wait_until(lambda: run.gone != "", "the window to close")
    assert run.present
    assert "ended the session" in run.gone
    assert run.brief() == [
        (0, "unsafe", "key"),
        (1, "safe", "key"),
        (2, "unsafe", "key"),
        (3, "safe", "key"),
        (4, "safe", "silence"),
    ]
    undo = [[a.step_id for a in d.amends] for d in run.decisions]
    assert undo == [[], [], [], [2], [3, 1]]
    assert {a.verdict for d in run.decisions for a in d.amends} == {Verdict.UNSURE}
    assert run.late == ()


@pytest.mark.parametrize("run", [("--pace", "4", "--idle-seconds", "60")], indirect=True)
def test_a_held_key_blocks_every_step_while_it_is_down(run: Run) -> None:
    begin(run)
    before = len(run.decisions)
    xdotool("keydown", "space")
    wait_until(lambda: len(run.decisions) >= before + 4, "four blocks")
    xdotool("keyup", "space")
    released = len(run.decisions)
    wait_until(lambda: len(run.decisions) >= released + 3, "silence after that")
    xdotool("key", "p")
    time.sleep(0.2)
    verdicts = [d.verdict for d in run.decisions]
    blocked = [i for i, verdict in enumerate(verdicts) if verdict is Verdict.UNSAFE]
    assert blocked == list(range(blocked[0], blocked[0] + len(blocked)))
    assert blocked[0] in (before, before + 1)
    assert len(blocked) >= 3
    assert verdicts[released + 1 :] == [Verdict.SAFE] * (len(verdicts) - released - 1)
    # A held key keeps the pace: no burst of blocks.
    gaps = np.diff(run.arrivals[blocked[0] + 1 : blocked[-1] + 1])
    assert gaps.min() > 0.2


@pytest.mark.parametrize("run", [("--pace", "4", "--idle-seconds", "1.5")], indirect=True)
def test_idle_and_lost_focus_stop_the_game(run: Run) -> None:
    begin(run)
    time.sleep(2.5)
    stopped = len(run.decisions)
    assert 3 <= stopped <= 6  # 1.5 s of presence at 4 steps a second
    time.sleep(1.0)
    assert len(run.decisions) == stopped
    xdotool("key", "space")  # any key goes on, and approves and blocks nothing
    wait_until(lambda: len(run.decisions) > stopped, "going on")
    assert {d.verdict for d in run.decisions} == {Verdict.SAFE}
    assert {d.reaction_seconds for d in run.decisions} == {None}
    xdotool("key", "F2")
    identity = xdotool("search", "--class", "hirl").split()[0]
    xdotool("windowunmap", "--sync", identity)
    time.sleep(0.3)
    unfocused = len(run.decisions)
    time.sleep(1.0)
    assert len(run.decisions) == unfocused


@pytest.mark.parametrize("run", [("--pace", "4", "--idle-seconds", "60")], indirect=True)
def test_a_mouse_over_a_window_without_the_keyboard_approves_nothing(run: Run) -> None:
    begin(run)
    xdotool("key", "F1")
    wait_until_still(run)
    identity = xdotool("search", "--class", "hirl").split()[0]
    xdotool("windowfocus", "--sync", xdotool("search", "--maxdepth", "0", "").split()[0])
    xdotool("mousemove", "--window", identity, "300", "300")
    stopped = len(run.decisions)
    for button in ("4", "5", "1", "1"):  # the wheel; a click that leaves help; one more
        xdotool("click", button)
        time.sleep(0.8)  # three steps' time
        assert len(run.decisions) == stopped
    xdotool("windowfocus", "--sync", identity)
    xdotool("key", "F2")
    wait_until(lambda: len(run.decisions) > stopped, "silence, by somebody who is there")


def wait_until_still(run: Run) -> None:
    """Until the key that stops the game has been heard."""
    before = -1
    while before != len(run.decisions):
        before = len(run.decisions)
        time.sleep(0.8)
