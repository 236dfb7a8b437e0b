"""The assisted way of working, by real keys in the real window."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from oversight.errors import OverseerGone
from oversight.games import PONG
from oversight.types import Decision, Hint, Proposal, Screen, Verdict
from oversight_ui.assist import SLOW
from oversight_ui.launch import open_window
from oversight_ui.link import LinkServer
from oversight_ui.overseer import HumanOverseer
from oversight_ui.scenes import Looks

pytestmark = pytest.mark.window

PACE = 2.0
SURE, UNSURE, WOULD_BLOCK = Hint(0.001, 0.5), Hint(0.4, 0.5), Hint(0.9, 0.5)
OPINIONS = {2: WOULD_BLOCK, 5: UNSURE, 6: WOULD_BLOCK}
"""By step; of all others the Blocker is sure."""


def press(key: str) -> None:
    subprocess.run(["xdotool", "key", key], check=True, timeout=20)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.01)


class Run:
    """Proposes steps with a Blocker's opinion, and collects decisions in a thread."""

    def __init__(
        self,
        server: LinkServer,
        to_rgb: Callable[[Screen], NDArray[np.uint8]],
        make: Callable[..., Proposal],
    ) -> None:
        self.heat_asked: list[int] = []
        looks = Looks(heat=self._heat, standing=lambda: "not ready: a test")
        self.human = HumanOverseer(server, PONG, to_rgb=to_rgb, looks=looks)
        self.make = make
        self.decisions: list[Decision] = []
        self.at: list[float] = []
        self.gone = ""
        self.thread = threading.Thread(target=self._work)

    def _heat(self, proposal: Proposal) -> NDArray[np.float32]:
        self.heat_asked.append(proposal.step_id)
        return np.ones((210, 160), np.float32)

    def _work(self) -> None:
        self.human.wait_for_person(30.0)
        try:
            while True:
                step = len(self.decisions)
                proposal = replace(self.make(step), hint=OPINIONS.get(step, SURE))
                self.at.append(time.monotonic())
                self.decisions += self.human.review([proposal])
        except OverseerGone as error:
            self.gone = str(error)


@pytest.fixture
def run(
    display: str,
    short_dir: Path,
    grey_rgb: Callable[[Screen], NDArray[np.uint8]],
    proposal: Callable[..., Proposal],
) -> Iterator[Run]:
    settings = short_dir / "window.toml"
    settings.write_text('way = "assisted"\nfastest = 4.0\nidle_seconds = 60.0\n')
    options = ("--settings", str(settings), "--pace", f"{PACE:g}")
    with open_window(PONG, directory=short_dir / "link", options=options) as server:
        run = Run(server, grey_rgb, proposal)
        run.thread.start()
        search = ["xdotool", "search", "--sync", "--class", "hirl"]
        found = subprocess.run(search, check=True, capture_output=True, text=True, timeout=30)
        subprocess.run(["xdotool", "windowfocus", found.stdout.split()[0]], check=True, timeout=20)
        time.sleep(0.3)
        yield run
    run.thread.join(10.0)
    assert not run.thread.is_alive()


def test_the_blocker_sets_the_pace_and_stops_where_it_would_block(run: Run) -> None:
    press("Return")
    wait_until(lambda: len(run.decisions) == 2, "the first two, by silence")
    time.sleep(1.5)  # three times the person's own time
    assert len(run.decisions) == 2  # it waits for a key
    press("e")
    wait_until(lambda: run.heat_asked == [2], "the window to ask where the Blocker looks")
    press("space")
    wait_until(lambda: len(run.decisions) == 6, "the sure and the unsure ones after it")
    time.sleep(1.0)
    assert len(run.decisions) == 6
    press("Return")  # the person knows better than the Blocker
    wait_until(lambda: len(run.decisions) >= 8, "going on")
    press("Escape")
    press("Escape")
    wait_until(lambda: run.gone != "", "the end")

    verdicts = [d.verdict for d in run.decisions[:7]]
    assert verdicts == [Verdict.UNSAFE if step == 2 else Verdict.SAFE for step in range(7)]
    by_key = [d.reaction_seconds is not None for d in run.decisions[:7]]
    assert by_key == [False, False, True, False, False, False, True]
    viewing = [d.viewing for d in run.decisions[:7]]
    assert all(one is not None for one in viewing)
    speeds = [one.speed_up for one in viewing if one is not None]
    assert speeds == pytest.approx([4.0, 4.0, 0.0, 4.0, 4.0, SLOW, 0.0])
    paces = [one.pace for one in viewing if one is not None]
    assert paces == [8.0, 8.0, None, 8.0, 8.0, PACE * SLOW, None]
    hints = [one.hint for one in viewing if one is not None]
    assert hints == pytest.approx([0.001, 0.001, 0.9, 0.001, 0.001, 0.4, 0.9])
    sure, unsure = run.at[4] - run.at[3], run.at[6] - run.at[5]
    assert sure >= 1 / (PACE * 4.0)
    assert unsure >= 1 / (PACE * SLOW)
