"""Learning while the overseer thinks: capped, never waited for, and never in its way."""

import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest

from agents.behind import LearningBehind
from oversight import AllowAll, Decision, OverseerGone, Proposal
from oversight.testing import OverseerContract

PROPOSAL = Proposal(0, 0, 0, 0, 0, np.zeros((1, 2, 2), np.uint8))


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


def test_it_learns_while_the_overseer_thinks_and_stops_at_the_cap() -> None:
    slow, made = Thinking(), []

    def learn() -> None:
        made.append(threading.get_ident())
        if len(made) == 3:
            slow.may.set()

    behind = LearningBehind(slow, learn, updates=3)
    [decision] = behind.review([PROPOSAL])
    assert decision.step_id == 0
    assert made == [threading.get_ident()] * 3
    assert slow.thread != threading.get_ident()
    behind.close()


def test_an_answer_waits_for_one_update_at_most() -> None:
    slow, made = Thinking(), []

    def learn() -> None:
        made.append(1)
        slow.may.set()
        time.sleep(0.2)  # the answer comes during this update

    LearningBehind(slow, learn, updates=1_000).review([PROPOSAL])
    assert len(made) < 1_000


def test_an_overseer_who_has_gone_is_gone_here_too() -> None:
    class Gone:
        def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
            raise OverseerGone("the window was closed")

    with pytest.raises(OverseerGone, match="closed"):
        LearningBehind(Gone(), lambda: None, updates=1).review([PROPOSAL])


def test_a_negative_cap_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        LearningBehind(AllowAll(), lambda: None, updates=-1)
