"""Everything fits, for each game's part of the screen and any number of pairs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from oversight_ui.layout import Box
from oversight_ui.naming.layout import NamingLayout, Way, card_at, lay_out_naming
from oversight_ui.naming.part import Part, enlarged, part_of

PARTS = {
    "road_runner": part_of((90, 180), (0, 160)),
    "space_invaders": part_of((145, 195), (0, 160)),
    "pong": part_of((34, 194), (136, 148)),
}
SIZES = ((1024, 640), (1280, 720), (1920, 1080), (1000, 1400))


def fits(layout: NamingLayout, size: tuple[int, int]) -> None:
    whole = Box(0, 0, *size)
    regions = [layout.question, layout.count, layout.minutes, layout.bar, layout.keys]
    regions += [card.frame for card in layout.cards]
    assert all(whole.contains(region) for region in regions)
    assert not [two for two in combinations(regions, 2) if two[0].overlaps(two[1])]
    for card in layout.cards:
        inside = [card.number, *card.labels, card.over, card.bad, *card.pictures]
        assert all(card.frame.contains(box) for box in inside)
        assert not [two for two in combinations(inside, 2) if two[0].overlaps(two[1])]


@pytest.mark.parametrize("game", list(PARTS))
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("text", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("blink", [False, True])
def test_one_to_twelve_cards_fit(
    game: str, size: tuple[int, int], text: float, blink: bool
) -> None:
    part = PARTS[game].size
    for count in range(1, 13):
        layout = lay_out_naming(*size, part, count, text, blink=blink)
        assert len(layout.cards) == count
        fits(layout, size)
        wanted = int(part[0] * layout.times), int(part[1] * layout.times)
        for card in layout.cards:
            assert {(box.h, box.w) for box in card.pictures} == {wanted}


@pytest.mark.parametrize(
    ("game", "size", "times"),
    [
        ("road_runner", (1280, 720), 1.25),
        ("space_invaders", (1280, 720), 1.5),
        ("pong", (1280, 720), 1.5),
        ("pong", (1920, 1080), 2.0),
    ],
)
def test_a_whole_sheet_is_large_enough_to_judge(
    game: str, size: tuple[int, int], times: float
) -> None:
    assert lay_out_naming(*size, PARTS[game].size, 12).times >= times


def test_what_is_large_is_enlarged_by_a_whole_number() -> None:
    for part in PARTS.values():
        for count in range(1, 13):
            times = lay_out_naming(1920, 1080, part.size, count).times
            assert times == int(times) or times < 2.0


def test_what_is_wide_and_flat_lies_above_each_other() -> None:
    assert lay_out_naming(1280, 720, PARTS["space_invaders"].size, 12).way is Way.STACK
    assert lay_out_naming(1280, 720, PARTS["pong"].size, 12).way is Way.SIDE
    assert lay_out_naming(1280, 720, PARTS["pong"].size, 12, blink=True).way is Way.ONE


def test_a_tiny_window_has_a_layout_too() -> None:
    for part in PARTS.values():
        assert len(lay_out_naming(60, 40, part.size, 12, 2.0).cards) == 12


def test_the_card_under_the_mouse() -> None:
    layout = lay_out_naming(1280, 720, PARTS["pong"].size, 12)
    for place, card in enumerate(layout.cards):
        assert card_at(layout, card.frame.x, card.frame.bottom - 1) == place
    assert card_at(layout, 2, 2) is None


def test_narrow_parts_are_widened_and_stay_on_the_screen() -> None:
    assert PARTS["pong"] == Part(34, 194, 100, 160)
    assert part_of((90, 180), (60, 80)) == Part(90, 180, 40, 100)
    assert part_of((-5, 900), (-5, 900)) == Part(0, 210, 0, 160)
    assert part_of((0, 1), (0, 160)) == Part(0, 24, 0, 160)
    with pytest.raises(ValueError, match="expected a part of 0 to 210"):
        part_of((210, 220), (0, 160))


def test_a_whole_number_repeats_pixels() -> None:
    colours = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert np.array_equal(enlarged(colours, (6, 8)), colours.repeat(3, axis=0).repeat(2, axis=1))


def test_any_other_gives_each_pixel_its_share() -> None:
    row = np.array([[[0, 0, 0], [100, 100, 100]]], np.uint8)
    # Each is one and a half wide: the middle one is half of both.
    assert enlarged(row, (1, 3))[0, :, 0].tolist() == [0, 50, 100]
    assert enlarged(row, (1, 1))[0, 0, 0] == 50
