"""Taking the game back: to where, how far, what it counts as, and that nothing else moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from oversight import (
    AllowAll,
    AtariGame,
    Decision,
    Event,
    Gate,
    GateSettings,
    InvalidDecision,
    Mode,
    Outcome,
    Overseer,
    OverseerGone,
    OversightWrapper,
    Proposal,
    SimulatedHuman,
    Source,
    Tally,
    Verdict,
    game_named,
)
from oversight.ledger import taken_back
from oversight.rewind import GoBack, Rewindable
from oversight.simulated import MODELS
from oversight.testing import FixedTruth, MemorySink

TWIN = 1


@dataclass
class Counter:
    """A game whose state is the list of actions played: what stands is what it holds."""

    played: list[int] = field(default_factory=list)

    def mark(self) -> GoBack:
        moment = list(self.played)

        def go_back() -> None:
            self.played = list(moment)

        return go_back

    def screen(self) -> NDArray[np.uint8]:
        return np.array([[len(self.played), sum(self.played) % 256]], np.uint8)


@dataclass
class Late:
    """Blocks by a table: at step_id the step that is meant; rechecks are safe."""

    table: dict[int, int]
    source: Source = Source.PERSON
    replacement: int | None = None
    seen: list[Proposal] = field(default_factory=list)

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        self.seen += proposals
        return [self._one(p) for p in proposals]

    def _one(self, p: Proposal) -> Decision:
        if p.recheck or p.step_id not in self.table:
            return Decision(p.step_id, Verdict.SAFE, self.source)
        meant = self.table[p.step_id]
        return Decision(
            p.step_id,
            Verdict.UNSAFE,
            self.source,
            replacement=self.replacement,
            meant_for=None if meant == p.step_id else meant,
        )


class Table:
    """A gate over some `Counter` games, played by hand."""

    def __init__(
        self,
        overseer: Overseer,
        n_envs: int = 1,
        rewind_steps: int = 4,
        **options: Any,  # noqa: ANN401
    ) -> None:
        self.games = [Counter() for _ in range(n_envs)]
        self.sink = MemorySink()
        mode = options.pop("mode", Mode.REPLACE)
        self.gate = Gate(
            overseer,
            GateSettings(mode=mode, rewind_steps=rewind_steps),
            n_actions=6,
            n_envs=n_envs,
            sink=self.sink,
            safe_twin=options.pop("safe_twin", [TWIN] * 6),
            marks=[game.mark for game in self.games],
            **options,
        )
        for index in range(n_envs):
            self.reset(index)

    def reset(self, index: int = 0) -> None:
        self.games[index].played.clear()
        self.gate.begin_episode(self.games[index].screen(), env_index=index)

    def play(self, *actions: int, onsets: int | None = None, ends: bool = False) -> list[int]:
        executed = self.gate.decide(actions)
        for game, action in zip(self.games, executed, strict=True):
            game.played.append(action)
        outcomes = [
            Outcome(float(a), float(a), ends, False, game.screen(), onsets)
            for game, a in zip(self.games, executed, strict=True)
        ]
        self.told = self.gate.settle(outcomes)
        return executed


# ------------------------------------------------------------------ to where


def test_the_step_that_was_meant_is_done_anew() -> None:
    table = Table(Late({5: 3}))
    for action in (2, 3, 4, 5, 2):
        table.play(action)
    assert table.play(0) == [TWIN]
    assert table.games[0].played == [2, 3, 4, TWIN]
    anew = table.sink.records[-1]
    meant = table.sink.records[3]
    # Proposed is what was proposed there, seen as it was seen there; the number is a new one.
    assert (anew.proposal.step_id, anew.proposal.step, anew.proposal.action) == (5, 3, 5)
    assert (anew.proposal.screens == meant.proposal.screens).all()
    assert anew.proposal.last_executed == meant.proposal.last_executed == 4
    assert anew.proposal.tally.steps == 5
    assert anew.proposal.recorded_through == 4
    assert (anew.executed, anew.blocked, anew.undoes) == (TWIN, True, (3, 4))
    assert (anew.decision.verdict, anew.decision.meant_for) == (Verdict.UNSAFE, 3)
    told = table.told[0].info
    assert (told["rewound"], told["proposed_action"], told["step"]) == (2, 5, 3)
    assert told["game_return"] == 2 + 3 + 4 + TWIN
    assert table.told[0].reward == -1.0


def test_after_it_the_game_goes_on_from_there() -> None:
    late = Late({3: 1})
    table = Table(late)
    for action in (2, 3, 4):
        table.play(action)
    table.play(0)
    assert table.play(5) == [5]
    assert table.games[0].played == [2, TWIN, 5]
    shown = late.seen[-1]
    assert (shown.step_id, shown.step, shown.last_executed) == (4, 2, TWIN)
    assert shown.screens[:, 0].tolist() == [[1, 2], [2, 3]]
    assert table.sink.records[-1].undoes == ()
    assert table.told[0].info["rewound"] == 0
    assert table.told[0].info["game_return"] == 2 + TWIN + 5


def test_the_oldest_step_in_reach_is_as_many_back_as_the_settings_say() -> None:
    for back, reached in ((4, True), (5, False)):
        table = Table(Late({8: 8 - back}), rewind_steps=4)
        for _ in range(8):
            table.play(2)
        table.play(0)
        assert table.games[0].played == [2] * 4 + [TWIN] if reached else [2] * 8 + [TWIN]
        assert len(table.sink.records[-1].undoes) == (4 if reached else 0)


def test_a_step_done_anew_can_be_undone_itself() -> None:
    table = Table(Late({3: 1, 5: 3}))
    for action in (2, 3, 4):
        table.play(action)
    table.play(0)  # step 3 is step 1 anew
    table.play(5)
    table.play(0)  # step 5 is step 3 anew
    assert table.games[0].played == [2, TWIN]
    assert [r.undoes for r in table.sink.records] == [(), (), (), (1, 2), (), (3, 4)]
    assert table.sink.records[-1].proposal.action == 3


def test_an_undone_step_is_out_of_reach() -> None:
    table = Table(Late({3: 1, 4: 2}))
    for action in (2, 3, 4, 0):
        table.play(action)
    assert table.play(5) == [TWIN]  # a block of what is at hand
    assert table.games[0].played == [2, TWIN, TWIN]


def test_only_the_environment_that_was_meant_is_taken_back() -> None:
    # Steps 0 2 4 6 are of the first, 1 3 5 7 of the second.
    late = Late({7: 3})
    table = Table(late, n_envs=2)
    for actions in ((2, 3), (4, 5), (2, 2)):
        table.play(*actions)
    assert table.play(3, 0) == [3, TWIN]
    assert table.games[0].played == [2, 4, 2, 3]
    assert table.games[1].played == [3, TWIN]
    assert [t.info["rewound"] for t in table.told] == [0, 2]
    assert [r.undoes for r in table.sink.records[-2:]] == [(), (3, 5)]
    table.play(5, 5)
    assert [r.proposal.step for r in table.sink.records[-2:]] == [4, 2]


def test_a_step_of_another_environment_is_out_of_reach() -> None:
    table = Table(Late({5: 2}), n_envs=2)
    for actions in ((2, 3), (4, 5), (2, 2)):
        table.play(*actions)
    assert [game.played for game in table.games] == [[2, 4, 2], [3, 5, TWIN]]


# ------------------------------------------------------------------ where there is no way back


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.PENALTY_ONLY])
def test_what_blocks_nothing_takes_nothing_back(mode: Mode) -> None:
    table = Table(Late({2: 1}), mode=mode)
    for action in (2, 3, 4):
        table.play(action)
    assert table.games[0].played == [2, 3, 4]
    assert table.gate.tally.rewinds == 0


def test_by_default_a_late_block_falls_on_the_action_at_hand() -> None:
    assert GateSettings().rewind_steps == 0
    table = Table(Late({2: 1}), rewind_steps=0)
    for action in (2, 3, 4):
        table.play(action)
    assert table.games[0].played == [2, 3, TWIN]
    row = table.sink.records[-1]
    assert (row.proposal.action, row.decision.verdict, row.undoes) == (4, Verdict.UNSAFE, ())


@pytest.mark.parametrize("ended", [True, False])
def test_an_episode_that_is_over_stays_as_it_was(ended: bool) -> None:
    table = Table(Late({2: 1}))
    table.play(2)
    table.play(3, ends=ended)
    table.reset()
    assert table.play(4) == [TWIN]
    assert [r.undoes for r in table.sink.records] == [(), (), ()]
    assert [r.proposal.episode for r in table.sink.records] == [0, 0, 1]


def test_marks_are_not_taken_where_nothing_is_taken_back() -> None:
    def mark() -> GoBack:
        raise AssertionError("costs time")

    for chosen in (GateSettings(), GateSettings(mode=Mode.OBSERVE, rewind_steps=3)):
        gate = Gate(AllowAll(), chosen, n_actions=2, marks=[mark])
        gate.begin_episode(np.zeros((1, 1), np.uint8))
        assert gate.decide([0]) == [0]


@pytest.mark.parametrize("marks", [None, []])
def test_a_gate_has_to_know_the_way_back(marks: list[Callable[[], GoBack]] | None) -> None:
    with pytest.raises(ValueError, match=r"expected 1 marks.* up to 3 steps, got 0"):
        Gate(AllowAll(), GateSettings(rewind_steps=3), n_actions=2, marks=marks)


def test_steps_back_are_not_negative() -> None:
    with pytest.raises(ValueError, match="rewind_steps of 0 or more, got -1"):
        GateSettings(rewind_steps=-1)


@pytest.mark.parametrize(
    ("verdict", "meant"), [(Verdict.SAFE, 0), (Verdict.UNSAFE, 1), (Verdict.UNSAFE, -1)]
)
def test_a_late_block_that_is_none_is_refused(verdict: Verdict, meant: int) -> None:
    class Wrong(AllowAll):
        def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
            return [
                Decision(p.step_id, verdict, Source.PERSON, meant_for=meant if p.step_id else None)
                for p in proposals
            ]

    table = Table(Wrong())
    table.play(2)
    with pytest.raises(InvalidDecision, match="expected a late block to be unsafe and meant for"):
        table.play(2)


# ------------------------------------------------------------------ what is executed instead


def test_the_replacement_is_the_one_for_the_step_that_was_meant() -> None:
    twins = [0, 0, 3, 4, 5, 5]
    named, left = (
        Table(Late({3: 2}, replacement=0), safe_twin=twins),
        Table(Late({3: 2}), safe_twin=twins),
    )
    for table, expected in ((named, 0), (left, 4)):
        for action in (2, 2, 3):
            table.play(action)
        assert table.play(5) == [expected]


def test_a_machine_is_asked_about_its_replacement_where_that_is_executed() -> None:
    table = Table(Late({2: 1}, source=Source.BLOCKER))
    asked: list[list[int]] = []
    review = table.gate._overseer.review

    def listening(proposals: Sequence[Proposal]) -> Sequence[Decision]:
        if proposals[0].recheck:
            asked.append(list(table.games[0].played))
        return review(proposals)

    table.gate._overseer.review = listening  # type: ignore[method-assign]
    for action in (2, 3, 4):
        table.play(action)
    assert asked == [[2]]


def test_the_truth_is_asked_where_the_step_is_done() -> None:
    class Third(FixedTruth):
        """Everything but the twin is unsafe as the second action of a game, nothing later."""

        def unsafe(self, action: int) -> bool:
            return len(table.games[0].played) == 1 and action != TWIN

    table = Table(Late({3: 1}), probes=[Third([False] * 6)])
    for action in (2, 3, 4, 5):
        table.play(action, onsets=0)
    assert [r.proposed_unsafe for r in table.sink.records] == [False, True, False, True]
    assert [r.executed_unsafe for r in table.sink.records] == [False, True, False, False]


# ------------------------------------------------------------------ when something fails on the way


class LeavesInRecheck(Late):
    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        if proposals[0].recheck:
            raise OverseerGone("the window was closed")
        return super().review(proposals)


def test_when_nobody_answers_any_more_nothing_was_taken_back() -> None:
    table = Table(LeavesInRecheck({5: 1, 4: 2}, source=Source.BLOCKER), n_envs=2)
    table.play(2, 3)
    table.play(4, 5)
    before = [list(game.played) for game in table.games]
    tally = table.gate.tally
    with pytest.raises(OverseerGone):
        table.play(0, 0)
    assert [game.played for game in table.games] == before
    assert (len(table.sink.records), table.gate.tally) == (4, tally)
    table.gate._overseer.table.clear()  # type: ignore[attr-defined]
    table.play(3, 4)
    assert [r.proposal.step for r in table.sink.records[-2:]] == [2, 2]
    assert [r.undoes for r in table.sink.records] == [()] * 6


def test_steps_undone_by_one_that_failed_are_undone_by_the_next() -> None:
    table = Table(Late({3: 1}))
    for action in (2, 3, 4):
        table.play(action, onsets=0)
    table.gate.decide([0])  # the game is back at step 1; then the emulator fails
    table.play(5, onsets=0)
    assert table.games[0].played == [2, 5]
    assert [r.undoes for r in table.sink.records] == [(), (), (), (1, 2)]
    assert table.told[0].info["rewound"] == 2
    assert table.gate.tally.rewound_steps == 2


def test_one_failure_after_another_undoes_all_of_it_in_order() -> None:
    late = Late({3: 2})
    table = Table(late)
    for action in (2, 3, 4):
        table.play(action)
    table.gate.decide([0])
    late.table = {4: 1}
    table.gate.decide([0])
    table.play(5)
    assert table.games[0].played == [2, 5]
    assert table.sink.records[-1].undoes == (1, 2)


def test_what_failed_in_an_episode_that_was_given_up_undoes_nothing() -> None:
    table = Table(Late({3: 1}))
    for action in (2, 3, 4):
        table.play(action)
    table.gate.decide([0])
    table.reset()
    table.play(5)
    assert [r.undoes for r in table.sink.records] == [()] * 4


# ------------------------------------------------------------------ counting


def test_undone_steps_were_made_and_what_they_brought_counts_apart() -> None:
    table = Table(Late({1: 1, 4: 2}), probes=[FixedTruth([False, False, False, True, True, True])])
    table.play(2, onsets=0)
    table.play(2, onsets=0)  # blocked at once, needlessly
    table.play(3, onsets=1)
    table.play(4, onsets=2)
    assert table.gate.tally == Tally(4, 1, 1, 3, 2, 1)
    table.play(0, onsets=0)  # step 2 anew
    assert table.gate.tally == Tally(
        steps=5,
        episodes=1,
        blocks=2,
        catastrophes=0,
        proposed_catastrophes=1,
        needless_blocks=1,
        no_safe_action=0,
        rewinds=1,
        rewound_steps=2,
        undone_catastrophes=3,
    )


def test_what_was_not_measured_stays_so() -> None:
    table = Table(Late({2: 1}))
    for action in (2, 3, 4):
        table.play(action)
    tally = table.gate.tally
    assert (tally.rewinds, tally.rewound_steps, tally.undone_catastrophes) == (1, 1, None)
    assert (tally.catastrophes, tally.proposed_catastrophes) == (None, None)


def test_counts_of_refusals_are_taken_back_too() -> None:
    table = Table(Late({}))
    table.play(2)
    row = replace(table.sink.records[0], no_safe_action=True, blocked=True)
    tally = Tally(steps=3, blocks=2, no_safe_action=2)
    assert taken_back(tally, [(row, None)]) == Tally(
        steps=3, blocks=1, no_safe_action=1, rewinds=1, rewound_steps=1
    )


def test_an_unsafe_step_that_was_undone_causes_nothing() -> None:
    truth = FixedTruth([False, False, False, True, False, False])
    table = Table(Late({2: 1}), probes=[truth], catastrophe="zone")
    for action in (2, 3, 4):
        table.play(action, onsets=0)
    table.play(2, onsets=1)
    assert table.sink.events == [Event("zone", 3, 3, avoidable=False)]


@settings(max_examples=100, deadline=None)
@given(
    script=st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 7), st.booleans()), min_size=1, max_size=40
    ),
    steps=st.integers(1, 5),
)
def test_whatever_is_taken_back_the_records_that_stand_are_the_game(
    script: list[tuple[int, int, bool]], steps: int
) -> None:
    # Each entry: what is proposed, how many steps late a block is (6 and 7: none), an end.
    late = Late({n: max(0, n - back) for n, (_, back, _) in enumerate(script) if back < 6})
    table = Table(late, rewind_steps=steps, probes=[FixedTruth([False] * 5 + [True])])
    for action, _, ends in script:
        table.play(action, onsets=int(action == 5), ends=ends)
        undone = {number for r in table.sink.records for number in r.undoes}
        stands = [r for r in table.sink.records if r.proposal.step_id not in undone]
        episode = [r for r in stands if r.proposal.episode == table.gate.next_episode - 1]
        assert [r.executed for r in episode] == table.games[0].played
        assert [r.proposal.step for r in episode] == list(range(len(episode)))
        assert table.told[0].info["game_return"] == sum(table.games[0].played)
        for before, row in zip([None, *episode], episode, strict=False):
            assert row.proposal.last_executed == (None if before is None else before.executed)
        tally = table.gate.tally
        assert (tally.steps, tally.rewound_steps) == (len(table.sink.records), len(undone))
        assert tally.blocks == sum(r.blocked for r in stands)
        assert tally.proposed_catastrophes == sum(bool(r.proposed_unsafe) for r in stands)
        assert tally.rewinds == sum(bool(r.undoes) for r in table.sink.records)
        onsets = sum(e.onset_step not in undone for e in table.sink.events)
        assert (tally.catastrophes, (tally.undone_catastrophes or 0)) == (
            onsets,
            len(table.sink.events) - onsets,
        )
        if ends:
            table.reset()


# ------------------------------------------------------------------ the wrapper and the real game


def test_the_ranking_is_of_the_observation_of_the_step_that_was_meant(pong: AtariGame) -> None:
    wrapper = OversightWrapper(
        pong, Late({6: 3}, source=Source.BLOCKER), GateSettings(mode=Mode.PRUNE, rewind_steps=4)
    )
    asked: list[NDArray[np.uint8]] = []

    def ranking(observation: NDArray[np.uint8]) -> list[int]:
        asked.append(observation)
        return [5, 2]

    wrapper.ranking = ranking
    observation, _ = wrapper.reset(seed=3)
    shown = []
    for action in (3, 3, 3, 3, 2, 2, 2):
        shown.append(observation)
        observation, *_ = wrapper.step(action)
    assert len(asked) == 1
    assert (asked[0] == shown[3]).all()
    assert not (shown[3] == shown[6]).all()


class Still(gymnasium.Wrapper[Any, Any, Any, Any]):
    """A wrapper that could hold a state of its own."""


def test_an_environment_that_cannot_be_taken_back_is_refused(pong: AtariGame) -> None:
    assert isinstance(pong, Rewindable)
    with pytest.raises(TypeError, match=r"snapshot\(\) and restore\(\).* 2 steps, got Still"):
        OversightWrapper(Still(pong), AllowAll(), GateSettings(rewind_steps=2))
    OversightWrapper(Still(pong), AllowAll(), GateSettings())


STEPS = 500
REAL_TIME = replace(MODELS["perfect"], steps_per_second=15.0)
"""A faultless person at the game's own speed: 60 frames a second, four of them a step. Every
reaction then takes four steps and a bit."""


def overseen(rewind_steps: int) -> tuple[MemorySink, Tally]:
    """Held random play of Pong before a person at the game's own speed."""
    env, sink = AtariGame(game_named("pong")), MemorySink()
    person = SimulatedHuman([env.truth], np.random.default_rng(0), REAL_TIME)
    wrapper = OversightWrapper(
        env, person, GateSettings(rewind_steps=rewind_steps), sink=sink, episode_seed=lambda e: e
    )
    rng = np.random.default_rng(4)
    wrapper.reset()
    held, left = 0, 0
    for _ in range(STEPS):
        if left == 0:
            held, left = int(rng.integers(6)), int(rng.integers(1, 31))
        left -= 1
        wrapper.step(held)
    assert wrapper.gate.tally.episodes == 1
    return sink, wrapper.gate.tally


def test_a_block_four_steps_late_saves_pong_if_the_game_is_taken_back_and_else_does_not() -> None:
    _, without = overseen(rewind_steps=0)
    sink, tally = overseen(rewind_steps=8)
    assert without.catastrophes is not None
    assert without.catastrophes > 3
    assert (without.rewinds, without.rewound_steps) == (0, 0)
    assert tally.catastrophes == 0
    assert tally.rewinds > 5
    assert tally.rewound_steps == 4 * tally.rewinds
    assert tally.needless_blocks == 0
    # What stands is a game: the same actions bring about the same scores and screens.
    undone = {number for r in sink.records for number in r.undoes}
    again = AtariGame(game_named("pong"))
    again.reset(seed=0)
    for row in sink.records:
        if row.proposal.step_id in undone:
            continue
        assert (row.proposal.screens[-1] == again.screen()).all()
        assert row.game_reward == again.step(row.executed)[4]["game_reward"]


def test_a_reach_shorter_than_the_reaction_saves_nothing() -> None:
    _, tally = overseen(rewind_steps=3)
    assert (tally.rewinds, tally.undone_catastrophes) == (0, None)
    assert tally.catastrophes
