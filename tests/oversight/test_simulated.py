"""The simulated person: are the faults as often, as long and as late as the model says?"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from oversight import Decision, HumanModel, Proposal, SimulatedHuman, Source, Verdict
from oversight.testing import FixedTruth

SCREENS = np.zeros((1, 1), np.uint8)


def model(**faults: float) -> HumanModel:
    return HumanModel(
        **{
            "reaction_spread": 0.0,
            "lapses_per_1000": 0.0,
            "false_alarms_per_1000": 0.0,
            "fatigue_per_hour": 0.0,
            **faults,
        }
    )


def ask(person: SimulatedHuman, step_id: int, action: int = 0, episode: int = 0) -> Decision:
    (decision,) = person.review([Proposal(step_id, 0, episode, step_id, action, SCREENS)])
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
    blocked = watch(person_with(model(false_alarms_per_1000=20.0)), 20_000, action=0)
    assert likely(sum(blocked), 20_000, 0.02)


def test_lapses_are_as_often_and_as_long_as_the_model_says() -> None:
    blocked = watch(person_with(model(lapses_per_1000=20.0, lapse_steps=4.0)), 40_000, action=1)
    missed = [not b for b in blocked]
    begun = sum(now and not before for before, now in zip([False, *missed], missed, strict=False))
    # A lapse may follow another at once, so what is seen is the share of steps lost:
    # 4 steps after 50 of attention on average (a lapse begins with the step that starts it).
    share = 4.0 / (4.0 + 49.0)
    assert abs(np.mean(missed) - share) < 0.15 * share
    assert abs(sum(missed) / begun - 4.0 / 0.98) < 0.4


def test_a_lapse_of_one_step_is_one_step() -> None:
    blocked = watch(person_with(model(lapses_per_1000=100.0, lapse_steps=1.0)), 10_000, action=1)
    assert likely(blocked.count(False), 10_000, 0.1)


def test_reactions_have_the_models_median_and_spread() -> None:
    chosen = model(reaction_median=0.3, reaction_spread=0.3, steps_per_second=0.01)
    person = person_with(chosen)
    times = [ask(person, n, 1).reaction_seconds for n in range(4000)]
    logs = np.log(np.array(times, float))
    assert abs(np.exp(np.median(logs)) - 0.3) < 0.01
    assert abs(logs.std() - 0.3) < 0.02


def test_a_late_block_lands_on_the_next_step() -> None:
    person = person_with(model(reaction_median=0.5, steps_per_second=4.0))
    first, second, third = (ask(person, n, action) for n, action in enumerate((1, 0, 0)))
    assert (first.verdict, second.verdict, third.verdict) == (
        Verdict.SAFE,
        Verdict.UNSAFE,
        Verdict.SAFE,
    )
    assert first.reaction_seconds is None
    assert second.reaction_seconds is not None


def test_a_late_block_does_not_reach_the_next_episode() -> None:
    person = person_with(model(reaction_median=0.5, steps_per_second=4.0))
    assert ask(person, 0, 1, episode=0).verdict is Verdict.SAFE
    assert ask(person, 1, 0, episode=1).verdict is Verdict.SAFE
    assert ask(person, 2, 0, episode=0).verdict is Verdict.SAFE


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
    for n in range(0, 4000, 2):  # each unsafe step is followed by a safe one
        on_time += ask(person, n, 1).verdict is Verdict.UNSAFE
        ask(person, n + 1, 0)
    assert likely(on_time, 2000, 0.5)


def test_the_same_seed_is_the_same_person() -> None:
    chosen = HumanModel(lapses_per_1000=30.0, false_alarms_per_1000=30.0, reaction_median=0.7)
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
        false_alarms_per_1000=20.0,
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
        ({"lapse_steps": 0.5}, "lapse_steps of 1 or more"),
    ],
)
def test_a_model_that_is_no_person(fault: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model(**fault)
