"""Decisions read as columns agree with the rows as SQLite gives them one by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import oversight.log.columns as columns
from oversight import InterventionLog, Source, StepRecord, Verdict
from oversight.log.columns import CODES
from oversight.types import Viewing

Make = Callable[..., StepRecord]
TRUTHS = ("proposed_unsafe", "executed_unsafe", "previewed")
MISSING = dict.fromkeys(("frame", "frame_before", *TRUTHS), -1)


def mixed(make: Make, step_id: int, rng: np.random.Generator) -> StepRecord:
    """A step of which every column of few values is drawn at random."""

    def truth() -> bool:
        return bool(rng.integers(2))

    def perhaps() -> bool | None:
        return [None, True, False][rng.integers(3)]

    one = make(step_id, list(Source)[rng.integers(len(Source))])
    decision = replace(
        one.decision,
        verdict=list(Verdict)[rng.integers(len(Verdict))],
        probability=float(rng.random()) if truth() else None,
        viewing=Viewing(1.0, None, None, truth()) if truth() else None,
    )
    return replace(
        one,
        decision=decision,
        blocked=truth(),
        no_safe_action=truth(),
        phase=f"phase {rng.integers(5)}",
        terminated=truth(),
        truncated=truth(),
        proposed_unsafe=perhaps(),
        executed_unsafe=perhaps(),
    )


def plainly(log: InterventionLog, name: str) -> list[Any]:
    with closing(sqlite3.connect(log.path)) as raw:
        values = [row[0] for row in raw.execute(f"SELECT {name} FROM decisions ORDER BY step_id")]
    if name == "verdict":
        return [CODES[value] for value in values]
    return [MISSING.get(name, np.nan) if value is None else value for value in values]


@pytest.mark.parametrize("batch", [1, 7, 50, 1_000], ids="in batches of {}".format)
def test_columns_are_the_rows(
    new_log: InterventionLog, record: Make, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(columns, "ROWS", batch)
    rng = np.random.default_rng(0)
    for step_id in range(50):
        new_log.append(mixed(record, step_id, rng))
    new_log.flush()
    table = new_log.steps()
    for name in (c.name for c in columns.schema.decisions.columns if hasattr(table, c.name)):
        wanted = plainly(new_log, name)
        np.testing.assert_array_equal(getattr(table, name), wanted, err_msg=name)
        if name in TRUTHS:
            assert set(wanted) == {-1, 0, 1}, f"{name} should be seen in every state"


def test_a_value_that_damage_left_stays_in_its_column(
    new_log: InterventionLog, record: Make
) -> None:
    for step_id in range(3):
        new_log.append(record(step_id))
    new_log.close()
    with closing(sqlite3.connect(new_log.path)) as raw:
        raw.execute("UPDATE decisions SET blocked = 37, proposed_unsafe = 90 WHERE step_id = 1")
        raw.commit()
    with InterventionLog.open(new_log.path) as log:
        table = log.steps()
    assert table.blocked.tolist() == [False, True, False]
    assert table.proposed_unsafe.tolist() == [-1, 1, -1]
    assert not (table.terminated | table.truncated | table.no_safe_action).any()
    assert (table.verdict == 0).all()
