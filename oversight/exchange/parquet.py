"""A log as Parquet files: one for each table, every row and column, screens as raw bytes."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import numpy as np
from sqlalchemy import Boolean, Float, Integer, LargeBinary, Table

from oversight.errors import LogError
from oversight.exchange.optional import needed, whole_folder
from oversight.log import InterventionLog, LogMeta
from oversight.log.chain import CHAINED, NOTHING, Value, newest_link, rows_after
from oversight.log.codec import FrameEncoder
from oversight.log.copying import NewLog

__all__ = ["from_parquet", "to_parquet"]

ROWS_AT_A_TIME = 1_000
"""Rows in a row group: 34 MB of Atari's screens."""
ABOUT = "run.json"
SCREEN = "screen"
"""In `frames`: the screen's bytes, in place of what is compressed."""
PACKED = ("data", "base", "crc")


def to_parquet(path: Path, out: Path) -> dict[str, int]:
    """Write a log as a folder of Parquet files.

    Args:
        path: of the log.
        out: a folder that is not there yet.

    Returns:
        Rows by table.

    Raises:
        LogError: the log cannot be read, `out` cannot be written, or pyarrow is missing.
    """
    arrow, parquet = needed("pyarrow", "pyarrow"), needed("pyarrow.parquet", "pyarrow")
    with InterventionLog.open(path) as log, whole_folder(out) as folder:
        (folder / ABOUT).write_text(json.dumps(asdict(log.meta), indent=1) + "\n")
        link = newest_link(log.connection)
        if link is None:
            raise LogError(f"{path} is of an older format: open it to write once, then export it")
        counts = {}
        for place, (table, _) in enumerate(CHAINED):
            through = tuple(key if n == place else NOTHING[n] for n, key in enumerate(link.through))
            schema = arrow.schema([(name, _type(arrow, kind)) for name, kind in _columns(table)])
            covered = (row for _, row in rows_after(log.connection, NOTHING, through))
            rows = _rows(log, table, covered)
            file = folder / f"{table.name}.parquet"
            with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
                counts[table.name] = 0
                for batch in rows:
                    writer.write_table(arrow.Table.from_pylist(batch, schema=schema))
                    counts[table.name] += len(batch)
    return counts


def from_parquet(folder: Path, out: Path) -> None:
    """Make a log of what `to_parquet` wrote: the same rows, screens packed anew.

    Raises:
        LogError: files are missing or not what they should be, or `out` is there already.
    """
    parquet = needed("pyarrow.parquet", "pyarrow")
    try:
        about = json.loads((folder / ABOUT).read_text())
        about["actions"], shape = tuple(about["actions"]), tuple(about["screen_shape"])
        meta = LogMeta(**{**about, "screen_shape": shape})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LogError(
            f"expected a folder with {ABOUT} and a Parquet file for each table in {folder}, got "
            f"none that can be read: {error}"
        ) from None
    with NewLog(out, meta) as new:
        for table, _ in CHAINED:
            file = folder / f"{table.name}.parquet"
            try:
                batches = parquet.ParquetFile(file).iter_batches(batch_size=ROWS_AT_A_TIME)
                rows = (row for batch in batches for row in batch.to_pylist())
                new.take((table.name, row) for row in _packed_again(table, rows, meta))
            except (OSError, ValueError, KeyError) as error:
                raise LogError(f"{file} cannot be read: {error}") from None


def _columns(table: Table) -> list[tuple[str, object]]:
    frames = table.name == "frames"
    kept: list[tuple[str, object]] = [
        (c.name, c.type) for c in table.columns if not (frames and c.name in PACKED)
    ]
    return [*kept, (SCREEN, LargeBinary())] if frames else kept


def _type(arrow: ModuleType, kind: object) -> object:
    for sql, name in ((Boolean, "bool_"), (Integer, "int64"), (Float, "float64")):
        if isinstance(kind, sql):
            return getattr(arrow, name)()
    return arrow.binary() if isinstance(kind, LargeBinary) else arrow.string()


def _rows(
    log: InterventionLog, table: Table, rows: Iterator[tuple[Value, ...]]
) -> Iterator[list[dict[str, object]]]:
    """Rows by name, some at a time, with their screens if they are screens."""
    names = table.columns.keys()
    flags = {c.name for c in table.columns if isinstance(c.type, Boolean)}
    batch: list[dict[str, object]] = []

    def ready() -> list[dict[str, object]]:
        if table.name == "frames":
            keys = np.array([row["frame"] for row in batch], np.int64)
            shown = log.frames(keys)
            for row, screen in zip(batch, shown, strict=True):
                row[SCREEN] = screen.tobytes()
        return batch

    for row in rows:
        named = dict(zip(names, row, strict=True))
        batch.append({k: bool(v) if k in flags and v is not None else v for k, v in named.items()})
        if len(batch) == ROWS_AT_A_TIME:
            yield ready()
            batch = []
    if batch:
        yield ready()


def _packed_again(
    table: Table, rows: Iterator[dict[str, Value]], meta: LogMeta
) -> Iterator[Mapping[str, Value]]:
    if table.name != "frames":
        yield from rows
        return
    encoder, dtype = FrameEncoder(), np.dtype(meta.screen_dtype)
    for row in rows:
        number, pixels = row["frame"], row.pop(SCREEN)
        assert isinstance(number, int)
        assert isinstance(pixels, bytes)
        screen = np.frombuffer(pixels, dtype).reshape(meta.screen_shape)
        data, base = encoder.encode(number, screen.tobytes())
        yield {"frame": number, "data": data, "base": base, "crc": zlib.crc32(data)}
