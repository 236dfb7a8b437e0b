"""What moves about and does harm is found on the picture, and framed."""

from __future__ import annotations

import numpy as np
import pytest

from oversight import AtariGame, game_named, to_rgb
from oversight.game import Threats, Zone
from oversight_ui.messages import Pixels
from oversight_ui.threats import LEAST, MARGIN, threat_zones

RED = (200, 10, 10)
THREATS = Threats((RED, (10, 200, 10)), top=20, bottom=60)


def screen(*boxes: tuple[int, int, int, int]) -> Pixels:
    """A black screen of 80x100 with red boxes of (top, bottom, left, right), inclusive."""
    rgb = np.zeros((80, 100, 3), np.uint8)
    for top, bottom, left, right in boxes:
        rgb[top : bottom + 1, left : right + 1] = RED
    return Pixels.of(rgb)


def test_each_thing_has_a_frame_of_its_own() -> None:
    zones = threat_zones(screen((30, 39, 10, 19), (40, 44, 60, 69)), THREATS)
    assert zones == (
        Zone(30 - MARGIN, 39 + MARGIN, 10 - MARGIN, 19 + MARGIN),
        Zone(40 - MARGIN, 44 + MARGIN, 60 - MARGIN, 69 + MARGIN),
    )


@pytest.mark.parametrize(
    "box", [(0, 10, 10, 19), (30, 30, 10, 10 + LEAST - 2)], ids=["elsewhere", "too small"]
)
def test_what_is_none_has_none(box: tuple[int, int, int, int]) -> None:
    assert threat_zones(screen(box), THREATS) == ()
    assert threat_zones(screen(), THREATS) == ()


def test_a_frame_stays_on_the_screen() -> None:
    (zone,) = threat_zones(screen((55, 79, 90, 99)), THREATS)
    assert (zone.bottom, zone.right) == (60 + MARGIN, 99)


def test_the_coyote_is_framed_and_the_bird_is_not() -> None:
    game = game_named("road_runner")
    assert game.threats is not None
    env = AtariGame(game)
    env.reset(seed=0)
    for _ in range(10):
        env.step(game.actions.index("LEFT"))
    rgb = to_rgb(env.screen())
    (zone,) = threat_zones(Pixels.of(rgb), game.threats)
    framed = rgb[zone.top : zone.bottom + 1, zone.left : zone.right + 1].reshape(-1, 3)
    assert any((framed == colour).all(axis=1).sum() >= LEAST for colour in game.threats.colours)
    bird = np.argwhere((rgb[90:181] == (101, 111, 228)).all(axis=2))[:, 1]
    assert len(bird) > 0
    assert not ((zone.left <= bird) & (bird <= zone.right)).all()


def test_games_without_threats_have_none() -> None:
    assert game_named("pong").threats is None
