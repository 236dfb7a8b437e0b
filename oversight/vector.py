"""Oversight for many environments at once: a skin over the gate for Gymnasium's vector ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
from gymnasium.vector.utils import iterate
from numpy.typing import NDArray

from oversight.gate import Gate, Outcome, Settled
from oversight.overseer import Overseer
from oversight.remote import EPISODE_SEED, SCREEN, Remote, no_rewinds
from oversight.settings import GateSettings
from oversight.sink import StepSink

__all__ = ["CLOSE_SECONDS", "OversightVectorWrapper", "remote_of"]

ObsType = TypeVar("ObsType")
Actions = NDArray[np.int64]
Array = NDArray[Any]
Infos = dict[str, Any]

CLOSE_SECONDS = 2.0
"""Seconds that a worker has to answer when its environment is closed; a step takes a hundredth."""


def remote_of(envs: VectorEnv[Any, Any, Any]) -> Remote:
    """The way to the truth of a vector environment's environments, for an `OracleOverseer`.

    Raises:
        TypeError: they cannot be asked, or are not wrapped in `Answering`.
    """
    ask = getattr(envs.unwrapped, "call", None)
    space = envs.single_action_space
    if ask is None:
        raise TypeError(f"expected a SyncVectorEnv or an AsyncVectorEnv, got {envs.unwrapped}")
    if not isinstance(space, gymnasium.spaces.Discrete) or space.start != 0:
        raise TypeError(f"expected action spaces Discrete(n) from 0 on, got {space}")
    return Remote(ask, int(space.n))


class OversightVectorWrapper(VectorWrapper[ObsType, Actions, ObsType, Actions, Array]):
    """Sends the actions of all environments past one overseer, in one review.

    Each environment is wrapped in `Answering`, in this process (`SyncVectorEnv`) or in one of its
    own (`AsyncVectorEnv`). Steps, rewards, records and counts are those of single
    `OversightWrapper`s. `infos["oversight"]` holds one array per key, with Gymnasium's masks.

    All three autoreset modes are taken. What resets makes no proposal and no record: in NEXT_STEP
    the action for an environment that has ended is not looked at; in SAME_STEP the oversight of
    the last step stands in `infos["final_info"]`; in DISABLED `reset` is called with
    `options={"reset_mask": ...}`. Resets happen before the gate and are not judged.

    Example:
        >>> remote = remote_of(envs)
        >>> env = OversightVectorWrapper(envs, OracleOverseer(remote.probes), remote=remote)
    """

    def __init__(
        self,
        env: VectorEnv[ObsType, Actions, Array],
        overseer: Overseer,
        settings: GateSettings | None = None,
        *,
        remote: Remote | None = None,
        sink: StepSink | None = None,
        safe_twin: Sequence[int] | None = None,
        episode_seed: Callable[[int], int] | None = None,
        phase: str = "oversight",
        first_step_id: int = 0,
        first_episode: int = 0,
    ) -> None:
        """Wrap a vector environment.

        Args:
            env: of environments wrapped in `Answering`, with `Discrete` actions from 0 on.
            overseer: who judges. A person, real or simulated, judges one environment only, and
                raises `ValueError` for more.
            settings: what a verdict brings about.
            remote: the one that the overseer's probes belong to; so that nothing is asked twice.
            sink: where every step goes, such as an `InterventionLog`.
            safe_twin: for each action what is executed instead; the environments' own if None.
            episode_seed: from an episode's number to its seed, for calls of `reset` that are
                given none. Episodes that begin by themselves follow (`following_seed`).
            phase: name of the phase in the log.
            first_step_id: number of the first step in the log.
            first_episode: number of the first episode in the log.

        Raises:
            TypeError: the environments do not answer, or say not how they reset.
            ValueError: `settings` has `rewind_steps`, which only `OversightWrapper` can carry out.
        """
        super().__init__(env)
        no_rewinds(settings)
        self._mode = env.metadata.get("autoreset_mode")
        if not isinstance(self._mode, AutoresetMode):
            raise TypeError(
                "expected a vector environment that names its autoreset mode (NEXT_STEP, "
                f"SAME_STEP or DISABLED) in its metadata, got {self._mode!r}"
            )
        self._remote = remote or remote_of(env)
        about = self._remote.about[0]
        self._episode_seed = episode_seed
        self._observations: ObsType | None = None
        self._resets_next = np.zeros(env.num_envs, np.bool_)
        self.ranking: Callable[[Any], Sequence[int]] | None = None
        """The agent's order of actions for one environment's observation; used by `prune`."""
        self.gate = Gate(
            overseer,
            settings,
            n_actions=self._remote.n_actions,
            n_envs=env.num_envs,
            sink=sink,
            probes=self._remote.probes,
            safe_twin=about.safe_twin if safe_twin is None else safe_twin,
            ranking=self._rank,
            phase=phase,
            catastrophe=about.catastrophe,
            first_step_id=first_step_id,
            first_episode=first_episode,
        )

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[ObsType, Infos]:
        """Start episodes: all, or those of `options["reset_mask"]`, bool (num_envs,)."""
        options = None if options is None else dict(options)  # the mask is popped from it
        mask = (options or {}).get("reset_mask", np.ones(self.num_envs, np.bool_))
        if seed is None:
            seed = self._seeds(mask)
        # Gymnasium's vector environments take a list of seeds, its base class says only an int.
        observations, infos = self.env.reset(seed=seed, options=options)  # type: ignore[arg-type]
        self._moved(observations)
        self._begin(mask, infos)
        self._resets_next = self._resets_next & ~mask
        return observations, _without_freight(infos)

    def step(self, actions: Actions) -> tuple[ObsType, Array, Array, Array, Infos]:
        """Have the actions judged in one review, and play what may be played."""
        live = np.flatnonzero(~self._resets_next).tolist()
        executed = self._decide([int(action) for action in actions], live)
        observations, rewards, terminated, truncated, infos = self.env.step(executed)
        self._moved(observations)
        ended = terminated | truncated
        same_step = self._mode is AutoresetMode.SAME_STEP
        finals = infos.get("final_info", {})
        outcomes = [
            _outcome(
                finals if same_step and ended[index] else infos,
                index,
                reward=float(rewards[index]),
                terminated=bool(terminated[index]),
                truncated=bool(truncated[index]),
            )
            for index in live
        ]
        settled = dict(zip(live, self.gate.settle(outcomes), strict=True))
        self._begin(ended if same_step else self._resets_next, infos)
        self._resets_next = ended & (self._mode is AutoresetMode.NEXT_STEP)
        paid = np.array([settled[i].reward if i in settled else 0.0 for i in range(self.num_envs)])
        last = {i: each for i, each in settled.items() if same_step and ended[i]}
        others = {i: each for i, each in settled.items() if i not in last}
        infos = _without_freight(infos) | _gathered(others, self.num_envs)
        if last:
            infos["final_info"] = infos["final_info"] | _gathered(last, self.num_envs)
        return observations, paid, terminated, truncated, infos

    def close(self, **kwargs: Any) -> None:  # noqa: ANN401 - Gymnasium's own signature
        """Close the environments and end their processes, also after an interrupted step."""
        if isinstance(self.env.unwrapped, gymnasium.vector.AsyncVectorEnv):
            # Without a limit it would wait for an answer that Ctrl-C took out of the pipe.
            kwargs.setdefault("timeout", CLOSE_SECONDS)
        self.env.close(**kwargs)

    def _decide(self, proposed: Sequence[int], live: Sequence[int]) -> Actions:
        executed = np.array(proposed, self.env.action_space.dtype)
        if live:
            self._remote.expect({index: proposed[index] for index in live})
            executed[live] = self.gate.decide([proposed[index] for index in live], live)
        return executed

    def _moved(self, observations: ObsType) -> None:
        self._remote.moved()
        self._observations = observations

    def _seeds(self, mask: NDArray[np.bool_]) -> list[int | None] | None:
        if self._episode_seed is None:
            return None
        seeds: list[int | None] = [None] * self.num_envs
        for place, index in enumerate(np.flatnonzero(mask).tolist()):
            seeds[index] = self._episode_seed(self.gate.next_episode + place)
        return seeds

    def _begin(self, expected: NDArray[np.bool_], infos: Infos) -> None:
        reset = infos.get(f"_{EPISODE_SEED}", np.zeros(self.num_envs, np.bool_))
        if not np.array_equal(reset, expected):
            raise RuntimeError(
                f"expected resets of the environments {np.flatnonzero(expected).tolist()}, got "
                f"them of {np.flatnonzero(reset).tolist()}: reset by this wrapper, never by what "
                "is inside it, and an AsyncVectorEnv with its shared memory"
            )
        for index in np.flatnonzero(expected).tolist():
            screen, seed = np.asarray(infos[SCREEN][index]), int(infos[EPISODE_SEED][index])
            self.gate.begin_episode(screen, env_index=index, seed=seed)

    def _rank(self, env_index: int) -> Sequence[int]:
        if self.ranking is None or self._observations is None:
            return ()
        each = list(iterate(self.env.observation_space, self._observations))
        return self.ranking(each[env_index])


def _outcome(
    infos: Infos, index: int, *, reward: float, terminated: bool, truncated: bool
) -> Outcome:
    onsets = _told(infos, "catastrophe_onsets", index)
    game_reward = _told(infos, "game_reward", index)
    return Outcome(
        reward=reward,
        game_reward=reward if game_reward is None else float(game_reward),
        terminated=terminated,
        truncated=truncated,
        screen=np.asarray(infos[SCREEN][index]),
        onsets=None if onsets is None else int(onsets),
    )


def _told(infos: Infos, key: str, index: int) -> Any:  # noqa: ANN401 - whatever was told
    """What one environment said in its info; None if it did not say it."""
    return infos[key][index] if infos.get(f"_{key}", ())[index : index + 1] else None


def _without_freight(infos: Infos) -> Infos:
    """The info without what was sent for the gate alone."""
    freight = {SCREEN, f"_{SCREEN}", EPISODE_SEED, f"_{EPISODE_SEED}"}
    return {
        key: _without_freight(value) if isinstance(value, dict) else value
        for key, value in infos.items()
        if key not in freight
    }


def _gathered(settled: Mapping[int, Settled], n_envs: int) -> Infos:
    """Oversight's info as Gymnasium gathers it: one array per key, and masks of who has it."""
    if not settled:
        return {}
    mask = np.zeros(n_envs, np.bool_)
    mask[list(settled)] = True
    gathered: Infos = {}
    for key in next(iter(settled.values())).info:
        values = [each.info[key] for each in settled.values()]
        # Gymnasium would take None for 0: what was not measured makes an array of objects.
        numbers = all(isinstance(value, int | float) for value in values)
        column = np.zeros(n_envs, np.array(values).dtype if numbers else object)
        if not numbers:
            column[:] = None
        column[list(settled)] = values
        gathered |= {key: column, f"_{key}": mask.copy()}
    return {"oversight": gathered, "_oversight": mask}
