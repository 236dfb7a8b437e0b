from collections import Counter
from collections.abc import Callable
from itertools import groupby

import numpy as np
import pytest

from agents import (
    AgentProposer,
    ConstantProposer,
    HeldRandomProposer,
    Proposer,
    RandomProposer,
    make_agent,
)

SCREEN = np.zeros(5, dtype=np.float32)


def propose(proposer: Proposer, count: int) -> list[int]:
    return [proposer.propose(SCREEN) for _ in range(count)]


def test_random_takes_all_actions_about_alike_and_repeats_with_its_seed() -> None:
    actions = propose(RandomProposer(6, np.random.default_rng(0)), 6_000)
    counts = Counter(actions)
    assert set(counts) == set(range(6))
    assert all(850 < n < 1_150 for n in counts.values())  # 1,000 expected, sd 29
    assert actions == propose(RandomProposer(6, np.random.default_rng(0)), 6_000)


def test_held_actions_last_as_long_as_allowed() -> None:
    # With 1,000 actions the same one hardly ever comes twice in a row.
    actions = propose(HeldRandomProposer(1_000, np.random.default_rng(1), low=2, high=5), 3_000)
    runs = [len(list(run)) for _, run in groupby(actions)][:-1]
    assert set(runs) == {2, 3, 4, 5}


def test_reset_lets_go_of_the_held_action() -> None:
    proposer = HeldRandomProposer(1_000, np.random.default_rng(2), low=30, high=30)
    first = proposer.propose(SCREEN)
    assert proposer.propose(SCREEN) == first
    proposer.reset()
    assert proposer.propose(SCREEN) != first


def test_constant_is_constant() -> None:
    assert propose(ConstantProposer(3), 5) == [3] * 5


def test_an_agent_proposes_its_best_action_and_is_not_changed(
    make_chain: Callable[[], object],
) -> None:
    agent = make_agent(make_chain(), seed=0, device="cpu")  # type: ignore[arg-type]
    before = agent.exploration.bit_generator.state
    assert propose(AgentProposer(agent), 3) == [agent.ranking(SCREEN)[0]] * 3
    mixed = propose(AgentProposer(agent, 1.0, np.random.default_rng(0)), 50)
    assert set(mixed) == {0, 1}
    assert agent.exploration.bit_generator.state == before


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: RandomProposer(0, rng),
        lambda rng: HeldRandomProposer(0, rng),
        lambda rng: HeldRandomProposer(2, rng, low=0),
        lambda rng: HeldRandomProposer(2, rng, low=5, high=4),
        lambda rng: AgentProposer(None, epsilon=1.5, rng=rng),  # type: ignore[arg-type]
        lambda rng: AgentProposer(None, epsilon=0.5),  # type: ignore[arg-type]
    ],
)
def test_impossible_arguments_are_refused(make: Callable[[np.random.Generator], Proposer]) -> None:
    with pytest.raises(ValueError, match="expected"):
        make(np.random.default_rng(0))


def test_all_are_proposers() -> None:
    rng = np.random.default_rng(0)
    for proposer in (RandomProposer(2, rng), HeldRandomProposer(2, rng), ConstantProposer(1)):
        assert isinstance(proposer, Proposer)
