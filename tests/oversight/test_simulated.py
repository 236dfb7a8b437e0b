"""The simulated person: are the faults as often, as long and as late as the model says?"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from oversight import Decision, HumanModel, Proposal, SimulatedHuman, Source, Verdict
from oversight.simulated import MODELS
from oversight.testing import FixedTruth

SCREENS = np.zeros((1, 1), np.uint8)


def model(**faults: float) -> HumanModel:
    return HumanModel(
        **{
            "steps_per_second": 1.0,
            "reaction_spread": 0.0,
            "lapses_per_hour": 0.0,
            "false_alarms_per_hour": 0.0,
            "fatigue_per_hour": 0.0,
            **faults,
        }
    )


def ask(
    person: SimulatedHuman, step_id: int, action: int = 0, episode: int = 0, env_index: int = 0
) -> Decision:
    (decision,) = person.review([Proposal(step_id, env_index, episode, step_id, action, SCREENS)])
    return decision


def watch(person: SimulatedHuman, steps: int, action: int) -> list[bool]:
    return [ask(person, n, action).verdict is Verdict.UNSAFE for n in range(steps)]


def person_with(chosen: HumanModel, seed: int = 0) -> SimulatedHuman:
    """Action 0 is safe, action 1 is not."""
    return SimulatedHuman([FixedTruth([False, True])], np.random.default_rng(seed), chosen)


def likely(events: int, steps: int, probability: float) -> bool:
    return binomtest(events, steps, probability).pvalue > 1e-3


def test_without_faults_it_is_the_truth() -> None:
    rng = np.random.default_rng(0)
    actions = rng.integers(0, 2, 500).tolist()
    person = person_with(model())
    assert [ask(person, n, a).verdict is Verdict.UNSAFE for n, a in enumerate(actions)] == [
        a == 1 for a in actions
    ]


def test_false_alarms_are_as_often_as_the_model_says() -> None:
    # 72 an hour of a step a second are 2 in a hundred steps.
    blocked = watch(person_with(model(false_alarms_per_hour=72.0)), 20_000, action=0)
    assert likely(sum(blocked), 20_000, 0.02)


def test_faults_go_by_the_clock_and_not_by_the_step() -> None:
    fast = model(steps_per_second=10.0, false_alarms_per_hour=720.0, reaction_median=0.05)
    blocked = watch(person_with(fast), 20_000, action=0)
    assert likely(sum(blocked), 20_000, 0.02)
    lapsing = model(
        steps_per_second=10.0, lapses_per_hour=720.0, lapse_seconds=0.4, reaction_median=0.05
    )
    missed = watch(person_with(lapsing), 40_000, action=1).count(False)
    assert abs(missed / 40_000 - 4.0 / 53.0) < 0.15 * 4.0 / 53.0


def test_lapses_are_as_often_and_as_long_as_the_model_says() -> None:
    blocked = watch(person_with(model(lapses_per_hour=72.0, lapse_seconds=4.0)), 40_000, action=1)
    missed = [not b for b in blocked]
    begun = sum(now and not before for before, now in zip([False, *missed], missed, strict=False))
    # A lapse may follow another at once, so what is seen is the share of steps lost:
    # 4 steps after 50 of attention on average (a lapse begins with the step that starts it).
    share = 4.0 / (4.0 + 49.0)
    assert abs(np.mean(missed) - share) < 0.15 * share
    assert abs(sum(missed) / begun - 4.0 / 0.98) < 0.4


def test_a_lapse_of_one_step_is_one_step() -> None:
    blocked = watch(person_with(model(lapses_per_hour=360.0, lapse_seconds=1.0)), 10_000, action=1)
    assert likely(blocked.count(False), 10_000, 0.1)


def test_reactions_have_the_models_median_and_spread() -> None:
    chosen = model(reaction_median=0.3, reaction_spread=0.3, steps_per_second=0.01)
    person = person_with(chosen)
    times = [ask(person, n, 1).reaction_seconds for n in range(4000)]
    logs = np.log(np.array(times, float))
    assert abs(np.exp(np.median(logs)) - 0.3) < 0.01
    assert abs(logs.std() - 0.3) < 0.02


@pytest.mark.parametrize(("reaction", "late"), [(0.2, 0), (0.3, 1), (0.6, 2), (1.9, 7)])
def test_a_late_block_lands_on_the_step_that_is_shown_by_then(reaction: float, late: int) -> None:
    person = person_with(model(reaction_median=reaction, steps_per_second=4.0))
    decisions = [ask(person, n, int(n == 3)) for n in range(12)]
    blocked = [d for d in decisions if d.verdict is Verdict.UNSAFE]
    assert [d.step_id for d in blocked] == [3 + late]
    assert [d.meant_for for d in blocked] == [3 if late else None]
    assert [d.reaction_seconds for d in blocked] == [pytest.approx(reaction)]
    assert blocked[0].attention_seconds == pytest.approx(reaction - late * 0.25)
    assert {d.reaction_seconds for d in decisions if d.verdict is Verdict.SAFE} == {None}


def test_while_a_press_is_on_its_way_no_other_begins() -> None:
    person = person_with(model(reaction_median=0.6, steps_per_second=4.0))
    decisions = [ask(person, n, 1) for n in range(7)]
    assert [d.meant_for for d in decisions] == [None, None, 0, None, None, 3, None]


def test_a_late_block_does_not_reach_the_next_episode() -> None:
    person = person_with(model(reaction_median=0.5, steps_per_second=4.0))
    assert ask(person, 0, 1, episode=0).verdict is Verdict.SAFE
    assert ask(person, 1, 0, episode=1).verdict is Verdict.SAFE
    assert ask(person, 2, 0, episode=0).verdict is Verdict.SAFE


def test_a_late_block_does_not_reach_another_game() -> None:
    truth = FixedTruth([False, True])
    chosen = model(reaction_median=0.5, steps_per_second=4.0)
    person = SimulatedHuman([truth, truth], np.random.default_rng(0), chosen)
    assert ask(person, 0, 1).verdict is Verdict.SAFE
    assert ask(person, 1, 0, env_index=1).verdict is Verdict.SAFE


def test_blocks_in_time_are_on_their_own_step() -> None:
    person = person_with(model(reaction_median=0.2, steps_per_second=4.0))
    assert [ask(person, n, a).verdict for n, a in enumerate((1, 0))] == [
        Verdict.UNSAFE,
        Verdict.SAFE,
    ]


def test_late_blocks_are_as_often_as_reactions_are_slow() -> None:
    # A median as long as the step: half of all blocks are late.
    chosen = model(reaction_median=0.5, reaction_spread=0.3, steps_per_second=2.0)
    person = person_with(chosen)
    on_time = 0
    for n in range(0, 16_000, 8):  # each unsafe step is followed by safe ones until all is over
        on_time += ask(person, n, 1).verdict is Verdict.UNSAFE
        watch_safe = [ask(person, n + more, 0) for more in range(1, 8)]
        assert watch_safe[-1].verdict is Verdict.SAFE
    assert likely(on_time, 2000, 0.5)


def test_the_same_seed_is_the_same_person() -> None:
    chosen = HumanModel(lapses_per_hour=135.0, false_alarms_per_hour=135.0, reaction_median=0.7)
    actions = np.random.default_rng(1).integers(0, 2, 2000).tolist()

    def decisions(seed: int) -> list[Decision]:
        person = person_with(chosen, seed)
        return [ask(person, n, action) for n, action in enumerate(actions)]

    assert decisions(5) == decisions(5)
    assert decisions(5) != decisions(6)


def test_attention_is_the_time_that_steps_were_shown_and_blocks_took() -> None:
    person = person_with(model(reaction_median=0.2, steps_per_second=2.0))
    decisions = [ask(person, n, action) for n, action in enumerate((0, 1, 0))]
    assert [d.attention_seconds for d in decisions] == pytest.approx([0.5, 0.2, 0.5])
    assert person.attention_seconds == pytest.approx(1.2)
    assert [d.reaction_seconds for d in decisions] == [None, pytest.approx(0.2), None]
    assert {d.source for d in decisions} == {Source.SIMULATED}


def test_fatigue_slows_and_tires() -> None:
    chosen = model(
        reaction_median=0.2,
        steps_per_second=1.0,
        fatigue_per_hour=1.0,
        false_alarms_per_hour=72.0,
    )
    person = person_with(chosen)
    before = ask(person, 0, 1).reaction_seconds
    person.attention_seconds = 2 * 3600.0
    after = ask(person, 1, 1).reaction_seconds
    assert before is not None
    assert after == pytest.approx(3 * before)
    alarms = 0
    for n in range(2, 10_002):
        person.attention_seconds = 2 * 3600.0
        alarms += ask(person, n, 0).verdict is Verdict.UNSAFE
    assert likely(alarms, 10_000, 0.06)


def test_a_person_looks_at_one_game() -> None:
    proposal = Proposal(0, 0, 0, 0, 0, SCREENS)
    for batch in ([], [proposal, proposal]):
        with pytest.raises(ValueError, match="one proposal at a time"):
            person_with(model()).review(batch)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"steps_per_second": 0.0}, "steps_per_second above 0"),
        ({"reaction_median": -1.0}, "reaction_median above 0"),
        ({"lapse_seconds": 0.0}, "lapse_seconds above 0"),
        ({"lapses_per_hour": -1.0}, "lapses_per_hour of 0 or more"),
        ({"false_alarms_per_hour": float("nan")}, "false_alarms_per_hour of 0 or more"),
        ({"reaction_spread": float("inf")}, "reaction_spread of 0 or more"),
    ],
)
def test_a_model_that_is_no_person(fault: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model(**fault)


# ------------------------------------------------------------------ what they do instead


def named(unsafe: list[bool], action: int, twin: list[int] | None) -> int | None:
    person = SimulatedHuman([FixedTruth(unsafe)], np.random.default_rng(0), model(), safe_twin=twin)
    return ask(person, 0, action).replacement


def test_the_games_own_twin_will_do_if_it_looks_safe() -> None:
    assert named([True, False, False, True], 3, [2, 2, 2, 2]) is None


def test_a_twin_that_looks_unsafe_is_not_taken() -> None:
    assert named([True, False, True, True], 3, [2, 2, 2, 2]) == 1


def test_where_all_look_unsafe_the_game_chooses() -> None:
    assert named([True] * 4, 3, [2, 2, 2, 2]) is None
    assert named([True, False, True, True], 3, None) is None


def test_what_looks_safe_is_chosen_at_the_step_that_was_meant() -> None:
    truth = FixedTruth([True, True, False])
    chosen = model(reaction_median=1.5)
    person = SimulatedHuman([truth], np.random.default_rng(0), chosen, safe_twin=[1, 1, 1])
    ask(person, 0, 0)
    truth.values = [False, False, True]  # the game has gone on
    landed = ask(person, 1, 2)
    assert (landed.meant_for, landed.replacement) == (0, 2)


# ------------------------------------------------------------------ the presets


def test_the_presets_are_there_and_typical_is_the_default() -> None:
    assert list(MODELS) == ["perfect", "careful", "typical", "tired"]
    assert SimulatedHuman([], np.random.default_rng(0)).model == MODELS["typical"] == HumanModel()


def test_the_perfect_person_is_its_rule_and_never_late() -> None:
    actions = np.random.default_rng(2).integers(0, 2, 20_000).tolist()
    person = person_with(MODELS["perfect"])
    decisions = [ask(person, n, a) for n, a in enumerate(actions)]
    assert [d.verdict is Verdict.UNSAFE for d in decisions] == [a == 1 for a in actions]
    assert {d.meant_for for d in decisions} == {None}
    blocks = sum(actions)
    seconds = 0.275 * blocks + 0.8 * (20_000 - blocks)
    assert person.attention_seconds == pytest.approx(seconds)


def test_people_err_the_more_the_less_fit_they_are() -> None:
    def wrong(name: str) -> tuple[int, int]:
        person = person_with(MODELS[name])
        missed = watch(person, 15_000, action=1).count(False)
        person = person_with(MODELS[name])
        return missed, sum(watch(person, 15_000, action=0))

    faults = [wrong(name) for name in MODELS]
    assert faults[0] == (0, 0)
    assert faults[0] < faults[1] < faults[2] < faults[3]
    # What the typical one is made after: 1 false alarm in 1,000 labels, and 0.12 % of the time
    # not there; both grow by a fifth in an hour, and this takes three.
    missed, alarms = faults[2]
    assert likely(alarms, 15_000, 0.001 * 1.3)
    assert missed < 15_000 * 0.0012 * 4
