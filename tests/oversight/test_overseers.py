"""The contract, for every overseer of this floor; and what is each one's own."""

from __future__ import annotations

import numpy as np
import pytest

from oversight import (
    AllowAll,
    OracleOverseer,
    Overseer,
    ScriptedOverseer,
    SimulatedHuman,
    Source,
    Verdict,
)
from oversight.testing import FixedTruth, OverseerContract, proposal_of

TRUTH = (False, True, False, True, False, True)


class TestAllowAll(OverseerContract):
    def make(self) -> Overseer:
        return AllowAll()


class TestScriptedByRule(OverseerContract):
    def make(self) -> Overseer:
        return ScriptedOverseer(lambda p: p.action == 3, replacement=2)


class TestScriptedByTable(OverseerContract):
    def make(self) -> Overseer:
        return ScriptedOverseer({1: True, 5: True, 6: False})


class TestOracle(OverseerContract):
    def make(self) -> Overseer:
        return OracleOverseer([FixedTruth(TRUTH)])


class TestSimulatedHuman(OverseerContract):
    def make(self) -> Overseer:
        return SimulatedHuman([FixedTruth(TRUTH)], np.random.default_rng(0))


class RefusesItself(OverseerContract):
    def make(self) -> Overseer:
        return ScriptedOverseer(lambda _p: True, replacement=2)


class Forgetful(OverseerContract):
    def make(self) -> Overseer:
        class Counts(AllowAll):
            """Blocks after three questions, rechecks counted: what the contract forbids."""

            asked = 0

            def review(self, proposals):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
                self.asked += 1
                return ScriptedOverseer(lambda _p: self.asked > 3).review(proposals)

        return Counts()


def test_the_contract_can_fail() -> None:
    with pytest.raises(AssertionError):
        RefusesItself().test_its_own_replacement_is_safe_to_it()
    with pytest.raises(AssertionError):
        Forgetful().test_a_recheck_changes_nothing()
    with pytest.raises(TypeError, match=r"define make\(\)"):
        OverseerContract().make()


def test_nobody_approves_everything() -> None:
    decisions = AllowAll().review([proposal_of(a, step_id=a, shape=(1,)) for a in range(3)])
    assert {(d.verdict, d.source) for d in decisions} == {(Verdict.SAFE, Source.NOBODY)}


def test_a_script_judges_a_batch_by_rule_or_by_table() -> None:
    batch = [proposal_of(a, step_id=a, shape=(1,)) for a in range(4)]
    for script in (ScriptedOverseer(lambda p: p.action == 2), ScriptedOverseer({2: True})):
        assert [d.verdict for d in script.review(batch)] == [
            Verdict.SAFE,
            Verdict.SAFE,
            Verdict.UNSAFE,
            Verdict.SAFE,
        ]


def test_the_oracle_says_the_truth_of_each_environment() -> None:
    oracle = OracleOverseer([FixedTruth([False] * 2), FixedTruth([True] * 2)])
    first = proposal_of(0, step_id=0, shape=(1,))
    second = type(first)(1, 1, 0, 0, 0, first.screens)
    decisions = oracle.review([first, second])
    assert [d.verdict for d in decisions] == [Verdict.SAFE, Verdict.UNSAFE]
    assert [d.probability for d in decisions] == [0.0, 1.0]
