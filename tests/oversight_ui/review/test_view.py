"""The drawing under SDL's dummy driver: golden images, and words that keep their size."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import pygame

from oversight.games import PONG
from oversight_ui.layout import Box
from oversight_ui.paint import Brush
from oversight_ui.review.layout import CLIP_SIZE, TEXT_SIZES, lay_out_review
from oversight_ui.review.recording import Recording
from oversight_ui.review.sight import Sight
from oversight_ui.review.state import Mode, Panel, State
from oversight_ui.review.tape import Choice, Tape, make_tape
from oversight_ui.review.view import draw_clip, draw_review
from tests.oversight_ui.golden import compare

GOLDEN = Path(__file__).parent / "golden"
SMALLER = 0.8
"""Words may be drawn so much smaller than meant, to fit their place."""


@pytest.fixture(autouse=True)
def dummy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("TZ", "UTC")
    pygame.display.init()
    pygame.font.init()
    yield
    pygame.quit()


class Sights:
    """Makes what is drawn."""

    def __init__(self, tape: Tape, pictures: tuple[NDArray[np.uint8], ...]) -> None:
        self.tape = tape
        self.pictures = pictures

    def __call__(self, tape: Tape | None = None, at: int = 51, **changes: object) -> Sight:
        tape = self.tape if tape is None else tape
        state = replace(State(tape=tape, at=at, left=0, zoom=160), **changes)
        words = tuple(tape.recording.history(at)) if len(tape) else ()
        return Sight(state, PONG, "first/log.sqlite", self.pictures[at], words)


@pytest.fixture
def sight(tape: Tape, pictures: tuple[NDArray[np.uint8], ...]) -> Sights:
    return Sights(tape, pictures)


class Watched(Brush):
    """Remembers which words did not fit their place in the size that was meant."""

    def __init__(self) -> None:
        super().__init__()
        self.shrunk: dict[str, float] = {}

    def fitting_size(self, text: str, box: Box, largest: int) -> int:
        size = super().fitting_size(text, box, largest)
        if size < largest:
            self.shrunk[text] = min(size / largest, self.shrunk.get(text, 1.0))
        wide, tall = self.font(size).size(text)
        assert wide <= box.w, text
        assert tall <= box.h + 2, text
        return size


def drawn(what: Sight, size: tuple[int, int] = (1280, 720)) -> NDArray[np.uint8]:
    surface = pygame.Surface(size)
    draw_review(Brush(), surface, what)
    return np.array(pygame.surfarray.array3d(surface).swapaxes(0, 1))


VIEWS: dict[str, dict[str, object]] = {
    "queue": {},
    "agreement": {"panel": Panel.AGREEMENT, "truth": True},
    "history": {"panel": Panel.HISTORY, "at": 110},
    "span": {"at": 60, "anchor": 45},
    "undone": {"at": 89},
    "blind": {"blind": True},
    "help": {"mode": Mode.HELP},
    "reason": {"mode": Mode.REASON, "draft": "the ball was far off"},
}


@pytest.mark.parametrize("name", ["queue", "agreement", "span", "help"])
def test_the_window_looks_as_it_was_judged_good(
    name: str, sight: Sights, tape: Tape, tmp_path: Path
) -> None:
    compare(GOLDEN / f"{name}.png", drawn(sight(**VIEWS[name])), tmp_path)


def test_a_golden_image_can_differ(
    sight: Sights, tape: Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HIRL_GOLDEN", raising=False)
    with pytest.raises(pytest.fail.Exception, match="differ"):
        compare(GOLDEN / "queue.png", drawn(sight(at=52)), tmp_path)


@pytest.mark.parametrize("name", list(VIEWS))
@pytest.mark.parametrize("text", TEXT_SIZES)
@pytest.mark.parametrize("size", [(1280, 720), (2560, 1440)])
def test_words_keep_their_size(
    name: str, text: float, size: tuple[int, int], sight: Sights, tape: Tape
) -> None:
    brush = Watched()
    what = replace(sight(**VIEWS[name]), text=text)
    draw_review(brush, pygame.Surface(size), what)
    small = {word: share for word, share in brush.shrunk.items() if share < SMALLER}
    assert small == {}


def test_labels_are_told_apart_without_colour(sight: Sights, tape: Tape) -> None:
    layout = lay_out_review(1280, 720, (210, 160))
    looks = []
    for at in (10, 51, 110):
        pixels = drawn(sight(at=at))
        box = layout.label
        looks.append(pixels[box.y : box.bottom, box.x : box.right].mean(axis=2))
    for one, two in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(looks[one] - looks[two]).max() > 100
    lane = layout.labels
    column = drawn(sight(at=0))[lane.y : lane.bottom]
    heights = []
    for row in (10, 110, 51):  # safe, not sure, unsafe: lines of their own height
        x = lane.x + round((row + 0.5) * lane.w / 160)
        back = np.array((27, 34, 44))
        heights.append(int((np.abs(column[:, x].astype(int) - back).max(axis=1) > 40).sum()))
    assert heights[0] < heights[1] < heights[2]


def test_what_is_hidden_is_not_drawn(sight: Sights, tape: Tape) -> None:
    safe = drawn(sight(at=10, blind=True))
    other = make_tape(replace(tape.recording, first=1 - tape.recording.first), Choice("ada"))
    flipped = replace(other.recording.steps, verdict=1 - tape.recording.steps.verdict % 2)
    other = replace(other, recording=replace(other.recording, steps=flipped))
    assert np.array_equal(safe, drawn(sight(other, at=10, blind=True)))


def test_a_log_without_steps_or_screens(sight: Sights, tape: Tape) -> None:
    empty = make_tape(Recording.empty(), Choice("ada"))
    for what in (sight(empty, at=0), replace(sight(), rgb=None)):
        assert drawn(what).std() > 0


def test_a_clips_frame_needs_no_display(sight: Sights, tape: Tape) -> None:
    pygame.display.quit()
    frame = draw_clip(Brush(), sight())
    assert frame.shape == (CLIP_SIZE[1], CLIP_SIZE[0], 3)
    assert len(np.unique(frame.reshape(-1, 3), axis=0)) > 20
