"""Learning behind the overseer's back: while a person thinks, the learner goes on."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, SupportsFloat, TypeVar

import gymnasium
import torch

from oversight.overseer import Overseer
from oversight.types import Decision, Proposal

__all__ = ["LearningBehind"]

ObsType = TypeVar("ObsType")

_NICE: Final = 10
"""How far the learner's thread stands back where there are more threads than cores (Linux)."""

_TURN_SECONDS: Final = 0.0005
"""How long the learner's thread may keep the interpreter from the one that records a decision,
which gives it away at each write; Python's own 5 ms come to 20 there."""


class LearningBehind:
    """Lets another overseer judge and learns in the meantime, in a thread of its own.

    At most `updates` at each step, so that a person who thinks for a minute does not make the
    learner go over the same few transitions for a minute. No answer waits for an update: the
    decision is carried out and recorded while the last one is still being made. Before the
    learner's networks or its replay are touched again it has to have ended, so the agent must be
    given `around(env)`, whose steps wait for that. Of the updates that are due those count that
    were made behind the overseer (`DoubleDQN.learn_once`), so that nothing is left to be made
    between two steps.

    What an update raises is raised by the step during which it was made.

    Example:
        >>> behind = LearningBehind(person, lambda: agent.learn_once(), updates=4)
        >>> agent = make_agent(behind.around(OversightWrapper(game, behind)))
    """

    def __init__(self, inner: Overseer, learn: Callable[[], object], *, updates: int) -> None:
        """Take the overseer and what to do while it thinks.

        Args:
            inner: judges; called in the thread that asks for a review.
            learn: makes one update; called in a thread of its own.
            updates: at most so many at each step, at least 0.

        Raises:
            ValueError: the number is negative.
        """
        if updates < 0:
            raise ValueError(f"expected updates of 0 or more, got {updates}")
        self._inner = inner
        self._learn = learn
        self._updates = updates
        self._cores, self._turn = torch.get_num_threads(), sys.getswitchinterval()
        self._thread = ThreadPoolExecutor(1, "learner", initializer=_stand_back)
        self._answered = threading.Event()
        self._running: Future[None] | None = None

    def review(self, proposals: Sequence[Proposal]) -> Sequence[Decision]:
        """The inner overseer's decisions; see `oversight.Overseer.review`."""
        if self._updates == 0 or any(p.recheck for p in proposals):
            return self._inner.review(proposals)
        self.finish()
        self._answered.clear()
        sys.setswitchinterval(min(self._turn, _TURN_SECONDS))
        self._running = self._thread.submit(self._work)
        try:
            return self._inner.review(proposals)
        except BaseException:
            self.finish()
            raise
        finally:
            self._answered.set()

    def finish(self) -> None:
        """Wait until no update is being made.

        Raises:
            OversightError: what the update raised.
        """
        self._answered.set()
        running, self._running = self._running, None
        if running is not None:
            try:
                running.result()
            finally:
                sys.setswitchinterval(self._turn)

    def around(self, env: gymnasium.Env[ObsType, int]) -> gymnasium.Wrapper[ObsType, int, Any, Any]:
        """The environment, whose steps end only when no update is being made any more."""
        return _Finished(env, self)

    def close(self) -> None:
        """End the thread, and give its core back."""
        self._answered.set()
        self._thread.shutdown()
        torch.set_num_threads(self._cores)
        if self._running is not None:
            sys.setswitchinterval(self._turn)

    def _work(self) -> None:
        for _ in range(self._updates):
            if self._answered.is_set():
                return
            self._learn()


class _Finished(gymnasium.Wrapper[ObsType, int, ObsType, int]):
    """Waits after each step for the update that was made behind it."""

    def __init__(self, env: gymnasium.Env[ObsType, int], behind: LearningBehind) -> None:
        super().__init__(env)
        self._behind = behind

    def step(self, action: int) -> tuple[ObsType, SupportsFloat, bool, bool, dict[str, Any]]:
        """See `gymnasium.Env.step`."""
        result = self.env.step(action)
        self._behind.finish()
        return result


def _stand_back() -> None:
    """Leave the overseer's side a core, and let it go first where both want the same one."""
    torch.set_num_threads(max(1, torch.get_num_threads() - 1))
    if sys.platform == "linux":  # elsewhere a priority belongs to the whole process
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
