"""Learning while the overseer thinks: capped, never waited for, and never in its way."""

import sys
import threading
from collections.abc import Callable, Sequence

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Discrete

from agents import DoubleDQNSettings, LearningBehind, learn, make_agent
from oversight import AllowAll, Decision, OverseerGone, OversightError, OversightWrapper, Proposal
from oversight.testing import OverseerContract

PROPOSAL = Proposal(0, 0, 0, 0, 0, np.zeros((1, 2, 2), np.uint8))
RECHECK = Proposal(0, 0, 0, 0, 1, np.zeros((1, 2, 2), np.uint8), recheck=True)


class TestLearningBehind(OverseerContract):
    def make(self) -> LearningBehind:
        return LearningBehind(AllowAll(), lambda: None, updates=2)


class Thinking:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.may = threading.Event()
        self.thread: int | None = None

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        self.thread = threading.get_ident()
        assert self.may.wait(20.0)
        return AllowAll().review(proposals)


class Echo(gymnasium.Env[int, int]):
    """Three observations in a row."""

    observation_space = Discrete(3)
    action_space = Discrete(2)

    def reset(self, **_options: object) -> tuple[int, dict[str, object]]:  # type: ignore[override]
        self.at = 0
        return 0, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, object]]:
        self.at = (self.at + 1) % 3
        return self.at, float(action), self.at == 0, False, {}


def behind_of(slow: Thinking, learn: Callable[[], object], updates: int) -> LearningBehind:
    return LearningBehind(slow, learn, updates=updates)


def test_it_learns_while_the_overseer_thinks_and_stops_at_the_cap() -> None:
    slow, made = Thinking(), []

    def learn() -> None:
        made.append(threading.get_ident())
        if len(made) == 3:
            slow.may.set()

    behind = behind_of(slow, learn, 3)
    [decision] = behind.review([PROPOSAL])
    behind.finish()
    assert decision.step_id == 0
    assert len(made) == 3
    assert threading.get_ident() not in made
    assert slow.thread == threading.get_ident()
    behind.close()


def test_an_answer_waits_for_no_update_and_the_step_for_the_one_being_made() -> None:
    slow, made = Thinking(), []
    go_on = threading.Event()

    def learn() -> None:
        slow.may.set()  # the answer comes during this update
        assert go_on.wait(20.0)
        made.append(1)

    behind = behind_of(slow, learn, 1_000)
    env = behind.around(OversightWrapper(Echo(), behind))
    env.reset()
    threading.Timer(0.2, go_on.set).start()
    behind.review([PROPOSAL])
    assert made == []
    env.step(1)  # asks again, once the update before has ended; no other update is begun
    assert 1 <= len(made) <= 2
    done = len(made)
    behind.close()
    assert len(made) == done


def test_nothing_is_learned_behind_a_recheck() -> None:
    slow, made = Thinking(), []
    slow.may.set()
    behind = behind_of(slow, lambda: made.append(1), 1_000)
    behind.review([RECHECK])
    behind.close()
    assert made == []


def test_what_an_update_raises_is_raised_by_the_step() -> None:
    slow = Thinking()

    def learn() -> None:
        slow.may.set()
        raise OversightError("learning diverged")

    behind = behind_of(slow, learn, 1)
    env = behind.around(OversightWrapper(Echo(), behind))
    env.reset()
    with pytest.raises(OversightError, match="diverged"):
        env.step(0)


def test_an_overseer_who_has_gone_leaves_no_update_running() -> None:
    begun, ended = threading.Event(), threading.Event()

    class Gone:
        def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
            assert begun.wait(20.0)
            raise OverseerGone("the window was closed")

    def learn() -> None:
        begun.set()
        threading.Event().wait(0.1)
        ended.set()

    with pytest.raises(OverseerGone, match="closed"):
        LearningBehind(Gone(), learn, updates=1).review([PROPOSAL])
    assert ended.is_set()


def test_a_real_agent_learns_more_behind_an_overseer_who_takes_time() -> None:
    class Slow:
        def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
            threading.Event().wait(0.05)
            return AllowAll().review(proposals)

    def updates_of(cap: int) -> int:
        behind = LearningBehind(Slow(), lambda: agent.learn_once(), updates=cap)
        env = behind.around(OversightWrapper(Echo(), behind))
        agent = make_agent(env, DoubleDQNSettings(learning_starts=5, hidden=(8,)), device="cpu")
        learn(agent, 20)
        behind.close()
        return agent._n_updates

    assert updates_of(0) == 4  # one every four steps from the fifth on
    assert 20 <= updates_of(2) <= 30  # two at each step from the sixth on, and none besides


def test_a_core_and_the_interpreter_are_left_to_the_overseer_and_given_back() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    turn = 0.005
    sys.setswitchinterval(turn)
    slow, used = Thinking(), []

    def learn() -> None:
        used.append(torch.get_num_threads())
        slow.may.set()

    behind = behind_of(slow, learn, 1)
    behind.review([PROPOSAL])
    inside = sys.getswitchinterval()
    behind.finish()
    behind.close()
    assert used == [2]
    assert torch.get_num_threads() == 3
    assert sys.getswitchinterval() == pytest.approx(turn)
    assert inside < turn / 5
    torch.set_num_threads(before)


def test_a_negative_cap_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        LearningBehind(AllowAll(), lambda: None, updates=-1)
