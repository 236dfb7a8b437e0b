"""The window in which a person names a catastrophe: the clock, the keyboard, the mouse."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from oversight_ui.window import open_display, save_screenshot

# Below it: that module tells pygame, before it is imported, what desktops call the program.
import pygame  # isort: skip

from oversight_ui.keymap import KeyMap
from oversight_ui.naming.keys import Command, card_of, command_of
from oversight_ui.naming.layout import card_at
from oversight_ui.naming.part import part_of
from oversight_ui.naming.session import advance
from oversight_ui.naming.sheet import Answer, Left, Sheet
from oversight_ui.naming.sight import Enlarger, Sight, shows_before
from oversight_ui.naming.state import (
    Click,
    Event,
    Focus,
    Look,
    Moved,
    Press,
    Release,
    State,
    Tick,
    Wish,
)
from oversight_ui.naming.view import draw_sheet, draw_wait, layout_of
from oversight_ui.paint import Brush
from oversight_ui.preferences import TEXT_SIZES, Preferences

__all__ = ["NamingWindow"]

SIZE: Final = (1280, 720)
FRAME_SECONDS: Final = 1 / 60
REDRAW_SECONDS: Final = 0.5
"""While nothing moves, the window is drawn so often: for the time spent."""
WORD_SECONDS: Final = 3.0
"""So long the window's own word stands."""
_LEFT, _RIGHT = 1, 3


class NamingWindow:
    """Shows sheets one after the other, and gives back what was marked on them."""

    def __init__(
        self,
        title: str,
        question: str,
        rows: tuple[int, int],
        columns: tuple[int, int],
        preferences: Preferences | None = None,
        size: tuple[int, int] = SIZE,
    ) -> None:
        """Open the window.

        Args:
            title: of the window.
            question: what to mark, such as "Mark every pair on which the bird loses a life."
            rows: the part of the screen that matters: the first row, and the one after the last.
            columns: the same; narrow parts are shown with what is beside them.
            preferences: text size, full screen, where screenshots go; the usual ones if None.
            size: width and height of the window, pixels.

        Raises:
            LinkError: there is no display, or it does not let us in.
            ValueError: rows or columns hold nothing of the screen.
        """
        self._question, self._part = question, part_of(rows, columns)
        self._preferences = Preferences() if preferences is None else preferences
        self._text = self._preferences.text_size
        self._blink = False
        self._word, self._word_until = "", 0.0
        self._brush, self._enlarger = Brush(), Enlarger()
        self._looks = KeyMap()
        open_display(*size, title, full_screen=self._preferences.full_screen)

    def ask(self, sheet: Sheet, stop: Callable[[], bool] = lambda: False) -> Answer:
        """Show a sheet until it is answered.

        Keys that were pressed before it could be seen count for nothing.

        Args:
            sheet: what is shown.
            stop: asked all the while; once it is true the person counts as having left.

        Raises:
            Left: the person has left.
        """
        if any(event.type == pygame.QUIT for event in pygame.event.get()):
            raise Left
        focused = pygame.key.get_focused()
        state = State(sheet.marked, blink=self._blink, focused=focused)
        self._draw(sheet, state)
        state = replace(state, now=time.monotonic())
        drawn = state
        while True:
            began = time.monotonic()
            state, wish = self._heard(sheet, state)
            self._blink = state.blink
            if wish is Wish.LEAVE or stop():
                raise Left(state.clock.seconds)
            if wish is not None:
                return Answer(state.marked, state.clock.seconds, back=wish is Wish.BACK)
            if _differs(drawn, state):
                self._draw(sheet, state)
                drawn = state
            time.sleep(max(0.001, FRAME_SECONDS - (time.monotonic() - began)))

    def wait(self, words: str) -> None:
        """Cover the cards and say what is going on; returns at once.

        Call it again every few seconds while that lasts, or desktops call the window hung.

        Args:
            words: such as "learning...".
        """
        pygame.event.pump()
        draw_wait(self._brush, pygame.display.get_surface(), words, self._text)
        pygame.display.flip()

    def close(self) -> None:
        """Close the window; it cannot be used after that."""
        pygame.quit()

    # ----------------------------------------------------------------- keyboard and mouse

    def _heard(self, sheet: Sheet, state: State) -> tuple[State, Wish | None]:
        """Everything that has happened; the rest of it is dropped once the sheet is answered."""
        # Asked, not heard of: a window that opens behind another one gets no event for it.
        pygame.event.pump()
        if (here := pygame.key.get_focused()) != state.focused:
            state, _ = advance(state, Focus(here), time.monotonic())
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                state, _ = advance(state, Tick(), time.monotonic())
                return state, Wish.LEAVE
            for translated in self._translated(event, sheet, state):
                state, wish = advance(state, translated, time.monotonic())
                if wish in (Wish.DONE, Wish.BACK, Wish.LEAVE):
                    return state, wish
                if wish is not None:
                    self._carry_out(wish, sheet, state)
        state, _ = advance(state, Tick(), time.monotonic())
        return state, None

    def _translated(self, event: pygame.event.Event, sheet: Sheet, state: State) -> Iterator[Event]:
        if event.type in (pygame.KEYDOWN, pygame.KEYUP):
            yield from self._key(event, sheet, state)
        elif event.type == pygame.MOUSEMOTION:
            yield Moved()
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button in (_LEFT, _RIGHT):
            card = self._card(sheet, state, *event.pos)
            yield Click(card) if event.button == _LEFT else Look(card)
        elif event.type == pygame.MOUSEBUTTONUP and event.button == _RIGHT:
            yield Release(Command.CLOSER)
        elif event.type in (pygame.WINDOWEXPOSED, pygame.WINDOWSIZECHANGED, pygame.WINDOWSHOWN):
            self._draw(sheet, state)

    def _key(self, event: pygame.event.Event, sheet: Sheet, state: State) -> Iterator[Event]:
        names = (pygame.key.name(event.key), str(event.unicode))
        if event.type == pygame.KEYUP:
            yield Release(command_of(names))
        elif self._looks.counts_as_input(names):
            columns = self._columns(sheet, state)
            # The character first: on some keyboards "=" is the key of the 0.
            yield Press(command_of(names), card_of(names[::-1]), columns)

    def _card(self, sheet: Sheet, state: State, x: int, y: int) -> int | None:
        layout = layout_of(pygame.display.get_surface(), self._sight(sheet, state))
        card = card_at(layout, x, y)
        return state.cursor if state.closer and card is not None else card

    def _columns(self, sheet: Sheet, state: State) -> int:
        """Of the whole sheet, even while one card is shown alone."""
        sight = self._sight(sheet, replace(state, closer=False))
        return layout_of(pygame.display.get_surface(), sight).columns

    def _carry_out(self, wish: Wish, sheet: Sheet, state: State) -> None:
        if wish is Wish.FULL_SCREEN:
            pygame.display.toggle_fullscreen()
        elif wish is Wish.SCREENSHOT:
            self._say(save_screenshot(pygame.display.get_surface(), self._preferences.screenshots))
        else:
            larger = wish is Wish.BIGGER
            beyond = [s for s in TEXT_SIZES if (s > self._text if larger else s < self._text)]
            self._text = (min if larger else max)(beyond, default=self._text)
            self._say(f"text size {self._text:.0%}")
        self._draw(sheet, state)

    def _say(self, word: str) -> None:
        self._word, self._word_until = word, time.monotonic() + WORD_SECONDS

    # ----------------------------------------------------------------- drawing

    def _sight(self, sheet: Sheet, state: State) -> Sight:
        word = self._word if time.monotonic() < self._word_until else ""
        return Sight(sheet, state, self._question, self._part, self._text, word)

    def _draw(self, sheet: Sheet, state: State) -> None:
        surface = pygame.display.get_surface()
        draw_sheet(self._brush, self._enlarger, surface, self._sight(sheet, state))
        pygame.display.flip()


def _differs(drawn: State, state: State) -> bool:
    """Whether what is on the window is no longer true."""
    if state.now - drawn.now > REDRAW_SECONDS or shows_before(state) != shows_before(drawn):
        return True
    return replace(state, now=drawn.now, clock=drawn.clock) != drawn
