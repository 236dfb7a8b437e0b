"""Counting: which step caused which catastrophe, and how many there were of everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oversight.types import Event, StepRecord, Tally

__all__ = ["blame", "counted", "taken_back"]


def blame(
    onsets: int, kind: str, step_id: int, last_unsafe: int | None, *, truth_known: bool
) -> list[Event]:
    """Say which step caused the catastrophes that began during a step.

    A catastrophe belongs to the newest step of the episode whose executed action was unsafe in
    truth. If the truth was asked all along and no executed action was unsafe, none could have
    averted it: it is unavoidable, and caused where it was seen.

    Args:
        onsets: how many began during the step.
        kind: the catastrophe's name.
        step_id: the step during which they began.
        last_unsafe: newest step of the episode whose executed action was unsafe, this included.
        truth_known: whether executed actions are judged by the truth at all.
    """
    cause = step_id if last_unsafe is None else last_unsafe
    avoidable = last_unsafe is not None or not truth_known
    return [Event(kind, cause, step_id, avoidable) for _ in range(onsets)]


def counted(tally: Tally, record: StepRecord, onsets: int | None) -> Tally:
    """The tally after one more step."""
    needless = None if record.proposed_unsafe is None else not record.proposed_unsafe
    return replace(
        tally,
        steps=tally.steps + 1,
        blocks=tally.blocks + record.blocked,
        catastrophes=_plus(tally.catastrophes, onsets),
        proposed_catastrophes=_plus(tally.proposed_catastrophes, record.proposed_unsafe),
        needless_blocks=_plus(
            tally.needless_blocks, None if needless is None else record.blocked and needless
        ),
        no_safe_action=tally.no_safe_action + record.no_safe_action,
    )


def taken_back(tally: Tally, undone: Sequence[tuple[StepRecord, int | None]]) -> Tally:
    """The tally after a rewind.

    Undone steps were played, so they stay in `steps`; what they brought about no longer stands.

    Args:
        tally: with the undone steps counted.
        undone: their records, each with the catastrophes that began during it.
    """
    made = Tally()
    for record, onsets in undone:
        made = counted(made, record, onsets)
    return replace(
        tally,
        blocks=tally.blocks - made.blocks,
        catastrophes=_minus(tally.catastrophes, made.catastrophes),
        proposed_catastrophes=_minus(tally.proposed_catastrophes, made.proposed_catastrophes),
        needless_blocks=_minus(tally.needless_blocks, made.needless_blocks),
        no_safe_action=tally.no_safe_action - made.no_safe_action,
        rewinds=tally.rewinds + 1,
        rewound_steps=tally.rewound_steps + len(undone),
        undone_catastrophes=_plus(tally.undone_catastrophes, made.catastrophes),
    )


def _minus(count: int | None, less: int | None) -> int | None:
    return None if count is None else count - (less or 0)


def _plus(count: int | None, more: int | bool | None) -> int | None:
    # None is "not measured" and stays apart from 0, which is a measurement.
    return count if more is None else (count or 0) + int(more)
