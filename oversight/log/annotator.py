"""Relabels and scores, written by another process than the one that writes the run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from oversight.log import schema
from oversight.log.chain import CHAINED
from oversight.log.commit import Committer
from oversight.log.condition import identity_of, known_mark
from oversight.log.database import connect, telling
from oversight.log.mark import MarkFile
from oversight.log.reader import LogReader
from oversight.log.scores import STORED, Scorer, scorers_of
from oversight.log.upgrade import bring_up_to_date
from oversight.log.words import on_top, standing
from oversight.types import Source, Verdict

__all__ = ["Change", "LogAnnotator"]

ROWS_AT_A_TIME = 2_000
"""Scores in one transaction: a run that is being written waits for no longer than these take."""
_AMENDMENTS = [table for table, _ in CHAINED].index(schema.amendments)


@dataclass(frozen=True, slots=True)
class Change:
    """A relabel of one or more decisions, as one thing that was done.

    Attributes:
        number: by which it can be taken back.
        steps: step_ids of the decisions whose verdict it set.
        left: step_ids that it was meant for and left alone. Of an undo: they were relabelled
            since, and the newest word holds.
    """

    number: int
    steps: tuple[int, ...]
    left: tuple[int, ...] = ()


class LogAnnotator(LogReader):
    """Adds relabels and scores to a log; a run may be writing it meanwhile.

    Nothing is overwritten: a relabel is a row with its author, time and reason, and so is its
    undo. What a method has returned from is on disk; relabels survive a power loss.

    Example:
        >>> with LogAnnotator.open(Path("runs/first/log.sqlite")) as log:
        ...     change = log.relabel([412], Verdict.SAFE, by="ada", reason="the ball was far off")
        ...     log.take_back(change.number, by="ada", reason="slip of the finger")
    """

    _committer: Committer

    @classmethod
    def open(cls, path: Path) -> LogAnnotator:
        """Open a log to annotate it.

        Raises:
            LogError: missing, foreign, damaged, or of an older format and being written.
        """
        mark = known_mark(path)
        engine = connect(path, read_only=False)
        try:
            with telling(path):
                bring_up_to_date(path)
                log = cls(engine, path, mark, read_only=False)
                log._refuse_losses()
                identity = identity_of(log._connection)
                log._committer = Committer(log._connection, path, MarkFile(path, identity))
                return log
        except BaseException:
            engine.dispose()
            raise

    def __enter__(self) -> LogAnnotator:
        return self

    def close(self) -> None:
        """Let go of the file."""
        super().close()
        self._committer.close()

    # ----------------------------------------------------------------- relabels

    def relabel(
        self,
        steps: Sequence[int] | range,
        verdict: Verdict,
        *,
        by: str,
        reason: str,
        author: Source = Source.PERSON,
    ) -> Change:
        """Set the verdict of decisions, as one change.

        Args:
            steps: step_ids. Of a range, numbers that no decision has are left out.
            verdict: what holds from now on.
            by: who says so, by name.
            reason: why, in the author's words.
            author: what kind of overseer that is.

        Raises:
            ValueError: no name, no reason or no steps.
            KeyError: no decision has that number.
            LogError: the log cannot be written; nothing was changed.
        """
        by, reason = _said(by, reason)
        if len(steps) == 0:
            raise ValueError("expected at least one step to relabel, got none")
        with self._committer.turn(durable=True, keep=False) as before:
            known = self._known(steps)
            missing = sorted(set(steps) - set(known))
            if (missing and not isinstance(steps, range)) or not known:
                raise KeyError(f"expected numbers of decisions, the log has no {missing[:5]}")
            number = before.through[_AMENDMENTS] + 1
            for step_id in known:
                self._say(step_id, verdict.value, author, by, reason, number, None)
        return Change(number, tuple(known))

    def take_back(
        self, change: int, *, by: str, reason: str, author: Source = Source.PERSON
    ) -> Change:
        """Undo a change: what held before it holds again, by rows of their own.

        Decisions that were relabelled since are left as they are: the newest word holds. A later
        relabel that was taken back itself is none.

        Args:
            change: its number; that of an undo brings the change back.
            by: who says so, by name.
            reason: why.
            author: what kind of overseer that is.

        Raises:
            ValueError: no name or no reason.
            KeyError: there is no such change.
            LogError: the log cannot be written; nothing was changed.
        """
        by, reason = _said(by, reason)
        with self._committer.turn(durable=True, keep=False) as before:
            steps = self._steps_of(change)
            if not steps:
                raise KeyError(f"expected the number of a change, the log has no change {change}")
            number = before.through[_AMENDMENTS] + 1
            left = []
            for step_id in steps:
                words = self.words(step_id)
                if not on_top(words, change):
                    left.append(step_id)
                    continue
                stand = standing(words, without=change)
                held = [word.verdict for word in stand if word.takes_back is None][-1]
                self._say(step_id, held.value, author, by, reason, number, change)
        return Change(number, tuple(s for s in steps if s not in left), tuple(left))

    def _say(
        self,
        step_id: int,
        verdict: str,
        author: Source,
        by: str,
        reason: str,
        change: int,
        takes_back: int | None,
    ) -> None:
        self._committer.add(
            schema.amendments,
            step_id=step_id,
            verdict=verdict,
            author=author.value,
            reason=reason,
            at=time.time(),
            name=by,
            change=change,
            takes_back=takes_back,
        )

    def _steps_of(self, change: int) -> list[int]:
        table = schema.amendments.c
        query = select(table.step_id).where(table.change == change).order_by(table.amendment)
        return [step_id for (step_id,) in self._connection.execute(query)]

    def _known(self, steps: Sequence[int] | range) -> list[int]:
        """Which of them are decisions, in increasing order."""
        wanted = set(steps)
        table = schema.decisions.c
        query = select(table.step_id).where(table.step_id.between(min(steps), max(steps)))
        found = self._connection.execute(query.order_by(table.step_id))
        return [step_id for (step_id,) in found if step_id in wanted]

    # ----------------------------------------------------------------- scores

    def scorer(
        self, name: str, *, checksum: str = "", threshold: float | None = None, calibrated: bool
    ) -> Scorer:
        """Enter who gives scores, or find it if it is there with the same particulars.

        Args:
            name: such as the path of a Blocker.
            checksum: SHA-256 of its file in hex; "" for one that is no file.
            threshold: from this probability on it would block.
            calibrated: its numbers are probabilities that were checked on held-out episodes.
        """
        if not name:
            raise ValueError("expected the scorer's name, got none")
        with self._committer.turn(durable=False, keep=False):
            for known in scorers_of(self._connection):
                same = (known.name, known.checksum, known.threshold, known.calibrated)
                if same == (name, checksum, threshold, calibrated):
                    return known
            self._committer.add(
                schema.scorers,
                name=name,
                checksum=checksum,
                threshold=threshold,
                calibrated=calibrated,
                at=time.time(),
            )
        return self.scorers()[-1]

    def unscored(self, scorer: Scorer, steps: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of some steps on which a scorer has said nothing yet."""
        return np.setdiff1d(steps, self.scores(scorer, steps).step_id)

    def score(
        self,
        scorer: Scorer,
        steps: NDArray[np.int64],
        probability: NDArray[np.floating],
        by_action: NDArray[np.floating] | None = None,
    ) -> int:
        """Write a scorer's opinions. Steps that it has judged already are passed over.

        A kill leaves whole batches: what is missing is written by asking again.

        Args:
            scorer: as `scorer` gave it.
            steps: (n,) step_ids of decisions.
            probability: (n,) in [0, 1], that the proposed action is unsafe.
            by_action: (n, actions) in [0, 1], the same of every action.

        Returns:
            How many were written.

        Raises:
            ValueError: shapes that do not fit, or numbers that are no probabilities.
            LogError: the log cannot be written; earlier batches stand.
        """
        self._check_scores(steps, probability, by_action)
        done = 0
        for start in range(0, len(steps), ROWS_AT_A_TIME):
            part = slice(start, start + ROWS_AT_A_TIME)
            with self._committer.turn(durable=False, keep=False):
                new = np.isin(steps[part], self.unscored(scorer, steps[part]))
                for row in (start + np.flatnonzero(new)).tolist():
                    data = None if by_action is None else by_action[row].astype(STORED).tobytes()
                    self._committer.add(
                        schema.scores,
                        scorer=scorer.number,
                        step_id=int(steps[row]),
                        probability=float(probability[row]),
                        by_action=data,
                    )
                done += int(new.sum())
        return done

    def _check_scores(
        self,
        steps: NDArray[np.int64],
        probability: NDArray[np.floating],
        by_action: NDArray[np.floating] | None,
    ) -> None:
        if probability.shape != steps.shape or len(np.unique(steps)) != len(steps):
            raise ValueError(
                f"expected one probability for each step, each step once, got {steps.shape} "
                f"steps and {probability.shape} probabilities"
            )
        wanted = (len(steps), len(self.meta.actions))
        if by_action is not None and by_action.shape != wanted:
            raise ValueError(f"expected probabilities by action {wanted}, got {by_action.shape}")
        for values in (probability, by_action):
            if values is not None and not ((values >= 0) & (values <= 1)).all():
                raise ValueError("expected probabilities in [0, 1], got others")


def _said(by: str, reason: str) -> tuple[str, str]:
    if not by.strip() or not reason.strip():
        raise ValueError(f"expected a name and a reason, got {by!r} and {reason!r}")
    return by.strip(), reason.strip()
