"""SB3's agents are kept without pickle and go on where they were."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from stable_baselines3.common.envs import FakeImageEnv
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv

from agents import Algorithm, load_policy_agent, make_policy_agent, save_policy_agent
from oversight import RunError


def pictures() -> VecEnv:
    def make() -> FakeImageEnv:
        return FakeImageEnv(3, 84, 84, n_channels=4, discrete=True, channel_first=True)

    return DummyVecEnv([make])


def test_weights_optimizer_and_steps_come_back(tmp_path: Path) -> None:
    agent = make_policy_agent(Algorithm.A2C, pictures(), seed=1, device="cpu").learn(10)
    save_policy_agent(agent, tmp_path)
    other = make_policy_agent(Algorithm.A2C, pictures(), seed=2, device="cpu")
    load_policy_agent(other, tmp_path)
    assert other.num_timesteps == 10
    weights, theirs = agent.policy.state_dict(), other.policy.state_dict()
    assert all(torch.equal(weights[name], theirs[name]) for name in weights)
    mine, its = (a.policy.optimizer.state_dict() for a in (agent, other))
    assert mine["param_groups"] == its["param_groups"]
    assert set(mine["state"]) == set(its["state"]) != set()
    for index, values in mine["state"].items():
        for name, value in values.items():
            assert torch.equal(torch.as_tensor(value), torch.as_tensor(its["state"][index][name]))
    other.learn(5, reset_num_timesteps=False)
    assert other.num_timesteps == 15


def test_what_is_not_there_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    recurrent = make_policy_agent(Algorithm.RECURRENT_PPO, pictures(), device="cpu")
    with pytest.raises(RunError, match="an agent of this kind"):
        load_policy_agent(recurrent, tmp_path)
    plain = make_policy_agent(Algorithm.A2C, pictures(), device="cpu")
    save_policy_agent(plain, tmp_path)
    with pytest.raises(RunError, match="an agent of this kind"):
        load_policy_agent(recurrent, tmp_path)
    with pytest.raises(ValueError, match="on-policy"):
        make_policy_agent(Algorithm.DOUBLE_DQN, pictures())
