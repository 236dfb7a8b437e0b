"""Reading an intervention log, while it is written, too."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, Table, func, select

from oversight.errors import LogCorrupted
from oversight.log import schema
from oversight.log.chain import newest_link
from oversight.log.codec import FrameDecoder
from oversight.log.condition import Condition, condition_of, refuse_losses
from oversight.log.database import telling
from oversight.log.episodes import LoggedEpisode, episodes_of
from oversight.log.mark import Mark
from oversight.log.meta import LogMeta
from oversight.log.migration import update
from oversight.log.query import (
    blobs_of,
    events_of,
    late_of,
    read_frames,
    read_snapshot,
    read_steps,
    rewinds_of,
)
from oversight.log.scores import Scorer, Scores, read_scores, scorers_of
from oversight.log.table import StepTable
from oversight.log.words import Word, words_on
from oversight.types import Event, Rewind, Screen, Snapshot

__all__ = ["LogReader"]


class LogReader:
    """What everybody can ask of a log, whether they write it or not."""

    def __init__(self, engine: Engine, path: Path, mark: Mark | None, *, read_only: bool) -> None:
        """Use `InterventionLog.open` or `LogAnnotator.open` instead."""
        self.path = path
        self._engine = engine
        self._connection = engine.connect()
        update(self._connection, read_only=read_only)
        self.meta = self._read_meta()
        self.condition: Condition = condition_of(self._connection, mark)
        """Whether the file's end is there, as it was when it was opened."""
        shape, dtype = self.meta.screen_shape, np.dtype(self.meta.screen_dtype)
        self._decoder = FrameDecoder(shape, dtype, lambda keys: blobs_of(self._connection, keys))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        self._engine.dispose()

    def flush(self) -> None:
        """Nothing waits here; those who write put it on disk."""

    def steps(self, phases: Sequence[str] | None = None, *, undone: bool = False) -> StepTable:
        """Decisions of some phases, or of all, in their order, relabels applied.

        Args:
            phases: which ones; None for all.
            undone: with those that a rewind has undone; see `rewinds` for which they are.
        """
        self.flush()
        with telling(self.path):
            return read_steps(self._connection, phases, undone=undone)

    def episodes(
        self, phases: Sequence[str] | None = None, *, undone: bool = False
    ) -> Iterator[LoggedEpisode]:
        """Episodes as arrays, one after another; only the one at hand is in memory.

        Args:
            phases: of which phases; None for all.
            undone: with the steps that a rewind has undone.

        Yields:
            Those with at least one decision, in the order of their numbers.
        """
        self.flush()
        with telling(self.path):
            yield from episodes_of(self._connection, phases, undone=undone)

    def frames(self, keys: NDArray[np.int64]) -> Screen:
        """Screens by their keys (`StepTable.frame`, `frame_before`): (n, *screen shape).

        In any order, repeats allowed; nothing else of the log is read.

        Raises:
            KeyError: a screen was not kept.
            LogCorrupted: a screen is not what was written.
        """
        self.flush()
        with telling(self.path):
            return read_frames(self._connection, keys, self._decoder)

    def events(self, *, undone: bool = False) -> list[Event]:
        """Catastrophes in the order in which they were seen; on request with the undone ones."""
        self.flush()
        with telling(self.path):
            return events_of(self._connection, undone=undone)

    def rewinds(self) -> list[Rewind]:
        """How often, and over which steps, the game was taken back."""
        self.flush()
        with telling(self.path):
            return rewinds_of(self._connection)

    def late(self) -> dict[int, int]:
        """From the step at which a late block arrived to the earlier one that it was meant for."""
        self.flush()
        with telling(self.path):
            return late_of(self._connection)

    def snapshot(self, step_id: int) -> Snapshot:
        """The state that a rewind went back to, as it was before a step was done anew.

        Args:
            step_id: of that step: `Rewind.step_id`.

        Raises:
            KeyError: none was kept for it.
            LogCorrupted: it is not what was written.
        """
        self.flush()
        with telling(self.path):
            return read_snapshot(self._connection, step_id)

    def words(self, step_id: int) -> list[Word]:
        """All that was ever said about a decision, oldest first; the last word holds.

        Raises:
            KeyError: there is no such decision.
        """
        self.flush()
        with telling(self.path):
            return words_on(self._connection, step_id)

    def scorers(self) -> list[Scorer]:
        """Whose opinions the log holds, in the order in which they came."""
        self.flush()
        with telling(self.path):
            return scorers_of(self._connection)

    def scores(self, scorer: Scorer | int, steps: NDArray[np.int64] | None = None) -> Scores:
        """A scorer's opinions, in the order of step_id.

        Args:
            scorer: one of `scorers()`, or its number.
            steps: step_ids that are wanted; None for all. Those without an opinion are left out.
        """
        self.flush()
        number = scorer if isinstance(scorer, int) else scorer.number
        with telling(self.path):
            return read_scores(self._connection, number, steps)

    @property
    def connection(self) -> Connection:
        """The database itself, for what asks questions of its own. Not to be written with."""
        return self._connection

    @property
    def newest_link(self) -> int:
        """Number of the chain's newest link; it grows with every commit, whoever makes it."""
        with telling(self.path):
            link = newest_link(self._connection)
        return -1 if link is None else link.number

    def _refuse_losses(self) -> None:
        refuse_losses(self.path, self.condition)

    def _read_meta(self) -> LogMeta:
        rows = self._connection.execute(select(schema.run.c.key, schema.run.c.value)).fetchall()
        try:
            values = {key: json.loads(value) for key, value in rows}
            values["actions"] = tuple(values["actions"])
            values["screen_shape"] = tuple(values["screen_shape"])
            return LogMeta(**values)
        except (KeyError, TypeError, ValueError) as error:
            raise LogCorrupted(f"{self.path} does not say what it is about: {error}") from None

    def _newest(self, table: Table, column: str) -> int:
        newest = self._connection.execute(select(func.max(table.c[column]))).scalar()
        return -1 if newest is None else int(newest)
