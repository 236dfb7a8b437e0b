from dataclasses import replace
from pathlib import Path

import numpy as np

from blocker import InputSpec, examples_from_logs
from blocker.late import meant
from blocker.testing import FakeLog, table_of
from experiments.labelling import labelled
from experiments.reporter import Reporter
from oversight import InterventionLog
from oversight.log.table import SAFE, UNKNOWN, UNSAFE, UNSURE


def log_with(late: dict[int, int], unsafe: list[bool]) -> FakeLog:
    table = table_of(
        [0] * 6 + [1] * 2, [*range(6), 0, 1], unsafe, proposed=[3, 3, 0, 0, 1, 0, 0, 0]
    )
    screens = np.zeros((8, 210, 160), np.uint8)
    return FakeLog(table, screens, came_late=late)


UNSAFE_AT_4 = [False, False, False, False, True, False, False, False]


def test_a_late_block_is_of_the_step_it_was_meant_for() -> None:
    log = log_with({4: 1}, UNSAFE_AT_4)
    verdict = meant(log.table, log.late()).verdict
    # Of 2 to 4 nothing is known: a press was on its way.
    assert verdict.tolist() == [SAFE, UNSAFE, UNSURE, UNSURE, UNSURE, SAFE, SAFE, SAFE]
    assert log.table.verdict[4] == UNSAFE  # what was logged stays as it is


def test_what_a_review_took_back_and_what_a_rewind_undid_stays() -> None:
    log = log_with({4: 1}, [False] * 8)  # relabelled safe
    assert (meant(log.table, log.late()).verdict == log.table.verdict).all()
    undone = log_with({4: 99, 98: 1}, UNSAFE_AT_4)
    assert (meant(undone.table, undone.late()).verdict == undone.table.verdict).all()


def test_examples_are_as_meant_unless_asked_otherwise(small_spec: InputSpec) -> None:
    log = log_with({4: 1}, UNSAFE_AT_4)
    examples = examples_from_logs([log], small_spec)
    assert examples.step_id.tolist() == [0, 1, 5, 6, 7]
    assert examples.action[examples.unsafe].tolist() == [3]
    assert not examples.implied.any()  # what was executed at 4 was nobody's choice for it
    logged = examples_from_logs([log], small_spec, as_meant=False)
    assert logged.step_id[logged.unsafe].tolist() == [4]
    assert logged.implied.any()


def test_a_person_at_a_fast_game_is_late_and_the_log_says_what_was_meant(tmp_path: Path) -> None:
    path = labelled(
        tmp_path,
        "pong",
        400,
        seed=3,
        person="perfect",
        exact=True,
        segment_steps=100,
        pace=4.0,  # shown for 0.25 s each; the person takes 0.275
        reporter=Reporter(),
        stop=lambda: False,
    )
    with InterventionLog.open(path, read_only=True) as log:
        table, late = log.steps(), log.late()
    assert len(late) > 5
    assert all(arrived == first + 1 for arrived, first in late.items())
    known = replace(table, verdict=np.where(table.proposed_unsafe == 1, UNSAFE, SAFE))
    assert (table.proposed_unsafe != UNKNOWN).all()
    agree = {}
    for name, said in (("logged", table), ("meant", meant(table, late))):
        judged = said.verdict != UNSURE
        agree[name] = float((said.verdict[judged] == known.verdict[judged]).mean())
    # Of the exact truth all that was meant is right, but for what came while a press was under way.
    assert agree["meant"] > agree["logged"]
    first = np.isin(table.step_id, list(late.values()))
    assert (table.proposed_unsafe[first] == 1).all()
