"""Reading the log's tables into arrays."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
import zstandard
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from oversight.log import schema
from oversight.log.codec import FrameDecoder
from oversight.log.table import SAFE, UNKNOWN, UNSAFE, UNSURE, StepTable
from oversight.types import Event, Rewind, Screen, Verdict

__all__ = ["blobs_of", "events_of", "read_frames", "read_steps", "rewinds_of"]

Signed = TypeVar("Signed", bound=np.signedinteger)

CODES = {Verdict.SAFE.value: SAFE, Verdict.UNSAFE.value: UNSAFE, Verdict.UNSURE.value: UNSURE}
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
    table = schema.decisions
    query = select(table).order_by(table.c.step_id)
    if phases is not None:
        query = query.where(table.c.phase.in_(list(phases)))
    if episode is not None:
        query = query.where(table.c.episode == episode)
    if between is not None:
        query = query.where(table.c.step_id.between(*between))
    if not undone:
        query = query.where(table.c.step_id.not_in(select(schema.rewinds.c.step_id)))
    result = connection.execute(query)
    names = list(result.keys())
    rows = result.fetchall()
    columns = dict(zip(names, zip(*rows, strict=True) if rows else ((),) * len(names), strict=True))
    step_id = np.array(columns["step_id"], np.int64)
    return StepTable(
        step_id=step_id,
        episode=np.array(columns["episode"], np.int64),
        step=np.array(columns["step"], np.int64),
        proposed=np.array(columns["proposed"], np.int64),
        executed=np.array(columns["executed"], np.int64),
        verdict=_amended(connection, step_id, np.array([CODES[v] for v in columns["verdict"]])),
        blocked=np.array(columns["blocked"], np.bool_),
        no_safe_action=np.array(columns["no_safe_action"], np.bool_),
        frame=_with_contexts(connection, step_id, _known(columns["frame"], np.int64)),
        phase=np.array(columns["phase"], np.str_),
        source=np.array(columns["source"], np.str_),
        reaction_seconds=np.array(columns["reaction_seconds"], np.float64),
        attention_seconds=np.array(columns["attention_seconds"], np.float64),
        probability=np.array(columns["probability"], np.float64),
        game_reward=np.array(columns["game_reward"], np.float64),
        agent_reward=np.array(columns["agent_reward"], np.float64),
        terminated=np.array(columns["terminated"], np.bool_),
        truncated=np.array(columns["truncated"], np.bool_),
        proposed_unsafe=_known(columns["proposed_unsafe"], np.int8),
        executed_unsafe=_known(columns["executed_unsafe"], np.int8),
        pace=np.array(columns["pace"], np.float64),
        speed_up=np.array(columns["speed_up"], np.float64),
        hint=np.array(columns["hint"], np.float64),
        previewed=_known(columns["previewed"], np.int8),
    )


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
    connection: Connection, step_id: NDArray[np.int64], frame: NDArray[np.signedinteger]
) -> NDArray[np.int64]:
    """Screens that were written after their decisions."""
    table = schema.contexts.c
    if len(step_id):
        inside = table.step_id.between(int(step_id[0]), int(step_id[-1]))
        for step, later in connection.execute(select(table.step_id, table.frame).where(inside)):
            frame[np.searchsorted(step_id, step)] = later
    return frame.astype(np.int64)


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


def _amended(
    connection: Connection, step_id: NDArray[np.int64], verdict: NDArray[np.int64]
) -> NDArray[np.int8]:
    """Apply the amendments in their order: the newest word on a step holds."""
    table = schema.amendments
    if len(step_id) == 0:
        return verdict.astype(np.int8)
    rows = connection.execute(
        select(table.c.step_id, table.c.verdict)
        .where(table.c.step_id.between(int(step_id[0]), int(step_id[-1])))
        .order_by(table.c.amendment)
    ).fetchall()
    for amended, word in rows:
        place = int(np.searchsorted(step_id, amended))
        if place < len(step_id) and step_id[place] == amended:
            verdict[place] = CODES[word]
    return verdict.astype(np.int8)


def _known(
    values: Sequence[int | None], dtype: type[np.signedinteger]
) -> NDArray[np.signedinteger]:
    return np.array([UNKNOWN if value is None else value for value in values], dtype)
