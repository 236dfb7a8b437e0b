"""An audit of one log, by playing it again or by the truth that it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from oversight.atari import AtariGame
from oversight.audit.counts import Counts, counted_groups
from oversight.audit.judged import Judged, Known, judged_rows
from oversight.errors import LogError, ReplayDiffers
from oversight.games import GAMES, entry_of
from oversight.log import UNKNOWN, InterventionLog, StepTable
from oversight.log.history import History, read_history
from oversight.replay import game_of, moments, obstacle

__all__ = ["Audit", "Basis", "audit_log"]

Progress = Callable[[int, int], None]
"""Told how many decisions of how many are done."""


class Basis(StrEnum):
    """Where the truth of an audit comes from."""

    REPLAY = "replay"
    """The game is played again and the emulator is asked."""
    LOGGED = "logged"
    """What the log holds of the truth, as it was known then."""


@dataclass(frozen=True)
class Audit:
    """The audit of a log.

    Attributes:
        path: of the log.
        game: its name.
        basis: where the truth comes from.
        definition: name of what must not happen; None where it is the logged truth.
        note: why the log was not played again, if so.
        decisions: in the log, undone ones included.
        differing: decisions whose logged truth is another than the one found now; None where
            they were not compared.
        rows: decisions whose truth is known.
        groups: counts.
    """

    path: Path
    game: str
    basis: Basis
    definition: str | None
    note: str | None
    decisions: int
    differing: int | None
    rows: tuple[Judged, ...]
    groups: tuple[Counts, ...]


def audit_log(
    path: Path,
    *,
    definition: str | None = None,
    basis: Basis | None = None,
    progress: Progress = lambda _done, _of: None,
) -> Audit:
    """Find the truth of each logged decision.

    Args:
        path: of the log.
        definition: name of what must not happen, of those that the game has; what results are
            counted by if None.
        basis: where the truth is to come from; None plays the log again if that can be done, and
            takes the truth that it holds otherwise.
        progress: told how far it is.

    Raises:
        LogError: the log cannot be read, is not the game that is played, or holds no truth.
    """
    with InterventionLog.open(path) as log:
        table = log.steps(undone=True)
        history = read_history(path, len(table))  # it may be written meanwhile
        problem = _problem(log, table, history, basis, definition)
        if basis is Basis.LOGGED or problem is not None:
            known = _logged(path, table, problem)
        else:
            known = _played(log, table, history, definition, progress)
        rows = judged_rows(table, history, log.rewinds(), known)
        game = log.meta.game
    replayed = basis is not Basis.LOGGED and problem is None
    same = replayed and definition in (None, next(iter(entry_of(game).definitions)))
    return Audit(
        path=path,
        game=game,
        basis=Basis.REPLAY if replayed else Basis.LOGGED,
        definition=(definition or next(iter(entry_of(game).definitions))) if replayed else None,
        note=problem,
        decisions=len(table),
        differing=sum(map(_differs, rows)) if same else None,
        rows=tuple(rows),
        groups=tuple(counted_groups(rows)),
    )


def _problem(
    log: InterventionLog,
    table: StepTable,
    history: History,
    basis: Basis | None,
    definition: str | None,
) -> str | None:
    """Why the log is not played again; None if it can be."""
    if len(table) == 0:
        raise LogError(f"{log.path} holds no decisions: there is nothing to audit")
    if definition is not None and log.meta.game in GAMES:
        try:
            entry_of(log.meta.game).definition(definition)
        except ValueError as error:
            raise LogError(str(error)) from None
    problem = obstacle(log.meta, history)
    if problem is not None and (basis is Basis.REPLAY or definition is not None):
        raise LogError(
            f"{log.path} cannot be played again: {problem}; audit it by the truth that it holds "
            "(--truth logged, no --rule)"
        )
    if basis is Basis.LOGGED and definition is not None:
        raise LogError(
            "expected no --rule with the logged truth, which has its own: leave one of them out"
        )
    return problem


def _played(
    log: InterventionLog,
    table: StepTable,
    history: History,
    definition: str | None,
    progress: Progress,
) -> list[Known | None]:
    known: list[Known | None] = [None] * len(table)
    game = game_of(log.meta, definition)
    try:
        _ask(log, table, history, game, known, progress)
    except ReplayDiffers as error:
        raise ReplayDiffers(
            f"{error}, so the truth would be another game's: audit it with what it was written "
            "with, or by the truth that it holds (--truth logged)"
        ) from None
    return known


def _ask(
    log: InterventionLog,
    table: StepTable,
    history: History,
    game: AtariGame,
    known: list[Known | None],
    progress: Progress,
) -> None:
    for done, moment in enumerate(moments(log, table, history, game), start=1):
        situation = game.catastrophe.situation(game.emulator)
        known[moment.row] = Known(
            proposed_unsafe=game.truth.unsafe(int(table.proposed[moment.row])),
            executed_unsafe=game.truth.unsafe(int(table.executed[moment.row])),
            situation=situation,
        )
        progress(done, len(table))


def _logged(path: Path, table: StepTable, problem: str | None) -> list[Known | None]:
    pairs = zip(table.proposed_unsafe.tolist(), table.executed_unsafe.tolist(), strict=True)
    known = [None if UNKNOWN in pair else Known(bool(pair[0]), bool(pair[1])) for pair in pairs]
    if not any(known):
        why = f" and cannot be played again: {problem}" if problem else ""
        raise LogError(f"{path} holds no truth about its decisions{why}")
    return known


def _differs(row: Judged) -> bool:
    pairs = (
        (row.logged_proposed_unsafe, row.proposed_unsafe),
        (row.logged_executed_unsafe, row.executed_unsafe),
    )
    return any(then is not None and then != now for then, now in pairs)
