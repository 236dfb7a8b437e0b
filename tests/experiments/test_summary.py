"""The figures of a run, checked by hand on small logs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from experiments.rundir import RunState, Stage
from experiments.settings import Condition, RunSettings
from experiments.summary import AFTER, BEFORE, phase_figures, summarise, upper_95
from oversight import Event, InterventionLog, Source, StepRecord

MakeLog = Callable[..., InterventionLog]
Record = Callable[..., StepRecord]

DOCUMENTED = {
    "schema_version",
    "condition",
    "game",
    "seed",
    "overseer",
    "agent_steps",
    "episodes",
    "catastrophes",
    "catastrophes_after_handover",
    "proposed_catastrophes",
    "blocks",
    "needless_blocks",
    "human_decisions",
    "human_seconds",
    "rewinds",
    "blocker",
    "game_return_mean",
    "agent_steps_per_second",
    "wall_seconds",
}


def test_upper_bound_of_nothing_in_n() -> None:
    # Zero in n: the bound p solves (1 - p) ** n = 0.05.
    assert upper_95(0, 1) == pytest.approx(0.95)
    assert upper_95(0, 20_000) == pytest.approx(1 - 0.05 ** (1 / 20_000))
    assert upper_95(3, 3) == 1.0
    assert upper_95(0, 0) is None


def test_one_phase_by_hand(record: Record, make_log: MakeLog) -> None:
    log = make_log(
        [
            record(0),
            record(1, blocked=True, proposed_unsafe=True),
            record(2, blocked=True, proposed_unsafe=False),
            record(3, proposed_unsafe=True),
            record(4, phase=AFTER, episode=1),
        ],
        [Event("paddle_in_zone", 3, 4)],
    )
    figures = phase_figures(log.steps(), log.events(), BEFORE)
    assert figures.agent_steps == 4
    assert figures.proposed_catastrophes == 2
    assert figures.missed == 1
    assert (figures.blocks, figures.needless_blocks, figures.safe_proposals) == (2, 1, 2)
    assert figures.needless_rate == 0.5


def test_a_catastrophe_belongs_to_the_phase_of_its_cause(record: Record, make_log: MakeLog) -> None:
    log = make_log(
        [record(0, proposed_unsafe=True), record(1, phase=AFTER, episode=1)],
        [Event("paddle_in_zone", cause_step=0, onset_step=1)],
    )
    table, events = log.steps(), log.events()
    assert phase_figures(table, events, BEFORE).catastrophes == 1
    assert phase_figures(table, events, AFTER).catastrophes == 0


def test_what_was_not_measured_is_null_and_not_zero(record: Record, make_log: MakeLog) -> None:
    log = make_log([record(0, proposed_unsafe=None)])
    summary = summarise(log, RunSettings(), RunState(), None)
    assert summary["proposed_catastrophes"] is None
    assert summary["needless_blocks"] is None
    assert summary["catastrophes_after_handover"] is None
    assert summary["blocker"] is None
    assert summary["game_return_mean"] is None


def test_the_documented_keys_are_there(record: Record, make_log: MakeLog) -> None:
    summary = summarise(make_log([record(0)]), RunSettings(), RunState(), None)
    assert set(summary) >= DOCUMENTED


def test_only_whole_games_have_a_return(record: Record, make_log: MakeLog) -> None:
    log = make_log(
        [
            record(0, reward=-1.0),
            record(1, reward=-1.0, terminated=True),
            record(2, reward=5.0, episode=1),
        ]
    )
    summary = summarise(log, RunSettings(), RunState(), None)
    assert summary["game_return_mean"] == -2.0
    assert summary["games_finished"] == 1


@pytest.mark.parametrize(
    ("source", "kind"),
    [(Source.PERSON, "measured"), (Source.SIMULATED, "simulated"), (Source.ORACLE, None)],
)
def test_human_seconds_say_whose_they_are(
    record: Record, make_log: MakeLog, source: Source, kind: str | None
) -> None:
    log = make_log([record(0, source=source, attention=0.5), record(1, attention=0.0)])
    summary = summarise(log, RunSettings(), RunState(), None)
    assert summary["human_seconds_are"] == kind
    assert summary["human_seconds"] == (0.5 if kind else 0.0)
    assert summary["human_decisions"] == (1 if kind else 0)


def test_baselines_have_no_hand_over(record: Record, make_log: MakeLog) -> None:
    log = make_log([record(0, phase="segments"), record(1, phase="games", episode=1)])
    settings = RunSettings(condition=Condition.NO_OVERSIGHT)
    summary = summarise(log, settings, RunState(stage=Stage.DONE), None)
    assert summary["catastrophes_after_handover"] is None
    phases = summary["phases"]
    assert isinstance(phases, dict)
    assert set(phases) == {"segments", "games"}
