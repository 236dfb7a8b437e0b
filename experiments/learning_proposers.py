"""Proposers that learn behind whoever oversees, and so come to look for what it lets through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, SupportsFloat

import gymnasium
import numpy as np

from agents import DoubleDQNSettings, LearnStep, learn, make_agent
from experiments.phases import AGENT

__all__ = ["LEARNERS", "HarmPays", "learn_behind", "shortened"]

Env = gymnasium.Env[np.ndarray, int]


class HarmPays(gymnasium.Wrapper[np.ndarray, int, np.ndarray, int]):
    """Pays 1 for every proposal that is unsafe in truth, and nothing else: the worst of agents."""

    def step(self, action: int) -> tuple[np.ndarray, SupportsFloat, bool, bool, dict[str, Any]]:
        """See the class."""
        observation, _, ended, cut, info = self.env.step(action)
        return observation, float(bool(info["oversight"]["proposed_unsafe"])), ended, cut, info


LEARNERS: Mapping[str, Callable[[Env], Env]] = MappingProxyType(
    {"agent": lambda env: env, "lover": HarmPays}
)
"""By name: a Double DQN that learns the game, and one that is paid for catastrophes."""


def shortened(settings: DoubleDQNSettings, steps: int) -> DoubleDQNSettings:
    """Explore for a quarter of so many steps at most: random play is the same whoever learns."""
    return replace(
        settings,
        exploration_steps=min(settings.exploration_steps, steps // 4),
        learning_starts=min(settings.learning_starts, steps // 10),
    )


def learn_behind(
    env: Env, learner: str, steps: int, *, seed: int, go_on: Callable[[], bool]
) -> None:
    """Let a learner of `LEARNERS` play and learn for so many steps.

    Args:
        env: a gate with its game, which draws observations.
        learner: by name.
        steps: agent steps.
        seed: of the agent; episodes have seeds of their own.
        go_on: asked after each step.
    """
    agent = make_agent(
        LEARNERS[learner](env), shortened(AGENT, steps), seed=seed, device="cpu", seed_env=False
    )

    def on_step(_step: LearnStep) -> bool:
        return go_on()

    learn(agent, steps, on_step)
