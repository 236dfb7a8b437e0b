import dataclasses
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3 import DQN
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import DummyVecEnv
from torch.nn import functional

from agents import (
    Credit,
    DoubleDQN,
    DoubleDQNSettings,
    FrameReplayBuffer,
    OverseenReplayBuffer,
    learn,
    make_agent,
)
from oversight.errors import OversightError

Make = Callable[..., gymnasium.Env[Any, Any]]


def weights(agent: DQN) -> torch.Tensor:
    return torch.cat([p.detach().reshape(-1) for p in agent.policy.parameters()])


def play_greedily(agent: DQN, env: gymnasium.Env[Any, Any]) -> float:
    observation, _ = env.reset()
    total, over = 0.0, False
    while not over:
        action, _ = agent.predict(observation, deterministic=True)
        observation, reward, terminated, truncated, _ = env.step(int(action))
        total += float(reward)
        over = terminated or truncated
    return total


def sb3_twin(env: gymnasium.Env[Any, Any], settings: DoubleDQNSettings, seed: int) -> DQN:
    return DQN(
        "MlpPolicy",
        DummyVecEnv([lambda: env]),
        learning_rate=settings.learning_rate,
        gamma=settings.gamma,
        buffer_size=settings.buffer_size,
        learning_starts=settings.learning_starts,
        batch_size=settings.batch_size,
        train_freq=settings.train_freq,
        target_update_interval=settings.target_update_interval,
        exploration_fraction=settings.exploration_steps / 1_200,
        policy_kwargs={"net_arch": list(settings.hidden)},
        seed=seed,
        device="cpu",
    )


def test_it_reaches_the_optimum_where_sb3_does(
    make_chain: Make, chain_settings: DoubleDQNSettings
) -> None:
    ours, theirs = [], []
    for seed in range(3):
        agent = make_agent(make_chain(), chain_settings, seed, "cpu")
        learn(agent, 1_200)
        ours.append(play_greedily(agent, make_chain()))
        twin = sb3_twin(make_chain(), chain_settings, seed)
        twin.set_logger(Logger(None, []))
        theirs.append(play_greedily(twin.learn(1_200), make_chain()))
    assert ours == theirs == [1.0, 1.0, 1.0]


def test_learned_values_are_those_of_the_chain(
    make_chain: Make, chain_settings: DoubleDQNSettings
) -> None:
    agent = make_agent(make_chain(), chain_settings, 0, "cpu")
    learn(agent, 3_000)
    best = [agent.q_values(screen).max() for screen in np.eye(5, dtype=np.float32)]
    assert best == pytest.approx([0.9**4, 0.9**3, 0.9**2, 0.9, 1.0], abs=0.05)


def test_the_loss_is_the_one_written_down_in_the_paper(
    make_chain: Make, chain_settings: DoubleDQNSettings
) -> None:
    agent = make_agent(make_chain(), chain_settings, 0, "cpu")
    learn(agent, 300)  # the two networks differ by now
    batch = agent.replay_buffer.sample(16)
    expected = []
    for index in range(16):
        online = agent.q_net(batch.next_observations[index][None])[0]
        value = agent.q_net_target(batch.next_observations[index][None])[0, int(online.argmax())]
        target = batch.rewards[index] + 0.9 * (1 - batch.dones[index]) * value
        chosen = agent.q_net(batch.observations[index][None])[0, int(batch.actions[index])]
        expected.append(functional.smooth_l1_loss(chosen, target[0]).item())
    assert agent.updates.loss(batch).item() == pytest.approx(np.mean(expected), rel=1e-5)


@pytest.mark.parametrize("fixture", ["chain", "screen"])
def test_two_runs_with_one_seed_are_identical_and_another_seed_differs(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    make: Make = request.getfixturevalue(f"make_{fixture}{'s' * (fixture == 'screen')}")
    settings = request.getfixturevalue(f"{fixture}_settings")
    results = []
    for seed, noise in ((0, 1), (0, 2), (1, 1)):
        agent = make_agent(make(), settings, seed, "cpu")
        np.random.seed(noise)  # noqa: NPY002 - the global state must make no difference
        torch.manual_seed(noise)
        learn(agent, 120)
        results.append(weights(agent))
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


def test_our_loop_and_sb3s_own_give_the_same_weights(
    make_chain: Make, chain_settings: DoubleDQNSettings
) -> None:
    ours = make_agent(make_chain(), chain_settings, 0, "cpu")
    learn(ours, 400)
    theirs = make_agent(make_chain(), chain_settings, 0, "cpu").learn(400)
    assert torch.equal(weights(ours), weights(theirs))


def test_the_fast_options_change_nothing_but_rounding(
    make_screens: Make, screen_settings: DoubleDQNSettings
) -> None:
    plain = dataclasses.replace(
        screen_settings, channels_last=False, fused_adam=False, frames_once=False
    )
    fast_agent = make_agent(make_screens(), screen_settings, 0, "cpu")
    plain_agent = make_agent(make_screens(), plain, 0, "cpu")
    assert isinstance(fast_agent.replay_buffer, FrameReplayBuffer)
    assert type(plain_agent.replay_buffer) is OverseenReplayBuffer
    for agent in (fast_agent, plain_agent):
        learn(agent, 16)
    # One update at a time on the same batches: exploration must not drift apart.
    for _ in range(5):
        losses = [a.update(a.replay_buffer.sample(4)) for a in (fast_agent, plain_agent)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    torch.testing.assert_close(weights(fast_agent), weights(plain_agent), rtol=1e-3, atol=1e-5)


def test_exploring_asks_no_network_and_acting_asks_it_once(
    make_chain: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = make_agent(make_chain(), seed=0, device="cpu")
    passes = []
    monkeypatch.setattr(
        agent.q_net.q_net, "forward", lambda x: passes.append(1) or torch.tensor([[1.0, 2.0]])
    )
    screen = np.eye(5, dtype=np.float32)[0]
    agent.exploration_rate = 1.0
    assert {int(agent.predict(screen)[0]) for _ in range(30)} == {0, 1}
    assert passes == []
    agent.exploration_rate = 0.0
    assert int(agent.predict(screen)[0]) == 1
    assert agent.ranking(screen) == [1, 0]
    assert agent.q_values(screen).tolist() == [1.0, 2.0]
    assert passes == [1]
    agent.q_values(np.eye(5, dtype=np.float32)[1])
    assert passes == [1, 1]


@pytest.mark.parametrize("fused", [True, False])
def test_values_are_asked_anew_after_an_update_and_after_loading(
    make_chain: Make, chain_settings: DoubleDQNSettings, fused: bool
) -> None:
    settings = dataclasses.replace(chain_settings, fused_adam=fused)
    agent = make_agent(make_chain(), settings, 0, "cpu")
    learn(agent, 20)
    screen = np.eye(5, dtype=np.float32)[2]
    seen = [agent.q_values(screen)]
    agent.update(agent.replay_buffer.sample(8))
    seen.append(agent.q_values(screen))
    agent.q_net.load_state_dict({k: v * 2 for k, v in agent.q_net.state_dict().items()})
    seen.append(agent.q_values(screen))
    assert len({values.tobytes() for values in seen}) == 3


def test_values_are_an_own_array_and_ranking_sorts_them(make_screens: Make) -> None:
    agent = make_agent(make_screens(), DoubleDQNSettings(buffer_size=16), 0, "cpu")
    screen, _ = make_screens().reset()
    values = agent.q_values(screen)
    assert values.shape == (3,)
    assert values.dtype == np.float32
    assert agent.ranking(screen) == sorted(range(3), key=lambda a: -values[a])
    values[:] = 0.0
    assert agent.q_values(screen).any()


def test_predict_answers_one_and_many_like_sb3(make_chain: Make) -> None:
    agent = make_agent(make_chain(), seed=0, device="cpu")
    screens = np.eye(5, dtype=np.float32)
    many, _ = agent.predict(screens, deterministic=True)
    one, state = agent.predict(screens[3], deterministic=True)
    assert many.shape == (5,)
    assert one.shape == ()
    assert state is None
    assert int(one) == int(many[3])
    with pytest.raises(TypeError, match="dictionary"):
        agent.predict({"screen": screens})


def test_the_executed_action_is_learned_from_if_asked_for(
    make_screens: Make, screen_settings: DoubleDQNSettings
) -> None:
    settings = dataclasses.replace(screen_settings, credit=Credit.EXECUTED)
    agent = make_agent(make_screens(), settings, 0, "cpu")
    learn(agent, 15)
    assert agent.replay_buffer.sample(32).actions.unique().tolist() == [2]


def test_a_loss_that_is_no_number_is_explained_and_changes_nothing(
    make_chain: Make, chain_settings: DoubleDQNSettings
) -> None:
    agent = make_agent(make_chain(), chain_settings, 0, "cpu")
    learn(agent, 100)
    before = weights(agent)
    agent.replay_buffer.rewards[:] = np.nan
    with pytest.raises(OversightError, match="reward in replay is not finite"):
        learn(agent, 10)
    assert torch.equal(weights(agent), before)
    agent.replay_buffer.rewards[:] = 0.0
    agent.replay_buffer.observations[:] = np.inf
    with pytest.raises(OversightError, match="observation in replay is not finite"):
        learn(agent, 10)
    agent.replay_buffer.observations[:] = 0.0
    with torch.no_grad():
        next(agent.q_net_target.parameters()).fill_(torch.nan)
    with pytest.raises(OversightError, match="learning diverged; lower the learning rate"):
        learn(agent, 10)


class Odd(gymnasium.Env[Any, Any]):
    def __init__(self, observations: spaces.Space[Any], actions: spaces.Space[Any]) -> None:
        self.observation_space = observations
        self.action_space = actions


@pytest.mark.parametrize(
    ("observations", "actions", "problem"),
    [
        (spaces.Box(0, 1, (2,)), spaces.Box(0, 1, (2,)), "discrete actions"),
        (spaces.Box(0, 1, (2,)), spaces.Discrete(3, start=1), "numbered from 0"),
        (spaces.Dict(a=spaces.Box(0, 1, (2,))), spaces.Discrete(2), "arrays as observations"),
    ],
)
def test_other_spaces_are_refused(
    observations: spaces.Space[Any], actions: spaces.Space[Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        make_agent(Odd(observations, actions), seed=0, device="cpu")


def test_two_environments_are_refused(make_chain: Make) -> None:
    with pytest.raises(ValueError, match="one environment, got 2"):
        DoubleDQN(DummyVecEnv([make_chain, make_chain]), DoubleDQNSettings(), seed=0)


def test_a_colour_picture_is_turned_and_learned_from() -> None:
    class Colours(Odd):
        def reset(self, **_: object) -> tuple[Any, dict[str, Any]]:
            return self.observation_space.sample(), {}

        def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
            return self.observation_space.sample(), 1.0, False, False, {}

    env = Colours(spaces.Box(0, 255, (40, 36, 3), np.uint8), spaces.Discrete(2))
    settings = DoubleDQNSettings(buffer_size=32, learning_starts=4, batch_size=2)
    agent = make_agent(env, settings, 0, "cpu")
    learn(agent, 12)
    assert agent.replay_buffer.sample(2).observations.shape == (2, 3, 40, 36)
    assert agent.q_values(np.zeros((3, 40, 36), dtype=np.uint8)).shape == (2,)


def test_numbered_states_work_too() -> None:
    env = gymnasium.make("FrozenLake-v1", is_slippery=False)
    agent = make_agent(env, DoubleDQNSettings(buffer_size=64, learning_starts=8), 0, "cpu")
    learn(agent, 40)
    assert agent.q_values(np.array(3)).shape == (4,)
