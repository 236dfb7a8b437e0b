"""An emulator as the truth needs it: frames one by one, and states that can be taken back."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol, TypeVar

import numpy as np
from ale_py import Action, ALEInterface, ALEState, LoggerMode, roms
from numpy.typing import NDArray

from oversight.game import Game

__all__ = ["AleEmulator", "Emulator", "Simulator"]

S = TypeVar("S")


class Simulator(Protocol[S]):
    """Anything that can be advanced by one frame and put back to where it was."""

    @property
    def game_over(self) -> bool:
        """Whether the game has ended; further frames change nothing."""
        ...

    def act(self, action: int) -> float:
        """Play one frame with the game's action of that number; returns the score gained."""
        ...

    def snapshot(self) -> S:
        """The whole state, random numbers included."""
        ...

    def restore(self, state: S) -> None:
        """Go back to a snapshot. What is drawn may be stale until the next `act`."""
        ...

    def key(self, state: S) -> Hashable:
        """Of a snapshot: equal for two only if whatever is played from them goes alike.

        None if that cannot be told of any two.
        """
        ...


class Emulator(Simulator[ALEState], Protocol):
    """A console: a simulator with memory, a screen and lives."""

    @property
    def lives(self) -> int:
        """Lives left; 0 in games that have none."""
        ...

    def ram(self) -> NDArray[np.uint8]:
        """The console's memory: uint8 (128,)."""
        ...

    def poke(self, address: int, value: int) -> None:
        """Write one byte of the console's memory; meant for clones, never for the game played."""
        ...

    def screen(self) -> NDArray[np.uint8]:
        """Palette indices: uint8 (210, 160); after `restore` stale until the next `act`."""
        ...


class AleEmulator:
    """The Arcade Learning Environment behind one game's own action numbers."""

    def __init__(self, game: Game, *, sticky: float = 0.0) -> None:
        """Load the game's ROM from ale-py's wheel.

        Args:
            game: which game.
            sticky: probability that a frame repeats the previous action instead.
        """
        ALEInterface.setLoggerMode(LoggerMode.Error)
        self._ale = ALEInterface()
        self._ale.setFloat("repeat_action_probability", sticky)
        path = roms.get_rom_path(game.rom)
        if path is None:
            raise ValueError(f"ale-py has no ROM named {game.rom!r}")
        self._path = path
        self.reseed(0)
        self._actions = tuple(getattr(Action, name) for name in game.actions)

    @property
    def game_over(self) -> bool:
        """See `Simulator.game_over`."""
        return bool(self._ale.game_over(with_truncation=False))

    @property
    def lives(self) -> int:
        """See `Emulator.lives`."""
        return int(self._ale.lives())

    def reseed(self, seed: int) -> None:
        """Begin the emulator's own random numbers anew; they matter with sticky actions only.

        The emulator takes a seed only when it loads the game, which takes 70 ms.

        Args:
            seed: in [0, 2**31).
        """
        self._ale.setInt("random_seed", seed)
        self._ale.loadROM(self._path)

    def reset(self) -> None:
        """Start a new game."""
        self._ale.reset_game()

    def act(self, action: int) -> float:
        """See `Simulator.act`."""
        return float(self._ale.act(self._actions[action]))

    def ram(self) -> NDArray[np.uint8]:
        """See `Emulator.ram`."""
        return self._ale.getRAM()

    def poke(self, address: int, value: int) -> None:
        """See `Emulator.poke`."""
        self._ale.setRAM(address, value)

    def screen(self) -> NDArray[np.uint8]:
        """See `Emulator.screen`."""
        return self._ale.getScreen()

    def screen_rgb(self) -> NDArray[np.uint8]:
        """What the emulator itself draws: uint8 (210, 160, 3)."""
        return self._ale.getScreenRGB()

    def snapshot(self) -> ALEState:
        """See `Simulator.snapshot`."""
        return self._ale.cloneState(include_rng=True)

    def restore(self, state: ALEState) -> None:
        """See `Simulator.restore`."""
        self._ale.restoreState(state)

    def key(self, state: ALEState) -> Hashable:
        """See `Simulator.key`: every byte of the state."""
        return state.serialize()

    @staticmethod
    def read(data: bytes) -> ALEState:
        """A state that was written down by `ALEState.serialize()`, to be restored.

        Args:
            data: as it came from there: this trusts it.
        """
        return ALEState(data)
