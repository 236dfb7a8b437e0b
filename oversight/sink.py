"""Where a gate sends what happened. The intervention log is one; `NullSink` keeps nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from oversight.types import Amendment, Event, Source, StepRecord

__all__ = ["NullSink", "StepSink"]


class StepSink(Protocol):
    """Takes every step of a run in its order.

    The events of a step and the amendments that its decision brought come before the step, so
    that a sink that has a step on disk has all of it there.
    """

    @property
    def recorded_through(self) -> int:
        """Highest step_id that would survive a kill of this process; -1 for none."""
        ...

    def begin_episode(self, episode: int, *, env_index: int, seed: int | None, phase: str) -> None:
        """A new episode has begun."""
        ...

    def append(self, record: StepRecord) -> None:
        """Keep a step. A person's decision is on disk when this returns.

        From then on, and not before, the steps that it `undoes` no longer stand.
        """
        ...

    def amend(self, amendments: Sequence[Amendment], author: Source) -> None:
        """Keep later news about earlier steps."""
        ...

    def event(self, event: Event) -> None:
        """Keep a catastrophe."""
        ...

    def flush(self) -> None:
        """Put everything on disk that has been taken so far."""
        ...


class NullSink:
    """Keeps nothing."""

    recorded_through = -1

    def begin_episode(self, episode: int, *, env_index: int, seed: int | None, phase: str) -> None:
        """See `StepSink.begin_episode`."""

    def append(self, record: StepRecord) -> None:
        """See `StepSink.append`."""

    def amend(self, amendments: Sequence[Amendment], author: Source) -> None:
        """See `StepSink.amend`."""

    def event(self, event: Event) -> None:
        """See `StepSink.event`."""

    def flush(self) -> None:
        """See `StepSink.flush`."""
