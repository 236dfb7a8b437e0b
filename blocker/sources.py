"""What a Blocker is trained or tested on: each source once, told apart by what it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

__all__ = ["file_digest", "refuse_twice"]


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refuse_twice(paths: Sequence[Path]) -> None:
    """Refuse a log or a pack that is given twice, by whatever name, or as a copy.

    Its episodes would count as independent: some learned from, the same ones tested on, and every
    bound too narrow.

    Raises:
        ValueError: says which two.
    """
    seen: dict[object, Path] = {}
    sizes = [path.stat().st_size if path.is_file() else None for path in paths]
    for path, size in zip(paths, sizes, strict=True):
        marks: list[object] = [path.resolve()]
        if size is not None and sizes.count(size) > 1:  # files of other sizes are no copies
            marks.append(file_digest(path))
        for mark in marks:
            if mark in seen:
                raise ValueError(
                    f"expected each log or pack once, got {seen[mark]} and {path} with the same "
                    "content: leave one out"
                )
        seen.update(dict.fromkeys(marks, path))
