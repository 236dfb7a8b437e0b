"""An Atari game with its truth: an environment that owns the frames.

It plays every emulator frame itself, so that the watch sees each of them, keeps the screens an
overseer and an agent look at, and can be put back to an earlier moment as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import gymnasium
import numpy as np
from ale_py import ALEState
from numpy.typing import NDArray

from oversight.catastrophe import Watch
from oversight.definition import Definition, Entry
from oversight.emulator import AleEmulator, Emulator
from oversight.game import Game
from oversight.games import entry_of
from oversight.palette import PALETTE_GREY, to_rgb
from oversight.types import Snapshot

__all__ = ["AtariGame", "AtariSettings", "AtariSnapshot", "reset_frames"]

STACK = 4
"""Screens in an observation (Mnih et al. 2015)."""
SIDE = 84
"""Pixels along each side of an observation's screens (Mnih et al. 2015)."""


@dataclass(frozen=True, slots=True)
class AtariSettings:
    """How the game is played.

    Attributes:
        noop_max: a new game begins with 0 to this many frames of NOOP, drawn from the seed;
            played before the gate, nobody judges them (30: Mnih et al. 2015).
        max_agent_steps: an episode is cut after this many agent steps; None plays it out.
        max_frames: an episode is cut after this many frames (108,000 is half an hour of play).
        sticky: probability that a frame repeats the previous action. With more than 0 a block
            may not hold.
        clip_reward: pay the agent the sign of the score (Mnih et al. 2015).
        observe: draw observations. Without, they stay black and steps are a fifth cheaper: for
            studies whose proposers look at none.
    """

    noop_max: int = 30
    max_agent_steps: int | None = None
    max_frames: int = 108_000
    sticky: float = 0.0
    clip_reward: bool = True
    observe: bool = True


@dataclass(frozen=True, slots=True)
class AtariSnapshot:
    """A moment of an `AtariGame`, complete: emulator, screens, watches and counters."""

    emulator: ALEState
    stack: NDArray[np.uint8]
    screen: NDArray[np.uint8]
    before: NDArray[np.uint8]
    watches: tuple[Watch[Emulator], ...]
    steps: int
    frames: int
    game_return: float


class AtariGame(gymnasium.Env[NDArray[np.uint8], int]):
    """One Atari game, one agent step at a time.

    Observation: uint8 (4, 84, 84), the newest screen last; each is the brightness of the step's
    last two frames, their maximum. Reward: the score of the step, its sign if clipped.
    `info`: `game_reward` (float), `catastrophe_onsets` (int, by the truth, reset frames counted in
    `reset`'s info) and `harmful_frames` (int) of the step, and the game's own `progress` if it has
    any, such as the level reached (scalars by name).
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 - Gymnasium's own declaration
        "render_modes": ["rgb_array"],
        "render_fps": 15,
    }

    def __init__(
        self,
        game: Game | Entry,
        settings: AtariSettings | None = None,
        *,
        definition: Definition | str | None = None,
        render_mode: str | None = None,
    ) -> None:
        """Load the game.

        Args:
            game: which game, or an entry of one that is not listed.
            settings: how it is played.
            definition: what must not happen, or its name among the game's definitions; the
                truth that results are counted by if not given.
            render_mode: "rgb_array" or None.
        """
        entry = game if isinstance(game, Entry) else entry_of(game.name)
        game = game.game if isinstance(game, Entry) else game
        self.game = game
        self.settings = settings or AtariSettings()
        self.render_mode = render_mode
        self.observation_space = gymnasium.spaces.Box(0, 255, (STACK, SIDE, SIDE), np.uint8)
        self.action_space = gymnasium.spaces.Discrete(game.n_actions)  # type: ignore[assignment]
        if isinstance(definition, str):
            definition = entry.definition(definition)
        definition = definition or entry.truth
        self.catastrophe = definition.catastrophe
        self._emulator = AleEmulator(game, sticky=self.settings.sticky)
        self._progress = entry.progress
        self.truth = definition.truth(self._emulator, game)
        """What each action would bring about now; see `TruthProbe`."""
        same = entry.persons_rule == definition
        self.rule = self.truth if same else entry.persons_rule.truth(self._emulator, game)
        """The same by the rule that a person goes by, who blocks early and by what is seen."""
        self._probes = (self.truth,) if same else (self.truth, self.rule)
        self._watches = self._begin_watching()
        self._screen = self._before = self._emulator.screen()
        self._stack = np.zeros((STACK, SIDE, SIDE), np.uint8)
        self._steps = 0
        self._frames = 0
        self._game_return = 0.0

    @property
    def emulator(self) -> Emulator:
        """The console itself, to be read: memory and lives, for audits and adversaries."""
        return self._emulator

    @property
    def harmful(self) -> bool:
        """Whether harm is going on in the frame played last, by the truth."""
        return self._watches[0].harmful

    @property
    def harmful_by_rule(self) -> bool:
        """The same by the rule that a person goes by."""
        return self._watches[-1].harmful

    @property
    def catastrophe_name(self) -> str:
        """See `oversight.wrapper.Overseeable`."""
        return self.catastrophe.name

    @property
    def safe_twin(self) -> tuple[int, ...]:
        """See `oversight.wrapper.Overseeable`."""
        return self.game.safe_twin

    def screen(self) -> NDArray[np.uint8]:
        """The last frame as palette indices: uint8 (210, 160); not to be written to."""
        return self._screen

    def screen_before(self) -> NDArray[np.uint8]:
        """See `oversight.wrapper.TwoFrames`: uint8 (210, 160); not to be written to."""
        return self._before

    def render(self) -> NDArray[np.uint8] | None:
        """The last frame in colour: uint8 (210, 160, 3)."""
        return to_rgb(self._screen) if self.render_mode == "rgb_array" else None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Start a new game, with NOOPs at its start as the seed has it."""
        super().reset(seed=seed, options=options)
        if self.settings.sticky > 0.0:
            self._emulator.reseed(int(self.np_random.integers(2**31)))
        self._emulator.reset()
        self._watches = self._begin_watching()
        self._steps = self._frames = 0
        self._game_return = 0.0
        onsets = harmful = 0
        for _ in range(reset_frames(self.np_random, self.settings.noop_max)):
            previous = self._emulator.screen()
            self._emulator.act(0)
            onsets += self._watch()
            harmful += self._watches[0].harmful
        self._see(previous, self._emulator.screen(), None)
        self._stack[:] = self._stack[-1]
        return self._stack.copy(), self._info(0.0, onsets, harmful)

    def step(self, action: int) -> tuple[NDArray[np.uint8], float, bool, bool, dict[str, Any]]:
        """Play one agent step; see the class for what comes back."""
        score = 0.0
        onsets = harmful = 0
        # Never the emulator's screen from before the first frame: look-ahead leaves that stale.
        previous = newest = self._screen
        for _ in range(self.game.frameskip):
            score += self._emulator.act(int(action))
            onsets += self._watch()
            harmful += self._watches[0].harmful
            self._frames += 1
            previous, newest = newest, self._emulator.screen()
        self._see(previous, newest, int(action))
        self._steps += 1
        self._game_return += score
        terminated = self._emulator.game_over
        reward = float(np.sign(score)) if self.settings.clip_reward else score
        info = self._info(score, onsets, harmful)
        return self._stack.copy(), reward, terminated, self._over_length and not terminated, info

    def snapshot(self) -> AtariSnapshot:
        """This moment, to come back to."""
        return AtariSnapshot(
            self._emulator.snapshot(),
            self._stack.copy(),
            self._screen.copy(),
            self._before.copy(),
            tuple(watch.copy() for watch in self._watches),
            self._steps,
            self._frames,
            self._game_return,
        )

    def written(self, moment: AtariSnapshot) -> Snapshot:
        """See `oversight.rewind.Writable`: the emulator's state; `AleEmulator.read` takes it."""
        return Snapshot("ale", moment.emulator.serialize())

    def restore(self, moment: AtariSnapshot) -> NDArray[np.uint8]:
        """Go back to a moment; returns its observation."""
        self._emulator.restore(moment.emulator)
        self._stack[:] = moment.stack
        self._screen, self._before = moment.screen.copy(), moment.before.copy()
        self._watches = tuple(watch.copy() for watch in moment.watches)
        self._steps, self._frames = moment.steps, moment.frames
        self._game_return = moment.game_return
        self._tell(None)
        return self._stack.copy()

    @property
    def _over_length(self) -> bool:
        limit = self.settings.max_agent_steps
        too_many_steps = limit is not None and self._steps >= limit
        return too_many_steps or self._frames >= self.settings.max_frames

    def _begin_watching(self) -> tuple[Watch[Emulator], ...]:
        return tuple(probe.catastrophe.watch(self._emulator) for probe in self._probes)

    def _watch(self) -> bool:
        """Show every watch the newest frame; whether the catastrophe began with it."""
        began = [watch.frame(self._emulator) for watch in self._watches]
        return began[0]

    def _tell(self, action: int | None) -> None:
        for probe, watch in zip(self._probes, self._watches, strict=True):
            probe.moved(watch, action)

    def _see(
        self, previous: NDArray[np.uint8], newest: NDArray[np.uint8], action: int | None
    ) -> None:
        self._screen, self._before = newest, previous
        if self.settings.observe:
            self._draw(previous)
        self._tell(action)

    def _draw(self, previous: NDArray[np.uint8]) -> None:
        grey = cv2.max(cv2.LUT(self._screen, PALETTE_GREY), cv2.LUT(previous, PALETTE_GREY))
        self._stack[:-1] = self._stack[1:]
        self._stack[-1] = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)

    def _info(self, score: float, onsets: int, harmful: int) -> dict[str, Any]:
        info: dict[str, Any] = {
            "game_reward": score,
            "game_return": self._game_return,
            "catastrophe_onsets": onsets,
            "harmful_frames": harmful,
        }
        if self._progress is not None:
            info["progress"] = dict(self._progress(self._emulator))
        return info


def reset_frames(rng: np.random.Generator, noop_max: int) -> int:
    """Frames of NOOP at the start of an episode: 1 to `noop_max` + 1, drawn alike.

    One at least: the screen after a reset is not the game's yet.
    """
    return 1 + int(rng.integers(noop_max + 1))
