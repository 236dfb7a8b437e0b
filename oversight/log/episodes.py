"""A log's episodes as arrays, one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from oversight.log import schema
from oversight.log.query import read_steps
from oversight.log.table import StepTable

__all__ = ["LoggedEpisode", "episodes_of"]


@dataclass(frozen=True)
class LoggedEpisode:
    """One episode.

    Attributes:
        episode: its number in the run.
        env_index: which of the gate's environments played it.
        seed: of its reset; None if it was given none.
        phase: name of the phase.
        begun_at: seconds since 1970, UTC.
        steps: its decisions in their order, relabels applied.
    """

    episode: int
    env_index: int
    seed: int | None
    phase: str
    begun_at: float
    steps: StepTable


def episodes_of(
    connection: Connection, phases: Sequence[str] | None, *, undone: bool
) -> Iterator[LoggedEpisode]:
    """See `LogReader.episodes`."""
    table, steps = schema.episodes.c, schema.decisions.c
    spans = (
        select(steps.episode, func.min(steps.step_id), func.max(steps.step_id))
        .group_by(steps.episode)
        .order_by(steps.episode)
    )
    for number, first, last in connection.execute(spans).fetchall():
        about = connection.execute(select(schema.episodes).where(table.episode == number)).first()
        if about is None or (phases is not None and about.phase not in phases):
            continue
        rows = read_steps(
            connection, None, undone=undone, episode=number, between=(int(first), int(last))
        )
        if len(rows):
            yield LoggedEpisode(
                number, about.env_index, about.seed, about.phase, about.begun_at, rows
            )
