"""Parts of a decision as columns of the log."""

from __future__ import annotations

from dataclasses import asdict, fields

from oversight.types import Viewing

__all__ = ["viewing_row"]


def viewing_row(viewing: Viewing | None) -> dict[str, float | bool | None]:
    """How a person was shown a step, by the columns' names; all null where nobody was."""
    if viewing is None:
        return {column.name: None for column in fields(Viewing)}
    return asdict(viewing)
