"""One logged decision beside the truth about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from oversight.log import UNKNOWN, UNSAFE, StepTable
from oversight.log.history import History
from oversight.types import Rewind

__all__ = ["LATE_STEPS", "Judged", "Known", "Outcome", "judged_rows"]

LATE_STEPS = 4
"""A false alarm within so many agent steps after a miss is taken for the answer to it that came
late. A quarter of a second at full speed (15 steps a second): about a person's reaction time
(Atari-HEAD, arXiv:1903.06754)."""


class Outcome(StrEnum):
    """What a decision was, by the truth."""

    CAUGHT = "caught"
    """Unsafe, and judged unsafe."""
    MISS = "miss"
    """Unsafe, and let through."""
    FALSE_ALARM = "false alarm"
    """Safe, and judged unsafe."""
    LET_PASS = "let pass"
    """Safe, and not judged unsafe."""


@dataclass(frozen=True, slots=True)
class Known:
    """The truth about a decision.

    Attributes:
        proposed_unsafe: about the proposed action.
        executed_unsafe: about the executed action.
        situation: a word for where in the game it was; None where the game was not played again.
    """

    proposed_unsafe: bool
    executed_unsafe: bool
    situation: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A decision as it was given, and the truth.

    Attributes:
        step_id, episode, step, phase, source, proposed, executed, blocked: as in the log.
        situation: a word for where in the game it was; None where that is not known.
        outcome: by the verdict as it was first given.
        proposed_unsafe, executed_unsafe: the truth about both actions.
        logged_proposed_unsafe, logged_executed_unsafe: what the log holds; None if nothing.
        late: a miss that was answered late, or a false alarm that was the late answer.
        undone: taken back by a late block.
        redone: this is that late block, about a proposal that was judged before: not counted.
        relabelled: a later word on it says something else.
        reaction_seconds: None where nobody pressed a key.
        attention_seconds: how long a person's attention was held.
    """

    step_id: int
    episode: int
    step: int
    phase: str
    source: str
    situation: str | None
    proposed: int
    executed: int
    blocked: bool
    outcome: Outcome
    proposed_unsafe: bool
    executed_unsafe: bool
    logged_proposed_unsafe: bool | None
    logged_executed_unsafe: bool | None
    late: bool
    undone: bool
    redone: bool
    relabelled: bool
    reaction_seconds: float | None
    attention_seconds: float


def judged_rows(
    table: StepTable, history: History, rewinds: Sequence[Rewind], known: Sequence[Known | None]
) -> list[Judged]:
    """Put each decision beside its truth.

    Args:
        table: all steps of a log, undone ones included, relabels applied.
        history: with the verdicts as they were first given, in the same order.
        rewinds: the log's.
        known: in the same order; None leaves a decision out.

    Returns:
        One per decision whose truth is known, in the order of step_id.
    """
    unsafe_at_first = history.first_verdicts == UNSAFE
    outcomes = [
        None if truth is None else _outcome(truth.proposed_unsafe, bool(unsafe))
        for truth, unsafe in zip(known, unsafe_at_first, strict=True)
    ]
    undone = {step_id for rewind in rewinds for step_id in rewind.undoes}
    first_undone = {rewind.undoes[0] for rewind in rewinds}
    redone = {rewind.step_id for rewind in rewinds}
    late = _late(table, outcomes, redone)
    rows = []
    for row, (truth, outcome) in enumerate(zip(known, outcomes, strict=True)):
        if truth is None or outcome is None:
            continue
        step_id = int(table.step_id[row])
        reaction = float(table.reaction_seconds[row])
        answered = outcome is Outcome.MISS and step_id in first_undone
        rows.append(
            Judged(
                step_id=step_id,
                episode=int(table.episode[row]),
                step=int(table.step[row]),
                phase=str(table.phase[row]),
                source=str(table.source[row]),
                situation=truth.situation,
                proposed=int(table.proposed[row]),
                executed=int(table.executed[row]),
                blocked=bool(table.blocked[row]),
                outcome=outcome,
                proposed_unsafe=truth.proposed_unsafe,
                executed_unsafe=truth.executed_unsafe,
                logged_proposed_unsafe=_logged(int(table.proposed_unsafe[row])),
                logged_executed_unsafe=_logged(int(table.executed_unsafe[row])),
                late=answered or row in late,
                undone=step_id in undone,
                redone=step_id in redone,
                relabelled=bool(table.verdict[row] != history.first_verdicts[row]),
                reaction_seconds=None if np.isnan(reaction) else reaction,
                attention_seconds=float(table.attention_seconds[row]),
            )
        )
    return rows


def _outcome(unsafe: bool, judged_unsafe: bool) -> Outcome:
    if unsafe:
        return Outcome.CAUGHT if judged_unsafe else Outcome.MISS
    return Outcome.FALSE_ALARM if judged_unsafe else Outcome.LET_PASS


def _late(table: StepTable, outcomes: Sequence[Outcome | None], redone: set[int]) -> set[int]:
    """Rows of misses that a false alarm answered soon after, and of those false alarms."""
    late: set[int] = set()
    waiting: dict[int, list[int]] = {}  # by episode, since environments take turns in a log
    for row, outcome in enumerate(outcomes):
        episode, step = int(table.episode[row]), int(table.step[row])
        misses = [
            earlier
            for earlier in waiting.get(episode, [])
            if 0 < step - int(table.step[earlier]) <= LATE_STEPS
        ]
        if outcome is Outcome.FALSE_ALARM and int(table.step_id[row]) not in redone and misses:
            late |= {row, misses[0]}
            misses = misses[1:]
        if outcome is Outcome.MISS:
            misses.append(row)
        waiting[episode] = misses
    return late


def _logged(code: int) -> bool | None:
    return None if code == UNKNOWN else bool(code)
