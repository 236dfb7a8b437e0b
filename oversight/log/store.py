"""Writing and reading the intervention log."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, Table, func, insert, select
from sqlalchemy.exc import DatabaseError

from oversight.errors import LogCorrupted, LogError
from oversight.log import schema
from oversight.log.codec import FrameDecoder, FrameEncoder
from oversight.log.database import WriterLock, connect, create, telling
from oversight.log.meta import LogMeta
from oversight.log.migration import update
from oversight.log.query import blobs_of, events_of, read_frames, read_steps, rewinds_of
from oversight.log.rows import viewing_row
from oversight.log.table import StepTable
from oversight.types import Amendment, Event, Rewind, Screen, Source, StepRecord

__all__ = ["InterventionLog"]

BATCH_ROWS = 256
BATCH_SECONDS = 0.25
"""A machine's decisions are committed after so many rows or so long; a person's at once."""

Value = int | float | str | bool | bytes | None


class InterventionLog:
    """Every decision of a run, in one SQLite file in WAL mode. Implements `StepSink`.

    Decisions are never overwritten; news about earlier ones are rows of their own. A person's
    decision survives a power loss once `append` has returned, a machine's a crash of the process
    once `recorded_through` has reached it. One process writes a log, any number may read it
    meanwhile; an object of this class belongs to the thread that made it, and another thread
    opens the file for itself.

    Example:
        >>> with InterventionLog.open(Path("runs/first/log.sqlite")) as log:
        ...     table = log.steps()
    """

    def __init__(self, engine: Engine, path: Path, lock: WriterLock | None) -> None:
        """Use `create` or `open` instead."""
        self.path = path
        self._engine = engine
        self._connection = engine.connect()
        self._lock = lock
        update(self._connection, read_only=lock is None)
        self._encoder = FrameEncoder()
        self._rows: dict[Table, list[dict[str, Value]]] = {
            table: [] for table in schema.metadata.sorted_tables
        }
        self._first_waiting: float | None = None
        self._durable: bool | None = None
        self._last_screen: Screen | None = None
        self.meta = self._read_meta()
        shape, dtype = self.meta.screen_shape, np.dtype(self.meta.screen_dtype)
        self._decoder = FrameDecoder(shape, dtype, lambda keys: blobs_of(self._connection, keys))
        self.next_step_id = 1 + self._newest(schema.decisions, "step_id")
        self.next_episode = 1 + self._newest(schema.episodes, "episode")
        self._next_frame = 1 + self._newest(schema.frames, "frame")
        self._recorded = self.next_step_id - 1

    @classmethod
    def create(cls, path: Path, meta: LogMeta) -> InterventionLog:
        """Make a new log.

        Raises:
            LogError: the file exists or cannot be made.
        """
        if not path.parent.is_dir():
            raise LogError(f"{path.parent} is not a directory: make it first")
        about = [{"key": key, "value": json.dumps(value)} for key, value in asdict(meta).items()]
        lock = WriterLock(path)
        try:
            return cls(create(path, about), path, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(cls, path: Path, *, read_only: bool = True) -> InterventionLog:
        """Open a log, to read it (while it is written, too) or to go on writing.

        A log of an older format is brought to this one when it is opened to go on writing.

        Raises:
            LogError: missing, foreign, or being written by another process when asked to write;
                `LogVersionMismatch` and `LogCorrupted` are kinds of it.
        """
        engine = connect(path, read_only=read_only)
        lock = None if read_only else WriterLock(path)
        try:
            with telling(path):
                return cls(engine, path, lock)
        except BaseException:
            engine.dispose()
            if lock is not None:
                lock.release()
            raise

    def __enter__(self) -> InterventionLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Put everything on disk and let go of the file."""
        try:
            self.flush()
        finally:
            self._connection.close()
            self._engine.dispose()
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    # ----------------------------------------------------------------- writing

    @property
    def recorded_through(self) -> int:
        """See `StepSink.recorded_through`."""
        return self._recorded

    def begin_episode(self, episode: int, *, env_index: int, seed: int | None, phase: str) -> None:
        """See `StepSink.begin_episode`."""
        if episode < self.next_episode:
            raise ValueError(
                f"expected an episode numbered {self.next_episode} or more, got {episode}: "
                "build the gate with first_episode=log.next_episode"
            )
        self.next_episode = episode + 1
        self._add(
            schema.episodes,
            episode=episode,
            env_index=env_index,
            seed=seed,
            phase=phase,
            begun_at=time.time(),
        )

    def append(self, record: StepRecord) -> None:
        """See `StepSink.append`."""
        proposal, decision = record.proposal, record.decision
        if proposal.step_id < self.next_step_id:
            raise ValueError(
                f"expected a step numbered {self.next_step_id} or more, got {proposal.step_id}: "
                "build the gate with first_step_id=log.next_step_id"
            )
        frame = self._keep(proposal.screens[-1])
        self.next_step_id = proposal.step_id + 1
        self._add(
            schema.decisions,
            step_id=proposal.step_id,
            episode=proposal.episode,
            step=proposal.step,
            proposed=proposal.action,
            executed=record.executed,
            verdict=decision.verdict.value,
            blocked=record.blocked,
            no_safe_action=record.no_safe_action,
            frame=frame,
            phase=record.phase,
            source=decision.source.value,
            reaction_seconds=decision.reaction_seconds,
            attention_seconds=decision.attention_seconds,
            probability=decision.probability,
            game_reward=record.game_reward,
            agent_reward=record.agent_reward,
            terminated=record.terminated,
            truncated=record.truncated,
            proposed_unsafe=record.proposed_unsafe,
            executed_unsafe=record.executed_unsafe,
            decided_at=time.time(),
            meant_for=decision.meant_for,
            **viewing_row(decision.viewing),
        )
        # In the same transaction as the step, always: without it they stand.
        for undone in record.undoes:
            self._add(schema.rewinds, step_id=undone, redone_by=proposal.step_id)
        self._commit_when_due(durable=decision.source is Source.PERSON)

    def amend(self, amendments: Sequence[Amendment], author: Source) -> None:
        """See `StepSink.amend`."""
        for amendment in amendments:
            self._add(
                schema.amendments,
                step_id=amendment.step_id,
                verdict=amendment.verdict.value,
                author=author.value,
                reason=amendment.reason,
                at=time.time(),
            )
        self._commit_when_due(durable=author is Source.PERSON)

    def event(self, event: Event) -> None:
        """See `StepSink.event`."""
        self._add(
            schema.events,
            kind=event.kind,
            cause_step=event.cause_step,
            onset_step=event.onset_step,
            avoidable=event.avoidable,
        )

    def flush(self) -> None:
        """See `StepSink.flush`."""
        if self._first_waiting is not None:
            self._commit(durable=False)

    def _add(self, table: Table, **row: Value) -> None:
        self._rows[table].append(row)
        if self._first_waiting is None:
            self._first_waiting = time.monotonic()

    def _keep(self, screen: Screen) -> int:
        # A game that stands still shows the same screen again: keep it once.
        last = self._last_screen
        if screen.shape != self.meta.screen_shape or screen.dtype.name != self.meta.screen_dtype:
            raise ValueError(
                f"expected screens of shape {self.meta.screen_shape} and type "
                f"{self.meta.screen_dtype}, as the log's meta says, got {screen.shape} and "
                f"{screen.dtype}"
            )
        if last is None or not np.array_equal(last, screen):
            self._last_screen = screen
            data, base = self._encoder.encode(self._next_frame, screen)
            self._add(schema.frames, frame=self._next_frame, data=data, base=base)
            self._next_frame += 1
        return self._next_frame - 1

    def _commit_when_due(self, *, durable: bool) -> None:
        waiting = len(self._rows[schema.decisions])
        since = self._first_waiting
        late = since is not None and time.monotonic() - since >= BATCH_SECONDS
        if durable or late or waiting >= BATCH_ROWS:
            self._commit(durable=durable)

    def _commit(self, *, durable: bool) -> None:
        with telling(self.path):
            try:
                self._write(durable=durable)
            except DatabaseError:
                self._connection.rollback()  # the rows stay in memory: a later flush may succeed
                raise
        for rows in self._rows.values():
            rows.clear()
        self._first_waiting = None
        self._recorded = self.next_step_id - 1

    def _write(self, *, durable: bool) -> None:
        if durable != self._durable:
            level = "FULL" if durable else "NORMAL"
            self._connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
            self._connection.commit()
            self._durable = durable
        for table, rows in self._rows.items():
            if rows:
                self._connection.execute(insert(table), rows)
        self._connection.commit()

    # ----------------------------------------------------------------- reading

    def steps(self, phases: Sequence[str] | None = None, *, undone: bool = False) -> StepTable:
        """Decisions of some phases, or of all, in their order, relabels applied.

        Args:
            phases: which ones; None for all.
            undone: with those that a rewind has undone; see `rewinds` for which they are.
        """
        self.flush()
        with telling(self.path):
            return read_steps(self._connection, phases, undone=undone)

    def frames(self, keys: NDArray[np.int64]) -> Screen:
        """Screens by their keys: (n, *screen shape)."""
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

    def _read_meta(self) -> LogMeta:
        rows = self._connection.execute(select(schema.run.c.key, schema.run.c.value))
        values = {key: json.loads(value) for key, value in rows}
        try:
            values["actions"] = tuple(values["actions"])
            values["screen_shape"] = tuple(values["screen_shape"])
            return LogMeta(**values)
        except (KeyError, TypeError) as error:
            raise LogCorrupted(f"{self.path} does not say what it is about: {error}") from None

    def _newest(self, table: Table, column: str) -> int:
        newest = self._connection.execute(select(func.max(table.c[column]))).scalar()
        return -1 if newest is None else int(newest)
