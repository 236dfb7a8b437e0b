"""Gamepads as keys: every button and direction has a name; none need be there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

import pygame

__all__ = ["Gamepads"]

_PUSHED: Final = 0.6
"""Share of the way that a stick has to be pushed to count."""


class Gamepads:
    """Names what gamepads do: "pad 0" to "pad 15", and "pad up", "down", "left", "right"."""

    def __init__(self) -> None:
        """Open the gamepads that are there; others are opened as they are plugged in."""
        self._pads: dict[int, pygame.joystick.JoystickType] = {}
        self._pushed: dict[int, str] = {}
        with contextlib.suppress(pygame.error):
            pygame.joystick.init()

    def named(self, event: pygame.event.Event) -> Iterator[tuple[str, bool]]:
        """The keys that an event is, each with whether it went down."""
        if event.type == pygame.JOYDEVICEADDED:
            with contextlib.suppress(pygame.error):
                pad = pygame.joystick.Joystick(event.device_index)
                self._pads[pad.get_instance_id()] = pad
        elif event.type == pygame.JOYDEVICEREMOVED:
            self._pads.pop(event.instance_id, None)
        elif event.type in (pygame.JOYBUTTONDOWN, pygame.JOYBUTTONUP):
            yield f"pad {event.button}", event.type == pygame.JOYBUTTONDOWN
        elif event.type == pygame.JOYHATMOTION:
            right, up = event.value
            yield from self._pushed_to(-1, _named(right, -up))
        elif event.type == pygame.JOYAXISMOTION and event.axis in (0, 1):
            pushed = 0 if abs(event.value) < _PUSHED else (1 if event.value > 0 else -1)
            name = _named(pushed, 0) if event.axis == 0 else _named(0, pushed)
            yield from self._pushed_to(event.axis, name)

    def _pushed_to(self, stick: int, name: str) -> Iterator[tuple[str, bool]]:
        before = self._pushed.get(stick, "")
        self._pushed[stick] = name
        if name != before:
            if before:
                yield before, False
            if name:
                yield name, True


def _named(right: int, down: int) -> str:
    if down:
        return "pad down" if down > 0 else "pad up"
    if right:
        return "pad right" if right > 0 else "pad left"
    return ""
