"""Writing the intervention log."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, Table

from oversight.errors import LogError
from oversight.log import schema
from oversight.log.chain import Value
from oversight.log.codec import FrameEncoder
from oversight.log.commit import Committer
from oversight.log.condition import identity_of, known_mark
from oversight.log.database import WriterLock, connect, create, telling
from oversight.log.keeping import ScreenKeeper
from oversight.log.mark import Mark, MarkFile, MarkState
from oversight.log.meta import LogMeta
from oversight.log.reader import LogReader
from oversight.log.rows import snapshot_row, viewing_row
from oversight.types import Amendment, Event, Screen, Source, StepRecord

__all__ = ["InterventionLog"]

BATCH_ROWS = 256
BATCH_SECONDS = 0.25
"""A machine's decisions are committed after so many rows or so long; a person's at once."""


class InterventionLog(LogReader):
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

    def __init__(
        self, engine: Engine, path: Path, mark: Mark | None, lock: WriterLock | None
    ) -> None:
        """Use `create` or `open` instead."""
        super().__init__(engine, path, mark, read_only=lock is None)
        self._lock = lock
        self._committer = self._begin_writing() if lock is not None else None
        self._encoder = FrameEncoder()
        self.keeper = ScreenKeeper()
        """Which screens are kept; `keeper.phases` says it by phase, all of them if it does not."""
        self._first_waiting: float | None = None
        self._last_screen: bytes | None = None
        self._screen_shape = tuple(self.meta.screen_shape)
        self._screen_dtype = np.dtype(self.meta.screen_dtype)
        # A damaged log can still be read where it is whole: numbers are for those who write.
        newest = self._newest if lock is not None else _nothing
        self.next_step_id = 1 + newest(schema.decisions, "step_id")
        self.next_episode = 1 + newest(schema.episodes, "episode")
        self._next_frame = 1 + newest(schema.frames, "frame")
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
            return cls(create(path, about), path, None, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(
        cls, path: Path, *, read_only: bool = True, damaged_too: bool = False
    ) -> InterventionLog:
        """Open a log, to read it (while it is written, too) or to go on writing.

        A log of an older format is brought to this one when it is opened to go on writing.

        Args:
            path: of the log.
            read_only: to read it.
            damaged_too: read it even if acknowledged decisions are missing at its end; see
                `condition`.

        Raises:
            LogError: missing, foreign, or being written by another process when asked to write;
                `LogVersionMismatch` and `LogCorrupted` are kinds of it.
        """
        mark = known_mark(path)  # before the log: commits come before their marks
        engine = connect(path, read_only=read_only)
        lock = None
        try:
            lock = None if read_only else WriterLock(path)
            with telling(path):
                log = cls(engine, path, mark, lock)
            if not (damaged_too and read_only):
                log._refuse_losses()
            return log
        except BaseException:
            engine.dispose()
            if lock is not None:
                lock.release()
            raise

    def __enter__(self) -> InterventionLog:
        return self

    def close(self) -> None:
        """Put everything on disk and let go of the file."""
        try:
            self.flush()
        finally:
            super().close()
            if self._lock is not None and self._committer is not None:
                self._committer.close()
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
        self.keeper.begin_episode(env_index)
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
        earlier, kept = self.keeper.wanted(record)
        for step_id, screen in earlier:
            self._add(schema.contexts, step_id=step_id, frame=self._keep(screen))
        two = proposal.before if kept and self.keeper.two_frames else None
        before = None if two is None else self._keep(two)
        frame = self._keep(proposal.screens[-1]) if kept else None
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
            frame_before=before,
            **viewing_row(decision.viewing),
        )
        # In the same transaction as the step, always: without it they stand.
        for undone in record.undoes:
            self._add(schema.rewinds, step_id=undone, redone_by=proposal.step_id)
        if record.snapshot is not None:
            self._add(schema.snapshots, **snapshot_row(proposal.step_id, record.snapshot))
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
        if self._committer is None:
            raise LogError(f"{self.path} is open to be read, it is readonly: open it to write")
        self._committer.add(table, **row)
        if self._first_waiting is None:
            self._first_waiting = time.monotonic()

    def _keep(self, screen: Screen) -> int:
        if screen.shape != self._screen_shape or screen.dtype != self._screen_dtype:
            raise ValueError(
                f"expected screens of shape {self.meta.screen_shape} and type "
                f"{self.meta.screen_dtype}, as the log's meta says, got {screen.shape} and "
                f"{screen.dtype}"
            )
        raw = screen.tobytes()
        if raw != self._last_screen:  # a game that stands still shows it again: keep it once
            self._last_screen = raw
            data, base = self._encoder.encode(self._next_frame, raw)
            self._add(
                schema.frames, frame=self._next_frame, data=data, base=base, crc=zlib.crc32(data)
            )
            self._next_frame += 1
        return self._next_frame - 1

    def _commit_when_due(self, *, durable: bool) -> None:
        assert self._committer is not None, "rows wait in it"
        waiting = self._committer.waiting(schema.decisions)
        since = self._first_waiting
        late = since is not None and time.monotonic() - since >= BATCH_SECONDS
        if durable or late or waiting >= BATCH_ROWS:
            self._commit(durable=durable)

    def _commit(self, *, durable: bool) -> None:
        assert self._committer is not None, "rows wait in it"
        self._committer.commit(durable=durable)  # if it fails the rows stay: a later try may do
        self._first_waiting = None
        self._recorded = self.next_step_id - 1

    def _begin_writing(self) -> Committer:
        """Take note of what a power loss took, and set the mark to what is there."""
        self._refuse_losses()
        found = self.condition
        mark = MarkFile(self.path, identity_of(self._connection))
        committer = Committer(self._connection, self.path, mark)
        if found.state is not MarkState.WHOLE:
            known = found.mark if found.state is MarkState.TAIL_LOST else None
            mark.set(found.newest, -1 if known is None else known.acknowledged)
        if found.state in (MarkState.TAIL_LOST, MarkState.FOREIGN):
            committer.add(
                schema.incidents,
                kind=found.state.value,
                detail=found.in_words(),
                at=time.time(),
            )
            committer.commit(durable=True)
        return committer


def _nothing(_table: Table, _column: str) -> int:
    return -1
