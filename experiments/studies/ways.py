"""Ways of working: what the same simulated person spends and misses when shown the game otherwise.

Every second here is a model's. What each way assumes is said in `docs/protocol.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol

import numpy as np

from agents import HeldRandomProposer
from blocker import BlockerOverseer
from experiments.assisted_study import Paced
from experiments.studies.common import (
    SEED_OFFSET,
    StudySettings,
    base_of,
    blocker_of,
    guarded,
    play_steps,
    work_of,
)
from experiments.sweep.cell import Json
from experiments.sweep.study import Place, Row, Study
from oversight import (
    MODELS,
    AtariGame,
    Decision,
    HumanModel,
    Mode,
    Overseer,
    Proposal,
    RunError,
    SimulatedHuman,
    Source,
    Verdict,
    game_named,
)

__all__ = ["ASSISTED", "STUDY", "UNSURE", "WAYS", "Asking", "Stepping"]

REAL_TIME = 15.0
"""Agent steps a second at the console's own speed: 60 frames, 4 a step."""
ASSISTED, FASTEST = "assisted", 4.0
"""The window's own way: the Blocker sets the pace, at most so many times the person's."""
UNSURE = "shown what the Blocker is unsure of"
SURE = 0.1
"""Below so much of its threshold the Blocker's opinion is taken for the person's."""


class Stepping:
    """A person without a clock: every step waits for a key, so nothing is late.

    Each step costs a reaction time. A lapse costs time and no miss, for nothing happens without a
    key; the wrong key is pressed as often as the model has false alarms a label, either way.
    """

    def __init__(self, env: AtariGame, model: HumanModel, rng: np.random.Generator) -> None:
        """Sit down at a game."""
        quiet = replace(
            model,
            reaction_median=0.001,
            reaction_spread=0.0,
            lapses_per_hour=0.0,
            false_alarms_per_hour=0.0,
        )
        self._inner = SimulatedHuman([env.rule], rng, quiet, safe_twin=env.safe_twin)
        self._model, self._rng = model, rng
        self.attention_seconds = 0.0

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        """See `Overseer.review`."""
        decisions = self._inner.review(proposals)
        return [
            d if p.recheck else self._pressed(d) for p, d in zip(proposals, decisions, strict=True)
        ]

    def _pressed(self, decision: Decision) -> Decision:
        model = self._model
        reaction = model.reaction_median * float(
            np.exp(model.reaction_spread * self._rng.standard_normal())
        )
        lapsed = self._rng.random() < model.lapses_per_hour * model.window / 3600
        seconds = reaction + (self._rng.exponential(model.lapse_seconds) if lapsed else 0.0)
        self.attention_seconds += seconds
        decision = replace(decision, reaction_seconds=reaction, attention_seconds=seconds)
        if self._rng.random() >= model.false_alarms_per_hour * model.window / 3600:
            return decision
        wrong = Verdict.SAFE if decision.verdict is Verdict.UNSAFE else Verdict.UNSAFE
        return replace(decision, verdict=wrong, replacement=None)


class Asking:
    """A Blocker lets pass what it is sure of; the person is shown the rest."""

    def __init__(self, person: SimulatedHuman, judge: BlockerOverseer) -> None:
        """Put a Blocker before a person."""
        self._person, self._judge = person, judge
        self.asked = 0

    @property
    def attention_seconds(self) -> float:
        """Of the person, who is shown a part of the steps."""
        return self._person.attention_seconds

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        """See `Overseer.review`."""
        (proposal,) = proposals
        if proposal.recheck:
            return self._person.review(proposals)
        hint = self._judge.hint(proposal)
        if hint.probability < SURE * hint.threshold:
            safe = Decision(
                proposal.step_id, Verdict.SAFE, Source.BLOCKER, probability=hint.probability
            )
            return [safe]
        self.asked += 1
        return self._person.review([replace(proposal, hint=hint)])


class Attentive(Overseer, Protocol):
    """An overseer whose attention is counted."""

    @property
    def attention_seconds(self) -> float:
        """So far."""
        ...


Way = Callable[[AtariGame, HumanModel, np.random.Generator, BlockerOverseer | None], Attentive]


def _person(pace: float | None) -> Way:
    def way(
        env: AtariGame, model: HumanModel, rng: np.random.Generator, _judge: object
    ) -> SimulatedHuman:
        model = model if pace is None else replace(model, steps_per_second=pace)
        return SimulatedHuman([env.rule], rng, model, safe_twin=env.safe_twin)

    return way


def _stepping(
    env: AtariGame, model: HumanModel, rng: np.random.Generator, _judge: object
) -> Stepping:
    return Stepping(env, model, rng)


def _helped(help_by: Callable[[SimulatedHuman, BlockerOverseer], Attentive]) -> Way:
    def way(
        env: AtariGame, model: HumanModel, rng: np.random.Generator, judge: BlockerOverseer | None
    ) -> Attentive:
        if judge is None:
            raise RunError("a person who is helped needs a run with a Blocker")
        return help_by(SimulatedHuman([env.rule], rng, model, safe_twin=env.safe_twin), judge)

    return way


WAYS: Mapping[str, tuple[Way, int]] = MappingProxyType(
    {
        "paced": (_person(None), 0),
        "real time": (_person(REAL_TIME), 0),
        "real time, rewind": (_person(REAL_TIME), 8),
        "step by step": (_stepping, 0),
        ASSISTED: (_helped(lambda person, judge: Paced(person, judge, FASTEST)), 0),
        UNSURE: (_helped(Asking), 0),
    }
)
"""By name: the person, and how many steps late a block may come."""


def _play(values: Mapping[str, Json], place: Place) -> list[Row] | None:
    settings = StudySettings.from_json(values)
    if settings.arm not in WAYS:
        raise RunError(f"expected a way of {', '.join(WAYS)}, got {settings.arm!r}")
    way, rewind_steps = WAYS[settings.arm]
    run = base_of(place)
    name = run.settings().person
    judge = blocker_of(run) if settings.arm in (ASSISTED, UNSURE) else None
    rng = np.random.default_rng([SEED_OFFSET, settings.seed, 2])
    people: list[Attentive] = []

    def seated(env: AtariGame) -> Attentive:
        people.append(way(env, MODELS[name], rng, judge))
        return people[-1]

    wrapper = guarded(run, Mode.REPLACE, settings.seed, seated, rewind_steps=rewind_steps)
    n_actions = game_named(settings.game).n_actions
    proposer = HeldRandomProposer(n_actions, np.random.default_rng([settings.seed, 5]))
    counted = play_steps(wrapper, proposer, settings.steps, place, settings.arm)
    if counted is None:
        return None
    (person,) = people
    asked = person.asked if isinstance(person, Asking) else settings.steps
    extra: Row = {
        "person": name,
        "seconds": person.attention_seconds,
        "seconds_are": "simulated",
        "asked": asked,
    }
    return [settings.row() | counted | extra]


STUDY = Study(
    label=lambda values: StudySettings.from_json(values).label,
    work=work_of(learns=False),
    play=_play,
)
