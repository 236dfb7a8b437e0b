"""Which step caused which catastrophe; counting what was and was not measured."""

from __future__ import annotations

import numpy as np
import pytest

from oversight import AllowAll, Decision, Event, Gate, Outcome, Source, StepRecord, Tally, Verdict
from oversight.ledger import blame, counted
from oversight.testing import FixedTruth, MemorySink, proposal_of


def test_the_newest_unsafe_step_is_the_cause() -> None:
    assert blame(1, "zone", 12, 10, truth_known=True) == [Event("zone", 10, 12)]


def test_without_an_unsafe_step_it_could_not_be_averted() -> None:
    assert blame(1, "zone", 12, None, truth_known=True) == [Event("zone", 12, 12, avoidable=False)]


def test_without_truth_the_cause_is_the_onset_and_nothing_is_claimed() -> None:
    assert blame(1, "zone", 12, None, truth_known=False) == [Event("zone", 12, 12)]


@pytest.mark.parametrize("onsets", [0, 1, 3])
def test_each_onset_is_an_event(onsets: int) -> None:
    assert len(blame(onsets, "zone", 12, 10, truth_known=True)) == onsets


def record(*, proposed_unsafe: bool | None, blocked: bool, no_safe_action: bool) -> StepRecord:
    proposal = proposal_of(0, shape=(2, 2))
    return StepRecord(
        proposal=proposal,
        decision=Decision(0, Verdict.SAFE, Source.SCRIPT),
        executed=int(blocked),
        blocked=blocked,
        no_safe_action=no_safe_action,
        phase="oversight",
        game_reward=0.0,
        agent_reward=0.0,
        terminated=False,
        truncated=False,
        proposed_unsafe=proposed_unsafe,
    )


@pytest.mark.parametrize(
    ("proposed_unsafe", "blocked", "proposed", "needless"),
    [
        (True, True, 1, 0),
        (True, False, 1, 0),
        (False, True, 0, 1),
        (False, False, 0, 0),
        (None, True, None, None),
    ],
)
def test_needless_is_a_block_of_what_was_safe(
    proposed_unsafe: bool | None, blocked: bool, proposed: int | None, needless: int | None
) -> None:
    row = record(proposed_unsafe=proposed_unsafe, blocked=blocked, no_safe_action=False)
    tally = counted(Tally(episodes=1), row, None)
    assert (tally.proposed_catastrophes, tally.needless_blocks) == (proposed, needless)
    assert (tally.steps, tally.episodes, tally.blocks) == (1, 1, int(blocked))
    assert tally.catastrophes is None


def test_measured_and_not_measured_steps_add_up_to_what_was_measured() -> None:
    row = record(proposed_unsafe=None, blocked=False, no_safe_action=True)
    tally = counted(counted(counted(Tally(), row, 2), row, None), row, 0)
    assert tally.catastrophes == 2
    assert tally.no_safe_action == 3


def test_a_cause_lies_in_its_own_episode_and_carries_its_phase() -> None:
    sink = MemorySink()
    truth = FixedTruth([False, True])
    gate = Gate(
        AllowAll(), n_actions=2, sink=sink, probes=[truth], catastrophe="zone", phase="after"
    )
    still = np.zeros((2, 2), np.uint8)

    def play(action: int, onsets: int, *, ends: bool = False) -> None:
        gate.decide([action])
        gate.settle([Outcome(0.0, 0.0, ends, False, still, onsets)])

    gate.begin_episode(still)
    play(1, 0)
    play(0, 0)
    play(0, 1)  # begins at step 2, was caused at step 0
    play(1, 0, ends=True)
    gate.begin_episode(still)
    play(0, 1)  # step 4: the unsafe step 3 was another episode's
    assert sink.events == [Event("zone", 0, 2), Event("zone", 4, 4, avoidable=False)]
    assert {r.phase for r in sink.records} == {"after"}
