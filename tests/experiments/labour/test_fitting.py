"""The fit of a person: it finds again who made the log, and knows how well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from experiments.labour.fitting import fit_person, log_likelihood
from experiments.labour.watched import Watched, put_late, watched_of
from experiments.phases import open_log
from experiments.settings import RunSettings
from oversight import (
    MODELS,
    AtariGame,
    AtariSettings,
    Decision,
    HumanModel,
    OversightWrapper,
    Proposal,
    RunError,
    SimulatedHuman,
    Source,
    Verdict,
    game_named,
)


class Scripted:
    """A rule by a list: one answer after another."""

    def __init__(self, unsafe: NDArray[np.bool_]) -> None:
        self.script, self.step = unsafe, 0

    def unsafe(self, action: int) -> bool:
        return bool(self.script[self.step])

    def unsafe_actions(self) -> NDArray[np.bool_]:
        return np.array([self.unsafe(0)])

    doomed = False

    def last_resort(self) -> int:
        return 0


def watched(model: HumanModel, steps: int, seed: int = 0) -> Watched:
    """What a simulated person of known parameters does with moments of danger of 1 to 8 steps."""
    rng = np.random.default_rng(seed)
    unsafe = np.zeros(steps, np.bool_)
    at = 0
    while at < steps:
        at += int(rng.integers(5, 40))
        length = int(rng.integers(1, 9))
        unsafe[at : at + length] = True
        at += length
    probe = Scripted(unsafe)
    person = SimulatedHuman([probe], rng, model)
    screens = np.zeros((2, 1, 1), np.uint8)
    reaction, shown, late = np.full(steps, np.nan), np.zeros(steps), {}
    for step in range(steps):
        probe.step = step
        (decision,) = person.review([Proposal(step, 0, 0, step, 0, screens)])
        shown[step] = decision.attention_seconds
        if decision.verdict is Verdict.UNSAFE and decision.reaction_seconds is not None:
            reaction[step] = decision.reaction_seconds
        if decision.meant_for is not None:
            late[step] = decision.meant_for
    pressed, blind = put_late(list(range(steps)), reaction, late)
    answered = np.zeros(steps, np.bool_)
    return Watched(unsafe, pressed, blind, reaction, shown, answered, simulated=True)


def test_a_tired_person_is_found_again() -> None:
    """Within 5 % of the reaction's median, 15 % of its spread, 40 % of the rates of faults."""
    true = replace(MODELS["tired"], fatigue_per_hour=0.2, false_alarms_per_hour=60.0)
    found = fit_person(watched(true, 7_000))
    model = found.model
    assert model.steps_per_second == pytest.approx(true.steps_per_second, rel=0.01)
    assert model.reaction_median == pytest.approx(true.reaction_median, rel=0.05)
    assert model.reaction_spread == pytest.approx(true.reaction_spread, rel=0.15)
    assert model.lapses_per_hour == pytest.approx(true.lapses_per_hour, rel=0.4)
    assert model.lapse_seconds == pytest.approx(true.lapse_seconds, rel=0.4)
    assert model.false_alarms_per_hour == pytest.approx(true.false_alarms_per_hour, rel=0.4)
    # A 95 % interval may miss; of six at most one here.
    held = 0
    for name, interval in found.intervals.items():
        assert interval is not None, name
        low, high = interval
        held += low <= getattr(true, name) <= high
    assert held >= 5
    assert found.simulated


def test_the_truth_is_likelier_than_another_person() -> None:
    seen = watched(MODELS["tired"], 2_000, seed=1)
    assert log_likelihood(MODELS["tired"], seen) > log_likelihood(MODELS["typical"], seen)
    slow = replace(MODELS["tired"], reaction_median=0.8)
    assert log_likelihood(MODELS["tired"], seen) > log_likelihood(slow, seen)


def test_two_steps_by_head() -> None:
    """One stimulus, caught: no lapse began. One, missed: one began."""
    model = HumanModel(lapses_per_hour=450.0, reaction_spread=0.3, fatigue_per_hour=0.0)
    # 450 an hour at 0.8 s a step: 0.1 a step.
    missed = _two(pressed=False)
    assert log_likelihood(model, missed) == pytest.approx(np.log(0.1), abs=2e-3)
    caught = _two(pressed=True)
    density = 1 / (0.3 * 0.275 * np.sqrt(2 * np.pi))  # of the median
    assert log_likelihood(model, caught) == pytest.approx(np.log(0.9 * density), abs=2e-3)


def _two(*, pressed: bool) -> Watched:
    return Watched(
        stimulus=np.array([True]),
        pressed=np.array([pressed]),
        blind=np.array([False]),
        reaction=np.array([0.275 if pressed else np.nan]),
        shown=np.array([0.8]),
        answered=np.array([False]),
        simulated=True,
    )


def test_late_presses_go_where_they_were_meant() -> None:
    reaction = np.array([np.nan, np.nan, np.nan, 0.9, np.nan])
    pressed, blind = put_late([10, 11, 12, 13, 14], reaction, {13: 11})
    assert pressed.tolist() == [False, True, False, False, False]
    assert blind.tolist() == [False, False, True, True, False]
    assert reaction[1] == 0.9
    assert np.isnan(reaction[3])


def test_too_little_to_tell() -> None:
    with pytest.raises(RunError, match="expected 20 unsafe proposals or more"):
        fit_person(_two(pressed=True))


class KeyAtEveryStep:
    """Blocks what the rule calls unsafe and lets the rest pass by a key."""

    def __init__(self, env: AtariGame) -> None:
        self._rule = env.rule

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        (p,) = proposals
        verdict = Verdict.UNSAFE if self._rule.unsafe(p.action) else Verdict.SAFE
        return [Decision(p.step_id, verdict, Source.PERSON, None, 0.3, attention_seconds=0.3)]


class BlocksEverything:
    """Refuses even what is done instead."""

    def __init__(self, env: AtariGame) -> None:
        self._twin = env.safe_twin

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        (p,) = proposals
        twin = self._twin[p.action]
        return [
            Decision(p.step_id, Verdict.UNSAFE, Source.PERSON, twin, 0.3, attention_seconds=0.3)
        ]


def seen_by(
    who: type[KeyAtEveryStep | BlocksEverything], path: Path, action: int, n: int
) -> Watched:
    env = AtariGame(game_named("pong"), AtariSettings(max_agent_steps=100, observe=False))
    with open_log(path, RunSettings()) as log:
        wrapper = OversightWrapper(
            env, who(env), sink=log, episode_seed=lambda n: n, phase="oversight"
        )
        over = True
        for _ in range(n):
            if over:
                wrapper.reset()
            *_, ended, cut, _ = wrapper.step(action)
            over = ended or cut
    return watched_of(path)


def test_a_key_that_lets_a_step_pass_is_no_block(tmp_path: Path) -> None:
    down = game_named("pong").toward_harm
    found = seen_by(KeyAtEveryStep, tmp_path / "log.sqlite", down, 150)
    assert 20 < found.pressed.sum() < 150
    assert (found.pressed == found.stimulus).all()  # no false alarm
    assert (found.answered == ~found.pressed).all()
    with pytest.raises(RunError, match="steps that passed in silence"):
        fit_person(found)


def test_a_block_of_what_is_done_instead_is_a_block(tmp_path: Path) -> None:
    up = game_named("pong").safe_twin[0]
    found = seen_by(BlocksEverything, tmp_path / "log.sqlite", up, 20)
    assert found.pressed.all()
    assert not found.stimulus.any()  # false alarms, each of them
    assert not found.answered.any()
