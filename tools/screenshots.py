"""Draws every screen of the overseer's window, from a real game, as the guide's pictures.

.venv/bin/python tools/screenshots.py                      # docs/images, 1280 x 720
.venv/bin/python tools/screenshots.py --out /tmp/x --all   # all sizes and text sizes
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import numpy as np
import pygame
import tyro

from oversight import AtariGame, Game, Hint, Tally, Verdict, game_named, to_rgb
from oversight.ahead import next_second
from oversight_ui.keymap import KeyMap
from oversight_ui.messages import Film, HeatMap, Pixels, Scene
from oversight_ui.paint import Brush
from oversight_ui.picture import Picture
from oversight_ui.state import Mode, State, Way
from oversight_ui.steps import Past, Pending
from oversight_ui.view import draw

SIZES = ((1280, 720), (1280, 720, 1.5), (1280, 720, 2.0), (2560, 1440), (2560, 1440, 1.5))


@dataclass(frozen=True)
class Screens:
    """Where to, and how many."""

    out: Path = Path("docs/images")
    """Directory for the PNG files."""
    all: bool = False
    """Each screen at 1280 x 720 and 2560 x 1440, and with larger words."""
    games: tuple[str, ...] = ("pong", "space_invaders", "road_runner")
    """Games to draw with --all."""


def moment(game: Game, steps: int = 57) -> tuple[AtariGame, int]:
    """A game that has gone on for a while under an action held at random, and what is proposed."""
    env = AtariGame(game)
    env.reset(seed=3)
    rng = np.random.default_rng(5)
    action = 0
    for step in range(steps):
        if step % 10 == 0:
            action = int(rng.integers(game.n_actions))
        env.step(action)
    return env, game.toward_harm


def pictures(game: Game) -> Iterator[tuple[str, Picture]]:
    """Every screen by its name."""
    env, action = moment(game)
    pixels = Pixels.of(to_rgb(env.screen()))
    tally = Tally(1234, 5, 87, 0, 90, 3, rewinds=4, rewound_steps=9)
    hint = Hint(0.031, 0.12)
    standing = "not ready: misses under 19%, asked 5%; 1.2% false alarms"
    scene = Scene(1235, 5, 35, action, tally, 1234, hint, pixels, (1230, 1231), None, standing)
    verdicts = [Verdict.SAFE] * 9 + [Verdict.UNSAFE] * 3 + [Verdict.UNSURE] + [Verdict.SAFE] * 8
    past = tuple(
        Past(1214 + i, action, v, v is not Verdict.SAFE, 0.0, 0.0, undone=i in (14, 15))
        for i, v in enumerate(verdicts)
    )
    pending = Pending(7, 1235, action, 0.0, 0.0, hint=hint, speed=2.3)
    state = State(
        mode=Mode.JUDGING, pending=pending, past=past, attention=754.0, last_input=0.0, now=0.1
    )
    base = Picture(state, game, "oversight", "", scene, past, 0.0, KeyMap(), opening=pixels)
    allowed, blocked = next_second(env, (action, game.safe_twin[action]))
    film = Film(
        7,
        game.safe_twin[action],
        1.0,
        tuple(Pixels.of(to_rgb(s)) for s in allowed),
        tuple(Pixels.of(to_rgb(s)) for s in blocked),
    )
    yield "live", base
    yield "assisted", replace(base, state=replace(state, way=Way.ASSISTED))
    would = replace(pending, hint=Hint(0.83, 0.12), speed=0.0)
    yield (
        "assisted-waits",
        replace(
            base,
            state=replace(state, way=Way.ASSISTED, pending=would),
            scene=replace(scene, hint=Hint(0.83, 0.12)),
        ),
    )
    back = replace(state, mode=Mode.PAUSED, notice="taken back 2 steps: judge this step anew")
    yield "went-back", replace(base, state=back, scene=replace(scene, redoes=1233))
    heat = np.zeros((210, 160))
    heat[150:200, 130:150] = 200
    heated = HeatMap(7, 210, 160, heat.astype(np.uint8).tobytes())
    yield "heat", replace(base, state=replace(state, heat=True), heat=heated)
    yield "preview", replace(base, state=replace(state, mode=Mode.PREVIEW, now=0.9), film=film)
    start = State(mode=Mode.START, begin_until=14.0)
    yield "start", replace(base, state=start, scene=None, past=())
    for mode in (Mode.HELP, Mode.IDLE, Mode.UNFOCUSED, Mode.ENDING, Mode.OVER):
        yield mode.value, replace(base, state=replace(state, mode=mode))
    watching = replace(state, mode=Mode.SPECTATING, pending=None)
    yield "watching", replace(base, state=watching, banner="BLOCKER oversees")


def for_the_guide() -> Iterator[tuple[str, Picture]]:
    """The pictures of the guide, by the names of their files; those of the heat map are not."""
    for screen, picture in pictures(game_named("pong")):
        if screen != "heat":  # its map is made up, to see how one looks
            yield f"window-{screen}", picture
    for name in ("space_invaders", "road_runner"):
        screens = dict(pictures(game_named(name)))
        for screen in ("start", "live"):
            yield f"window-{name}-{screen}", screens[screen]


def drawn(picture: Picture, size: tuple[int, int] = (1280, 720)) -> pygame.Surface:
    """A picture of the window."""
    surface = pygame.Surface(size)
    draw(Brush(), surface, picture)
    return surface


def main() -> None:
    """Draw them."""
    wanted = tyro.cli(Screens, description=__doc__)
    wanted.out.mkdir(parents=True, exist_ok=True)
    pygame.display.init()
    pygame.font.init()
    pygame.display.set_mode((64, 64))
    if not wanted.all:
        for name, picture in for_the_guide():
            pygame.image.save(drawn(picture), str(wanted.out / f"{name}.png"))
        return
    for game in wanted.games:
        for screen, picture in pictures(game_named(game)):
            for width, height, *text in SIZES:
                shown = replace(picture, text=text[0] if text else 1.0)
                name = f"window-{game}-{screen}-{width}x{height}-{shown.text:g}.png"
                pygame.image.save(drawn(shown, (width, height)), str(wanted.out / name))


if __name__ == "__main__":
    main()
