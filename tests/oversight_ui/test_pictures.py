"""The window's pictures in the guide are golden images: real games, drawn by the real view."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import pygame

from oversight_ui.layout import Box
from oversight_ui.paint import Brush
from oversight_ui.view import draw

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "docs" / "images"
"""To draw them anew after a wanted change: tools/screenshots.py, and look at each."""
FAR, SHARE = 48, 0.004
"""A golden image may differ by more than so many of 255 in this share of its pixels."""
NAMES = (
    *("live", "assisted", "assisted-waits", "went-back", "preview", "start", "help", "idle"),
    *("unfocused", "ending", "over", "watching"),
    *("space_invaders-start", "space_invaders-live", "road_runner-start", "road_runner-live"),
)
SMALLER = 0.5
"""Words may be drawn so much smaller than meant, to fit their place."""


@pytest.fixture(scope="module")
def screenshots() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("screenshots", ROOT / "tools" / "screenshots.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["screenshots"] = module  # its dataclasses look for it
    before = os.environ.get("SDL_VIDEODRIVER")
    os.environ["SDL_VIDEODRIVER"] = "dummy"
    spec.loader.exec_module(module)
    pygame.display.init()
    pygame.font.init()
    yield module
    pygame.quit()
    del sys.modules["screenshots"]
    if before is None:
        del os.environ["SDL_VIDEODRIVER"]
    else:
        os.environ["SDL_VIDEODRIVER"] = before


@pytest.fixture(scope="module")
def pictures(screenshots: ModuleType) -> dict[str, object]:
    return dict(screenshots.for_the_guide())


def pixels_of(surface: pygame.Surface) -> NDArray[np.uint8]:
    return np.array(pygame.surfarray.array3d(surface).swapaxes(0, 1))


def share_that_differs(name: str, surface: pygame.Surface) -> float:
    wanted = pixels_of(pygame.image.load(GOLDEN / f"window-{name}.png"))
    pixels = pixels_of(surface)
    assert wanted.shape == pixels.shape
    return float((np.abs(wanted.astype(int) - pixels).max(axis=2) > FAR).mean())


@pytest.mark.parametrize("name", NAMES)
def test_the_window_looks_as_it_was_judged_good(
    name: str, screenshots: ModuleType, pictures: dict[str, object], tmp_path: Path
) -> None:
    surface = screenshots.drawn(pictures[f"window-{name}"])
    if (share := share_that_differs(name, surface)) > SHARE:
        pygame.image.save(surface, tmp_path / f"{name}.png")
        pytest.fail(f"{share:.2%} of it differ; see {tmp_path / name}.png")


def test_there_is_a_golden_image_of_each_and_no_other(pictures: dict[str, object]) -> None:
    assert {f"window-{name}" for name in NAMES} == set(pictures)
    assert {path.stem for path in GOLDEN.glob("window-*.png")} == set(pictures)


def test_a_golden_image_can_differ(screenshots: ModuleType, pictures: dict[str, object]) -> None:
    surface = screenshots.drawn(pictures["window-assisted"])
    assert share_that_differs("assisted", surface) <= SHARE
    assert share_that_differs("assisted-waits", surface) > SHARE


class Watched(Brush):
    """Notes which words were drawn smaller than meant, and that all of them fit."""

    def __init__(self) -> None:
        super().__init__()
        self.shrunk: dict[str, float] = {}

    def fitting_size(self, text: str, box: Box, largest: int) -> int:
        size = super().fitting_size(text, box, largest)
        if text:
            self.shrunk[text] = min(size / largest, self.shrunk.get(text, 1.0))
        wide, tall = self.font(size).size(text)
        assert wide <= box.w, text
        assert tall <= box.h + 2, text
        return size


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(1280, 720, 1.0), (1280, 720, 1.5), (2560, 1440, 1.5)])
def test_no_word_is_cut_and_none_becomes_tiny(
    name: str, size: tuple[int, int, float], pictures: dict[str, object]
) -> None:
    wide, tall, text = size
    brush = Watched()
    draw(brush, pygame.Surface((wide, tall)), replace(pictures[f"window-{name}"], text=text))  # type: ignore[type-var]
    assert {word: share for word, share in brush.shrunk.items() if share < SMALLER} == {}
