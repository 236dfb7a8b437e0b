"""An overseer goes back to an earlier step, is asked about it anew, or ends the episode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from oversight import (
    AtariGame,
    Decision,
    Gate,
    GateSettings,
    InterventionLog,
    InvalidDecision,
    LogMeta,
    Outcome,
    OverseerGone,
    OversightWrapper,
    Proposal,
    Source,
    StepRecord,
    Verdict,
    game_named,
)
from oversight.rewind import GoBack
from oversight.testing import MemorySink
from oversight.types import Viewing

TWIN = 1
Script = dict[tuple[int, int], Decision]


@dataclass
class Scripted:
    """Answers by (step_id, how often that number was asked about before); allows otherwise."""

    answers: Script
    seen: list[Proposal] = field(default_factory=list)

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        decisions = []
        for proposal in proposals:
            times = sum(p.step_id == proposal.step_id for p in self.seen)
            self.seen.append(proposal)
            usual = Decision(proposal.step_id, Verdict.SAFE, Source.PERSON)
            decisions.append(self.answers.get((proposal.step_id, times), usual))
        return decisions


class Games:
    """A gate over games whose state is the list of what was played."""

    def __init__(self, overseer: Scripted, n_envs: int = 1) -> None:
        self.played: list[list[int]] = [[] for _ in range(n_envs)]
        self.sink = MemorySink()
        self.gate = Gate(
            overseer,
            GateSettings(rewind_steps=3),
            n_actions=6,
            n_envs=n_envs,
            sink=self.sink,
            safe_twin=[TWIN] * 6,
            marks=[self._mark(i) for i in range(n_envs)],
        )
        for index in range(n_envs):
            self.gate.begin_episode(self.screen(index), env_index=index)

    def screen(self, index: int) -> NDArray[np.uint8]:
        return np.array([self.played[index][-1:] or [9]], np.uint8)

    def _mark(self, index: int) -> Callable[[], GoBack]:
        def mark() -> GoBack:
            moment = list(self.played[index])

            def go_back() -> None:
                self.played[index] = list(moment)

            return go_back

        return mark

    def play(self, *actions: int) -> None:
        executed = self.gate.decide(actions)
        for index, action in enumerate(executed):
            self.played[index].append(action)
        self.gate.settle(
            [Outcome(0.0, 0.0, False, False, self.screen(i)) for i in range(len(executed))]
        )


def back(step_id: int, to: int) -> Decision:
    return Decision(step_id, Verdict.UNSURE, Source.PERSON, back_to=to)


def block(step_id: int, meant_for: int | None = None) -> Decision:
    return Decision(step_id, Verdict.UNSAFE, Source.PERSON, meant_for=meant_for)


def test_a_proposal_says_how_far_back_one_can_go() -> None:
    overseer = Scripted({})
    games = Games(overseer)
    for action in (2, 3, 4, 5, 2):
        games.play(action)
    assert [p.reach for p in overseer.seen] == [(), (0,), (0, 1), (0, 1, 2), (1, 2, 3)]


def test_the_earlier_step_is_asked_about_anew_in_the_game_as_it_was() -> None:
    overseer = Scripted({(3, 0): back(3, 1), (3, 1): block(3)})
    games = Games(overseer)
    for action in (2, 3, 4):
        games.play(action)
    games.play(5)
    asked = overseer.seen[-1]
    # What was proposed at step 1, with the screen of then, under the new number.
    assert (asked.step_id, asked.step, asked.action, asked.reach) == (3, 1, 3, (0,))
    assert asked.screens[-1].tolist() == [[2]]
    assert games.played == [[2, TWIN]]
    last = games.sink.records[-1]
    assert (last.undoes, last.blocked, last.proposal.action) == ((1, 2), True, 3)
    assert games.gate.tally.rewinds == 1


def test_one_can_allow_there_too_and_go_back_further() -> None:
    games = Games(Scripted({(3, 0): back(3, 2), (3, 1): back(3, 0)}))
    for action in (2, 3, 4):
        games.play(action)
    games.play(5)
    assert games.played == [[2]]
    assert games.sink.records[-1].undoes == (0, 1, 2)
    assert not games.sink.records[-1].blocked


def test_a_late_block_counts_from_where_one_went_back_to() -> None:
    games = Games(Scripted({(3, 0): back(3, 2), (3, 1): block(3, meant_for=1)}))
    for action in (2, 3, 4):
        games.play(action)
    games.play(5)
    assert games.played == [[2, TWIN]]
    assert games.sink.records[-1].undoes == (1, 2)


def test_only_the_one_that_goes_back_is_asked_again() -> None:
    overseer = Scripted({(2, 0): back(2, 0)})
    games = Games(overseer, n_envs=2)
    games.play(2, 3)
    games.play(4, 5)
    assert games.played == [[2], [3, 5]]
    assert [(p.step_id, p.env_index) for p in overseer.seen] == [
        (0, 0),
        (1, 1),
        (2, 0),
        (3, 1),
        (2, 0),
    ]


def test_a_step_out_of_reach_is_refused_and_nothing_moves() -> None:
    games = Games(Scripted({(4, 0): back(4, 0)}))
    for action in (2, 3, 4, 5):
        games.play(action)
    with pytest.raises(InvalidDecision, match=r"go back to one of \[1, 2, 3\], got 0"):
        games.play(2)
    assert games.played == [[2, 3, 4, 5]]


class LeavesThere(Scripted):
    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        if self.seen and self.seen[-1].step_id == proposals[0].step_id:
            raise OverseerGone("the window was closed")
        return super().review(proposals)


def test_who_leaves_while_asked_anew_has_taken_nothing_back() -> None:
    games = Games(LeavesThere({(2, 0): back(2, 0)}))
    games.play(2)
    games.play(3)
    with pytest.raises(OverseerGone):
        games.play(4)
    assert games.played == [[2, 3]]
    assert len(games.sink.records) == 2


def test_a_person_ends_the_episode() -> None:
    ends = Decision(1, Verdict.SAFE, Source.PERSON, ends_episode=True)
    sink = MemorySink()
    env = OversightWrapper(AtariGame(game_named("pong")), Scripted({(1, 0): ends}), sink=sink)
    env.reset(seed=1)
    assert env.step(0)[2:4] == (False, False)
    assert env.step(0)[2:4] == (False, True)
    assert [r.truncated for r in sink.records] == [False, True]
    env.reset(seed=2)
    env.step(0)
    assert sink.records[-1].proposal.episode == 1


def test_a_gate_that_cannot_cut_goes_on() -> None:
    games = Games(Scripted({(0, 0): Decision(0, Verdict.SAFE, Source.PERSON, ends_episode=True)}))
    games.play(2)
    games.play(3)
    assert [r.truncated for r in games.sink.records] == [False, False]


def test_how_a_step_was_shown_is_in_the_log(
    new_log: InterventionLog, record: Callable[..., StepRecord], meta: LogMeta
) -> None:
    shown = [Viewing(8.0, 2.0, 0.01, True), Viewing(None, 0.0), None]
    for step_id, viewing in enumerate(shown):
        step = record(step_id, Source.PERSON)
        new_log.append(replace(step, decision=replace(step.decision, viewing=viewing)))
    table = new_log.steps()
    nan = np.nan
    np.testing.assert_array_equal(table.pace, [8.0, nan, nan])
    np.testing.assert_array_equal(table.speed_up, [2.0, 0.0, nan])
    np.testing.assert_array_equal(table.hint, [0.01, nan, nan])
    assert table.previewed.tolist() == [1, 0, -1]
