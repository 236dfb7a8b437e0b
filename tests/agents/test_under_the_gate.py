"""The agent behind the real gate: what is executed, credited and paid."""

import dataclasses
from collections.abc import Callable
from typing import Any

import gymnasium
import pytest
import torch

from agents import Credit, DoubleDQNSettings, LearnStep, learn, make_agent
from oversight.overseer import ScriptedOverseer
from oversight.settings import GateSettings, Mode
from oversight.wrapper import OversightWrapper

Make = Callable[..., gymnasium.Env[Any, Any]]


def never_one(mode: Mode, env: gymnasium.Env[Any, Any]) -> OversightWrapper[Any]:
    overseer = ScriptedOverseer(
        lambda proposal: proposal.action == 1,
        replacement=None if mode is Mode.PRUNE else 0,
    )
    return OversightWrapper(env, overseer, GateSettings(mode=mode, penalty=-0.5))


def keep(reports: list[LearnStep]) -> Callable[[LearnStep], bool]:
    def on_step(report: LearnStep) -> bool:
        reports.append(report)
        return True

    return on_step


@pytest.mark.parametrize("credit", list(Credit))
def test_blocked_steps_enter_replay_as_chosen_and_pay_the_penalty(
    make_screens: Make, screen_settings: DoubleDQNSettings, credit: Credit
) -> None:
    settings = dataclasses.replace(screen_settings, credit=credit)
    agent = make_agent(never_one(Mode.REPLACE, make_screens()), settings, 0, "cpu")
    reports: list[LearnStep] = []
    learn(agent, 30, keep(reports))
    told = [report.info["oversight"] for report in reports]
    proposed = [info["proposed_action"] for info in told]
    executed = [info["executed_action"] for info in told]
    assert 1 in proposed
    assert executed == [0 if action == 1 else action for action in proposed]
    assert [r.reward for r in reports] == [-0.5 if a == 1 else 0.0 for a in proposed]
    stored = agent.replay_buffer.actions[:30, 0, 0].tolist()
    assert stored == (proposed if credit is Credit.PROPOSED else executed)
    assert agent.replay_buffer.rewards[:30, 0].tolist() == [r.reward for r in reports]


def test_in_prune_the_next_best_action_by_the_agents_values_is_executed(
    make_screens: Make, screen_settings: DoubleDQNSettings
) -> None:
    settings = dataclasses.replace(screen_settings, exploration_final=0.0, exploration_steps=0)
    settings = dataclasses.replace(settings, learning_starts=0)
    env = never_one(Mode.PRUNE, make_screens())
    agent = make_agent(env, settings, 0, "cpu")
    with torch.no_grad():
        agent.q_net.q_net[-1].bias[1] += 10.0  # so that it wants what is refused
    ranked: list[list[int]] = []

    def ranking(observation: Any) -> list[int]:  # noqa: ANN401
        ranked.append(agent.ranking(observation))
        return ranked[-1]

    env.ranking = ranking
    reports: list[LearnStep] = []
    learn(agent, 40, keep(reports))
    told = [report.info["oversight"] for report in reports]
    blocked = [info for info in told if info["proposed_action"] == 1]
    assert len(blocked) == len(ranked) > 0
    for info, order in zip(blocked, ranked, strict=True):
        assert order[0] == 1
        assert info["executed_action"] == order[1]
