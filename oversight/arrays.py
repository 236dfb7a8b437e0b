"""Arrays by name in one compressed file: written whole or not at all, read without pickle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oversight.errors import UnreadableArrays

__all__ = ["read_arrays", "write_arrays"]


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write an npz file; an older one is replaced only when the new one is complete.

    Args:
        path: of the file; its folder is there.
        arrays: of any shape and dtype, none of them of objects.

    Raises:
        OSError: it cannot be written; nothing is left of it.
        ValueError: an array of objects.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        part.replace(path)
    except BaseException:  # a stop as well: what is begun is not left there
        with suppress(OSError):
            part.unlink()
        raise


def read_arrays(path: Path, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Read some arrays of an npz file.

    Raises:
        UnreadableArrays: it is missing or damaged, or has not all of them.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            return {name: found[name] for name in names}
    except Exception as error:  # zip, zlib and NumPy each have errors of their own
        raise UnreadableArrays(f"{path} is missing or damaged ({type(error).__name__})") from error
