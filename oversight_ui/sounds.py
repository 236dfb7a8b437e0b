"""Short sounds that nobody needs: each says what is on the screen anyway."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import pygame

__all__ = ["Sounds"]

RATE: Final = 22_050
"""Samples a second."""
_TONES: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {"block": (330.0, 0.09), "stop": (220.0, 0.25), "warning": (660.0, 0.12)}
)
"""Hertz and seconds."""


class Sounds:
    """Plays tones; silent where there is no sound card or none is wanted."""

    def __init__(self, *, wanted: bool) -> None:
        """Open the sound card if sounds are wanted."""
        self._sounds: dict[str, pygame.mixer.Sound] = {}
        if not wanted:
            return
        with contextlib.suppress(pygame.error):
            pygame.mixer.init(RATE, -16, 1)
            self._sounds = {name: _tone(*tone) for name, tone in _TONES.items()}

    @property
    def there(self) -> bool:
        """Whether anything can be heard."""
        return bool(self._sounds)

    def play(self, name: str) -> None:
        """Play one of block, stop and warning; returns at once."""
        if name in self._sounds:
            self._sounds[name].play()


def _tone(hertz: float, seconds: float) -> pygame.mixer.Sound:
    time = np.arange(round(RATE * seconds)) / RATE
    fade = np.minimum(1.0, 20 * np.minimum(time, seconds - time))  # no clicks at its ends
    wave = (np.sin(2 * np.pi * hertz * time) * fade * 0.3 * 32767).astype("<i2")
    return pygame.mixer.Sound(buffer=wave.tobytes())
