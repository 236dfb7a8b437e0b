"""Several Atari games at once, as fast as the emulator goes: the `fast` way to run.

The games of `AtariGame`, played by ale-py's own `AtariVectorEnv` in threads outside Python's lock.
There is no memory to read and no state to copy there, so no truth while it runs; what was played
is kept on a `Tape` and counted afterwards (`oversight.tape`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import gymnasium
import numpy as np
from ale_py import Action
from ale_py.vector_env import AtariVectorEnv
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from oversight.atari import SIDE, STACK, AtariSettings, reset_frames
from oversight.game import Game
from oversight.games import entry_of
from oversight.palette import PALETTE_GREY
from oversight.pictures import Pictures, small
from oversight.remote import EPISODE_SEED, SCREEN, About

__all__ = ["FastAtari"]

Observations = NDArray[np.uint8]
Infos = dict[str, Any]

FOR_EVER = 2**31 - 1
"""Frames after which ale-py would cut an episode by itself; we count our own."""


@dataclass(frozen=True, slots=True)
class _Played:
    """What one agent step of all games brought; arrays have one entry a game."""

    small: NDArray[np.uint8]
    newest: NDArray[np.uint8]
    scores: NDArray[np.float64]
    ended: NDArray[np.bool_]


class FastAtari(VectorEnv[Observations, NDArray[np.int64], NDArray[Any]]):
    """Several games of one kind in lockstep, without their truth. Autoreset mode: SAME_STEP.

    Observations, rewards and ends are those of `AtariGame` with the same seed and actions, bit for
    bit, but for two pictures: an episode's first is the last frame of its reset alone, not the
    brighter of the last two; and where a game ends, ale-py shows the frame before its last.

    ale-py draws the NOOPs of a reset itself; `infos["episode_seed"]` is a seed with which
    `AtariGame` plays as many, so that every episode can be played again.
    """

    metadata: dict[str, Any] = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012

    def __init__(
        self,
        game: Game,
        num_envs: int,
        settings: AtariSettings | None = None,
        *,
        threads: int = 0,
        colours: bool = True,
    ) -> None:
        """Load the games.

        Args:
            game: which; one of the Atari games.
            num_envs: how many at once.
            settings: how they are played. Sticky actions cannot be played again, so there are
                none.
            threads: of the emulators; 0 takes one for each core, at most one a game.
            colours: show overseers the screens that `AtariGame` shows. False is right in each
                pixel's brightness alone, for overseers that do not look, and takes half the time
                in games whose `Game.colours` are not known.

        Raises:
            ValueError: sticky actions, no game at all, or a game without a ROM.
        """
        self.settings = settings or AtariSettings()
        if self.settings.sticky > 0.0:
            raise ValueError(
                f"expected no sticky actions in the fast way, got {self.settings.sticky}: what was "
                "played could not be played again to count its catastrophes"
            )
        if num_envs < 1 or not game.rom:
            raise ValueError(f"expected at least one game with a ROM, got {num_envs} of {game}")
        self.game = game
        self.num_envs = num_envs
        self.single_observation_space = gymnasium.spaces.Box(0, 255, (STACK, SIDE, SIDE), np.uint8)
        self.single_action_space = gymnasium.spaces.Discrete(game.n_actions)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._pictures = Pictures(game, colours=colours)
        self._catastrophe = entry_of(game.name).truth.catastrophe.name
        self._envs = AtariVectorEnv(
            game.rom,
            num_envs,
            num_threads=threads,
            max_num_frames_per_episode=FOR_EVER,
            full_action_space=True,
            img_height=210,
            img_width=160,
            stack_num=1,
            frameskip=1,
            maxpool=False,
            grayscale=self._pictures.grey,
            noop_max=self.settings.noop_max + 1,
            reward_clipping=False,
            use_fire_reset=False,
        )
        known = list(self._envs.ale.get_action_set())
        self._actions = np.array([known.index(getattr(Action, name)) for name in game.actions])
        self._seeds = _seeds_by_frames(self.settings.noop_max)
        self._stack = np.zeros((num_envs, STACK, SIDE, SIDE), np.uint8)
        self._steps = np.zeros(num_envs, np.int64)
        self._returns = np.zeros(num_envs, np.float64)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,  # noqa: ARG002 - Gymnasium's signature
    ) -> tuple[Observations, Infos]:
        """Start a new episode in every game.

        Args:
            seed: decides all resets from here on; games get successive numbers. A seed makes
                ale-py load the ROM anew, which takes 70 ms a game.
            options: not used.
        """
        if seed is not None and not isinstance(seed, int):
            raise TypeError(f"expected one number as seed for all games, got {seed!r}")
        chosen = None if seed is None else int(seed) % FOR_EVER
        came, infos = self._envs.reset(seed=chosen)
        everyone = np.ones(self.num_envs, np.bool_)
        screens, frames = self._with_a_frame(everyone, self._pictures.indices(came), infos)
        self._begin(everyone, screens)
        return self._stack.copy(), {**self._shown(screens), **self._begun(everyone, frames)}

    def step(
        self, actions: NDArray[np.int64]
    ) -> tuple[Observations, NDArray[Any], NDArray[Any], NDArray[Any], Infos]:
        """Play one agent step in every game; games that end begin anew at once."""
        played = self._play(self._actions[np.asarray(actions, np.int64)])
        self._see(played)
        self._steps += 1
        self._returns += played.scores
        truncated = self._over_length() & ~played.ended
        over = played.ended | truncated
        rewards = np.sign(played.scores) if self.settings.clip_reward else played.scores
        infos: Infos = self._scored(played, ~over) | self._shown(played.newest)
        if over.any():
            infos |= self._ended(over, played)
        return self._stack.copy(), rewards, played.ended, truncated, infos

    def call(self, name: str, *_arguments: object) -> tuple[About, ...]:
        """Answer a gate that asks who is there; there is nothing else to ask.

        Raises:
            AttributeError: anything else is asked.
        """
        if name != "about":
            raise AttributeError(f"games played in the fast way do not answer {name!r}")
        who = About("fast", False, self._catastrophe, self.game.safe_twin)
        return (who,) * self.num_envs

    def _play(self, actions: NDArray[np.int64]) -> _Played:
        scores = np.zeros(self.num_envs)
        ended = np.zeros(self.num_envs, np.bool_)
        previous: NDArray[np.uint8] | None = None
        newest: NDArray[np.uint8] | None = None
        for _ in range(self.game.frameskip):
            came, rewards, over, _, _ = self._envs.step(actions)
            if newest is not None and ended.any():
                # An ended game stands still; ale-py has begun another by itself, which is
                # thrown away when this step is over.
                came[ended] = newest[ended]
            scores += np.where(ended, 0, rewards)
            ended = ended | over
            previous, newest = newest, came
        assert newest is not None, "a game has at least one frame a step"
        last = self._pictures.known(self._pictures.indices(newest))
        bright = self._pictures.brightness(newest, last)
        before = bright if previous is None else self._pictures.brightness(previous)
        return _Played(small(before, bright), last, scores, ended)

    def _see(self, played: _Played) -> None:
        self._stack[:, :-1] = self._stack[:, 1:]
        self._stack[:, -1] = played.small

    def _over_length(self) -> NDArray[np.bool_]:
        limit = self.settings.max_agent_steps
        too_many_frames = self._steps * self.game.frameskip >= self.settings.max_frames
        return too_many_frames if limit is None else too_many_frames | (self._steps >= limit)

    def _ended(self, over: NDArray[np.bool_], played: _Played) -> Infos:
        """Begin the next episodes; what was the last of the old ones goes into the info."""
        finals = np.full(self.num_envs, None, dtype=object)
        for index in np.flatnonzero(over).tolist():
            finals[index] = self._stack[index].copy()
        told: Infos = {
            "final_obs": finals,
            "_final_obs": over.copy(),
            "final_info": self._scored(played, over) | self._shown(played.newest, over),
            "_final_info": over.copy(),
        }
        came, infos = self._envs.reset(options={"reset_mask": over})
        begun, frames = self._with_a_frame(over, self._pictures.indices(came), infos)
        self._begin(over, begun)
        shown = np.where(over[:, None, None], begun, played.newest)
        return told | self._shown(shown) | self._begun(over, frames)

    def _with_a_frame(
        self, mask: NDArray[np.bool_], screens: NDArray[np.uint8], infos: Infos
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Reset again what was given no NOOP at all: its screen is not the game's yet."""
        frames = np.asarray(infos["episode_frame_number"])
        while (again := mask & (frames == 0)).any():
            fresh, infos = self._envs.reset(options={"reset_mask": again})
            screens = np.where(again[:, None, None], self._pictures.indices(fresh), screens)
            frames = np.asarray(infos["episode_frame_number"])
        self._pictures.known(screens[mask])
        return screens, frames

    def _begin(self, mask: NDArray[np.bool_], screens: NDArray[np.uint8]) -> None:
        for index in np.flatnonzero(mask).tolist():
            bright = cv2.LUT(screens[index], PALETTE_GREY)
            self._stack[index] = cv2.resize(bright, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        self._steps[mask] = 0
        self._returns[mask] = 0.0

    def _scored(self, played: _Played, mask: NDArray[np.bool_]) -> Infos:
        return {
            "game_reward": played.scores,
            "_game_reward": mask.copy(),
            "game_return": self._returns.copy(),
            "_game_return": mask.copy(),
        }

    def _shown(self, screens: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None) -> Infos:
        shown = np.ones(self.num_envs, np.bool_) if mask is None else mask.copy()
        return {SCREEN: screens, f"_{SCREEN}": shown}

    def _begun(self, mask: NDArray[np.bool_], frames: NDArray[np.int64]) -> Infos:
        seeds = np.zeros(self.num_envs, np.int64)
        seeds[mask] = [self._seeds[int(count)] for count in frames[mask]]
        return {EPISODE_SEED: seeds, f"_{EPISODE_SEED}": mask.copy()}


def _seeds_by_frames(noop_max: int) -> dict[int, int]:
    """For each number of frames that a reset may take, a seed with which `AtariGame` takes it."""
    seeds: dict[int, int] = {}
    seed = 0
    while len(seeds) < noop_max + 1:
        rng, _ = gymnasium.utils.seeding.np_random(seed)
        seeds.setdefault(reset_frames(rng, noop_max), seed)
        seed += 1
    return seeds
