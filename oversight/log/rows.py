"""Parts of a step as columns of the log."""

from __future__ import annotations

from dataclasses import asdict, fields

import zstandard

from oversight.types import Snapshot, Viewing

__all__ = ["snapshot_row", "unpacked_snapshot", "viewing_row"]


def viewing_row(viewing: Viewing | None) -> dict[str, float | bool | None]:
    """How a person was shown a step, by the columns' names; all null where nobody was."""
    if viewing is None:
        return {column.name: None for column in fields(Viewing)}
    return asdict(viewing)


def snapshot_row(step_id: int, snapshot: Snapshot) -> dict[str, int | str | bytes]:
    """The state before a step that was done anew, compressed."""
    data = zstandard.compress(snapshot.data)
    return {"step_id": step_id, "kind": snapshot.kind, "data": data}


def unpacked_snapshot(kind: str, data: bytes) -> Snapshot:
    """What `snapshot_row` packed.

    Raises:
        zstandard.ZstdError: it is damaged.
    """
    return Snapshot(kind, zstandard.decompress(data))
