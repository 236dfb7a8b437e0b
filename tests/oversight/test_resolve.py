"""What is executed instead: order, how often who is asked, and when everything is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from oversight import Decision, InvalidDecision, Mode, Proposal, Source, Verdict
from oversight.resolve import Resolution, Resolver
from oversight.testing import proposal_of

N = 5


@dataclass
class Judge:
    """Refuses some actions with some probability, and remembers what it was asked."""

    refused: dict[int, float | None]
    replacement: int | None = None
    source: Source = Source.BLOCKER
    asked: list[tuple[int, bool]] = field(default_factory=list)

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        self.asked += [(p.action, p.recheck) for p in proposals]
        return [
            Decision(
                p.step_id,
                Verdict.UNSAFE if p.action in self.refused else Verdict.SAFE,
                self.source,
                replacement=self.replacement if p.action in self.refused else None,
                probability=self.refused.get(p.action, 0.0),
            )
            for p in proposals
        ]


def resolved(
    judge: Judge,
    action: int = 0,
    mode: Mode = Mode.REPLACE,
    safe_twin: Sequence[int] | None = None,
    ranking: Sequence[int] | None = None,
) -> Resolution:
    proposal = proposal_of(action, shape=(2, 2))
    resolver = Resolver(
        judge, mode, N, safe_twin, None if ranking is None else lambda _env_index: ranking
    )
    (decision,) = judge.review([proposal])
    judge.asked.clear()
    return resolver(proposal, decision)


def test_the_overseers_own_replacement_comes_before_the_twin() -> None:
    judge = Judge({0: 0.9}, replacement=4)
    assert resolved(judge, safe_twin=[2] * N) == Resolution(4)
    assert judge.asked == [(4, True)]


def test_the_twin_comes_next_and_then_the_others_in_their_order() -> None:
    judge = Judge({0: 0.9, 4: 0.9, 2: 0.9}, replacement=4)
    assert resolved(judge, safe_twin=[2] * N) == Resolution(1)
    assert judge.asked == [(4, True), (2, True), (1, True)]


def test_prune_takes_the_agents_next_best() -> None:
    judge = Judge({0: 0.9, 3: 0.9}, replacement=4)
    ranking = [0, 3, 1, 4, 2]
    assert resolved(judge, mode=Mode.PRUNE, safe_twin=[2] * N, ranking=ranking) == Resolution(1)
    assert judge.asked == [(3, True), (1, True)]


def test_replace_does_not_look_at_the_ranking() -> None:
    judge = Judge({0: 0.9})
    assert resolved(judge, safe_twin=[2] * N, ranking=[4, 3, 2, 1, 0]) == Resolution(2)


@pytest.mark.parametrize("mode", [Mode.REPLACE, Mode.PRUNE])
def test_each_action_is_asked_about_at_most_once(mode: Mode) -> None:
    judge = Judge(dict.fromkeys(range(N), 0.5), replacement=3)
    resolved(judge, mode=mode, safe_twin=[3] * N, ranking=[3, 3, 0, 1, 2, 4])
    assert sorted(judge.asked) == [(a, True) for a in range(1, N)]


def test_when_all_are_refused_the_least_risk_is_executed_and_counted() -> None:
    judge = Judge({0: 0.9, 1: 0.8, 2: 0.7, 3: 0.2, 4: 0.6})
    assert resolved(judge, safe_twin=[2] * N) == Resolution(3, no_safe_action=True)


def test_the_proposed_action_can_be_the_least_risk() -> None:
    judge = Judge({0: 0.1, 1: 0.8, 2: 0.7, 3: 0.2, 4: 0.6})
    assert resolved(judge) == Resolution(0, no_safe_action=True)


def test_a_tie_of_all_refused_goes_to_what_was_named_first() -> None:
    judge = Judge(dict.fromkeys(range(N)), replacement=4)
    assert resolved(judge, safe_twin=[2] * N) == Resolution(4, no_safe_action=True)


def test_a_replacement_equal_to_the_proposed_action_is_the_overseers_word() -> None:
    judge = Judge({0: 0.9}, replacement=0)
    assert resolved(judge, safe_twin=[2] * N) == Resolution(0)
    assert judge.asked == []


@pytest.mark.parametrize("source", [Source.PERSON, Source.SIMULATED])
@pytest.mark.parametrize("mode", [Mode.REPLACE, Mode.PRUNE])
def test_a_person_is_not_asked_twice(source: Source, mode: Mode) -> None:
    everything = dict.fromkeys(range(N))
    own = Judge(everything, replacement=4, source=source)
    twin = Judge(everything, source=source)
    ranked = [1, 0, 3, 2, 4]
    assert resolved(own, mode=mode, safe_twin=[2] * N, ranking=ranked) == Resolution(4)
    assert resolved(twin, mode=mode, safe_twin=[2] * N, ranking=ranked) == Resolution(2)
    assert own.asked == twin.asked == []


def test_a_person_who_names_nothing_leaves_it_to_the_ranking_in_prune() -> None:
    judge = Judge({0: None}, source=Source.PERSON)
    assert resolved(judge, mode=Mode.PRUNE, ranking=[0, 3, 1, 2, 4]) == Resolution(3)
    assert judge.asked == []


def test_a_persons_refusal_with_nothing_to_do_instead_is_an_error_that_says_so() -> None:
    judge = Judge({0: None}, source=Source.PERSON)
    with pytest.raises(InvalidDecision, match="give the decision a replacement, or the gate a"):
        resolved(judge)


@pytest.mark.parametrize("mode", [Mode.PENALTY_ONLY, Mode.OBSERVE, Mode.OFF])
def test_other_modes_execute_what_was_proposed(mode: Mode) -> None:
    judge = Judge({0: 0.9}, replacement=4)
    assert resolved(judge, mode=mode, safe_twin=[2] * N) == Resolution(0)
    assert judge.asked == []


def test_unsure_is_acted_on_like_safe() -> None:
    proposal = proposal_of(0, shape=(2, 2))
    resolver = Resolver(Judge({}), Mode.REPLACE, N, [2] * N)
    decision = Decision(proposal.step_id, Verdict.UNSURE, Source.PERSON)
    assert resolver(proposal, decision) == Resolution(0)
