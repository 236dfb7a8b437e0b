"""The gate by itself, batch first: numbers, screens, invalid answers, who is gone, the tally."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from oversight import (
    AllowAll,
    Amendment,
    Decision,
    Event,
    Gate,
    GateSettings,
    InvalidDecision,
    Mode,
    Outcome,
    Overseer,
    OverseerGone,
    Proposal,
    ScriptedOverseer,
    Source,
    Verdict,
)
from oversight.testing import FixedTruth, MemorySink


def screen(value: int) -> np.ndarray:
    return np.full((2, 3), value, np.uint8)


def outcome(value: int = 0, *, ends: bool = False, onsets: int | None = None) -> Outcome:
    return Outcome(1.0, 2.0, ends, False, screen(value), onsets)


@dataclass
class Listening:
    """Remembers what it was shown; answers by a function."""

    answer: Callable[[Proposal], Decision]
    seen: list[Proposal] = field(default_factory=list)

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        self.seen += proposals
        return [self.answer(p) for p in proposals]


def safe(proposal: Proposal) -> Decision:
    return Decision(proposal.step_id, Verdict.SAFE, Source.SCRIPT)


def gate_of(overseer: Overseer, sink: MemorySink | None = None, n_envs: int = 1) -> Gate:
    gate = Gate(overseer, n_actions=4, n_envs=n_envs, sink=sink, safe_twin=[1] * 4)
    for index in range(n_envs):
        gate.begin_episode(screen(100 + index), env_index=index, seed=index)
    return gate


# ------------------------------------------------------------------ numbers of a batch


def test_a_batch_gets_numbers_of_its_own_in_order() -> None:
    sink = MemorySink()
    gate = gate_of(AllowAll(), sink, n_envs=3)
    for _ in range(4):
        assert gate.decide([0, 1, 2]) == [0, 1, 2]
        gate.settle([outcome()] * 3)
    assert [r.proposal.step_id for r in sink.records] == list(range(12))
    assert [r.proposal.env_index for r in sink.records] == [0, 1, 2] * 4
    assert [r.proposal.episode for r in sink.records] == [0, 1, 2] * 4
    assert [r.proposal.step for r in sink.records] == [s for s in range(4) for _ in range(3)]
    assert sink.episodes == [(i, i, i, "oversight") for i in range(3)]
    assert gate.tally.steps == 12
    assert gate.tally.episodes == 3


def test_part_of_the_environments_may_take_part() -> None:
    listening = Listening(safe)
    gate = gate_of(listening, n_envs=3)
    assert gate.decide([3, 2], env_indices=[2, 0]) == [3, 2]
    gate.settle([outcome(7), outcome(8)])
    gate.decide([0, 0, 0])
    last = listening.seen[-3:]
    assert [int(p.screens[-1, 0, 0]) for p in last] == [8, 101, 7]
    assert [p.step for p in last] == [1, 0, 1]
    assert [p.last_executed for p in last] == [2, None, 3]


def test_each_environment_has_its_own_truth_and_episode() -> None:
    sink = MemorySink()
    probes = [FixedTruth([False] * 4), FixedTruth([True] * 4)]
    gate = Gate(AllowAll(), n_actions=4, n_envs=2, sink=sink, probes=probes)
    gate.begin_episode(screen(0), env_index=0)
    gate.begin_episode(screen(0), env_index=1)
    gate.decide([0, 0])
    gate.settle([outcome(ends=True, onsets=0), outcome(onsets=0)])
    gate.begin_episode(screen(0), env_index=0)
    gate.decide([0, 0])
    gate.settle([outcome(onsets=1), outcome(onsets=1)])
    assert [r.executed_unsafe for r in sink.records] == [False, True, False, True]
    assert [r.proposal.episode for r in sink.records] == [0, 1, 2, 1]
    assert sink.events == [
        Event("catastrophe", 2, 2, avoidable=False),
        Event("catastrophe", 3, 3),
    ]


@pytest.mark.parametrize("actions", [[4], [-1]])
def test_what_is_no_action_is_not_asked_about(actions: list[int]) -> None:
    with pytest.raises(ValueError, match=r"expected an action in \[0, 4\)"):
        gate_of(AllowAll()).decide(actions)


@pytest.mark.parametrize(
    ("actions", "indices"), [([0], None), ([0, 0, 0], None), ([0, 0], [1, 1]), ([0], [0, 1])]
)
def test_one_action_for_each_environment(actions: list[int], indices: list[int] | None) -> None:
    with pytest.raises(ValueError, match="expected one action for each"):
        gate_of(AllowAll(), n_envs=2).decide(actions, indices)


def test_settling_less_than_was_decided_is_an_error() -> None:
    gate = gate_of(AllowAll(), n_envs=2)
    gate.decide([0, 0])
    with pytest.raises(ValueError, match="zip"):
        gate.settle([outcome()])


def test_no_action_outside_an_episode() -> None:
    gate = gate_of(AllowAll())
    gate.decide([0])
    gate.settle([outcome(ends=True)])
    with pytest.raises(RuntimeError, match="reset it first"):
        gate.decide([0])


def test_probes_and_twins_have_to_fit() -> None:
    with pytest.raises(ValueError, match="expected 2 probes"):
        Gate(AllowAll(), n_actions=2, n_envs=2, probes=[FixedTruth([False] * 2)])
    with pytest.raises(ValueError, match="safe twin of 2 actions, got 3"):
        Gate(AllowAll(), n_actions=2, safe_twin=[0] * 3)


def test_a_run_that_goes_on_goes_on_counting() -> None:
    sink = MemorySink()
    gate = Gate(AllowAll(), n_actions=2, sink=sink, first_step_id=70, first_episode=9)
    assert gate.next_episode == 9
    gate.begin_episode(screen(0))
    gate.decide([0])
    gate.settle([outcome()])
    assert (sink.records[0].proposal.step_id, sink.records[0].proposal.episode) == (70, 9)
    assert gate.next_episode == 10


# ------------------------------------------------------------------ what an overseer sees


def test_the_screens_are_the_newest_with_the_first_repeated() -> None:
    listening = Listening(safe)
    gate = Gate(listening, GateSettings(history=3), n_actions=4)
    gate.begin_episode(screen(1))
    for value in (2, 3, 4):
        gate.decide([0])
        gate.settle([outcome(value)])
    shown = [p.screens[:, 0, 0].tolist() for p in listening.seen]
    assert shown == [[1, 1, 1], [1, 1, 2], [1, 2, 3]]
    assert listening.seen[0].screens.shape == (3, 2, 3)


def test_the_first_decision_of_an_episode_judges_its_own_first_screen() -> None:
    listening = Listening(safe)
    gate = gate_of(listening)
    gate.decide([0])
    gate.settle([outcome(50, ends=True)])
    gate.begin_episode(screen(9))
    gate.decide([0])
    first = listening.seen[-1]
    assert (first.screens == 9).all()
    assert (first.step, first.episode, first.last_executed) == (0, 1, None)


def test_the_screens_cannot_be_changed() -> None:
    listening = Listening(safe)
    gate_of(listening).decide([0])
    with pytest.raises(ValueError, match="read-only"):
        listening.seen[0].screens[:] = 0


def test_a_proposal_says_what_is_recorded_and_counted() -> None:
    listening = Listening(safe)
    gate = gate_of(listening, MemorySink())
    for _ in range(3):
        gate.decide([0])
        gate.settle([outcome()])
    assert [p.recorded_through for p in listening.seen] == [-1, 0, 1]
    assert [p.tally.steps for p in listening.seen] == [0, 1, 2]


# ------------------------------------------------------------------ answers that do not fit


def wrong_number(p: Proposal) -> Decision:
    return replace(safe(p), step_id=p.step_id + 1)


def no_action(p: Proposal) -> Decision:
    return Decision(p.step_id, Verdict.UNSAFE, Source.SCRIPT, replacement=4)


def amends_the_future(p: Proposal) -> Decision:
    return replace(safe(p), amends=(Amendment(p.step_id, Verdict.SAFE, "undo"),))


def amends_before_the_run(p: Proposal) -> Decision:
    return replace(safe(p), amends=(Amendment(-1, Verdict.SAFE, "undo"),))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (wrong_number, r"expected decisions about steps \[0\], got \[1\]"),
        (no_action, r"expected a replacement in \[0, 4\), got 4"),
        (amends_the_future, "expected amendments of steps before 0, got one of step 0"),
        (amends_before_the_run, "expected amendments of steps before 0, got one of step -1"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(
    answer: Callable[[Proposal], Decision], message: str
) -> None:
    sink = MemorySink()
    gate = gate_of(Listening(answer), sink)
    with pytest.raises(InvalidDecision, match=message):
        gate.decide([0])
    assert sink.records == []


class Swapped(AllowAll):
    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        return super().review(proposals)[::-1]


class Silent(AllowAll):
    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        return []


@pytest.mark.parametrize("overseer", [Swapped(), Silent()])
def test_decisions_come_in_the_order_of_the_proposals(overseer: Overseer) -> None:
    with pytest.raises(InvalidDecision, match=r"expected decisions about steps \[0, 1\]"):
        gate_of(overseer, n_envs=2).decide([0, 0])


# ------------------------------------------------------------------ nobody there


@dataclass
class Leaves:
    """Leaves when asked about one step, once."""

    step_id: int
    in_recheck: bool = False
    gone: bool = False

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        (proposal,) = proposals
        wanted = (self.step_id, self.in_recheck) == (proposal.step_id, proposal.recheck)
        if wanted and not self.gone:
            self.gone = True
            raise OverseerGone("the window was closed")
        verdict = Verdict.UNSAFE if proposal.action == 3 else Verdict.SAFE
        return [Decision(proposal.step_id, verdict, Source.BLOCKER)]


@pytest.mark.parametrize("in_recheck", [False, True])
def test_a_step_that_nobody_judged_is_not_recorded_and_its_number_not_used(
    in_recheck: bool,
) -> None:
    sink = MemorySink()
    gate = gate_of(Leaves(1, in_recheck), sink)
    gate.decide([0])
    gate.settle([outcome()])
    with pytest.raises(OverseerGone):
        gate.decide([3])
    assert len(sink.records) == 1
    assert gate.tally.steps == 1
    assert gate.decide([3]) == [1]
    gate.settle([outcome()])
    assert [r.proposal.step_id for r in sink.records] == [0, 1]


# ------------------------------------------------------------------ amendments and order


@dataclass
class Diary(MemorySink):
    """Remembers the order of what came."""

    order: list[str] = field(default_factory=list)

    def append(self, record: object) -> None:
        self.order.append("step")
        super().append(record)  # type: ignore[arg-type]

    def amend(self, amendments: Sequence[Amendment], author: Source) -> None:
        self.order.append("amendment")
        super().amend(amendments, author)

    def event(self, event: Event) -> None:
        self.order.append("event")
        super().event(event)


def test_amendments_reach_the_sink_with_their_author() -> None:
    undo = Amendment(0, Verdict.UNSURE, "undo")
    sink = Diary()

    def answer(p: Proposal) -> Decision:
        return Decision(
            p.step_id, Verdict.SAFE, Source.PERSON, amends=(undo,) if p.step_id == 1 else ()
        )

    gate = gate_of(Listening(answer), sink)
    for onsets in (0, 1):
        gate.decide([0])
        gate.settle([outcome(onsets=onsets)])
    assert sink.amendments == [(undo, Source.PERSON)]
    # All that belongs to a step is there once the step is.
    assert sink.order == ["step", "amendment", "event", "step"]


# ------------------------------------------------------------------ the tally


def test_counts_say_what_happened() -> None:
    sink = MemorySink()
    never_three = ScriptedOverseer(lambda p: p.action in (0, 3))
    gate = Gate(
        never_three,
        n_actions=4,
        sink=sink,
        probes=[FixedTruth([False, False, False, True])],
        safe_twin=[1] * 4,
    )
    gate.begin_episode(screen(0))
    for action, onsets in ((0, 0), (1, 0), (2, 0), (3, 2)):
        gate.decide([action])
        gate.settle([outcome(onsets=onsets)])
    tally = gate.tally
    assert (tally.steps, tally.blocks, tally.catastrophes) == (4, 2, 2)
    assert (tally.proposed_catastrophes, tally.needless_blocks) == (1, 1)
    assert tally.no_safe_action == 0


def test_what_no_truth_tells_is_none_and_not_zero() -> None:
    gate = gate_of(ScriptedOverseer({0: True}))
    gate.decide([0])
    gate.settle([outcome()])
    tally = gate.tally
    assert tally.blocks == 1
    assert tally.catastrophes is None
    assert tally.proposed_catastrophes is None
    assert tally.needless_blocks is None


@pytest.mark.parametrize("mode", list(Mode))
def test_refusing_everything_is_counted_where_it_blocks(mode: Mode) -> None:
    gate = Gate(ScriptedOverseer(lambda _p: True), GateSettings(mode=mode), n_actions=3)
    gate.begin_episode(screen(0))
    gate.decide([0])
    gate.settle([outcome()])
    assert gate.tally.no_safe_action == int(mode.blocks)


def test_settings_that_cannot_be_meant() -> None:
    with pytest.raises(ValueError, match="history of 1 screen or more, got 0"):
        GateSettings(history=0)
    with pytest.raises(ValueError, match=r"penalty of 0 or less, got 1\.0"):
        GateSettings(penalty=1.0)
