"""Oversight for any Gymnasium environment with discrete actions: a thin skin over the gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, SupportsFloat, TypeVar, cast, runtime_checkable

import gymnasium
import numpy as np

from oversight.gate import Gate, Outcome
from oversight.overseer import Overseer
from oversight.rewind import GoBack, Rewindable, Writable
from oversight.settings import GateSettings
from oversight.sink import StepSink
from oversight.truth import TruthProbe
from oversight.types import Screen, Snapshot

__all__ = ["Overseeable", "OversightWrapper", "TwoFrames"]

ObsType = TypeVar("ObsType")


@runtime_checkable
class Overseeable(Protocol):
    """What an environment may offer to oversight beyond Gymnasium's interface."""

    @property
    def truth(self) -> TruthProbe:
        """What each action would bring about now."""
        ...

    @property
    def catastrophe_name(self) -> str:
        """Kind of its catastrophe."""
        ...

    @property
    def safe_twin(self) -> Sequence[int]:
        """For each action what is executed instead of it when it is refused."""
        ...

    def screen(self) -> Screen:
        """What an overseer sees now."""
        ...


@runtime_checkable
class TwoFrames(Protocol):
    """An `Overseeable` environment that knows the frame before its screen as well."""

    def screen_before(self) -> Screen:
        """The frame before the one that `screen` shows, of the same shape and type."""
        ...


class OversightWrapper(gymnasium.Wrapper[ObsType, int, ObsType, int]):
    """Sends every action past an overseer.

    Of an `Overseeable` environment the overseer sees the screen, and the truth is counted; of any
    other it sees the observation as an array, and truths are None. Resets, with the NOOPs or FIRE
    that environments play in them, happen before the gate and are not judged.

    Each step's `info["oversight"]` holds scalars: proposed and executed action, verdict, who
    judged, blocked, the game's reward and return, and the truth (see `oversight.gate`).

    With `GateSettings.rewind_steps` a late block takes the game back inside `step`: what comes
    back is the step that was meant, done anew, and `info["oversight"]["rewound"]` says how many
    earlier steps no longer stand (see `agents.OverseenReplayBuffer` for what a learner does then).
    """

    def __init__(
        self,
        env: gymnasium.Env[ObsType, int],
        overseer: Overseer,
        settings: GateSettings | None = None,
        *,
        sink: StepSink | None = None,
        safe_twin: Sequence[int] | None = None,
        episode_seed: Callable[[int], int] | None = None,
        phase: str = "oversight",
        first_step_id: int = 0,
        first_episode: int = 0,
    ) -> None:
        """Wrap an environment.

        Args:
            env: with a `Discrete` action space that starts at 0.
            overseer: who judges.
            settings: what a verdict brings about.
            sink: where every step goes, such as an `InterventionLog`.
            safe_twin: for each action what is executed instead; the environment's own if it has
                one and none is given.
            episode_seed: from an episode's number to its seed, for resets that are given none;
                so each episode can be played again by itself.
            phase: name of the phase in the log.
            first_step_id: number of the first step in the log.
            first_episode: number of the first episode in the log.

        Raises:
            TypeError: other actions, or steps are to be taken back and `env` itself cannot be: a
                wrapper in between would keep a state of its own.
        """
        super().__init__(env)
        space = env.action_space
        if not isinstance(space, gymnasium.spaces.Discrete) or space.start != 0:
            raise TypeError(f"expected an action space Discrete(n) from 0 on, got {space}")
        own = env.unwrapped if isinstance(env.unwrapped, Overseeable) else None
        self._source = own
        self._episode_seed = episode_seed
        self._observation: ObsType | None = None
        if settings is not None and settings.rewind_steps > 0 and not isinstance(env, Rewindable):
            raise TypeError(
                f"expected an environment with snapshot() and restore() to take back up to "
                f"{settings.rewind_steps} steps, got {type(env).__name__}"
            )
        self.ranking: Callable[[ObsType], Sequence[int]] | None = None
        """The agent's order of actions for an observation, best first; used by `prune`."""
        self.gate = Gate(
            overseer,
            settings,
            n_actions=int(space.n),
            sink=sink,
            probes=None if own is None else [own.truth],
            safe_twin=own.safe_twin if own is not None and safe_twin is None else safe_twin,
            ranking=self._rank,
            marks=[self._mark],
            cuts=True,
            phase=phase,
            catastrophe="catastrophe" if own is None else own.catastrophe_name,
            first_step_id=first_step_id,
            first_episode=first_episode,
        )

    @property
    def spec(self) -> None:  # type: ignore[override]  # a constant, not to be set
        """None: an overseer and a log are not made again by a recipe.

        The spec of what is wrapped would make an environment that nobody oversees; it stands in
        `env.spec`.
        """
        return None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ObsType, dict[str, Any]]:
        """Start an episode; its first decision judges its own first screen."""
        if seed is None and self._episode_seed is not None:
            seed = self._episode_seed(self.gate.next_episode)
        observation, info = self.env.reset(seed=seed, options=options)
        self._observation = observation
        self.gate.begin_episode(self._screen(observation), seed=seed, before=self._before())
        return observation, info

    def step(self, action: int) -> tuple[ObsType, SupportsFloat, bool, bool, dict[str, Any]]:
        """Have the action judged, and play what may be played."""
        (executed,) = self.gate.decide([int(action)])
        observation, reward, terminated, truncated, info = self.env.step(executed)
        self._observation = observation
        (settled,) = self.gate.settle(
            [
                Outcome(
                    reward=float(reward),
                    game_reward=float(info.get("game_reward", reward)),
                    terminated=terminated,
                    truncated=truncated,
                    screen=self._screen(observation),
                    onsets=info.get("catastrophe_onsets"),
                    before=self._before(),
                )
            ]
        )
        return (
            observation,
            settled.reward,
            terminated,
            settled.truncated,
            {**info, "oversight": settled.info},
        )

    def _screen(self, observation: ObsType) -> Screen:
        if self._source is not None:
            return self._source.screen()
        screen = np.array(observation)  # a copy: some environments write into the same array
        if screen.dtype.hasobject:
            raise TypeError(f"expected observations that are one array, got {type(observation)}")
        return screen

    def _before(self) -> Screen | None:
        return self._source.screen_before() if isinstance(self._source, TwoFrames) else None

    def _mark(self) -> GoBack:
        env = self.env
        assert isinstance(env, Rewindable), "checked when the wrapper was made"
        moment = env.snapshot()

        def go_back() -> Snapshot | None:
            self._observation = cast(ObsType, env.restore(moment))
            return env.written(moment) if isinstance(env, Writable) else None

        return go_back

    def _rank(self, _env_index: int) -> Sequence[int]:
        if self.ranking is None or self._observation is None:
            return ()
        return self.ranking(self._observation)
