"""Reading the log's tables into arrays."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields

import numpy as np
import zstandard
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from oversight.log import schema
from oversight.log.codec import FrameDecoder
from oversight.log.columns import CODES, decision_columns
from oversight.log.rows import unpacked_snapshot
from oversight.log.table import StepTable
from oversight.types import Event, Rewind, Screen, Snapshot

__all__ = ["blobs_of", "events_of", "read_frames", "read_snapshot", "read_steps", "rewinds_of"]

CHUNK = 500
"""Keys in one query; SQLite takes at least 999 parameters."""


def read_steps(
    connection: Connection,
    phases: Sequence[str] | None,
    *,
    undone: bool,
    episode: int | None = None,
    between: tuple[int, int] | None = None,
) -> StepTable:
    """See `LogReader.steps`; on request of one episode and between two step_ids only."""
    with _one_state(connection):
        columns = decision_columns(
            connection, phases, undone=undone, episode=episode, between=between
        )
        step_id = columns["step_id"]
        columns["verdict"] = _amended(connection, step_id, columns["verdict"])
        columns["frame"] = _with_contexts(connection, step_id, columns["frame"])
    return StepTable(**{column.name: columns[column.name] for column in fields(StepTable)})


@contextmanager
def _one_state(connection: Connection) -> Iterator[None]:
    """Let several queries see the log as it is now, whatever is written meanwhile."""
    raw = connection.connection.dbapi_connection
    if getattr(raw, "in_transaction", False):
        yield
        return
    connection.exec_driver_sql("BEGIN")
    try:
        yield
    finally:
        connection.rollback()


def read_frames(connection: Connection, keys: NDArray[np.int64], decoder: FrameDecoder) -> Screen:
    """See `InterventionLog.frames`."""
    wanted = np.unique(keys).tolist()
    table = schema.frames.c
    blobs: dict[int, tuple[int, bytes, int | None]] = {}
    for chunk in _chunks(wanted):
        query = select(table.frame, table.data, table.base, table.crc)
        for row in connection.execute(query.where(table.frame.in_(chunk))):
            blobs[row[0]] = (row[0], _sound(*row), row[2])
    if len(blobs) != len(wanted):
        raise KeyError(f"expected {len(wanted)} frames, the log holds {len(blobs)} of them")
    return decoder.decode([blobs[key] for key in keys.tolist()])


def blobs_of(connection: Connection, keys: Sequence[int]) -> dict[int, bytes]:
    """Packed screens by their numbers; those that are not there are left out."""
    table = schema.frames.c
    found: dict[int, bytes] = {}
    for chunk in _chunks(keys):
        query = select(table.frame, table.data, table.base, table.crc)
        for row in connection.execute(query.where(table.frame.in_(chunk))):
            found[row[0]] = _sound(*row)
    return found


def _sound(frame: int, data: bytes, _base: int | None, crc: int | None) -> bytes:
    if crc is not None and zlib.crc32(data) != crc:
        raise zstandard.ZstdError(f"screen {frame} is not what was written")
    return data


def _with_contexts(
    connection: Connection, step_id: NDArray[np.int64], frame: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Screens that were written after their decisions."""
    table = schema.contexts.c
    if len(step_id):
        inside = table.step_id.between(int(step_id[0]), int(step_id[-1]))
        for step, later in connection.execute(select(table.step_id, table.frame).where(inside)):
            frame[np.searchsorted(step_id, step)] = later
    return frame


def _chunks(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]


def events_of(connection: Connection, *, undone: bool) -> list[Event]:
    """See `InterventionLog.events`."""
    table = schema.events
    query = select(table).order_by(table.c.event)
    if not undone:
        query = query.where(table.c.onset_step.not_in(select(schema.rewinds.c.step_id)))
    rows = connection.execute(query)
    return [Event(r.kind, r.cause_step, r.onset_step, r.avoidable) for r in rows]


def rewinds_of(connection: Connection) -> list[Rewind]:
    """See `InterventionLog.rewinds`."""
    table = schema.rewinds
    undone: dict[int, list[int]] = {}
    for row in connection.execute(select(table).order_by(table.c.redone_by, table.c.step_id)):
        undone.setdefault(row.redone_by, []).append(row.step_id)
    return [Rewind(step_id, tuple(steps)) for step_id, steps in undone.items()]


def late_of(connection: Connection) -> dict[int, int]:
    """See `LogReader.late`."""
    table = schema.decisions.c
    query = select(table.step_id, table.meant_for).where(table.meant_for.is_not(None))
    return {row.step_id: row.meant_for for row in connection.execute(query)}


def read_snapshot(connection: Connection, step_id: int) -> Snapshot:
    """See `LogReader.snapshot`."""
    table = schema.snapshots.c
    query = select(table.kind, table.data).where(table.step_id == step_id)
    row = connection.execute(query).first()
    if row is None:
        raise KeyError(f"expected a step that a rewind did anew, the log has no snapshot {step_id}")
    return unpacked_snapshot(row.kind, row.data)


def _amended(
    connection: Connection, step_id: NDArray[np.int64], verdict: NDArray[np.int8]
) -> NDArray[np.int8]:
    """Apply the amendments in their order: the newest word on a step holds."""
    table = schema.amendments
    if len(step_id) == 0:
        return verdict
    rows = connection.execute(
        select(table.c.step_id, table.c.verdict)
        .where(table.c.step_id.between(int(step_id[0]), int(step_id[-1])))
        .order_by(table.c.amendment)
    ).fetchall()
    for amended, word in rows:
        place = int(np.searchsorted(step_id, amended))
        if place < len(step_id) and step_id[place] == amended:
            verdict[place] = CODES[word]
    return verdict
