"""The real window, under Xvfb, with real key presses and a real mouse from outside."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import pygame

from oversight_ui.naming import Answer, Left, NamingWindow, Sheet
from oversight_ui.naming.layout import lay_out_naming
from oversight_ui.naming.part import part_of
from oversight_ui.preferences import Preferences

pytestmark = pytest.mark.window

ROWS, COLUMNS = (90, 180), (0, 160)
SIZE = (1280, 720)
Sheets = Callable[..., Sheet]


def xdotool(*arguments: str) -> str:
    done = subprocess.run(
        ["xdotool", *arguments], check=True, capture_output=True, text=True, timeout=30
    )
    return done.stdout


def focused(identity: str) -> bool:
    """Give a window the keyboard; X refuses while it is still being shown."""
    subprocess.run(["xdotool", "windowfocus", identity], capture_output=True, check=False)
    asked = subprocess.run(
        ["xdotool", "getwindowfocus"], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() == identity


class Hands:
    """What a person does, one thing after the other, in a thread beside the window's."""

    def __init__(self, acts: tuple[Callable[[], object], ...]) -> None:
        self._acts = acts
        self._ended: BaseException | None = None
        self._thread = threading.Thread(target=self._work)

    def _work(self) -> None:
        try:
            identity = xdotool("search", "--sync", "--onlyvisible", "--class", "hirl").split()[0]
            end = time.monotonic() + 60.0
            while not focused(identity):
                assert time.monotonic() < end, "the window did not take the keyboard"
                time.sleep(0.1)
            time.sleep(0.7)  # until the cards are drawn, and can have been seen
            for act in self._acts:
                act()
                time.sleep(0.15)
        except BaseException as error:
            self._ended = error
            close()  # or the window waits for ever

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join(90.0)
        assert not self._thread.is_alive()
        if self._ended is not None:
            raise self._ended


def hands(*acts: str | Callable[[], object]) -> Hands:
    """Names of keys, or anything else to do."""
    return Hands(tuple(act if callable(act) else _key(act) for act in acts))


def _key(name: str) -> Callable[[], object]:
    return lambda: xdotool("key", name)


def click(card: int, count: int = 12) -> Callable[[], object]:
    box = lay_out_naming(*SIZE, part_of(ROWS, COLUMNS).size, count).cards[card].frame
    x, y = box.x + box.w // 2, box.y + box.h // 2
    return lambda: xdotool("mousemove", str(x), str(y), "click", "1")


def close() -> None:
    """As a desktop asks for it; Xvfb has none that would."""
    pygame.event.post(pygame.event.Event(pygame.QUIT))


@contextmanager
def opened(preferences: Preferences | None = None) -> Iterator[NamingWindow]:
    window = NamingWindow("hirl: name it", "Mark every pair.", ROWS, COLUMNS, preferences)
    try:
        yield window
    finally:
        window.close()


@pytest.fixture
def window(display: str) -> Iterator[NamingWindow]:
    with opened() as window:
        yield window


def test_sheets_by_keys_and_a_click(window: NamingWindow, sheets: Sheets) -> None:
    sheet = sheets(marked=())
    began = time.monotonic()
    with hands("3", click(7), "f", "f", "Return"):
        first = window.ask(sheet)
    took = time.monotonic() - began
    assert [place for place, bad in enumerate(first.bad) if bad] == [2, 7]
    assert not first.back
    assert 0.3 <= first.seconds <= took
    window.wait("learning...")
    with hands("Right", "space", "BackSpace"):
        second = window.ask(sheets(count=6))
    assert second == Answer((False, True, *[False] * 4), second.seconds, back=True)
    with hands("3", "Return"):  # the first again, as it was answered
        again = window.ask(replace(sheet, marked=first.bad))
    assert [place for place, bad in enumerate(again.bad) if bad] == [7]


def test_keys_pressed_while_the_caller_works_count_for_nothing(
    window: NamingWindow, sheets: Sheets
) -> None:
    with hands("1", "Return"):
        window.ask(sheets())
    window.wait("learning...")
    for key in ("2", "Return"):
        xdotool("key", key)
    time.sleep(0.3)
    window.wait("learning...")
    with hands("4", "Return"):
        answer = window.ask(sheets())
    assert [place for place, bad in enumerate(answer.bad) if bad] == [3]


def test_the_clock_stands_in_the_help_and_in_a_pause(window: NamingWindow, sheets: Sheets) -> None:
    def rest() -> None:
        time.sleep(2.0)

    began = time.monotonic()
    with hands("F1", rest, "Return", "p", rest, "Return", "Return"):
        answer = window.ask(sheets())
    assert answer.seconds <= time.monotonic() - began - 4.0
    assert not any(answer.bad)


def test_who_leaves_is_asked_once_more(window: NamingWindow, sheets: Sheets) -> None:
    with hands("q", "Left", "2", "q", "q"), pytest.raises(Left) as left:
        window.ask(sheets())
    assert left.value.seconds > 0.3


def test_who_closes_the_window_has_left(window: NamingWindow, sheets: Sheets) -> None:
    with hands("2", close), pytest.raises(Left):
        window.ask(sheets())


def test_text_size_and_screenshots(display: str, sheets: Sheets, tmp_path: Path) -> None:
    with opened(Preferences(screenshots=tmp_path / "shots", text_size=1.25)) as window:
        with hands("F3", "F12", "F2", "F2", "Return"):
            window.ask(sheets())
        assert len(list((tmp_path / "shots").glob("hirl-*.png"))) == 1
