"""Messages as bytes: a strict JSON header, then raw bytes for pictures. Never pickle.

The first frame is `{"kind": ..., "body": {...}}`; a field of type `bytes` holds its length there
and travels as a frame of its own, in the order of the header. Whatever does not fit a message's
fields exactly is refused: a key too many or too few, a wrong type, a number that is not finite.
"""

from __future__ import annotations

import functools
import json
import math
import types
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Union, cast, get_args, get_origin, get_type_hints

from oversight.errors import LinkError
from oversight_ui.messages import Message

__all__ = ["MAX_HEADER_BYTES", "decode", "encode"]

MAX_HEADER_BYTES = 65_536
"""Far above the longest header (a Welcome, about 1 kB)."""

_KINDS: dict[str, type] = {kind.__name__.lower(): kind for kind in get_args(Message)}


def encode(message: Message) -> list[bytes]:
    """Turn a message into frames: the header first, then its raw bytes."""
    blobs: list[bytes] = []
    body = _write(message, blobs)
    header = {"kind": type(message).__name__.lower(), "body": body}
    return [json.dumps(header, allow_nan=False).encode(), *blobs]


def decode(frames: Sequence[bytes]) -> Message:
    """Turn frames into a message.

    Raises:
        LinkError: the frames are no message of this protocol; the text says what is wrong.
    """
    try:
        header = _parse(frames)
        kind = _KINDS.get(str(header["kind"]))
        if kind is None:
            raise ValueError(f"unknown kind {str(header['kind'])[:40]!r}")
        blobs = deque(frames[1:])
        message = cast(Message, _read(kind, header["body"], blobs))
        if blobs:
            raise ValueError(f"{len(blobs)} frames too many")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise LinkError(f"refused a malformed message: {str(error)[:200]}") from error
    return message


def _parse(frames: Sequence[bytes]) -> Mapping[str, object]:
    if not frames or len(frames[0]) > MAX_HEADER_BYTES:
        raise ValueError(f"expected a header of at most {MAX_HEADER_BYTES} bytes")
    header = json.loads(frames[0], parse_constant=_no_constant)
    if not isinstance(header, dict) or set(header) != {"kind", "body"}:
        raise ValueError("expected a header with kind and body")
    return header


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no number here")


def _write(value: object, blobs: list[bytes]) -> object:
    if isinstance(value, bytes):
        blobs.append(value)
        return len(value)
    if is_dataclass(value):
        return {f.name: _write(getattr(value, f.name), blobs) for f in fields(value)}
    if isinstance(value, tuple):
        return [_write(item, blobs) for item in value]
    return value


@functools.cache
def _hints(kind: type) -> dict[str, object]:
    return get_type_hints(kind)


def _read(kind: object, value: object, blobs: deque[bytes]) -> object:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        present = [part for part in get_args(kind) if part is not type(None)]
        return None if value is None else _read(present[0], value, blobs)
    if origin is tuple:
        return _read_tuple(get_args(kind), value, blobs)
    if isinstance(kind, type) and is_dataclass(kind):
        return _read_object(kind, value, blobs)
    if kind is bytes:
        return _read_bytes(value, blobs)
    return _read_scalar(kind, value)


def _read_object(kind: type, value: object, blobs: deque[bytes]) -> object:
    hints = _hints(kind)
    if not isinstance(value, dict) or set(value) != set(hints):
        raise ValueError(f"expected {kind.__name__} with exactly {', '.join(hints)}")
    return kind(**{name: _read(hint, value[name], blobs) for name, hint in hints.items()})


def _read_tuple(parts: tuple[object, ...], value: object, blobs: deque[bytes]) -> object:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, got {type(value).__name__}")
    repeated = len(parts) == 2 and parts[1] is Ellipsis
    wanted = (parts[0],) * len(value) if repeated else parts
    return tuple(_read(part, item, blobs) for part, item in zip(wanted, value, strict=True))


def _read_bytes(value: object, blobs: deque[bytes]) -> bytes:
    if not blobs or type(value) is not int or len(blobs[0]) != value:
        raise ValueError(f"expected a frame of {str(value)[:20]} bytes after the header")
    return blobs.popleft()


def _read_scalar(kind: object, value: object) -> object:
    if kind is float and type(value) in (int, float) and math.isfinite(cast(float, value)):
        return float(cast(float, value))
    if kind is int and type(value) is int and abs(value) < 2**63:
        return value
    if kind in (bool, str) and type(value) is kind:
        return value
    if isinstance(kind, type) and issubclass(kind, StrEnum) and isinstance(value, str):
        return kind(value)
    raise TypeError(f"expected {getattr(kind, '__name__', kind)}, got {str(value)[:40]!r}")
