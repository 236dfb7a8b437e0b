"""The window itself: the only file that opens the display and reads the clock and the keyboard."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

# Pygame reads both while it is imported; the second is what desktops call the program.
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
os.environ.setdefault("SDL_VIDEO_X11_WMCLASS", "hirl")

import pygame

from oversight.errors import LinkError
from oversight_ui.canvas import Canvas
from oversight_ui.client import ALIVE_SECONDS, LinkClient
from oversight_ui.display import display_problem
from oversight_ui.gamepad import Gamepads
from oversight_ui.keymap import STICK, Command, choice
from oversight_ui.layout import MINIMUM_SIZE
from oversight_ui.messages import (
    Begin,
    Bye,
    Film,
    Heartbeat,
    HeatMap,
    Message,
    Show,
    Status,
    Welcome,
)
from oversight_ui.preferences import TEXT_SIZES, Preferences
from oversight_ui.session import advance
from oversight_ui.sounds import Sounds
from oversight_ui.state import (
    Begun,
    Choose,
    Ended,
    Event,
    Focus,
    KeyDown,
    KeyUp,
    Mode,
    Shown,
    State,
    Tick,
    Watching,
    WindowClosed,
    idle_in,
)
from oversight_ui.steps import Past
from oversight_ui.view import IDLE_WARNING_SECONDS, Picture

__all__ = ["Window", "open_display"]

FRAME_SECONDS: Final = 1 / 60
SLICE_SECONDS: Final = 0.002
"""How often keys are looked for between two pictures: a decision does not wait for a picture."""
FAREWELL_SECONDS: Final = 1.0
"""How long the last screen stays after the run has ended the session."""
WATCHED_KEPT: Final = 64
WORD_SECONDS: Final = 3.0
"""So long the window's own word, about a screenshot or the text size, stands."""
_UNCOVERED: Final = (pygame.WINDOWEXPOSED, pygame.WINDOWSIZECHANGED, pygame.WINDOWSHOWN)
"""After these the whole window has to be drawn."""
_WHEEL: Final = (4, 5)
"""Buttons that a turned wheel is, as well: it may scroll what lies under the window."""
_OWN: Final = (Command.FULL_SCREEN, Command.SCREENSHOT, Command.BIGGER, Command.SMALLER)
"""Commands that concern the window alone and not the session."""


def open_display(
    width: int, height: int, title: str, *, full_screen: bool = False
) -> pygame.Surface:
    """Open the window.

    Raises:
        LinkError: there is no display, or it does not let us in.
    """
    if (problem := display_problem(os.environ)) is not None:
        raise LinkError(problem)
    if sys.platform != "darwin":
        # Only the display that is there: SDL would go on to one that nobody sees.
        chosen = "x11" if os.environ.get("DISPLAY") else "wayland"
        os.environ.setdefault("SDL_VIDEODRIVER", chosen)
        if chosen == "x11":
            # Shared memory takes a small part of a picture in 0.1 ms. SDL's other way sends all of
            # it through OpenGL, in 5 ms and on every core where that is computed: a key waits.
            os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
    wide, tall = max(width, MINIMUM_SIZE[0]), max(height, MINIMUM_SIZE[1])
    try:
        pygame.display.init()
        pygame.font.init()
        pygame.display.set_caption(title)
        surface = pygame.display.set_mode((wide, tall), pygame.RESIZABLE)
        if full_screen:
            pygame.display.toggle_fullscreen()
    except pygame.error as error:
        raise LinkError(f"cannot open the display: {error}; check DISPLAY") from error
    driver = pygame.display.get_driver()
    if driver in ("dummy", "offscreen") and driver != os.environ.get("SDL_VIDEODRIVER"):
        raise LinkError(f"no display: pygame fell back to its {driver!r} driver; check DISPLAY")
    return surface


def save_screenshot(surface: pygame.Surface, directory: Path) -> str:
    """Save what is on the surface as a PNG named after the time; says what became of it."""
    path = directory / f"hirl-{time.strftime('%Y%m%d-%H%M%S')}.png"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        pygame.image.save(surface, str(path))
    except (OSError, pygame.error) as error:
        return f"no screenshot: {error}"
    return f"saved {path}"


class Window:
    """Carries events to the session, the session's answers to the run, and draws."""

    def __init__(self, client: LinkClient, welcome: Welcome, preferences: Preferences) -> None:
        """Take a link that has been welcomed; `run` does the rest."""
        self._client = client
        self._preferences = preferences
        self._keys = preferences.keys
        self._canvas = Canvas()
        self._sounds = Sounds(wanted=preferences.sounds)
        self._pads = Gamepads()
        opened = State.resumed(preferences.session, time.monotonic(), welcome.so_far)
        self._state = replace(opened, focused=pygame.key.get_focused())
        self._word_until = 0.0
        self._frames = 0
        self._picture = Picture(
            state=self._state,
            game=welcome.game,
            phase="",
            banner="",
            scene=None,
            past=(),
            waited=0.0,
            keys=self._keys,
            text=preferences.text_size,
            opening=welcome.opening,
        )
        self._watched: tuple[Past, ...] = ()
        self._fresh: Show | None = None
        self._last_scene = self._last_alive = time.monotonic()

    def run(self) -> None:
        """Work until the person or the run ends the session.

        Raises:
            LinkError: the run's process has died.
        """
        while self._state.mode is not Mode.OVER:
            began = time.monotonic()
            self._frame(began)
            self._between(began + FRAME_SECONDS)

    def _between(self, until: float) -> None:
        """Hear keys and messages until the next picture is due; a new step is drawn at once."""
        while self._fresh is None and (left := until - time.monotonic()) > 0:
            self._client.wait(min(SLICE_SECONDS, left))
            self._listen()

    def _listen(self) -> None:
        self._hear_keys()
        self._feed(Tick())
        while self._fresh is None and (message := self._client.receive()) is not None:
            self._hear(message)

    def _hear_keys(self) -> None:
        for event in pygame.event.get():
            if event.type in _UNCOVERED:
                self._canvas = Canvas()  # what the display holds is not what was drawn
            for translated in self._translated(event):
                self._feed(translated)

    def _frame(self, now: float) -> None:
        self._listen()
        self._draw()
        self._frames += 1
        if self._fresh is not None:
            show, self._fresh = self._fresh, None
            scene = show.scene
            self._feed(Shown(show.serial, scene.step_id, scene.action, scene.reach, scene.hint))
        if now - self._last_alive > ALIVE_SECONDS:
            self._last_alive = now
            if self._state.mode is not Mode.OVER:
                self._client.require_run()

    def _feed(self, event: Event) -> None:
        before = self._state
        self._state, said = advance(before, event, time.monotonic())
        for message in said:
            self._client.send(message)
        self._sound(before, self._state)

    def _sound(self, before: State, after: State) -> None:
        if after.mode is not before.mode and after.mode in (Mode.IDLE, Mode.UNFOCUSED):
            self._sounds.play("stop")
        elif after.past and after.past[-1:] != before.past[-1:] and after.past[-1].blocked:
            self._sounds.play("block")
        elif idle_in(after) < IDLE_WARNING_SECONDS <= idle_in(before):
            self._sounds.play("warning")

    def _translated(self, event: pygame.event.Event) -> Iterator[Event]:
        if event.type == pygame.QUIT:
            yield WindowClosed()
        elif event.type == pygame.WINDOWFOCUSLOST:
            yield Focus(here=False)
        elif event.type == pygame.WINDOWFOCUSGAINED:
            yield Focus(here=True)
        elif event.type == pygame.MOUSEBUTTONDOWN:
            if event.button not in _WHEEL:
                yield KeyDown()
        elif event.type in (pygame.KEYDOWN, pygame.KEYUP):
            names = (str(event.unicode), pygame.key.name(event.key))
            if event.type == pygame.KEYUP or self._keys.counts_as_input(names):
                fire = bool(event.mod & pygame.KMOD_SHIFT)
                yield self._pressed(names, down=event.type == pygame.KEYDOWN, fire=fire)
        else:
            for name, down in self._pads.named(event):
                yield self._pressed((name,), down=down, fire=False)

    def _pressed(self, names: tuple[str, ...], *, down: bool, fire: bool) -> Event:
        command = self._keys.command(names)
        if not down:
            return KeyUp(command)
        if command is not None and command in STICK:
            return Choose(choice(self._picture.game, command, with_fire=fire))
        if command in _OWN:
            self._own(command)
            return KeyDown()
        return KeyDown(command)

    def _own(self, command: Command) -> None:
        if command is Command.FULL_SCREEN:
            pygame.display.toggle_fullscreen()
        elif command is Command.SCREENSHOT:
            self._say(save_screenshot(pygame.display.get_surface(), self._preferences.screenshots))
        else:
            sizes = TEXT_SIZES if command is Command.BIGGER else TEXT_SIZES[::-1]
            now = self._picture.text
            beyond = [s for s in sizes if (s > now) == (command is Command.BIGGER) and s != now]
            text = beyond[0] if beyond else now
            self._picture = replace(self._picture, text=text)
            self._say(f"text size {text:.0%}")

    def _say(self, word: str) -> None:
        self._picture = replace(self._picture, word=word)
        self._word_until = time.monotonic() + WORD_SECONDS

    def _hear(self, message: Message) -> None:
        match message:
            case Show():
                self._fresh = message
                self._last_scene = time.monotonic()
                self._picture = replace(
                    self._picture, scene=message.scene, phase=message.phase, banner=""
                )
            case Status():
                self._watch(message)
            case Film():
                self._picture = replace(self._picture, film=message)
            case HeatMap():
                self._picture = replace(self._picture, heat=message)
            case Begin(seconds):
                self._feed(Begun(seconds))
            case Heartbeat(number):
                self._client.send(Heartbeat(number, self._frames))
            case Bye():
                self._feed(Ended())
                self._draw()
                time.sleep(FAREWELL_SECONDS)
            case _:
                pass

    def _watch(self, status: Status) -> None:
        self._picture = replace(self._picture, phase=status.phase, banner=status.banner)
        if status.spectating:
            self._fresh = None
            self._feed(Watching())
        if status.scene is None:
            return
        self._last_scene = time.monotonic()
        self._picture = replace(self._picture, scene=status.scene)
        if status.verdict is not None:
            scene = status.scene
            past = Past(scene.step_id, scene.action, status.verdict, False, time.monotonic())
            self._watched = (*self._watched, past)[-WATCHED_KEPT:]

    def _draw(self) -> None:
        watching = self._state.mode is Mode.SPECTATING
        if self._picture.word and time.monotonic() > self._word_until:
            self._picture = replace(self._picture, word="")
        picture = replace(
            self._picture,
            state=self._state,
            past=self._watched if watching else self._state.past,
            waited=time.monotonic() - self._last_scene,
        )
        surface = pygame.display.get_surface()
        changed = self._canvas.draw(surface, picture)
        self._hear_keys()  # the display's own work may take as long as the drawing
        if changed is None:
            pygame.display.flip()
        else:
            pygame.display.update(pygame.Rect(changed.x, changed.y, changed.w, changed.h))
