"""A log as what a person saw and did: a stimulus, a block, a reaction, one after another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oversight import InterventionLog, RunError, Source, entry_of
from oversight.audit import Basis, audit_log
from oversight.log.history import read_history
from oversight.log.table import UNSAFE

__all__ = ["Watched", "put_late", "watched_of"]

PEOPLE = (Source.PERSON.value, Source.SIMULATED.value)


@dataclass(frozen=True)
class Watched:
    """Decisions in their order, one entry each.

    Attributes:
        stimulus: whether the person's rule calls the proposal unsafe.
        pressed: whether the person meant to block it, late presses at the step they were meant for.
        blind: steps that say nothing: while a press was on its way no other could begin.
        reaction: seconds from screen to key; NaN where nobody pressed one.
        shown: seconds that attention was held.
        answered: a key let it pass, or said "not sure", before its time was over.
        simulated: of a model of a person.
    """

    stimulus: NDArray[np.bool_]
    pressed: NDArray[np.bool_]
    blind: NDArray[np.bool_]
    reaction: NDArray[np.float64]
    shown: NDArray[np.float64]
    answered: NDArray[np.bool_]
    simulated: bool

    @property
    def hours(self) -> NDArray[np.float64]:
        """Hours of attention before each decision."""
        return (np.cumsum(self.shown) - self.shown) / 3600


def watched_of(path: Path) -> Watched:
    """Read a log and ask the game, played again, what the person's rule says of each proposal.

    Raises:
        RunError: no person judged in it, or it cannot be played again.
        LogError: it cannot be read.
    """
    with InterventionLog.open(path) as log:
        table, game, late = log.steps(undone=True), log.meta.game, log.late()
    mine = np.isin(table.source, PEOPLE)
    if not mine.any():
        raise RunError(
            f"{path} holds no decision of a person: expected a log of an oversight phase"
        )
    rule = entry_of(game).rule or next(iter(entry_of(game).definitions))
    found = audit_log(path, definition=rule, basis=Basis.REPLAY)
    unsafe = {row.step_id: row.proposed_unsafe for row in found.rows}
    ids = table.step_id[mine].tolist()
    # Not `blocked`: who refuses the very action that is done instead has blocked it all the same.
    first = read_history(path, len(table)).first_verdicts[mine]
    refused = (first == UNSAFE) | np.isin(ids, list(late))
    reaction = np.where(refused, table.reaction_seconds[mine], np.nan)
    answered = ~refused & ~np.isnan(table.reaction_seconds[mine])
    pressed, blind = put_late(ids, reaction, late)
    return Watched(
        stimulus=np.array([unsafe[step] for step in ids]),
        pressed=pressed,
        blind=blind,
        reaction=reaction,
        shown=table.attention_seconds[mine],
        answered=answered,
        simulated=bool((table.source[mine] == Source.SIMULATED.value).any()),
    )


def put_late(
    ids: list[int], reaction: NDArray[np.float64], late: Mapping[int, int]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Put late presses at the steps that they were meant for.

    Args:
        ids: step numbers, rising.
        reaction: seconds of blocks, NaN where nobody pressed the key; changed in place.
        late: from the step at which a late press arrived to the one that was meant.

    Returns:
        Which steps were meant to be blocked, and which say nothing because a press was on its way.
    """
    pressed, blind = ~np.isnan(reaction), np.zeros(len(ids), np.bool_)
    place = {step: number for number, step in enumerate(ids)}
    for arrived, meant in late.items():
        if arrived in place and meant in place:
            first, last = place[meant], place[arrived]
            pressed[first], pressed[last] = True, False
            reaction[first], reaction[last] = reaction[last], np.nan
            blind[first + 1 : last + 1] = True
    return pressed, blind
