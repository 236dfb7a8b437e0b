"""The layout as rectangles, and the drawing under SDL's dummy driver."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import pygame

from oversight.games import PONG
from oversight.types import Hint, Tally, Verdict
from oversight_ui.keymap import Command, KeyMap
from oversight_ui.layout import Box, fit_picture, lay_out, zone_box
from oversight_ui.messages import HeatMap, Pixels, Scene
from oversight_ui.paint import STOP, Brush
from oversight_ui.panel import verdict_colour, words_of
from oversight_ui.state import Mode, State, Way
from oversight_ui.steps import Past, Pending
from oversight_ui.view import Picture, draw, notable

SIZES = [(1280, 720), (1024, 768), (1920, 1080), (800, 600)]
PONG_SIZE = (210, 160)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("picture", [PONG_SIZE, (84, 84), (400, 600), (1200, 1600)])
def test_regions_do_not_overlap_and_are_not_cut(
    size: tuple[int, int], picture: tuple[int, int]
) -> None:
    layout = lay_out(*size, picture)
    regions = layout.regions()
    window = Box(0, 0, *size)
    for name, box in regions.items():
        assert window.contains(box), name
        others = [other for key, other in regions.items() if key != name]
        assert not any(box.overlaps(other) for other in others), name
    assert layout.frame.contains(layout.field)
    assert layout.action.w >= 0.3 * size[0]


@pytest.mark.parametrize(("size", "times"), [((1280, 720), 3), ((1024, 768), 3), ((1920, 1080), 4)])
def test_pong_is_scaled_by_a_whole_number(size: tuple[int, int], times: int) -> None:
    field = lay_out(*size, PONG_SIZE).field
    assert (field.h, field.w) == (210 * times, 160 * times)


@given(st.integers(1, 2000), st.integers(1, 2000), st.integers(1, 900), st.integers(1, 900))
def test_a_picture_fits_its_area(aw: int, ah: int, h: int, w: int) -> None:
    box = fit_picture(Box(0, 0, aw, ah), h, w)
    assert Box(0, 0, aw, ah).contains(box)


def test_zone_is_inclusive() -> None:
    box = zone_box(Box(10, 20, 480, 630), PONG_SIZE, (178, 193), (0, 159))
    assert box == Box(10, 20 + 178 * 3, 480, 16 * 3)


def test_parts_fill_the_whole() -> None:
    rows = Box(0, 0, 100, 100).rows((1, 2, 1), 10)
    assert [(r.y, r.h) for r in rows] == [(0, 20), (30, 40), (80, 20)]


@pytest.fixture
def surface(monkeypatch: pytest.MonkeyPatch) -> Iterator[pygame.Surface]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.init()
    pygame.font.init()
    yield pygame.display.set_mode((1280, 720))
    pygame.quit()


def picture(mode: Mode = Mode.JUDGING) -> Picture:
    screen = np.zeros((*PONG_SIZE, 3), dtype=np.uint8)
    screen[...] = (20, 90, 20)
    tally = Tally(12345, 17, 678, 0, 700, 3)
    scene = Scene(41, 1, 41, 5, tally, 40, Hint(0.93, 0.5), Pixels.of(screen))
    verdicts = (Verdict.UNSAFE, Verdict.SAFE, Verdict.SAFE)
    past = tuple(Past(i, 3, verdicts[i % 3], i % 2 == 0, 0.0, undone=i == 38) for i in range(41))
    state = State(mode=mode, pending=Pending(41, 41, 5, 0.0, 0.0), past=past, now=0.1)
    return Picture(state, PONG, "oversight", "BLOCKER oversees", scene, past, 0.0, KeyMap())


def drawn(surface: pygame.Surface, what: Picture) -> NDArray[np.uint8]:
    draw(Brush(), surface, what)
    return np.array(pygame.surfarray.array3d(surface).transpose(1, 0, 2))


def crop(pixels: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    return pixels[box.y : box.bottom, box.x : box.right]


@pytest.mark.parametrize("mode", list(Mode))
def test_no_mode_is_blank_and_each_looks_different(surface: pygame.Surface, mode: Mode) -> None:
    here = drawn(surface, picture(mode))
    assert len(np.unique(here.reshape(-1, 3), axis=0)) > 10
    for other in Mode:
        if other is not mode:
            assert not np.array_equal(here, drawn(surface, picture(other))), other


def test_every_region_has_something(surface: pygame.Surface) -> None:
    pixels = drawn(surface, picture())
    for name, box in lay_out(1280, 720, PONG_SIZE).regions().items():
        assert len(np.unique(crop(pixels, box).reshape(-1, 3), axis=0)) > 1, name


def test_a_window_without_any_step_yet(surface: pygame.Surface) -> None:
    empty = replace(picture(), scene=None, past=(), state=State(mode=Mode.JUDGING))
    assert drawn(surface, empty).std() > 0


def test_actions_decisions_and_undo_are_seen(surface: pygame.Surface) -> None:
    base = picture()
    layout = lay_out(1280, 720, PONG_SIZE)
    scene = base.scene
    assert scene is not None
    up = replace(base, scene=replace(scene, action=2))
    before = drawn(surface, base)
    assert not np.array_equal(crop(before, layout.action), crop(drawn(surface, up), layout.action))
    blocked = replace(base, past=(Past(1, 3, Verdict.UNSAFE, True, 0.0),))
    allowed = replace(base, past=(Past(1, 3, Verdict.SAFE, True, 0.0),))
    undone = replace(base, past=(Past(1, 3, Verdict.UNSAFE, True, 0.0, undone=True),))
    later = replace(base, past=(Past(1, 3, Verdict.SAFE, True, 0.0, labelled=Verdict.UNSAFE),))
    looks = [crop(drawn(surface, p), layout.verdict) for p in (blocked, allowed, undone, later)]
    # Told apart by brightness alone, for eyes without colour vision.
    greys = [look.mean(axis=2) for look in looks]
    assert all(np.abs(a - b).max() > 60 for a, b in zip(greys, greys[1:] + greys[:1], strict=True))


def test_a_step_that_was_done_is_not_called_blocked_for_its_label() -> None:
    done = Past(1, 3, Verdict.SAFE, False, 0.0)
    labelled = replace(done, labelled=Verdict.UNSAFE)
    assert not labelled.blocked
    assert words_of(labelled) == "LABELLED UNSAFE"
    assert words_of(done) == words_of(replace(done, at=1.0)) == "ALLOWED"
    assert verdict_colour(labelled) not in (verdict_colour(done), STOP)


def test_recorded_steps_are_marked(surface: pygame.Surface) -> None:
    base = picture()
    scene = base.scene
    assert scene is not None
    none = replace(base, scene=replace(scene, recorded_through=-1))
    strip = lay_out(1280, 720, PONG_SIZE).strip
    marked, bare = (crop(drawn(surface, p), strip) for p in (base, none))
    low = round(strip.h * 0.85)
    assert np.array_equal(marked[: round(strip.h * 0.7)], bare[: round(strip.h * 0.7)])
    assert marked[low:].mean() > bare[low:].mean() + 50


def test_the_zone_is_hatched_and_the_game_stays_visible(surface: pygame.Surface) -> None:
    field = lay_out(1280, 720, PONG_SIZE).field
    zone = zone_box(field, PONG_SIZE, (178, 193), (0, 159)).inset(8)
    inside = crop(drawn(surface, picture()), zone).reshape(-1, 3)
    game = np.all(inside == (20, 90, 20), axis=1).mean()
    assert 0.5 < game < 0.95


@pytest.mark.parametrize("size", SIZES[:3])
def test_words_keep_a_readable_size(surface: pygame.Surface, size: tuple[int, int]) -> None:
    layout, brush = lay_out(*size, PONG_SIZE), Brush()
    name = (
        layout.action.inset(round(16 * layout.unit))
        .columns((6, 4), 8)[0]
        .rows((2.4, 4.6, 2.2, 2))[1]
    )
    for action in PONG.actions:
        fitted = brush.fitting_size(action, name, round(120 * layout.unit))
        width, height = brush.font(fitted).size(action)
        assert width <= name.w
        assert height <= name.h
        assert fitted >= 44  # pixels: about 9 mm on a 24-inch screen, 15 arc minutes at two metres


def test_long_texts_are_made_smaller_not_cut(surface: pygame.Surface) -> None:
    brush = Brush()
    box = Box(0, 0, 300, 40)
    text = "a banner that is far too long for its place"
    size = brush.fitting_size(text, box, 60)
    assert brush.font(size).size(text)[0] <= box.w


def test_a_block_stays_readable_while_watching() -> None:
    past = (Past(1, 3, Verdict.UNSAFE, False, 1.0), Past(2, 3, Verdict.SAFE, False, 1.1))
    assert notable(past, 1.2) == past[0]
    assert notable(past, 5.0) == past[1]
    assert notable((), 5.0) is None


def test_key_names() -> None:
    keys = KeyMap()
    assert keys.command(("?", "/")) is Command.HELP
    assert keys.command(("", "f1")) is Command.HELP
    assert keys.command(("x", "x")) is None
    assert keys.label(Command.BLOCK) == "SPACE"
    assert not keys.counts_as_input(("", "left alt"))
    assert KeyMap({"b": Command.BLOCK}).label(Command.PAUSE) == "-"


TEXTS = [1.0, 1.25, 1.5, 2.0]
BIG_SIZES = [(1280, 720), (2560, 1440), (1920, 1080)]


@pytest.mark.parametrize("size", BIG_SIZES)
@pytest.mark.parametrize("text", TEXTS)
def test_regions_neither_overlap_nor_are_cut_at_any_text_size(
    size: tuple[int, int], text: float
) -> None:
    layout = lay_out(*size, PONG_SIZE, text)
    regions = list(layout.regions().values())
    assert all(Box(0, 0, *size).contains(box) for box in regions)
    pairs = [(a, b) for i, a in enumerate(regions) for b in regions[i + 1 :]]
    assert not any(a.overlaps(b) for a, b in pairs)
    assert layout.field.w % PONG_SIZE[1] == 0  # whole times as large as the game's picture


class Noting(Brush):
    """Notes where words were put, in which size they were asked for and in which they fit."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[tuple[str, Box, Box, float]] = []

    def text(
        self,
        text: str,
        box: Box,
        size: float,
        colour: tuple[int, int, int] = (255, 255, 255),
        align: Literal["left", "centre", "right"] = "left",
    ) -> None:
        fitted = self.fitting_size(text, box, round(size))
        w, h = self.font(fitted).size(text)
        shift = {"left": 0, "centre": (box.w - w) // 2, "right": box.w - w}[align]
        inked = Box(box.x + shift, box.y + (box.h - h) // 2, w, h)
        self.words.append((text, box, inked, fitted / round(size)))
        super().text(text, box, size, colour, align)


def screens_of() -> dict[str, Picture]:
    base = picture()
    again = replace(base, scene=replace(base.scene, redoes=38)) if base.scene else base
    modes = {mode.value: picture(mode) for mode in Mode}
    start = replace(picture(Mode.START), opening=base.scene.pixels if base.scene else None)
    return {**modes, "again": again, "start": start}


@pytest.mark.parametrize("name", screens_of())
@pytest.mark.parametrize(
    ("size", "text"), [((1280, 720), 1.0), ((1280, 720), 1.5), ((2560, 1440), 1.0)]
)
def test_no_words_are_cut_and_none_lie_over_others(
    surface: pygame.Surface, name: str, size: tuple[int, int], text: float
) -> None:
    brush, what = Noting(), replace(screens_of()[name], text=text)
    draw(brush, pygame.Surface(size), what)
    covering = what.state.mode not in (Mode.JUDGING, Mode.PAUSED, Mode.SPECTATING)
    words = [w for w in brush.words if w[0]]
    if covering:  # what is laid over comes last; what it covers is darkened
        first = max(i for i, w in enumerate(words) if w[0] == "LAST STEPS")
        words = words[first + 1 :]
    for said, box, inked, share in words:
        assert box.contains(inked), said
        assert Box(0, 0, *size).contains(inked), said
        assert share >= 0.4, said
    pairs = [(a, b) for i, a in enumerate(words) for b in words[i + 1 :]]
    assert [(a[0], b[0]) for a, b in pairs if a[2].overlaps(b[2])] == []


def said(surface: pygame.Surface, what: Picture) -> list[str]:
    brush = Noting()
    draw(brush, surface, what)
    return [words for words, *_ in brush.words]


def proposing(action: int) -> Picture:
    base = picture()
    assert base.scene is not None
    return replace(base, scene=replace(base.scene, action=action))


@pytest.mark.parametrize(
    ("action", "line"),
    [
        ("LEFT", "if blocked: RIGHT, up"),
        ("LEFTFIRE", "if blocked: RIGHT, up"),
        ("RIGHT", "if blocked: the same, it is the safe one"),
    ],
)
def test_what_is_done_instead_is_said(surface: pygame.Surface, action: str, line: str) -> None:
    assert line in said(surface, proposing(PONG.actions.index(action)))


def test_who_only_watches_is_not_told_what_another_overseer_would_do(
    surface: pygame.Surface,
) -> None:
    watched = said(surface, picture(Mode.SPECTATING))
    assert not [words for words in watched if words.startswith("if blocked")]


def test_a_step_that_waits_for_the_person_says_so_large(surface: pygame.Surface) -> None:
    base = picture()
    assert base.state.pending is not None
    stopped = replace(base.state.pending, speed=0.0)
    assisted = replace(base.state, way=Way.ASSISTED, pending=stopped)
    assert "YOUR DECISION" in said(surface, replace(base, state=assisted))
    goes_on = replace(assisted, pending=replace(stopped, speed=2.0))
    assert "YOU OVERSEE" in said(surface, replace(base, state=goes_on))


def test_news_on_a_coloured_header_can_be_read(surface: pygame.Surface) -> None:
    paused = replace(picture(Mode.PAUSED), word="picture saved")
    header = lay_out(1280, 720, PONG_SIZE).header
    low = crop(drawn(surface, paused), header)[header.h * 6 // 10 :]
    assert low.mean(axis=2).min() < 60  # dark ink on amber, not amber on amber


def test_where_the_blocker_looks_hides_nothing(surface: pygame.Surface) -> None:
    base = picture()
    screen = np.zeros((*PONG_SIZE, 3), dtype=np.uint8)
    screen[:, :80] = (92, 186, 92)  # a paddle's colour beside the dark
    everywhere = HeatMap(41, *PONG_SIZE, bytes([255]) * (PONG_SIZE[0] * PONG_SIZE[1]))
    assert base.scene is not None
    lit = replace(
        base,
        scene=replace(base.scene, pixels=Pixels.of(screen)),
        state=replace(base.state, heat=True),
        heat=everywhere,
        game=replace(base.game, zone=None),
    )
    field = crop(drawn(surface, lit), lay_out(1280, 720, PONG_SIZE).field).astype(int)
    left, right = field[300, 100], field[300, 380]
    assert np.abs(left - right).max() > 80


def test_larger_words_are_larger(surface: pygame.Surface) -> None:
    heights = []
    for text in (1.0, 1.5):
        brush = Noting()
        draw(brush, pygame.Surface((1280, 720)), replace(picture(), text=text))
        heights.append({said: inked.h for said, _, inked, _ in brush.words})
    for said in ("THE AGENT WANTS", "BLOCKER", "LAST STEPS", "blocks"):
        assert heights[1][said] >= 1.3 * heights[0][said], said
