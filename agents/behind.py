"""Learning behind the overseer's back: while a person thinks, the learner goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from oversight.overseer import Overseer
from oversight.types import Decision, Proposal

__all__ = ["LearningBehind"]


class LearningBehind:
    """Lets another overseer judge in a thread of its own and learns in the meantime.

    At most `updates` at each step, so that a person who thinks for a minute does not make the
    learner go over the same few transitions for a minute. An answer waits for the update that is
    being made, never for another. Updates behind a person come on top of those that are due.

    The overseer is asked from one thread throughout, which is not the one that learns; an
    emulator's truth must not be stepped there, so this is for people and for what answers slowly
    elsewhere. What it raises, as `OverseerGone`, is raised here.

    Example:
        >>> overseer = LearningBehind(person, lambda: agent.learn_once(), updates=4)
    """

    def __init__(self, inner: Overseer, learn: Callable[[], object], *, updates: int) -> None:
        """Take the overseer and what to do while it thinks.

        Args:
            inner: judges.
            learn: makes one update; called in the thread that asks for a review.
            updates: at most so many at each step, at least 0.

        Raises:
            ValueError: the number is negative.
        """
        if updates < 0:
            raise ValueError(f"expected updates of 0 or more, got {updates}")
        self._inner = inner
        self._learn = learn
        self._updates = updates
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="overseer")

    def review(self, proposals: Sequence[Proposal]) -> Sequence[Decision]:
        """The inner overseer's decisions; see `oversight.Overseer.review`."""
        answer = self._thread.submit(self._inner.review, proposals)
        made = 0
        while made < self._updates and not answer.done():
            self._learn()
            made += 1
        return answer.result()

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()
