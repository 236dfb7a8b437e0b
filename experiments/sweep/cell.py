"""A cell: one study with its settings, from which a row of results comes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from experiments.rundir import write_json
from oversight import RunError

__all__ = ["CELL", "RESULT", "Cell", "Json", "finished", "read_object"]

Json = str | int | float | bool | list["Json"] | dict[str, "Json"] | None

CELL, RESULT = "cell.json", "row.json"
"""Files in a cell's folder: what it is, and, once it is finished, what came of it."""


@dataclass(frozen=True)
class Cell:
    """What to do, as plain data; two cells that ask for the same have the same key.

    Attributes:
        study: name in `experiments.studies.STUDIES`.
        settings: of that study, ready for JSON.
        base: the cell whose folder this one needs: a run whose agent or Blocker is studied.
    """

    study: str
    settings: Mapping[str, Json]
    base: Cell | None = None

    @property
    def key(self) -> str:
        """Name of the cell's folder: readable, and different for different settings."""
        text = json.dumps(self.as_json(), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:10]
        return f"{self.study}-{self.settings.get('game', 'any')}-{digest}"

    def as_json(self) -> dict[str, Json]:
        """As plain data; `from_json` reads it back."""
        base = None if self.base is None else self.base.as_json()
        return {"study": self.study, "settings": dict(self.settings), "base": base}

    @classmethod
    def from_json(cls, values: Mapping[str, Json]) -> Cell:
        """Read `as_json`'s answer.

        Raises:
            RunError: it is none.
        """
        try:
            base, settings = values["base"], values["settings"]
            if not isinstance(settings, dict):
                raise TypeError(f"expected settings, got {settings!r}")
            return cls(
                study=str(values["study"]),
                settings=settings,
                base=cls.from_json(base) if isinstance(base, dict) else None,
            )
        except (KeyError, TypeError) as error:
            raise RunError(f"{CELL} does not describe a cell: {error}") from None

    def folder(self, out: Path) -> Path:
        """Where it is in a sweep's folder."""
        return out / self.key

    def put(self, out: Path) -> Path:
        """Make the cell's folder in the sweep's; returns it.

        Raises:
            RunError: it cannot be written.
        """
        folder = self.folder(out)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{folder} cannot be made: {error.strerror}") from None
        if not (folder / CELL).is_file():
            write_json(folder / CELL, self.as_json())
        return folder


def finished(folder: Path) -> bool:
    """Whether a cell's result is there; it is written last, whole or not at all."""
    return (folder / RESULT).is_file()


def read_object(path: Path) -> dict[str, Json]:
    """Read a JSON object.

    Raises:
        RunError: it is not there, or none.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}") from None
    if not isinstance(values, dict):
        raise RunError(f"{path}: expected a JSON object, got {type(values).__name__}")
    return values
