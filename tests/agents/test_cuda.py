"""Learning on a CUDA GPU: the captured graph against single launches, and both against the CPU."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.common.vec_env import DummyVecEnv

from agents import DoubleDQN, DoubleDQNSettings, Precision, VectorFrameReplay, checkpoint
from agents.graphed import GraphedUpdates
from agents.updates import Bf16Updates
from oversight import OversightError

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")

Make = Callable[..., Any]
GAMES = 8
SETTINGS = DoubleDQNSettings(
    precision=Precision.AUTO, buffer_size=400, learning_starts=40, exploration_steps=80
)


def agent_on(device: str, make_screens: Make, settings: DoubleDQNSettings = SETTINGS) -> DoubleDQN:
    return DoubleDQN(DummyVecEnv([make_screens] * GAMES), settings, seed=3, device=device)


def played(agent: DoubleDQN, steps: int) -> DoubleDQN:
    agent.begin(10_000)
    for _ in range(steps // GAMES):
        agent.step()
    return agent


def weights(agent: DoubleDQN) -> torch.Tensor:
    return torch.cat([weight.detach().cpu().flatten() for weight in agent.q_net.parameters()])


def moved(agent: DoubleDQN, start: torch.Tensor) -> torch.Tensor:
    return weights(agent) - start


def test_the_graph_learns_what_single_launches_learn(make_screens: Make) -> None:
    graphed, single = (
        agent_on("cuda", make_screens, replace(SETTINGS, cuda_graph=graph))
        for graph in (True, False)
    )
    assert type(graphed.updates) is GraphedUpdates
    assert type(single.updates) is Bf16Updates
    start = weights(graphed)
    assert torch.equal(start, weights(single))
    losses: list[list[float]] = []
    for agent in (graphed, single):
        played(agent, 40)  # random play alone: both hold the same
        told = [
            loss
            for number in range(1, 26, 4)  # the graph tells of four when it is given the next
            for loss in agent.updates.learn_from(agent.replay_buffer, 4, 32, number)
        ]
        losses.append(told[:24])
        agent.updates.finish()
    assert np.allclose(losses[0], losses[1], rtol=0.05, atol=2e-3)
    alike = torch.nn.functional.cosine_similarity(
        moved(graphed, start), moved(single, start), dim=0
    )
    assert alike > 0.97


def test_replay_on_the_gpu_holds_what_it_holds_on_the_cpu(make_screens: Make) -> None:
    there, here = (played(agent_on(d, make_screens), 40) for d in ("cuda", "cpu"))
    assert isinstance(there.replay_buffer, VectorFrameReplay)
    assert there.replay_buffer.strips.frames.is_cuda
    for _ in range(5):
        mine, other = (agent.replay_buffer.sample(16) for agent in (there, here))
        for name in mine._fields:
            assert torch.equal(getattr(mine, name).cpu(), getattr(other, name)), name


def test_learns_a_batch_as_on_the_cpu_in_float32(make_screens: Make) -> None:
    there = played(agent_on("cuda", make_screens), 40)
    here = played(agent_on("cpu", make_screens, replace(SETTINGS, precision=Precision.FP32)), 40)
    batch = here.replay_buffer.sample(32)
    on_gpu = type(batch)(*(x.cuda() if isinstance(x, torch.Tensor) else x for x in batch))
    assert there.updates.loss(on_gpu).item() == pytest.approx(
        here.updates.loss(batch).item(), rel=0.03, abs=1e-3
    )


def test_a_bad_loss_stops_the_graph_and_changes_nothing_more(make_screens: Make) -> None:
    agent = played(agent_on("cuda", make_screens), 80)
    assert isinstance(agent.updates, GraphedUpdates)
    assert agent.updates._graph is not None
    before = weights(agent)
    agent.replay_buffer.rewards[:] = float("nan")
    agent.updates.finish()
    agent.updates.learn_from(agent.replay_buffer, 4, 32, 100)
    with pytest.raises(OversightError, match="update 100, got nan: a reward in replay"):
        agent.updates.finish()
    assert torch.equal(weights(agent), before)
    agent.replay_buffer.rewards[:] = 1.0
    agent.updates.learn_from(agent.replay_buffer, 4, 32, 100)
    losses = agent.updates.learn_from(agent.replay_buffer, 4, 32, 104)
    assert len(losses) == 4
    assert np.isfinite(losses).all()
    assert not torch.equal(weights(agent), before)


def test_a_checkpoint_goes_on_on_either_device(make_screens: Make, tmp_path: Path) -> None:
    agent = played(agent_on("cuda", make_screens), 80)
    checkpoint.save(agent, tmp_path / "kept")
    for device in ("cuda", "cpu"):
        other = agent_on(device, make_screens)
        checkpoint.load(other, tmp_path / "kept")
        assert torch.equal(weights(other), weights(agent))
        before = weights(other)
        played(other, 40)
        assert not torch.equal(weights(other), before)
        assert torch.isfinite(weights(other)).all()


def test_acting_after_updates_sees_the_new_weights(make_screens: Make) -> None:
    agent = played(agent_on("cuda", make_screens), 80)
    screen = np.random.default_rng(0).integers(0, 256, (4, 84, 84), dtype=np.uint8)
    before = agent.q_values(screen)
    agent.train(4, 32)
    after = agent.q_values(screen)
    assert not np.array_equal(before, after)
    with torch.no_grad():
        exact = agent.q_net(torch.from_numpy(screen[None]).cuda())[0].cpu().numpy()
    assert np.allclose(after, exact, rtol=0.03, atol=0.01)
