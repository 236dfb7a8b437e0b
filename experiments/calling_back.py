"""The hand-over as an overseer: the Blocker judges, and calls the person back for what is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from blocker import BlockerOverseer
from oversight import Decision, Overseer, Proposal

__all__ = ["CallBack", "HandoverOverseer"]


@dataclass(frozen=True, slots=True)
class CallBack:
    """When the person is called back, and for how long.

    Attributes:
        stay_steps: agent steps that the person stays after the last new one, so that the moment is
            theirs as a whole: 15 are a second of play.
        most_calls: calls in a row of `per_steps` judged steps, at most; what is new beyond that is
            judged by the Blocker, counted, and told by `refused_calls`. None: no limit.
        per_steps: see above.
    """

    stay_steps: int = 15
    most_calls: int | None = None
    per_steps: int = 1_000

    def __post_init__(self) -> None:
        if self.stay_steps < 1 or self.per_steps < 1 or (self.most_calls or 0) < 0:
            raise ValueError(
                "expected stay_steps and per_steps of 1 or more and most_calls of 0 or more, got "
                f"{self.stay_steps}, {self.per_steps} and {self.most_calls}"
            )


class HandoverOverseer:
    """The Blocker judges what it knows; a state unlike those that it learned from, the person.

    What the person decides is logged as the person's, as any of their decisions; so training on the
    log again learns from it (`blocker.dataset.TEACHERS`), and what was new is new no more.
    """

    def __init__(
        self, blocker: BlockerOverseer, person: Overseer, rule: CallBack | None = None
    ) -> None:
        """Hand over.

        Args:
            blocker: judges from now on; has to know what is familiar to it (`Blocker.novelty`).
            person: is called back; one proposal at a time.
            rule: when, and for how long.
        """
        self._blocker = blocker
        self._person = person
        self._rule = rule or CallBack()
        self._until: dict[int, int] = {}  # by environment: judged steps that the person stays for
        self._theirs: dict[int, bool] = {}  # by environment: the person judged last
        self._calls_at: list[int] = []
        self.judged = 0
        """Proposals so far, rechecks left out."""
        self.calls = 0
        """How often the person was called back."""
        self.called_steps = 0
        """Proposals that the person judged after the hand-over."""
        self.refused_calls = 0
        """New states that the Blocker had to judge because the person had been called too often."""

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        """Judge each proposal; see `oversight.Overseer.review`.

        Raises:
            OverseerGone: the person was called and nobody came; nothing is executed.
        """
        strange = self._blocker.unfamiliar(proposals)
        theirs = [
            self._is_persons(proposal, new)
            for proposal, new in zip(proposals, strange, strict=True)
        ]
        known = [p for p, called in zip(proposals, theirs, strict=True) if not called]
        own = iter(self._blocker.review(known))
        return [
            self._ask(proposal) if called else next(own)
            for proposal, called in zip(proposals, theirs, strict=True)
        ]

    def _is_persons(self, proposal: Proposal, new: bool) -> bool:
        left = self._until.get(proposal.env_index, 0)
        if proposal.recheck:  # of a replacement: by whoever judged the proposal
            return self._theirs.get(proposal.env_index, False)
        self.judged += 1
        if new and (left > 0 or self._may_call()):
            if left == 0:
                self.calls += 1
                self._calls_at.append(self.judged)
            left = self._rule.stay_steps + 1
        self._until[proposal.env_index] = max(0, left - 1)
        self.called_steps += left > 0
        self._theirs[proposal.env_index] = left > 0
        return left > 0

    def _may_call(self) -> bool:
        if self._rule.most_calls is None:
            return True
        recent = [at for at in self._calls_at if self.judged - at < self._rule.per_steps]
        self._calls_at = recent
        if len(recent) < self._rule.most_calls:
            return True
        self.refused_calls += 1
        return False

    def _ask(self, proposal: Proposal) -> Decision:
        hint = proposal.hint or self._blocker.hint(proposal)
        return self._person.review([replace(proposal, hint=hint)])[0]
