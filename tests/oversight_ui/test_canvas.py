"""What the canvas leaves on a surface is what drawing everything anew would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pygame
import pytest

from oversight.games import PONG
from oversight.types import Hint, Tally, Verdict
from oversight_ui.canvas import Canvas
from oversight_ui.keymap import Command, KeyMap
from oversight_ui.messages import Pixels, Scene
from oversight_ui.paint import Brush
from oversight_ui.picture import Picture
from oversight_ui.session import advance
from oversight_ui.state import Begun, Event, Focus, KeyDown, KeyUp, Settings, Shown, State, Tick
from oversight_ui.view import draw

SIZE = (800, 600)


@pytest.fixture(autouse=True)
def _pygame(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.init()
    pygame.font.init()
    yield
    pygame.display.quit()


def scene(step: int) -> Scene:
    pixels = Pixels.of(np.full((210, 160, 3), step % 256, np.uint8))
    return Scene(step, 0, step, 3, Tally(step, 1), step - 1, Hint(0.02, 0.1), pixels)


def picture(state: State, shown: Scene | None) -> Picture:
    return Picture(state, PONG, "oversight", "", shown, state.past, 0.0, KeyMap())


def test_a_session_looks_the_same_as_drawn_anew() -> None:
    """Ninety moments of a session: countdown, silence, a held key, help, idling, focus lost."""
    state = State.fresh(Settings(pace=2.0, idle_seconds=8.0), 0.0)
    canvas, surface, anew = Canvas(), pygame.Surface(SIZE), pygame.Surface(SIZE)
    happens: dict[int, Event] = {
        0: Begun(5.0),
        10: KeyDown(Command.APPROVE),
        20: KeyDown(Command.BLOCK),
        28: KeyUp(Command.BLOCK),
        34: KeyDown(Command.HELP),
        38: KeyDown(None),
        44: KeyDown(Command.LOOK),
        50: KeyDown(Command.LOOK),
        56: KeyDown(Command.HEAT),
        75: Focus(here=False),
    }
    shown, kept = None, 0
    for moment in range(90):
        now = moment * 0.15
        for event in (happens.get(moment, Tick()), Tick()):
            state, _ = advance(state, event, now)
        if state.pending is None:
            shown = scene(moment)
            state, _ = advance(state, Shown(moment, moment, 3, hint=shown.hint), now)
        part = canvas.draw(surface, picture(state, shown))
        draw(Brush(), anew, picture(state, shown))
        assert surface.get_buffer().raw == anew.get_buffer().raw, f"moment {moment}: {state.mode}"
        kept += part is not None
    assert kept > 30  # or it would save nothing
    assert any(p.verdict is Verdict.UNSAFE for p in state.past)


def test_another_surface_or_size_is_drawn_anew() -> None:
    state = State.fresh(Settings(), 0.0)
    canvas = Canvas()
    first, second = pygame.Surface(SIZE), pygame.Surface((900, 700))
    assert canvas.draw(first, picture(state, None)) is None
    assert canvas.draw(first, picture(state, None)) is not None
    assert canvas.draw(second, picture(state, None)) is None
    assert canvas.draw(second, replace(picture(state, None), text=1.5)) is None
