"""Both ends of the line between a gate and environments in other processes.

`Answering` is the environment's end, a wrapper that goes where the environment goes; `Remote` is
the gate's end. What a gate needs at every step, the screen, travels with the step's `info`; the
truth is asked for, all environments in one request.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

import gymnasium
import numpy as np
from numpy.typing import NDArray

from oversight.settings import GateSettings
from oversight.truth import TruthProbe
from oversight.types import Screen
from oversight.wrapper import Overseeable

__all__ = [
    "EPISODE_SEED",
    "SCREEN",
    "About",
    "Answering",
    "Ask",
    "Remote",
    "following_seed",
    "no_rewinds",
]

ObsType = TypeVar("ObsType")

SCREEN = "overseen_screen"
"""Key of a step's screen in `info`, on its way to the gate; the skins take it out."""
EPISODE_SEED = "episode_seed"
"""Key of the episode's seed in a reset's `info`; likewise."""

Ask = Callable[..., Sequence[Any]]
"""Calls a method of every environment, by name: `SyncVectorEnv.call`, `VecEnv.env_method`."""


@dataclass(frozen=True, slots=True)
class About:
    """What an environment says of itself, once.

    Attributes:
        key: by which it knows the questions that are meant for it.
        truth: it knows what actions bring about.
        catastrophe: kind of its catastrophe.
        safe_twin: for each action what is executed instead; None where there is none.
    """

    key: str
    truth: bool
    catastrophe: str
    safe_twin: tuple[int, ...] | None


def following_seed(seed: int) -> int:
    """The seed of the episode that follows one of seed `seed` in the same environment.

    Vector environments reset by themselves and give no seed then; without one the episode could
    not be played again by itself.
    """
    return int(np.random.SeedSequence([seed, 1]).generate_state(1)[0])


def no_rewinds(settings: GateSettings | None) -> None:
    """Refuse settings that take a game back: environments elsewhere cannot be taken back.

    Raises:
        ValueError: says what to do.
    """
    if settings is not None and settings.rewind_steps > 0:
        raise ValueError(
            f"expected rewind_steps of 0 in front of a vector environment, got "
            f"{settings.rewind_steps}: use OversightWrapper, a person looks at one game"
        )


class Answering(gymnasium.Wrapper[ObsType, int, ObsType, int]):
    """Makes an environment answer a gate that sits outside a vector environment.

    Goes around each environment, inside the function that makes it. Of an `Overseeable`
    environment the gate is sent the screen and can ask for the truth; of any other it is sent the
    observation. Every episode has a seed: the one that `reset` is given, the one announced for it,
    or the one that follows the last episode's (see `following_seed`).

    In a daemon process, as those of vector environments are, Ctrl-C is left to the main process,
    which is told to stop and closes the others: a worker that dies first breaks its last step.

    Example:
        >>> envs = SyncVectorEnv([lambda: Answering(AtariGame(game_named("pong")))] * 4)
    """

    def __init__(self, env: gymnasium.Env[ObsType, int]) -> None:
        """Wrap an environment."""
        super().__init__(env)
        self._source = env.unwrapped if isinstance(env.unwrapped, Overseeable) else None
        self._key = uuid4().hex
        self._seed: int | None = None
        self._announced: int | None = None
        if multiprocessing.current_process().daemon and _in_main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ObsType, dict[str, Any]]:
        """Start an episode; `info` holds its seed and first screen."""
        self._seed = self._next_seed() if seed is None else seed
        self._announced = None
        observation, info = self.env.reset(seed=self._seed, options=options)
        screen = self._screen(observation)
        return observation, {**info, SCREEN: screen, EPISODE_SEED: self._seed}

    def step(self, action: int) -> tuple[ObsType, Any, bool, bool, dict[str, Any]]:
        """Step; `info` holds the screen."""
        observation, reward, terminated, truncated, info = self.env.step(int(action))
        info = {**info, SCREEN: self._screen(observation)}
        return observation, reward, terminated, truncated, info

    def about(self) -> About:
        """What the gate has to know from the beginning."""
        source = self._source
        if source is None:
            return About(self._key, False, "catastrophe", None)
        twin = tuple(int(action) for action in source.safe_twin)
        return About(self._key, True, source.catastrophe_name, twin)

    def announce_seed(self, seeds: Mapping[str, int]) -> None:
        """Take this environment's seed, by its key, for the next reset that is given none."""
        self._announced = seeds.get(self._key)

    def unsafe_among(self, questions: Mapping[str, Sequence[int]]) -> list[bool]:
        """Answer what is asked of this environment, by its key: one truth per action."""
        truth = self._truth() if questions.get(self._key) else None
        return [] if truth is None else [truth.unsafe(a) for a in questions[self._key]]

    def doomed(self, key: str) -> bool | None:
        """See `TruthProbe.doomed`; None if another environment is meant."""
        return self._truth().doomed if key == self._key else None

    def last_resort(self, key: str) -> int | None:
        """See `TruthProbe.last_resort`; None if another environment is meant."""
        return self._truth().last_resort() if key == self._key else None

    def _truth(self) -> TruthProbe:
        if self._source is None:
            raise TypeError(f"{self.env.unwrapped} knows no truth: it is not `Overseeable`")
        return self._source.truth

    def _next_seed(self) -> int:
        if self._announced is not None:
            return self._announced
        if self._seed is not None:
            return following_seed(self._seed)
        return int(np.random.SeedSequence().generate_state(1)[0])

    def _screen(self, observation: ObsType) -> Screen:
        if self._source is not None:
            return self._source.screen()
        screen = np.array(observation)  # a copy: some environments write into the same array
        if screen.dtype.hasobject:
            raise TypeError(f"expected observations that are one array, got {type(observation)}")
        return screen


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


class Remote:
    """The gate's end: the truth about environments that may be in other processes.

    `probes` answer as the environments' own would. What `expect` asked for in one request is
    remembered until `moved`; a `Remote` that nobody tells about moves remembers nothing, and so
    is slower but never out of date.
    """

    def __init__(self, ask: Ask, n_actions: int) -> None:
        """Get to know the environments.

        Args:
            ask: calls a method of every environment.
            n_actions: how many actions there are.

        Raises:
            TypeError: they are not wrapped in `Answering`.
            ValueError: they differ in catastrophe or safe twins.
        """
        self._ask = ask
        self.n_actions = n_actions
        self.about = _introduced(ask)
        self.probes: tuple[TruthProbe, ...] | None = (
            tuple(_RemoteProbe(self, index) for index in range(len(self.about)))
            if self.about[0].truth
            else None
        )
        self._known: dict[tuple[int, int], bool] = {}
        self._remembers = False

    def expect(self, actions: Mapping[int, int]) -> None:
        """Ask for the truth about one action of each environment, in one request.

        Args:
            actions: by the environments' indices.
        """
        if self.probes is None:
            return
        asked = {i: a for i, a in actions.items() if 0 <= a < self.n_actions}
        answers = self._unsafe({index: [action] for index, action in asked.items()})
        self._remembers = True
        self._known = {key: answer for key, [answer] in zip(asked.items(), answers, strict=True)}

    def moved(self) -> None:
        """The environments were stepped or reset: forget the answers."""
        self._known.clear()
        self._remembers = False

    def announce_seeds(self, seeds: Mapping[int, int]) -> None:
        """Give environments, by index, the seeds of their next resets that are given none."""
        self._ask("announce_seed", {self.about[i].key: seed for i, seed in seeds.items()})

    def unsafe(self, index: int, actions: Sequence[int]) -> list[bool]:
        """The truth about actions of one environment, asked for as far as it is not known."""
        missing = [action for action in actions if (index, action) not in self._known]
        fresh = self._unsafe({index: missing})[0] if missing else []
        told = self._known | {(index, a): v for a, v in zip(missing, fresh, strict=True)}
        if self._remembers:
            self._known = told
        return [told[index, action] for action in actions]

    def doomed(self, index: int) -> bool:
        """See `TruthProbe.doomed`, of one environment."""
        return bool(self._ask("doomed", self.about[index].key)[index])

    def last_resort(self, index: int) -> int:
        """See `TruthProbe.last_resort`, of one environment."""
        return int(self._ask("last_resort", self.about[index].key)[index])

    def _unsafe(self, questions: Mapping[int, Sequence[int]]) -> list[list[bool]]:
        by_key = {self.about[index].key: actions for index, actions in questions.items()}
        answers = self._ask("unsafe_among", by_key)
        return [answers[index] for index in questions]


class _RemoteProbe:
    """One environment's truth, asked for through a `Remote`. Implements `TruthProbe`."""

    def __init__(self, remote: Remote, index: int) -> None:
        self._remote = remote
        self._index = index

    @property
    def doomed(self) -> bool:
        """See `TruthProbe.doomed`."""
        return self._remote.doomed(self._index)

    def last_resort(self) -> int:
        """See `TruthProbe.last_resort`."""
        return self._remote.last_resort(self._index)

    def unsafe(self, action: int) -> bool:
        """See `TruthProbe.unsafe`."""
        return self._remote.unsafe(self._index, [action])[0]

    def unsafe_actions(self) -> NDArray[np.bool_]:
        """See `TruthProbe.unsafe_actions`."""
        return np.array(self._remote.unsafe(self._index, range(self._remote.n_actions)))


def _introduced(ask: Ask) -> tuple[About, ...]:
    try:
        about = tuple(ask("about"))
    except (AttributeError, EOFError):  # what the two kinds of vector environment say to it
        about = ()
    if not about or not all(isinstance(each, About) for each in about):
        raise TypeError(
            "expected environments that answer a gate, got others: make each as "
            "oversight.Answering(env) in the function that is handed to the vector environment"
        )
    first = about[0]
    for each in about:
        if (each.catastrophe, each.safe_twin) != (first.catastrophe, first.safe_twin):
            raise ValueError(
                f"expected environments of one game, got the catastrophes {first.catastrophe!r} "
                f"and {each.catastrophe!r}: give each game a gate of its own"
            )
    return about
