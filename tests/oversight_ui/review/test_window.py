"""The real review window, under Xvfb, with real key presses and a real mouse from outside."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oversight import InterventionLog, LogMeta, Verdict, game_named
from oversight.log import Word

pytestmark = pytest.mark.window

SIZE = (1280, 720)
Grow = Callable[[InterventionLog, int, int], None]


def xdotool(*arguments: str) -> str:
    done = subprocess.run(
        ["xdotool", *arguments], check=True, capture_output=True, text=True, timeout=30
    )
    return done.stdout


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    """Wait, on a busy machine for long; looking often at a log would keep the window from it."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.1)


def words(path: Path, step: int) -> list[Word]:
    with InterventionLog.open(path) as log:
        return log.words(step)


def verdicts(path: Path, step: int) -> list[Verdict]:
    return [word.verdict for word in words(path, step)]


def cpu_seconds(process: subprocess.Popen[str]) -> float:
    """How long a process has worked so far (Linux)."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for_pictures(process: subprocess.Popen[str]) -> None:
    """Wait until the window works on further pictures: it then hears keys."""
    begun = cpu_seconds(process)
    wait_until(lambda: cpu_seconds(process) > begun + 0.2, "the window to draw")


def focused(identity: str) -> bool:
    """Give a window the keyboard; X refuses while it is still being shown."""
    subprocess.run(["xdotool", "windowfocus", identity], capture_output=True, check=False)
    asked = subprocess.run(
        ["xdotool", "getwindowfocus"], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() == identity


@pytest.fixture
def review(display: str) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def begin(path: Path, *options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "oversight_ui", "review", str(path), *options]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        started.append(process)
        identity = xdotool("search", "--sync", "--onlyvisible", "--class", "hirl").split()[0]
        wait_until(lambda: focused(identity), "the window to take the keyboard")
        xdotool("mousemove", "5", "5")
        wait_for_pictures(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def keys(*names: str) -> None:
    for name in names:
        xdotool("key", name)
        time.sleep(0.05)


def test_a_review_by_key_presses(path: Path, review: Callable[..., subprocess.Popen[str]]) -> None:
    window = review(path, "--author", "ada")
    keys("m", "2")  # the step that the Blocker would miss: 51, confirmed
    wait_until(lambda: len(words(path, 51)) == 2, "the label of step 51")
    word = words(path, 51)[-1]
    assert (word.verdict, word.name, word.reason) == (Verdict.UNSAFE, "ada", "reviewed")
    keys("Home", "shift+Right", "v", "Right", "Right", "r", "2", "2")  # a span, with a reason
    wait_until(lambda: len(words(path, 12)) == 2, "the labels of the span")
    span = [words(path, step)[-1] for step in (10, 11, 12)]
    assert {(w.verdict, w.reason) for w in span} == {(Verdict.UNSAFE, "key came late")}
    assert len({w.change for w in span}) == 1
    assert len(words(path, 9)) == len(words(path, 13)) == 1
    keys("u")
    wait_until(lambda: len(words(path, 12)) == 3, "the span to be taken back")
    assert verdicts(path, 11) == [Verdict.SAFE, Verdict.UNSAFE, Verdict.SAFE]
    assert words(path, 11)[-1].takes_back == span[1].change
    keys("r", "t", "o", "o", "space", "f", "a", "r", "Return", "c", "3")
    wait_until(lambda: len(words(path, 71)) == 2, "the label of the catastrophe")
    assert (words(path, 71)[-1].verdict, words(path, 71)[-1].reason) == (
        Verdict.UNSURE,
        "too far",
    )
    keys("F12")
    shot = path.with_name("log-71.png")
    wait_until(shot.exists, "the screenshot")
    keys("q")
    assert window.wait(20) == 0
    assert window.stderr is not None
    assert window.stderr.read() == ""


def test_a_key_that_stays_down_labels_once_and_steps_on(
    path: Path, review: Callable[..., subprocess.Popen[str]]
) -> None:
    review(path, "--author", "ada")
    keys("Home")
    for key in ("2", "Right"):
        xdotool("keydown", key)
        time.sleep(1.5)
        xdotool("keyup", key)
    keys("3")
    wait_until(
        lambda: any(verdicts(path, step)[-1] is Verdict.UNSURE for step in range(2, 60)),
        "the label of a step further on",
    )
    assert verdicts(path, 0) == [Verdict.SAFE, Verdict.UNSAFE]


@pytest.mark.slow
def test_an_undo_that_the_log_refused_is_tried_again(
    path: Path, review: Callable[..., subprocess.Popen[str]]
) -> None:
    review(path, "--author", "ada")
    keys("Home", "2", "Right", "2")
    wait_until(lambda: len(words(path, 1)) == 2, "two labels")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # another program writes, for longer than anyone waits
    keys("u")
    time.sleep(7.0)
    other.execute("ROLLBACK")
    other.close()
    assert len(words(path, 1)) == 2
    keys("u")
    wait_until(lambda: len(words(path, 1)) == 3, "the undo of the second label")
    assert verdicts(path, 0) == [Verdict.SAFE, Verdict.UNSAFE]
    keys("u")
    wait_until(lambda: len(words(path, 0)) == 3, "the undo of the first")


def test_a_review_by_the_mouse_of_a_log_that_grows(
    tmp_path: Path, review: Callable[..., subprocess.Popen[str]], grow: Grow
) -> None:
    path = tmp_path / "log.sqlite"
    meta = LogMeta("pong", game_named("pong").actions, (210, 160), "uint8", "zone")
    with InterventionLog.create(path, meta) as writer:
        grow(writer, 0, 40)
        window = review(path, "--author", "bob")
        keys("End")
        grow(writer, 40, 100)

        def labelled() -> bool:
            """It follows, sooner or later."""
            keys("End", "1")
            time.sleep(0.5)
            return len(words(path, 99)) > 1

        wait_until(labelled, "the label of the newest step")
        # A drag along the whole log from its right end to its left, then a span by shift.
        xdotool("mousemove", "1200", "591", "mousedown", "1")
        xdotool("mousemove", "600", "591", "mousemove", "118", "591", "mouseup", "1")
        time.sleep(0.3)
        keys("2")
        wait_until(lambda: len(words(path, 0)) == 2 or len(words(path, 1)) == 2, "the first step")
        xdotool("mousemove", "130", "650", "click", "1")
        time.sleep(0.3)
        xdotool("keydown", "shift", "mousemove", "170", "650", "click", "1", "keyup", "shift")
        time.sleep(0.3)
        before = writer.newest_link
        keys("3")
        wait_until(lambda: writer.newest_link > before, "the span by the mouse")
        unsure = [step for step in range(100) if verdicts(path, step)[-1] is Verdict.UNSURE]
        assert len(unsure) > 2
        assert unsure == list(range(unsure[0], unsure[-1] + 1))
        grow(writer, 100, 110)  # the run was not disturbed
        keys("q")
        assert window.wait(20) == 0
    with InterventionLog.open(path) as log:
        assert len(log.steps(undone=True)) == 110
