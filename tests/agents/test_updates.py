"""Learning in bfloat16 against float32, and against SB3's own."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3 import DQN
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from stable_baselines3.common.vec_env import DummyVecEnv
from torch.nn import functional

from agents import DoubleDQN, DoubleDQNSettings, Precision, double_q_target
from agents.half import HalfNetwork
from agents.parts import knows_bfloat16, updates_for
from agents.updates import Bf16Updates, Fp32Updates, forget_the_tiny
from oversight import OversightError

Make = Callable[..., Any]


class Still:
    """Batches of pictures with some structure, as a game's are."""

    def __init__(self, size: int) -> None:
        self.rng = np.random.default_rng(0)
        self.size = size

    def batch(self) -> ReplayBufferSamples:
        def pictures() -> torch.Tensor:
            coarse = self.rng.integers(0, 256, (self.size, 4, 12, 12), dtype=np.uint8)
            return torch.from_numpy(coarse.repeat(7, axis=2).repeat(7, axis=3))

        def column(values: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(values.astype(np.float32)[:, None])

        return ReplayBufferSamples(
            observations=pictures(),
            actions=torch.from_numpy(self.rng.integers(0, 3, (self.size, 1))),
            next_observations=pictures(),
            dones=column(self.rng.random(self.size) < 0.2),
            rewards=column(self.rng.integers(-1, 2, self.size)),
        )


def agent_with(precision: Precision, make_screens: Make, games: int = 1) -> DoubleDQN:
    settings = DoubleDQNSettings(precision=precision, buffer_size=100, channels_last=False)
    return DoubleDQN(DummyVecEnv([make_screens] * games), settings, seed=3)


def test_bfloat16_sees_the_same_values_loss_and_gradients(make_screens: Make) -> None:
    exact, half = (agent_with(p, make_screens) for p in (Precision.FP32, Precision.BF16))
    assert isinstance(exact.updates, Fp32Updates)
    assert isinstance(half.updates, Bf16Updates)
    batch = Still(4).batch()
    torch.testing.assert_close(
        half.updates.values(batch.observations), exact.updates.values(batch.observations),
        rtol=0.02, atol=0.01,
    )  # fmt: skip
    torch.testing.assert_close(
        half.updates.loss(batch), exact.updates.loss(batch), rtol=0.02, atol=1e-3
    )
    for agent in (exact, half):
        agent.update(batch)
    for mine, theirs in zip(half.q_net.parameters(), exact.q_net.parameters(), strict=True):
        assert mine.grad is not None
        assert theirs.grad is not None
        alike = functional.cosine_similarity(mine.grad.flatten(), theirs.grad.flatten(), dim=0)
        assert alike > 0.98
        # The step itself is float32's: a bfloat16 weight could not take one so small.
        assert mine.dtype == torch.float32


def test_folded_pixels_give_the_same_values_and_gradients(make_screens: Make) -> None:
    """What a GPU computes is what a CPU does, in another order of channels."""
    leader = agent_with(Precision.FP32, make_screens).q_net
    pictures = torch.from_numpy(
        np.random.default_rng(1).integers(0, 256, (3, 5, 84, 84), dtype=np.uint8)
    )[:, 1:]
    values, gradients = [], []
    for folds in (False, True):
        net = HalfNetwork(leader, folds=folds)
        values.append(net(net.pixels(pictures)))
        leader.zero_grad()
        values[-1].square().sum().backward()
        net.hand_over_gradients()
        gradients.append([weight.grad.clone() for weight in leader.parameters()])
    assert net.body[0].weight.shape == (32, 64, 2, 2)
    torch.testing.assert_close(values[0], values[1], rtol=0.02, atol=2e-3)
    for mine, other in zip(*gradients, strict=True):
        alike = functional.cosine_similarity(mine.flatten(), other.flatten(), dim=0)
        assert alike > 0.99


def test_bfloat16_learns_a_batch_by_heart_as_float32_does(make_screens: Make) -> None:
    batch = Still(2).batch()
    losses = {}
    for precision in (Precision.FP32, Precision.BF16):
        agent = agent_with(precision, make_screens)
        for group in agent.policy.optimizer.param_groups:
            group["lr"] = 1e-3
        losses[precision] = [agent.update(batch) for _ in range(8)]
    for course in losses.values():
        assert course[-1] < 0.6 * course[0]
    assert losses[Precision.BF16][-1] == pytest.approx(losses[Precision.FP32][-1], abs=0.05)


def test_what_is_loaded_or_copied_is_followed(make_screens: Make) -> None:
    half = agent_with(Precision.BF16, make_screens)
    other = agent_with(Precision.BF16, make_screens)
    batch = Still(2).batch()
    other.update(batch)
    half.q_net.load_state_dict(other.q_net.state_dict())
    half.q_net_target.load_state_dict(other.q_net.state_dict())
    half.updates.adopt()
    other.q_net_target.load_state_dict(other.q_net.state_dict())
    other.updates.adopt_target()
    assert half.updates.loss(batch).item() == other.updates.loss(batch).item()


def test_a_loss_that_is_no_number_changes_nothing(make_screens: Make) -> None:
    agent = agent_with(Precision.BF16, make_screens)
    batch = Still(2).batch()
    bad = batch._replace(rewards=batch.rewards * float("nan"))
    before = [weight.clone() for weight in agent.q_net.parameters()]
    with pytest.raises(OversightError, match="a reward in replay is not finite"):
        agent.update(bad)
    assert all(map(torch.equal, before, agent.q_net.parameters()))


def test_one_update_is_sb3s_but_for_the_target(make_screens: Make) -> None:
    """Same weights, same batch: where both targets agree, so do loss and weights after a step."""
    agent = agent_with(Precision.FP32, make_screens)
    theirs = DQN(
        "CnnPolicy", agent.get_env(), learning_rate=1e-4, buffer_size=10, seed=0, device="cpu",
        gamma=agent.gamma,
    )  # fmt: skip
    theirs.policy.load_state_dict(agent.policy.state_dict())
    batch = Still(4).batch()
    batch = batch._replace(dones=torch.ones_like(batch.dones))  # no next value: one target
    theirs.set_logger(agent.logger)
    theirs.replay_buffer.sample = lambda *_args, **_kwargs: batch  # type: ignore[method-assign]
    theirs.train(1, 4)
    agent.update(batch)
    for mine, other in zip(agent.q_net.parameters(), theirs.q_net.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-6)


def test_the_target_is_double_q(make_screens: Make) -> None:
    agent = agent_with(Precision.FP32, make_screens)
    for weight in agent.q_net_target.parameters():
        weight.data.mul_(1.1)  # so that choosing and valuing differ
    batch = Still(4).batch()
    with torch.no_grad():
        aim = double_q_target(
            batch.rewards[:, 0],
            agent.gamma * (1 - batch.dones[:, 0]),
            agent.q_net(batch.next_observations),
            agent.q_net_target(batch.next_observations),
        )
        chosen = agent.q_net(batch.observations).gather(1, batch.actions)[:, 0]
    assert agent.updates.loss(batch).item() == pytest.approx(
        functional.smooth_l1_loss(chosen, aim).item()
    )


def test_auto_takes_bfloat16_only_where_it_is_at_home(make_screens: Make) -> None:
    agent = agent_with(Precision.AUTO, make_screens)
    assert isinstance(agent.updates, Bf16Updates) is knows_bfloat16(agent.device)
    settings = replace(agent.settings, precision=Precision.FP32)
    assert not isinstance(updates_for(settings, agent.policy, games=1), Bf16Updates)


def test_several_games_make_the_updates_that_one_game_would(
    make_screens: Make, screen_settings: DoubleDQNSettings
) -> None:
    settings = replace(screen_settings, train_freq=4, learning_starts=8, buffer_size=90)
    several = DoubleDQN(DummyVecEnv([make_screens] * 3), settings, seed=0)
    one = DoubleDQN(DummyVecEnv([make_screens]), settings, seed=0)
    for agent, steps in ((several, 10), (one, 30)):
        agent.begin(30)
        for _ in range(steps):
            agent.step()
    assert several.num_timesteps == one.num_timesteps == 30
    assert several._n_updates == one._n_updates
    assert several.replay_buffer.size() == 30


def test_bfloat16_needs_pictures(make_chain: Make, chain_settings: DoubleDQNSettings) -> None:
    with pytest.raises(ValueError, match="image observations to learn in bf16"):
        DoubleDQN(
            DummyVecEnv([make_chain]), replace(chain_settings, precision=Precision.BF16), seed=0
        )


def test_a_graph_is_for_gpus_alone(make_screens: Make) -> None:
    agent = agent_with(Precision.BF16, make_screens, games=2)
    assert agent.settings.cuda_graph
    assert type(agent.updates) is Bf16Updates


def test_moments_of_adam_that_are_next_to_nothing_are_nothing(make_screens: Make) -> None:
    agent = agent_with(Precision.FP32, make_screens)
    agent.update(Still(2).batch())
    state = agent.policy.optimizer.state[next(agent.q_net.parameters())]
    kept = state["exp_avg"].clone()
    state["exp_avg"].view(-1)[:2] = torch.tensor([1e-30, -2e-39])
    state["exp_avg_sq"].view(-1)[1] = 1e-40
    forget_the_tiny(agent.policy.optimizer)
    assert state["exp_avg"].view(-1)[:2].tolist() == [0.0, 0.0]
    assert state["exp_avg_sq"].view(-1)[1] == 0.0
    assert torch.equal(state["exp_avg"].view(-1)[2:], kept.view(-1)[2:])


def test_a_weight_without_gradient_never_gets_denormal_moments(make_screens: Make) -> None:
    # 0.9 to the power of 900 is 7e-42: without the sweeps these would be denormal numbers.
    agent = agent_with(Precision.FP32, make_screens)
    agent.update(Still(2).batch())
    optimizer = agent.policy.optimizer
    weight = next(agent.q_net.parameters())
    for number in range(2, 900):
        weight.grad = torch.zeros_like(weight)
        optimizer.step()
        agent.updates._sweep(number)  # type: ignore[attr-defined]
        least = optimizer.state[weight]["exp_avg"].abs()
        assert not ((least > 0) & (least < torch.finfo(torch.float32).tiny)).any()
    assert (optimizer.state[weight]["exp_avg"] == 0).any()
