"""Oversight for Stable-Baselines3's vector environments: the same thin skin over the same gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import SubprocVecEnv, VecEnv, VecEnvWrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn

from oversight.gate import Gate, Outcome
from oversight.overseer import Overseer
from oversight.remote import EPISODE_SEED, SCREEN, Remote, no_rewinds
from oversight.settings import GateSettings
from oversight.sink import StepSink

__all__ = ["OversightVecEnv", "remote_of_vec_env"]

Infos = list[dict[str, Any]]

CLOSE_SECONDS = 2.0
"""Seconds that a worker has to answer when its environment is closed; a step takes a hundredth."""


def remote_of_vec_env(venv: VecEnv) -> Remote:
    """The way to the truth of a vector environment's environments, for an `OracleOverseer`.

    Raises:
        TypeError: they are not wrapped in `Answering`, or their actions are not numbered from 0.
    """
    space = venv.action_space
    if not isinstance(space, spaces.Discrete) or space.start != 0:
        raise TypeError(f"expected action spaces Discrete(n) from 0 on, got {space}")
    # A worker that is asked for a method it lacks would die of it.
    ask = venv.env_method if venv.has_attr("about") else _nobody
    return Remote(ask, int(space.n))


class OversightVecEnv(VecEnvWrapper):
    """Sends the actions of all environments past one overseer, in one review.

    Each environment is wrapped in `oversight.Answering`, in this process (`DummyVecEnv`) or in one
    of its own (`SubprocVecEnv`). Steps, rewards, records and counts are those of single
    `OversightWrapper`s. Stable-Baselines3 resets within the step that ends an episode: the last
    step is settled with its own screen, then the next episode begins with its first. Resets
    happen before the gate and are not judged.

    Example:
        >>> remote = remote_of_vec_env(venv)
        >>> env = OversightVecEnv(venv, OracleOverseer(remote.probes), remote=remote)
    """

    def __init__(
        self,
        venv: VecEnv,
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
        """Wrap a vector environment; the arguments are those of `OversightVectorWrapper`.

        Raises:
            TypeError: the environments do not answer.
            ValueError: `settings` has `rewind_steps`, which only `OversightWrapper` can carry out.
        """
        super().__init__(venv)
        no_rewinds(settings)
        self._remote = remote or remote_of_vec_env(venv)
        about = self._remote.about[0]
        self._episode_seed = episode_seed
        self._observations: VecEnvObs | None = None
        self.ranking: Callable[[Any], Sequence[int]] | None = None
        """The agent's order of actions for one environment's observation; used by `prune`."""
        self.gate = Gate(
            overseer,
            settings,
            n_actions=self._remote.n_actions,
            n_envs=venv.num_envs,
            sink=sink,
            probes=self._remote.probes,
            safe_twin=about.safe_twin if safe_twin is None else safe_twin,
            ranking=self._rank,
            phase=phase,
            catastrophe=about.catastrophe,
            first_step_id=first_step_id,
            first_episode=first_episode,
        )

    def reset(self) -> VecEnvObs:
        """Start an episode in every environment; a seed given by `seed` goes before others."""
        if self._episode_seed is not None:
            first = self.gate.next_episode
            self._remote.announce_seeds(
                {index: self._episode_seed(first + index) for index in range(self.num_envs)}
            )
        observations = self.venv.reset()
        self._moved(observations)
        self._begin(range(self.num_envs))
        return observations

    def step_async(self, actions: NDArray[np.int64]) -> None:
        """Have the actions judged in one review; begin to play what may be played."""
        proposed = [int(action) for action in actions]
        self._remote.expect(dict(enumerate(proposed)))
        self.venv.step_async(np.array(self.gate.decide(proposed)))

    def step_wait(self) -> VecEnvStepReturn:
        """Wait for the environments and settle what the executed actions brought about."""
        observations, rewards, dones, infos = self.venv.step_wait()
        self._moved(observations)
        outcomes = [
            _outcome(infos[index], float(rewards[index]), bool(dones[index]))
            for index in range(self.num_envs)
        ]
        settled = self.gate.settle(outcomes)
        self._begin(np.flatnonzero(dones).tolist())
        paid = np.array([each.reward for each in settled], rewards.dtype)
        told = [
            {key: value for key, value in info.items() if key != SCREEN} | {"oversight": each.info}
            for info, each in zip(infos, settled, strict=True)
        ]
        return observations, paid, dones, told

    def close(self) -> None:
        """Close the environments and end their processes, also after an interrupted step."""
        base = self.unwrapped
        if isinstance(base, SubprocVecEnv) and base.waiting and not base.closed:
            # It would wait for ever for an answer that Ctrl-C took out of the pipe.
            base.waiting = not all(remote.poll(CLOSE_SECONDS) for remote in base.remotes)
            if base.waiting:
                for process in base.processes:
                    process.terminate()
                    process.join()
                base.closed = True
                return
            for remote in base.remotes:
                remote.recv()
        self.venv.close()

    def _moved(self, observations: VecEnvObs) -> None:
        self._remote.moved()
        self._observations = observations

    def _begin(self, indices: Sequence[int]) -> None:
        # A wrapper in between keeps the list it was born with: only the innermost one is true.
        told = self.unwrapped.reset_infos
        for index in indices:
            info = told[index]
            self.gate.begin_episode(info[SCREEN], env_index=index, seed=info[EPISODE_SEED])

    def _rank(self, env_index: int) -> Sequence[int]:
        if self.ranking is None or self._observations is None:
            return ()
        if not isinstance(self._observations, np.ndarray):
            raise TypeError(f"expected observations that are arrays, got {self.observation_space}")
        return self.ranking(self._observations[env_index])


def _outcome(info: dict[str, Any], reward: float, done: bool) -> Outcome:
    truncated = done and bool(info.get("TimeLimit.truncated", False))
    return Outcome(
        reward=reward,
        game_reward=float(info.get("game_reward", reward)),
        terminated=done and not truncated,
        truncated=truncated,
        screen=info[SCREEN],
        onsets=info.get("catastrophe_onsets"),
    )


def _nobody(_name: str) -> Sequence[Any]:
    return ()
