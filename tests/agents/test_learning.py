from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, SupportsFloat
from unittest.mock import Mock

import gymnasium
import pytest
import torch
from stable_baselines3.common.vec_env import DummyVecEnv
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from agents import DoubleDQN, DoubleDQNSettings, LearnStep, learn, make_agent
from agents.updates import Fp32Updates
from oversight.errors import OverseerGone

Make = Callable[[], gymnasium.Env[Any, Any]]


def weights(agent: DoubleDQN) -> torch.Tensor:
    return torch.cat([p.detach().reshape(-1) for p in agent.policy.parameters()])


def test_it_makes_exactly_the_steps_asked_for_and_reports_each(
    make_chain: Make, chain_settings: DoubleDQNSettings
) -> None:
    agent = make_agent(make_chain(), chain_settings, 0, "cpu")
    reports: list[LearnStep] = []

    def keep(report: LearnStep) -> bool:
        reports.append(report)
        return True

    assert learn(agent, 55, keep) == 55
    assert learn(agent, 3, keep) == 3
    assert learn(agent, 0, keep) == 0
    assert [r.step for r in reports] == list(range(1, 59))
    # One update every 2 steps after step 50.
    assert [r.updates for r in reports[48:]] == [0, 0, 0, 1, 1, 2, 2, 3, 3, 4]
    assert [r.loss is None for r in reports] == [True] * 51 + [False] * 7
    assert reports[-1].epsilon == pytest.approx(1.0 - 0.95 * 58 / 600)
    assert sum(r.done for r in reports) == agent._episode_num > 0
    assert agent.replay_buffer.size() == 58


def test_stopping_anywhere_and_going_on_is_the_same_as_not_stopping(
    make_chain: Make, chain_settings: DoubleDQNSettings
) -> None:
    straight = make_agent(make_chain(), chain_settings, 0, "cpu")
    learn(straight, 120)
    stopped = make_agent(make_chain(), chain_settings, 0, "cpu")
    for stop in (53, 54, 77, 120):  # on the beat of updates and off it
        assert learn(stopped, 120, lambda report, at=stop: report.step < at) > 0
        assert stopped.num_timesteps == stop
    assert torch.equal(weights(straight), weights(stopped))


def test_an_overseer_who_leaves_stops_learning_between_two_steps(
    make_chain: Make, chain_settings: DoubleDQNSettings
) -> None:
    class Leaving(gymnasium.Wrapper[Any, Any, Any, Any]):
        left = 10

        def step(self, action: int) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
            if self.left == 0:
                raise OverseerGone("nobody is there")
            self.left -= 1
            return super().step(action)

    agent = make_agent(Leaving(make_chain()), chain_settings, 0, "cpu")
    with pytest.raises(OverseerGone):
        learn(agent, 20)
    assert agent.num_timesteps == agent.replay_buffer.size() == 10


def test_negative_steps_are_refused(make_chain: Make) -> None:
    agent = make_agent(make_chain(), seed=0, device="cpu")
    with pytest.raises(ValueError, match="at least 0, got -1"):
        learn(agent, -1)


def test_figures_go_to_the_folder_and_nowhere_else(
    make_chain: Make,
    chain_settings: DoubleDQNSettings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    agent = make_agent(make_chain(), chain_settings, 0, "cpu")
    learn(agent, 700, tensorboard=tmp_path)
    learn(agent, 100)
    figures = EventAccumulator(str(tmp_path)).Reload()
    assert {"train/loss", "rollout/exploration_rate", "time/fps"} <= set(figures.Tags()["scalars"])
    assert [event.step for event in figures.Scalars("train/loss")] == [500, 700]
    assert capsys.readouterr().out == ""


class Beside(Fp32Updates):
    """Updates that go on while games are played, by word of mouth."""

    beside = True
    finished = 0

    def finish(self) -> None:
        self.finished += 1


@pytest.mark.parametrize(
    ("kind", "order"), [(Fp32Updates, "ssststst" + "st"), (Beside, "ssstststs")]
)
def test_updates_beside_the_games_begin_before_the_next_step_is_played(
    make_screens: Callable[..., Any],
    screen_settings: DoubleDQNSettings,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Fp32Updates],
    order: str,
) -> None:
    settings = replace(screen_settings, train_freq=4, learning_starts=8, buffer_size=96)
    agent = DoubleDQN(DummyVecEnv([make_screens] * 4), settings, seed=0)
    agent.updates = kind(agent.policy, agent.gamma, settings.max_grad_norm)
    assert agent.env is not None
    step, train = Mock(wraps=agent.env.step), Mock(wraps=agent.train)
    both = Mock()
    both.attach_mock(step, "s")
    both.attach_mock(train, "t")
    monkeypatch.setattr(agent.env, "step", step)
    monkeypatch.setattr(agent, "train", train)
    assert learn(agent, 24) == 24
    # One update each is due after the steps to 12, 16, 20 and 24.
    assert "".join(name for name, *_ in both.mock_calls) == order
    assert getattr(agent.updates, "finished", 1) == 1
