"""The drawing under SDL's dummy driver: golden images, and words that keep their size."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import pygame

from oversight import game_named
from oversight_ui.layout import Box
from oversight_ui.naming import Sheet
from oversight_ui.naming.part import part_of
from oversight_ui.naming.sight import Enlarger, Sight
from oversight_ui.naming.state import Mode, State
from oversight_ui.naming.view import draw_sheet, draw_wait, layout_of
from oversight_ui.paint import Brush, Colour
from tests.oversight_ui.golden import compare

GOLDEN = Path(__file__).parent / "golden"
SMALLER = 0.7
"""Words may be drawn so much smaller than meant, to fit their place."""

GAMES = {
    "road_runner": ((90, 180), (0, 160)),
    "space_invaders": ((145, 195), (0, 160)),
    "pong": ((34, 194), (136, 148)),
}
"""The part of each screen that matters: rows and columns."""
Sheets = Callable[..., Sheet]


@pytest.fixture(autouse=True)
def dummy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.init()
    pygame.font.init()
    yield
    pygame.quit()


def sight_of(sheet: Sheet, game: str = "road_runner", text: float = 1.0, **state: object) -> Sight:
    rows, columns = GAMES[game]
    question = f"Mark every pair on which {game_named(game).catastrophe}."
    shown = State(sheet.marked, **state)  # type: ignore[arg-type]
    return Sight(sheet, shown, question, part_of(rows, columns), text)


def drawn(sight: Sight, size: tuple[int, int] = (1280, 720)) -> NDArray[np.uint8]:
    surface = pygame.Surface(size)
    draw_sheet(Brush(), Enlarger(), surface, sight)
    return np.array(pygame.surfarray.array3d(surface).swapaxes(0, 1))


@pytest.mark.parametrize("game", list(GAMES))
def test_a_sheet_looks_as_it_was_judged_good(game: str, sheets: Sheets, tmp_path: Path) -> None:
    compare(GOLDEN / f"{game}.png", drawn(sight_of(sheets(game, marked=(1, 5)), game)), tmp_path)


@pytest.mark.parametrize(
    ("name", "state"),
    [("blink", {"blink": True, "now": 0.5}), ("help", {"mode": Mode.HELP})],
)
def test_its_other_faces_do(
    name: str, state: dict[str, object], sheets: Sheets, tmp_path: Path
) -> None:
    compare(GOLDEN / f"{name}.png", drawn(sight_of(sheets(marked=(1, 5)), **state)), tmp_path)


def test_a_golden_image_can_differ(
    sheets: Sheets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HIRL_GOLDEN", raising=False)
    with pytest.raises(pytest.fail.Exception, match="differ"):
        compare(
            GOLDEN / "pong.png", drawn(sight_of(sheets("pong", marked=(1, 6)), "pong")), tmp_path
        )


def test_a_mark_is_seen_without_colour(sheets: Sheets) -> None:
    without, marked = sight_of(sheets()), sight_of(sheets(marked=(4,)))
    card = layout_of(pygame.Surface((1280, 720)), marked).cards[4]
    grey = [drawn(sight).mean(axis=2)[box_of(card.bad)] for sight in (without, marked)]
    assert np.abs(grey[0] - grey[1]).max() > 150


def box_of(box: Box) -> tuple[slice, slice]:
    return slice(box.y, box.bottom), slice(box.x, box.right)


def test_before_stands_in_the_place_of_now_while_its_key_is_down(sheets: Sheets) -> None:
    sight = sight_of(sheets())
    cards = layout_of(pygame.Surface((1280, 720)), sight).cards
    plain, held = drawn(sight), drawn(sight_of(sheets(), before=True))
    for card in cards:
        first, second = map(box_of, card.pictures)
        assert np.array_equal(held[first], held[second])
    assert any(
        not np.array_equal(plain[b], held[b]) for b in (box_of(c.pictures[1]) for c in cards)
    )


def test_blinking_shows_both_by_turns(sheets: Sheets) -> None:
    faces = [drawn(sight_of(sheets(), blink=True, now=now)) for now in (0.1, 0.5, 1.1)]
    assert not np.array_equal(faces[0], faces[1])
    assert np.array_equal(faces[0], faces[2])


@pytest.mark.parametrize(
    "state",
    [{"mode": Mode.HELP}, {"mode": Mode.PAUSE}, {"mode": Mode.LEAVING}, {"focused": False}],
)
def test_while_the_clock_stands_no_card_is_seen(state: dict[str, object], sheets: Sheets) -> None:
    one, other = (sight_of(sheets(game), **state) for game in ("road_runner", "pong"))
    assert np.array_equal(drawn(one), drawn(other))


class Watched(Brush):
    """Remembers which words did not fit their place in the size that was meant."""

    def __init__(self) -> None:
        super().__init__()
        self.shrunk: dict[str, float] = {}
        self._meant: float | None = None

    def paragraphs(
        self, paragraphs: Sequence[tuple[str, Colour]], box: Box, largest: float
    ) -> None:
        self._meant = largest
        super().paragraphs(paragraphs, box, largest)
        self._meant = None

    def fitting_size(self, text: str, box: Box, largest: int) -> int:
        size = super().fitting_size(text, box, largest)
        meant = largest if self._meant is None else round(self._meant)
        self.shrunk[text] = min(size / meant, self.shrunk.get(text, 1.0))
        wide, tall = self.font(size).size(text)
        assert wide <= box.w, text
        assert tall <= box.h + 2, text
        return size


def shrunk(sight: Sight, size: tuple[int, int]) -> dict[str, float]:
    brush = Watched()
    draw_sheet(brush, Enlarger(), pygame.Surface(size), sight)
    return {word: share for word, share in brush.shrunk.items() if share < SMALLER}


@pytest.mark.parametrize("game", list(GAMES))
@pytest.mark.parametrize("text", [1.0, 1.5])
@pytest.mark.parametrize("size", [(1024, 640), (1280, 720)])
def test_words_keep_their_size(
    game: str, text: float, size: tuple[int, int], sheets: Sheets
) -> None:
    sheet = sheets(game, marked=tuple(range(12)))
    for blink in (False, True):
        assert shrunk(sight_of(sheet, game, text, blink=blink), size) == {}


@pytest.mark.parametrize("text", [1.0, 1.5])
@pytest.mark.parametrize("size", [(1024, 640), (1280, 720)])
def test_so_do_those_of_covers(text: float, size: tuple[int, int], sheets: Sheets) -> None:
    for mode in (Mode.HELP, Mode.PAUSE, Mode.LEAVING):
        assert shrunk(sight_of(sheets(), text=text, mode=mode), size) == {}
    assert shrunk(sight_of(sheets(), text=text, focused=False), size) == {}


def test_words_while_the_caller_works() -> None:
    surface = pygame.Surface((1280, 720))
    brush = Watched()
    draw_wait(brush, surface, "learning...", 1.0)
    assert brush.shrunk["learning..."] == 1.0
