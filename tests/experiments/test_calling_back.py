from collections.abc import Sequence
from dataclasses import replace

import pytest

from blocker import BlockerOverseer
from experiments.calling_back import CallBack, HandoverOverseer
from oversight import Decision, Overseer, OverseerGone, Proposal, Source, Verdict
from oversight.testing import OverseerContract, proposal_of
from oversight.types import Hint


class Knowing(BlockerOverseer):
    """Allows everything; finds the named steps unfamiliar."""

    def __init__(self, new: Sequence[int] = ()) -> None:
        self.new = set(new)

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        return [
            Decision(p.step_id, Verdict.SAFE, Source.BLOCKER, probability=0.1) for p in proposals
        ]

    def unfamiliar(self, proposals: Sequence[Proposal]) -> list[bool]:
        return [p.step_id in self.new for p in proposals]

    def hint(self, proposal: Proposal) -> Hint:
        return Hint(0.1, 0.5)


class Person:
    """Blocks everything but action 2, and keeps what was shown."""

    def __init__(self) -> None:
        self.shown: list[Proposal] = []

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        self.shown += proposals
        return [
            Decision(p.step_id, Verdict.SAFE, Source.PERSON)
            if p.action == 2
            else Decision(p.step_id, Verdict.UNSAFE, Source.PERSON, replacement=2)
            for p in proposals
        ]


class Nobody:
    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        raise OverseerGone("the window is closed")


class TestContract(OverseerContract):
    def make(self) -> Overseer:
        return HandoverOverseer(Knowing(range(6)), Person(), CallBack(stay_steps=2))


def sources(overseer: Overseer, steps: int) -> str:
    out = [overseer.review([proposal_of(0, step_id=step)])[0].source for step in range(steps)]
    return "".join("P" if source is Source.PERSON else "b" for source in out)


def test_the_person_is_called_for_what_is_new_and_stays_a_while() -> None:
    person = Person()
    overseer = HandoverOverseer(Knowing([3, 5]), person, CallBack(stay_steps=2))
    assert sources(overseer, 10) == "bbbPPPPPbb"
    assert (overseer.calls, overseer.called_steps, overseer.judged) == (1, 5, 10)
    assert person.shown[0].hint == Hint(0.1, 0.5)


def test_calls_are_limited_and_what_was_refused_is_counted() -> None:
    rule = CallBack(stay_steps=1, most_calls=1, per_steps=6)
    overseer = HandoverOverseer(Knowing([0, 4, 8]), Person(), rule)
    assert sources(overseer, 10) == "PPbbbbbbPP"
    assert (overseer.calls, overseer.refused_calls) == (2, 1)


def test_nobody_there_approves_nothing() -> None:
    overseer = HandoverOverseer(Knowing([1]), Nobody())
    assert sources(overseer, 1) == "b"
    with pytest.raises(OverseerGone):
        overseer.review([proposal_of(0, step_id=1)])


def test_a_batch_goes_to_both() -> None:
    overseer = HandoverOverseer(Knowing([1]), Person())
    batch = [replace(proposal_of(0, step_id=step), env_index=step) for step in range(3)]
    decisions = overseer.review(batch)
    assert [d.step_id for d in decisions] == [0, 1, 2]
    assert [d.source for d in decisions] == [Source.BLOCKER, Source.PERSON, Source.BLOCKER]


def test_senseless_rules_are_refused() -> None:
    with pytest.raises(ValueError, match="stay_steps"):
        CallBack(stay_steps=0)
