"""The skin over the gate: modes and reward rules as the agent and the environment see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from oversight import (
    AllowAll,
    Decision,
    GateSettings,
    Mode,
    OracleOverseer,
    OverseerGone,
    OversightWrapper,
    Proposal,
    RewardRule,
    ScriptedOverseer,
    Source,
    Verdict,
    agent_reward,
)
from oversight.testing import EchoEnv, FixedTruth, MemorySink

REFUSED, TWIN, PENALTY = 3, 1, -5.0

# mode, rule -> action that the environment plays and reward that the agent gets for action 3
EXPECTED = {
    (Mode.REPLACE, RewardRule.REPLACE): (TWIN, PENALTY),
    (Mode.REPLACE, RewardRule.ADD): (TWIN, TWIN + PENALTY),
    (Mode.PRUNE, RewardRule.REPLACE): (2, PENALTY),
    (Mode.PRUNE, RewardRule.ADD): (2, 2 + PENALTY),
    (Mode.PENALTY_ONLY, RewardRule.REPLACE): (REFUSED, PENALTY),
    (Mode.PENALTY_ONLY, RewardRule.ADD): (REFUSED, REFUSED + PENALTY),
    (Mode.OBSERVE, RewardRule.REPLACE): (REFUSED, float(REFUSED)),
    (Mode.OBSERVE, RewardRule.ADD): (REFUSED, float(REFUSED)),
    (Mode.OFF, RewardRule.REPLACE): (REFUSED, float(REFUSED)),
    (Mode.OFF, RewardRule.ADD): (REFUSED, float(REFUSED)),
}


def wrapped(
    mode: Mode = Mode.REPLACE,
    rule: RewardRule = RewardRule.REPLACE,
    sink: MemorySink | None = None,
    *,
    phase: str = "oversight",
    first: tuple[int, int] = (0, 0),
    episode_seed: Callable[[int], int] | None = None,
) -> OversightWrapper[NDArray[np.float32]]:
    wrapper = OversightWrapper(
        EchoEnv(),
        ScriptedOverseer(lambda p: p.action == REFUSED),
        GateSettings(mode, rule, PENALTY),
        sink=sink,
        safe_twin=[TWIN] * 4,
        phase=phase,
        first_step_id=first[0],
        first_episode=first[1],
        episode_seed=episode_seed,
    )
    wrapper.ranking = lambda _observation: [3, 2, 1, 0]
    return wrapper


@pytest.mark.parametrize(("mode", "rule"), list(EXPECTED))
def test_what_each_mode_plays_and_pays(mode: Mode, rule: RewardRule) -> None:
    sink = MemorySink()
    wrapper = wrapped(mode, rule, sink)
    wrapper.reset()
    observation, reward, _, _, info = wrapper.step(REFUSED)
    executed, paid = EXPECTED[mode, rule]
    assert observation.tolist() == [executed]
    assert reward == paid
    told = info["oversight"]
    assert told["proposed_action"] == REFUSED
    assert told["executed_action"] == executed
    assert told["blocked"] is mode.blocks
    assert told["verdict"] == ("safe" if mode is Mode.OFF else "unsafe")
    assert told["source"] == ("nobody" if mode is Mode.OFF else "script")
    assert told["game_reward"] == executed
    (row,) = sink.records
    assert (row.executed, row.agent_reward, row.game_reward) == (executed, paid, executed)


@pytest.mark.parametrize(("mode", "rule"), list(EXPECTED))
def test_what_is_safe_passes_unchanged_in_every_mode(mode: Mode, rule: RewardRule) -> None:
    wrapper = wrapped(mode, rule)
    wrapper.reset()
    observation, reward, _, _, info = wrapper.step(2)
    assert observation.tolist() == [2]
    assert reward == 2.0
    assert info["oversight"]["blocked"] is False


def test_a_safe_action_equal_to_the_proposed_one_is_no_block() -> None:
    wrapper = OversightWrapper(EchoEnv(), ScriptedOverseer({0: True}, replacement=2))
    wrapper.reset()
    observation, reward, _, _, info = wrapper.step(2)
    told = info["oversight"]
    assert (observation.tolist(), reward) == ([2], 2.0)
    assert (told["verdict"], told["blocked"], told["no_safe_action"]) == ("unsafe", False, False)
    assert wrapper.gate.tally.blocks == 0


def test_info_holds_scalars_only() -> None:
    wrapper = wrapped()
    wrapper.reset()
    info = wrapper.step(REFUSED)[-1]["oversight"]
    assert all(isinstance(v, int | float | bool | str | None) for v in info.values())
    assert info["rewound"] == 0


def test_game_return_is_the_games_and_begins_anew() -> None:
    wrapper = wrapped()
    for _ in range(2):
        wrapper.reset()
        returns = [wrapper.step(a)[-1]["oversight"]["game_return"] for a in (2, 3, 0)]
        assert returns == [2.0, 3.0, 3.0]


def test_episodes_end_as_the_environment_ends_them() -> None:
    sink = MemorySink()
    wrapper = wrapped(sink=sink, phase="warm-up", first=(5, 2))
    wrapper.reset(seed=11)
    ended = [wrapper.step(0)[2] for _ in range(10)]
    assert ended == [False] * 9 + [True]
    assert sink.records[-1].terminated
    wrapper.reset()
    assert sink.episodes == [(2, 0, 11, "warm-up"), (3, 0, None, "warm-up")]
    assert [r.proposal.step_id for r in sink.records] == list(range(5, 15))


def test_each_episode_gets_a_seed_of_its_own_unless_it_is_given_one() -> None:
    sink = MemorySink()
    wrapper = wrapped(sink=sink, episode_seed=lambda episode: 100 + episode)
    wrapper.reset()
    wrapper.reset(seed=7)
    wrapper.reset()
    assert [seed for _, _, seed, _ in sink.episodes] == [100, 7, 102]


class Gone:
    def review(self, proposals: Sequence[Proposal]) -> Sequence[Decision]:
        raise OverseerGone("the window was closed")


def test_nothing_is_executed_when_nobody_is_there() -> None:
    env = EchoEnv(length=1)
    sink = MemorySink()
    wrapper = OversightWrapper(env, Gone(), sink=sink)
    wrapper.reset()
    with pytest.raises(OverseerGone):
        wrapper.step(0)
    assert env._steps == 0
    assert sink.records == []
    assert wrapper.gate.tally.steps == 0


def test_nobody_is_asked_in_the_mode_off() -> None:
    wrapper = OversightWrapper(EchoEnv(), Gone(), GateSettings(mode=Mode.OFF))
    wrapper.reset()
    assert wrapper.step(2)[1] == 2.0


def test_the_ranking_is_of_the_observation_that_is_acted_on() -> None:
    wrapper = wrapped(Mode.PRUNE)
    asked: list[float] = []

    def ranking(observation: NDArray[np.float32]) -> list[int]:
        asked.append(float(observation[0]))
        return [3, 0, 1, 2]

    wrapper.ranking = ranking
    wrapper.reset()
    for action in (REFUSED, 2, REFUSED):
        wrapper.step(action)
    assert asked == [-1.0, 2.0]


class Reusing(EchoEnv):
    """Writes every observation into the same array."""

    def step(self, action: int) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        if not hasattr(self, "_shared"):
            self._shared = np.zeros(1, np.float32)
        self._shared[0] = action
        return (self._shared, *super().step(action)[1:])


def test_an_environment_that_reuses_its_array_does_not_change_the_past() -> None:
    seen: list[list[float]] = []

    def look(proposal: Proposal) -> bool:
        seen.append(proposal.screens[:, 0].tolist())
        return False

    wrapper = OversightWrapper(Reusing(), ScriptedOverseer(look), GateSettings(history=3))
    wrapper.reset()
    for action in (0, 1, 2, 3):
        wrapper.step(action)
    assert seen == [[-1, -1, -1], [-1, -1, 0], [-1, 0, 1], [0, 1, 2]]


class Dictionary(EchoEnv):
    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, NDArray[np.float32]], dict[str, Any]]:
        return {"echo": super().reset(seed=seed)[0]}, {}


def test_an_observation_that_is_no_array_is_refused() -> None:
    wrapper = OversightWrapper(Dictionary(), AllowAll())
    with pytest.raises(TypeError, match="expected observations that are one array"):
        wrapper.reset()


@pytest.mark.parametrize(
    "space",
    [gymnasium.spaces.Box(-1, 1, (2,)), gymnasium.spaces.Discrete(3, start=1)],
    ids=["continuous", "from one on"],
)
def test_other_action_spaces_are_refused(space: gymnasium.Space[Any]) -> None:
    env = EchoEnv()
    env.action_space = space  # type: ignore[assignment]
    with pytest.raises(TypeError, match=r"expected an action space Discrete\(n\) from 0 on"):
        OversightWrapper(env, AllowAll())


class TruthfulEcho(EchoEnv):
    """Offers what `Overseeable` asks for; action 3 is a catastrophe at once."""

    catastrophe_name = "three"
    safe_twin = (0, 0, 0, 0)

    def __init__(self) -> None:
        super().__init__()
        self.truth = FixedTruth([False, False, False, True])

    def screen(self) -> NDArray[np.uint8]:
        return np.array([[self._steps]], np.uint8)

    def step(self, action: int) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        *rest, info = super().step(action)
        return (*rest, {**info, "catastrophe_onsets": int(action == 3)})  # type: ignore[return-value]


def test_what_an_environment_offers_is_used() -> None:
    env, sink = TruthfulEcho(), MemorySink()
    wrapper = OversightWrapper(env, OracleOverseer([env.truth]), sink=sink)
    wrapper.reset()
    assert wrapper.step(3)[0].tolist() == [0]
    wrapper.step(3)
    assert sink.records[1].proposal.screens[:, 0, 0].tolist() == [0, 1]
    assert sink.records[0].proposed_unsafe is True
    assert sink.records[0].executed_unsafe is False
    tally = wrapper.gate.tally
    assert (tally.catastrophes, tally.proposed_catastrophes, tally.needless_blocks) == (0, 2, 0)


def test_an_environments_catastrophe_is_recorded_under_its_name() -> None:
    sink = MemorySink()
    wrapper = OversightWrapper(TruthfulEcho(), AllowAll(), sink=sink)
    wrapper.reset()
    wrapper.step(0)
    assert wrapper.step(3)[-1]["oversight"]["catastrophe_onsets"] == 1
    assert [(e.kind, e.cause_step, e.onset_step, e.avoidable) for e in sink.events] == [
        ("three", 1, 1, True)
    ]


# ------------------------------------------------------------------ what holds always


class Table:
    """Answers by a table of (verdict, replacement, source), one a step; rechecks by action."""

    def __init__(self, rows: Sequence[tuple[Verdict, int | None, Source]], bad: set[int]) -> None:
        self._rows = rows
        self._bad = bad

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        return [self._one(p) for p in proposals]

    def _one(self, p: Proposal) -> Decision:
        verdict, replacement, source = self._rows[p.step_id]
        if p.recheck:
            verdict = Verdict.UNSAFE if p.action in self._bad else Verdict.SAFE
        return Decision(p.step_id, verdict, source, replacement=replacement)


ROWS = st.tuples(
    st.sampled_from(Verdict),
    st.none() | st.integers(0, 3),
    st.sampled_from([Source.PERSON, Source.BLOCKER, Source.ORACLE]),
)


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(0, 3), ROWS), min_size=1, max_size=25),
    bad=st.sets(st.integers(0, 3)),
    mode=st.sampled_from(Mode),
    rule=st.sampled_from(RewardRule),
)
def test_what_holds_whatever_is_proposed_and_decided(
    steps: list[tuple[int, tuple[Verdict, int | None, Source]]],
    bad: set[int],
    mode: Mode,
    rule: RewardRule,
) -> None:
    sink = MemorySink()
    chosen = GateSettings(mode, rule, PENALTY)
    wrapper = OversightWrapper(
        EchoEnv(length=7),
        Table([row for _, row in steps], bad),
        chosen,
        sink=sink,
        safe_twin=[TWIN] * 4,
    )
    over = True
    for action, _ in steps:
        if over:
            wrapper.reset()
        observation, reward, over, _, _ = wrapper.step(action)
        row = sink.records[-1]
        assert row.executed == int(observation[0])
        assert row.blocked == (row.executed != action)
        if row.decision.verdict is not Verdict.UNSAFE or not mode.blocks:
            assert row.executed == action
        penalised = row.blocked or (
            mode is Mode.PENALTY_ONLY and row.decision.verdict is Verdict.UNSAFE
        )
        assert reward == agent_reward(row.game_reward, penalised=penalised, settings=chosen)
        if row.blocked and not row.no_safe_action and not row.decision.source.is_person:
            assert row.executed not in bad
    tally = wrapper.gate.tally
    assert tally.steps == len(sink.records) == len(steps)
    assert tally.episodes == len(sink.episodes) == 1 + (len(steps) - 1) // 7
    assert tally.blocks == sum(r.blocked for r in sink.records)
    assert tally.no_safe_action == sum(r.no_safe_action for r in sink.records)
    assert [r.proposal.step_id for r in sink.records] == list(range(len(steps)))


@pytest.mark.parametrize(
    ("penalised", "rule", "expected"),
    [
        (False, RewardRule.REPLACE, 4.0),
        (False, RewardRule.ADD, 4.0),
        (True, RewardRule.REPLACE, -2.0),
        (True, RewardRule.ADD, 2.0),
    ],
)
def test_the_reward_by_hand(penalised: bool, rule: RewardRule, expected: float) -> None:
    chosen = GateSettings(reward_rule=rule, penalty=-2.0)
    assert agent_reward(4.0, penalised=penalised, settings=chosen) == expected
