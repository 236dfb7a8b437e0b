"""The review's window: reads the clock, keyboard and mouse, carries out what the session asks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pygame
from numpy.typing import NDArray

from oversight.errors import LogError, OversightError
from oversight_ui.paint import Brush
from oversight_ui.review.agreement import Judge
from oversight_ui.review.film import ClipCutter
from oversight_ui.review.keys import ReviewKeys
from oversight_ui.review.layout import ReviewLayout, lay_out_review
from oversight_ui.review.lives import LifeFinder
from oversight_ui.review.mouse import Lane, dragged, lane_at, pressed
from oversight_ui.review.reader import ReviewLog
from oversight_ui.review.session import advance
from oversight_ui.review.sight import Sight
from oversight_ui.review.state import (
    ENTER,
    LEAVE,
    RUB_OUT,
    Change,
    Effect,
    Event,
    Export,
    FullScreen,
    Loaded,
    Press,
    Quit,
    Relabel,
    Seek,
    Shoot,
    State,
    TakeBack,
    TakenBack,
    Tick,
    Told,
    Written,
    Zoom,
)
from oversight_ui.review.tape import Choice, Tape, make_tape
from oversight_ui.review.view import draw_review, picture_size

__all__ = ["Options", "ReviewWindow"]

FRAME_SECONDS: Final = 1 / 60
REDRAW_SECONDS: Final = 0.25
"""While nothing moves, the window is drawn so often."""
LOOK_SECONDS: Final = 0.5
"""How often the window looks whether the log has grown."""
LOOK_SHARE: Final = 0.1
"""And no more than this part of the time is spent on looking."""
RUNNING_SECONDS: Final = 5.0
"""A log that has grown in these last seconds is being written."""
REPEAT_MS: Final = (300, 40)
"""A key that stays down: its delay and its pace."""
TYPED: Final = {"return": ENTER, "enter": ENTER, "backspace": RUB_OUT, "escape": LEAVE}


@dataclass(frozen=True, slots=True)
class Options:
    """How the window begins.

    Attributes:
        text: size of the words, times their usual one.
        blind: labels and scores are hidden until asked for.
        at: number of the step to begin at; None for the first.
        keys: which key does what.
    """

    text: float = 1.0
    blind: bool = False
    at: int | None = None
    keys: ReviewKeys = field(default_factory=ReviewKeys)


class ReviewWindow:
    """Carries events to the session and its wishes to the log, and draws."""

    def __init__(self, log: ReviewLog, options: Options, other: Judge | None = None) -> None:
        """Take an open log; the display is open, too. `run` does the rest.

        Args:
            log: the log.
            options: how to begin.
            other: another log's labels of the same steps, to be compared.
        """
        self._log, self._other = log, other
        self._brush = Brush()
        self._finder, self._cutter = LifeFinder(log.path), ClipCutter(log.path)
        self._lives = np.zeros(0, np.int64)
        self._drag: Lane | None = None
        self._done = self._shifted = False
        self._down: set[int] = set()  # keys; pygame does not say what is a repetition
        self._dirty = True
        self._drawn = self._looked = self._took = 0.0
        self._grown = -RUNNING_SECONDS
        self._recording = log.whole()
        tape = self._tape(Choice(log.author))
        self._state = State(tape=tape, blind=options.blind, now=time.monotonic(), keys=options.keys)
        name = f"{log.path.parent.name}/{log.path.name}"
        self._sight = Sight(self._state, log.game, name, None, text=options.text)
        if options.at is not None:
            ids = self._recording.steps.step_id
            self._feed(Seek(int(np.searchsorted(ids, options.at))))

    def run(self) -> None:
        """Work until the person leaves.

        Raises:
            LogError: the log can no longer be read.
        """
        pygame.key.set_repeat(*REPEAT_MS)
        try:
            while not self._done:
                began = time.monotonic()
                self._frame(began)
                time.sleep(max(0.001, FRAME_SECONDS - (time.monotonic() - began)))
        finally:
            self._finder.close()
            self._cutter.close()

    def _frame(self, now: float) -> None:
        for event in pygame.event.get():
            self._dirty = True
            for translated in self._translated(event):
                self._feed(translated)
        before = self._state.at
        self._feed(Tick())
        self._dirty |= self._state.at != before
        self._look(now)
        for words in self._cutter.ended():
            self._feed(Told(words))
        if self._dirty or now - self._drawn > REDRAW_SECONDS:
            self._drawn, self._dirty = now, False
            self._draw()

    # ----------------------------------------------------------------- the log

    def _look(self, now: float) -> None:
        """Take in what the log has got, and lost lives once they are found."""
        if now - self._looked > max(LOOK_SECONDS, self._took / LOOK_SHARE):
            self._read()
            self._looked, self._took = time.monotonic(), time.monotonic() - now
        found = self._finder.found()
        if isinstance(found, str):
            self._feed(Told(f"lost lives are not known: {found}"))
        elif found is not None:
            self._lives = found
            self._load(self._state.tape.choice)

    def _read(self) -> None:
        recording = self._log.look()
        self._finder.want(len(self._recording))
        if recording is None:
            return
        if len(recording) > len(self._recording):
            self._grown = time.monotonic()
        self._recording = recording
        self._load(self._state.tape.choice)

    def _tape(self, choice: Choice) -> Tape:
        lives: NDArray[np.int64] = self._recording.rows_of(self._lives)
        return make_tape(self._recording, choice, lives, self._other)

    def _load(self, choice: Choice) -> None:
        self._dirty = True
        self._state, _ = advance(self._state, Loaded(self._tape(choice)), time.monotonic())

    # ----------------------------------------------------------------- the session

    def _feed(self, event: Event) -> None:
        choice = self._state.tape.choice
        self._state, wishes = advance(self._state, event, time.monotonic())
        for wish in wishes:
            try:
                self._carry_out(wish)
            except (OversightError, OSError) as error:
                self._feed(Told(f"NOT DONE: {error}"))
        if self._state.tape.choice != choice:
            self._load(self._state.tape.choice)

    def _carry_out(self, wish: Effect) -> None:
        match wish:
            case Relabel(step_ids, verdict, reason):
                change = self._log.relabel(step_ids, verdict, reason)
                self._feed(Written(Change(change.number, change.steps, reason)))
                self._read()
            case TakeBack(change):
                taken = self._log.take_back(change.number, f"undo: {change.reason}")
                self._feed(TakenBack(change))
                if taken.left:
                    self._feed(Told(f"{len(taken.left)} were relabelled since and stay so"))
                self._read()
            case Export(first, last, gif):
                ids = self._recording.steps.step_id
                path = self._cutter.cut(int(ids[first]), int(ids[last]), ".gif" if gif else ".mp4")
                self._feed(Told(f"cutting {path.name} ..."))
            case Shoot():
                self._shoot()
            case FullScreen():
                pygame.display.toggle_fullscreen()
            case Quit():
                self._done = True

    def _shoot(self) -> None:
        steps = self._recording.steps
        number = int(steps.step_id[self._state.at]) if len(steps) else 0
        path = self._log.path.with_name(f"{self._log.path.stem}-{number}.png")
        try:
            pygame.image.save(pygame.display.get_surface(), path)
        except pygame.error as error:
            raise OversightError(f"{path} cannot be written: {error}") from None
        self._feed(Told(f"screenshot: {path.name}"))

    # ----------------------------------------------------------------- keyboard and mouse

    def _translated(self, event: pygame.event.Event) -> Iterator[Event]:
        if event.type == pygame.QUIT:
            self._done = True
        elif event.type in (pygame.KEYDOWN, pygame.KEYUP):
            yield from self._moved(event)
        elif event.type == pygame.WINDOWFOCUSLOST:
            self._down.clear()  # no release will be seen
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            clicked = self._clicked(*event.pos)
            if clicked is not None:
                yield clicked
        elif event.type == pygame.MOUSEBUTTONUP:
            self._drag = None
        elif event.type == pygame.MOUSEMOTION and self._drag is not None:
            yield dragged(
                self._layout(), self._state, self._drag, event.pos[0], spanning=self._shifted
            )
        elif event.type == pygame.MOUSEWHEEL:
            yield from self._turned(int(event.y))

    def _moved(self, event: pygame.event.Event) -> Iterator[Event]:
        """A key that went down, stays down or went up."""
        # As it was when the key moved; what pygame says of now may be ahead of the queue.
        self._shifted = bool(event.mod & pygame.KMOD_SHIFT)
        if event.type == pygame.KEYUP:
            self._down.discard(event.key)
            return
        name = pygame.key.name(event.key)
        command = self._state.keys.command(_names(event, name))
        again = event.key in self._down
        self._down.add(event.key)
        yield Press(command, TYPED.get(name, str(event.unicode)), again)

    def _clicked(self, x: int, y: int) -> Event | None:
        layout = self._layout()
        self._drag = lane_at(layout, x, y)
        return pressed(layout, self._state, x, y, spanning=self._shifted)

    def _turned(self, change: int) -> Iterator[Event]:
        """The wheel: over the near timeline it zooms, elsewhere it steps."""
        if lane_at(self._layout(), *pygame.mouse.get_pos()) is Lane.NEAR:
            yield Zoom(1 if change > 0 else -1)
        elif change:
            yield Seek(self._state.at + (-1 if change > 0 else 1))

    # ----------------------------------------------------------------- drawing

    def _layout(self) -> ReviewLayout:
        size = pygame.display.get_surface().get_size()
        return lay_out_review(*size, picture_size(self._sight), self._sight.text)

    def _screen(self) -> NDArray[np.uint8] | None:
        """The screen of the step shown; a damaged one takes nothing else away."""
        try:
            return self._log.screen(self._recording, self._state.at)
        except LogError as error:
            self._feed(Told(str(error)))
            return None

    def _draw(self) -> None:
        recording = self._recording
        there = len(recording) > 0
        rgb = self._screen() if there else None
        state = self._state
        self._sight = replace(
            self._sight,
            state=state,
            rgb=rgb,
            words=tuple(recording.history(state.at)) if there else (),
            running=time.monotonic() - self._grown < RUNNING_SECONDS,
        )
        draw_review(self._brush, pygame.display.get_surface(), self._sight)
        pygame.display.flip()


def _names(event: pygame.event.Event, name: str) -> tuple[str, ...]:
    """Names of a pressed key, with what is held beside it; what it types comes last."""
    held = "ctrl " if event.mod & pygame.KMOD_CTRL else ""
    held = "shift " if event.mod & pygame.KMOD_SHIFT else held
    typed = str(event.unicode)
    return (f"{held}{name}", typed) if not typed.isalpha() else (f"{held}{name}",)
