"""Games of the `fast` way as Stable-Baselines3's vector environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn

from oversight.fast import FastAtari

__all__ = ["FastVecEnv"]

Infos = list[dict[str, Any]]


class FastVecEnv(VecEnv):
    """`FastAtari` for what trains on a `VecEnv`; the gate goes around it, as around any other."""

    def __init__(self, games: FastAtari) -> None:
        """Take the games."""
        self._games = games
        self._actions = np.zeros(games.num_envs, np.int64)
        super().__init__(games.num_envs, games.single_observation_space, games.single_action_space)

    def reset(self) -> NDArray[np.uint8]:
        """Start an episode in every game, with the number given to `seed` if there was one."""
        observations, infos = self._games.reset(seed=self._seeds[0])
        self._reset_seeds()
        self.reset_infos = self._told(infos)
        return observations

    def step_async(self, actions: NDArray[np.int64]) -> None:
        """Take the actions; they are played in `step_wait`."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Play one agent step in every game."""
        observations, rewards, terminated, truncated, came = self._games.step(self._actions)
        over = terminated | truncated
        infos = self._told(came)
        for index in np.flatnonzero(over).tolist():
            self.reset_infos[index] = infos[index]
            infos[index] = {
                **self._told(came["final_info"])[index],
                "terminal_observation": came["final_obs"][index],
                "TimeLimit.truncated": bool(truncated[index]),
            }
        return observations, rewards.astype(np.float32), over, infos

    def close(self) -> None:
        """Let go of the games."""
        self._games.close()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """See `VecEnv.get_attr`; all games have the same."""
        value = None if attr_name == "render_mode" else getattr(self._games, attr_name)
        return [value for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:  # noqa: ANN401, ARG002
        """Refused: there is nothing to set."""
        raise AttributeError(f"games played in the fast way have no {attr_name!r} to set")

    def env_method(
        self,
        method_name: str,
        *method_args: Any,  # noqa: ANN401 - SB3's signature
        indices: VecEnvIndices = None,
        **method_kwargs: Any,  # noqa: ANN401, ARG002
    ) -> list[Any]:
        """Ask the games; see `FastAtari.call`."""
        answers = self._games.call(method_name, *method_args)
        return [answers[index] for index in self._get_indices(indices)]

    def has_attr(self, attr_name: str) -> bool:
        """Whether the games answer to that name."""
        return attr_name == "about" or hasattr(self._games, attr_name)

    def env_is_wrapped(self, wrapper_class: type, indices: VecEnvIndices = None) -> list[bool]:  # noqa: ARG002
        """Never: they have no wrappers of their own."""
        return [False for _ in self._get_indices(indices)]

    def _told(self, infos: dict[str, Any]) -> Infos:
        told: Infos = [{} for _ in range(self.num_envs)]
        for key, column in infos.items():
            if key.startswith("_") or key in {"final_info", "final_obs"}:
                continue
            values: Sequence[Any] = column if column.ndim > 1 else column.tolist()
            for index in np.flatnonzero(infos[f"_{key}"]).tolist():
                told[index][key] = values[index]
        return told
