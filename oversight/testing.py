"""What people need to test their own overseers and environments against this project's contracts.

Example:
    >>> class TestMine(OverseerContract):
    ...     def make(self):
    ...         return MyOverseer()
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from oversight.overseer import Overseer
from oversight.types import Amendment, Event, Proposal, Source, StepRecord, Verdict

__all__ = ["EchoEnv", "FixedTruth", "MemorySink", "OverseerContract", "proposal_of"]


def proposal_of(
    action: int = 0,
    *,
    step_id: int = 0,
    shape: tuple[int, ...] = (210, 160),
    history: int = 2,
) -> Proposal:
    """A proposal with a screen that is drawn from its step number, read-only as a gate's is."""
    rng = np.random.default_rng(step_id)
    screens = (rng.integers(0, 128, (history, *shape)) * 2).astype(np.uint8)
    screens.flags.writeable = False
    return Proposal(step_id, 0, 0, step_id, action, screens)


class FixedTruth:
    """A `TruthProbe` whose answer is set by hand."""

    def __init__(self, unsafe: Sequence[bool]) -> None:
        """Say for each action whether it is unsafe."""
        self.values = list(unsafe)
        self.lost = False

    def unsafe(self, action: int) -> bool:
        """See `TruthProbe.unsafe`."""
        return self.values[action]

    def unsafe_actions(self) -> NDArray[np.bool_]:
        """See `TruthProbe.unsafe_actions`."""
        return np.array(self.values)

    @property
    def doomed(self) -> bool:
        """See `TruthProbe.doomed`: never, unless set otherwise."""
        return self.lost

    def last_resort(self) -> int:
        """See `TruthProbe.last_resort`: the first action that is not unsafe, else the first."""
        return self.values.index(False) if False in self.values else 0


class EchoEnv(gymnasium.Env[NDArray[np.float32], int]):
    """Observes the action executed last, so that a test sees what a gate let through.

    Observation: float32 (1,), the executed action, -1 after a reset. Reward: the action's number.
    An episode ends after `length` steps.
    """

    def __init__(self, n_actions: int = 4, length: int = 10) -> None:
        """Choose the number of actions and of steps."""
        self.observation_space = gymnasium.spaces.Box(-1.0, n_actions, (1,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(n_actions)  # type: ignore[assignment]
        self._length = length
        self._steps = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin again."""
        super().reset(seed=seed, options=options)
        self._steps = 0
        return np.array([-1.0], np.float32), {}

    def step(self, action: int) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Echo the action."""
        self._steps += 1
        return np.array([action], np.float32), float(action), self._steps >= self._length, False, {}


@dataclass
class MemorySink:
    """A `StepSink` that keeps everything in lists."""

    episodes: list[tuple[int, int, int | None, str]] = field(default_factory=list)
    records: list[StepRecord] = field(default_factory=list)
    amendments: list[tuple[Amendment, Source]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def recorded_through(self) -> int:
        """See `StepSink.recorded_through`."""
        return self.records[-1].proposal.step_id if self.records else -1

    def begin_episode(self, episode: int, *, env_index: int, seed: int | None, phase: str) -> None:
        """See `StepSink.begin_episode`."""
        self.episodes.append((episode, env_index, seed, phase))

    def append(self, record: StepRecord) -> None:
        """See `StepSink.append`."""
        self.records.append(record)

    def amend(self, amendments: Sequence[Amendment], author: Source) -> None:
        """See `StepSink.amend`."""
        self.amendments += [(amendment, author) for amendment in amendments]

    def event(self, event: Event) -> None:
        """See `StepSink.event`."""
        self.events.append(event)

    def flush(self) -> None:
        """See `StepSink.flush`."""


class OverseerContract:
    """Tests that every overseer passes: inherit them, and say how yours is made."""

    n_actions: int = 6
    screen_shape: tuple[int, ...] = (210, 160)

    def make(self) -> Overseer:
        """A fresh overseer, ready to judge."""
        raise TypeError(f"{type(self).__name__} has to say how its overseer is made: define make()")

    def proposals(self) -> list[Proposal]:
        """Proposals of every action, one after the other."""
        return [
            proposal_of(number % self.n_actions, step_id=number, shape=self.screen_shape)
            for number in range(2 * self.n_actions)
        ]

    def test_it_is_an_overseer(self) -> None:
        """It has the one method."""
        assert isinstance(self.make(), Overseer)

    def test_each_proposal_gets_its_decision(self) -> None:
        """One decision per proposal, about that step, with a source."""
        overseer = self.make()
        for proposal in self.proposals():
            (decision,) = overseer.review([proposal])
            assert decision.step_id == proposal.step_id
            assert isinstance(decision.verdict, Verdict)
            assert isinstance(decision.source, Source)

    def test_numbers_are_in_range(self) -> None:
        """Replacements are actions, probabilities probabilities, times not negative."""
        overseer = self.make()
        for proposal in self.proposals():
            (decision,) = overseer.review([proposal])
            assert decision.replacement is None or 0 <= decision.replacement < self.n_actions
            assert decision.probability is None or 0.0 <= decision.probability <= 1.0
            assert decision.reaction_seconds is None or decision.reaction_seconds >= 0.0
            assert decision.attention_seconds >= 0.0

    def test_a_recheck_changes_nothing(self) -> None:
        """Asking about a replacement leaves later decisions as they would have been."""
        plain, asked = self.make(), self.make()
        for proposal in self.proposals():
            (expected,) = plain.review([proposal])
            (decision,) = asked.review([proposal])
            assert decision == expected
            other = (proposal.action + 1) % self.n_actions
            asked.review([replace(proposal, action=other, recheck=True)])

    def test_its_own_replacement_is_safe_to_it(self) -> None:
        """It does not itself refuse what it would have done instead."""
        overseer = self.make()
        for proposal in self.proposals():
            (decision,) = overseer.review([proposal])
            if decision.replacement is not None and decision.verdict is Verdict.UNSAFE:
                again = replace(proposal, action=decision.replacement, recheck=True)
                (second,) = overseer.review([again])
                assert second.verdict is not Verdict.UNSAFE or second.probability is not None
