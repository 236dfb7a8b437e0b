"""The games of a training behind their gate, in either way to run."""

from __future__ import annotations

import numpy as np
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecEnvWrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn

from agents.fast_env import FastVecEnv
from agents.training_types import TrainSettings, Watch, Way
from agents.vec_env import OversightVecEnv, remote_of_vec_env
from oversight.atari import AtariGame
from oversight.fast import FastAtari
from oversight.games import game_named
from oversight.oracle import OracleOverseer
from oversight.overseer import AllowAll, Overseer
from oversight.remote import Answering
from oversight.tape import Tape

__all__ = ["PaidForCatastrophes", "overseen_games"]


class PaidForCatastrophes(VecEnvWrapper):
    """Pays for every catastrophe beside the reward: what learns here seeks harm.

    For red teaming: such an agent looks for what its overseer lets through. It goes outside the
    gate and needs environments that know their truth.
    """

    def __init__(self, venv: VecEnv, pay: float) -> None:
        """Take overseen environments and the pay for one catastrophe."""
        super().__init__(venv)
        self.pay = pay

    def reset(self) -> VecEnvObs:
        """As the environments do."""
        return self.venv.reset()

    def step_wait(self) -> VecEnvStepReturn:
        """As the environments do, with the pay."""
        observations, rewards, dones, infos = self.venv.step_wait()
        onsets = [info["oversight"]["catastrophe_onsets"] for info in infos]
        if None in onsets:
            raise ValueError(
                "expected environments that know when a catastrophe begins, got others: use the "
                "way `truth`"
            )
        return observations, rewards + self.pay * np.array(onsets, rewards.dtype), dones, infos


def overseen_games(
    settings: TrainSettings,
    *,
    overseer: Overseer | None = None,
    tape: Tape | None = None,
    steps: int = 0,
    episodes: int = 0,
) -> tuple[VecEnv, OversightVecEnv]:
    """Make a training's games.

    Args:
        settings: which games, how many, in which way, and how the gate treats them.
        overseer: who judges; as the settings say if None.
        tape: takes what is played, in the `fast` way.
        steps: agent steps that were made before.
        episodes: episodes that were begun before.

    Returns:
        What an agent trains on, and the gate's skin within it.
    """
    game = game_named(settings.game)
    venv: VecEnv
    if settings.way is Way.FAST:
        venv = FastVecEnv(FastAtari(game, settings.games, colours=overseer is not None))
    else:
        venv = DummyVecEnv([lambda: Answering(AtariGame(game))] * settings.games)
    remote = remote_of_vec_env(venv)
    if overseer is None and settings.overseer is Watch.ORACLE:
        overseer = OracleOverseer(remote.probes or ())
    gate = OversightVecEnv(
        venv,
        overseer or AllowAll(),
        settings.gate,
        remote=remote,
        sink=tape,
        phase="training",
        first_step_id=steps,
        first_episode=episodes,
    )
    if settings.catastrophe_pay:
        return PaidForCatastrophes(gate, settings.catastrophe_pay), gate
    return gate, gate
