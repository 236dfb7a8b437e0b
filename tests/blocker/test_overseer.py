from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from blocker import Blocker, BlockerNetwork, BlockerOverseer, NetworkSpec, input_for
from oversight import BlockerMismatch
from oversight.game import Game
from oversight.games import PONG
from oversight.testing import OverseerContract, proposal_of
from oversight.types import Proposal, Source, Verdict


def blocker_of(threshold: float = 0.5) -> Blocker:
    """Untrained, but with opinions that differ between screens and actions."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        shape = NetworkSpec(members=1)
        spec = input_for("pong")
        network = BlockerNetwork(PONG.actions, spec, shape).eval()
    return Blocker(network, shape, spec, threshold, "pong", PONG.actions)


class FixedBlocker:
    """Overrides what the network says, and counts how often it is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, risks: list[float]) -> None:
        self.asked: list[int] = []
        self.previous: list[list[int]] = []

        def score(
            _: Blocker, screens: Sequence[NDArray[np.generic]], previous: NDArray[np.int64]
        ) -> NDArray[np.float32]:
            self.asked.append(len(screens))
            self.previous.append(previous.tolist())
            return np.array([risks] * len(screens), dtype=np.float32)

        monkeypatch.setattr(Blocker, "score", score)
        self.overseer = BlockerOverseer(blocker_of(), PONG)


class TestContract(OverseerContract):
    def make(self) -> BlockerOverseer:
        # Between the risks of the contract's proposals, so that both verdicts occur.
        return BlockerOverseer(blocker_of(self.middle()), PONG)

    def middle(self) -> float:
        overseer = BlockerOverseer(blocker_of(), PONG)
        return float(np.median([overseer.risks(p)[p.action] for p in self.proposals()]))

    def test_both_verdicts_occur(self) -> None:
        overseer = self.make()
        verdicts = {overseer.review([p])[0].verdict for p in self.proposals()}
        assert verdicts == {Verdict.SAFE, Verdict.UNSAFE}


def test_batch_and_one_by_one_agree() -> None:
    proposals = [replace(proposal_of(a, step_id=a), env_index=a) for a in range(6)]
    batch = BlockerOverseer(blocker_of(), PONG).review(proposals)
    for proposal, decision in zip(proposals, batch, strict=True):
        (single,) = BlockerOverseer(blocker_of(), PONG).review([proposal])
        assert single.verdict == decision.verdict
        assert single.probability == pytest.approx(decision.probability, abs=1e-5)
        assert single.source is Source.BLOCKER


def test_blocks_at_the_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = FixedBlocker(monkeypatch, [0.5, 0.499, 0.1, 0.9, 0.0, 0.2])
    verdicts = [fixed.overseer.review([proposal_of(a, step_id=a)])[0] for a in (0, 1)]
    assert [d.verdict for d in verdicts] == [Verdict.UNSAFE, Verdict.SAFE]
    assert verdicts[1].replacement is None
    assert verdicts[0].probability == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("risks", "expected"),
    [
        ([0.9, 0.1, 0.4, 0.9, 0.2, 0.9], 2),  # the safe twin, though others look safer
        ([0.9, 0.3, 0.6, 0.9, 0.2, 0.9], 4),  # the twin is refused: least risk
        ([0.9, 0.8, 0.7, 0.9, 0.95, 0.9], None),  # all are refused: the gate counts it
    ],
)
def test_replacement(
    monkeypatch: pytest.MonkeyPatch, risks: list[float], expected: int | None
) -> None:
    fixed = FixedBlocker(monkeypatch, risks)
    (decision,) = fixed.overseer.review([proposal_of(3)])
    assert decision.replacement == expected


def test_a_recheck_costs_no_second_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = FixedBlocker(monkeypatch, [0.1, 0.1, 0.1, 0.9, 0.1, 0.9])
    first = proposal_of(3, step_id=7)
    other = replace(proposal_of(5, step_id=8), env_index=1)
    fixed.overseer.review([first, other])
    rechecks = [replace(p, action=2, recheck=True) for p in (other, first)]
    decisions = fixed.overseer.review(rechecks)
    assert [d.step_id for d in decisions] == [8, 7]
    assert all(d.verdict is Verdict.SAFE for d in decisions)
    assert fixed.asked == [2]
    fixed.overseer.review([proposal_of(3, step_id=9)])
    assert fixed.asked == [2, 1]


def test_the_same_number_with_another_screen_is_judged_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fixed = FixedBlocker(monkeypatch, [0.1] * 6)
    first = proposal_of(3, step_id=0)
    fixed.overseer.review([first])
    fixed.overseer.review([replace(first, screens=first.screens * 0)])
    fixed.overseer.review([replace(first, screens=first.screens * 0, last_executed=2)])
    assert fixed.asked == [1, 1, 1]


def test_tells_the_network_what_was_executed_before(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = FixedBlocker(monkeypatch, [0.1] * 6)
    fixed.overseer.review([replace(proposal_of(1, step_id=4), last_executed=5)])
    fixed.overseer.review([proposal_of(1, step_id=0)])
    assert fixed.previous == [[5], [-1]]


def test_hint_is_an_opinion_on_the_proposed_action(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = FixedBlocker(monkeypatch, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    hint = fixed.overseer.hint(proposal_of(3))
    assert hint.probability == pytest.approx(0.4)
    assert hint.threshold == 0.5


def test_more_history_than_needed_uses_the_newest() -> None:
    overseer = BlockerOverseer(blocker_of(), PONG)
    long = proposal_of(0, history=4)
    short: Proposal = replace(long, step_id=1, screens=long.screens[2:])
    assert np.array_equal(overseer.risks(long), overseer.risks(short))


def test_refuses_another_game() -> None:
    other: Game = replace(PONG, name="tennis")
    with pytest.raises(BlockerMismatch, match="tennis"):
        BlockerOverseer(blocker_of(), other)
