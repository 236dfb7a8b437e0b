"""Gamepads and sounds, without either: events as the devices would send them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import pygame

from oversight_ui.gamepad import Gamepads
from oversight_ui.keymap import Command, KeyMap
from oversight_ui.sounds import Sounds


@pytest.fixture(autouse=True)
def no_devices(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    pygame.display.init()
    yield
    pygame.quit()


def named(*events: pygame.event.Event) -> list[tuple[str, bool]]:
    pads = Gamepads()
    return [key for event in events for key in pads.named(event)]


def test_buttons_go_down_and_up() -> None:
    down = pygame.event.Event(pygame.JOYBUTTONDOWN, button=0, instance_id=0)
    up = pygame.event.Event(pygame.JOYBUTTONUP, button=0, instance_id=0)
    assert named(down, up) == [("pad 0", True), ("pad 0", False)]
    assert KeyMap().command(["pad 0"]) is Command.BLOCK


def test_a_stick_is_a_key_when_it_is_pushed_far() -> None:
    def axis(value: float) -> pygame.event.Event:
        return pygame.event.Event(pygame.JOYAXISMOTION, axis=1, value=value, instance_id=0)

    assert named(axis(0.3), axis(0.9), axis(1.0), axis(0.1)) == [
        ("pad down", True),
        ("pad down", False),
    ]


def test_the_cross_names_directions() -> None:
    up = pygame.event.Event(pygame.JOYHATMOTION, value=(0, 1), instance_id=0)
    left = pygame.event.Event(pygame.JOYHATMOTION, value=(-1, 0), instance_id=0)
    assert named(up, left) == [("pad up", True), ("pad up", False), ("pad left", True)]


def test_other_events_are_none_of_its_business() -> None:
    gone = pygame.event.Event(pygame.JOYDEVICEREMOVED, instance_id=9)
    assert named(gone, pygame.event.Event(pygame.USEREVENT)) == []


def test_sounds_are_silent_unless_wanted() -> None:
    assert not Sounds(wanted=False).there
    wanted = Sounds(wanted=True)
    assert wanted.there
    for name in ("block", "stop", "warning", "no such sound"):
        wanted.play(name)
