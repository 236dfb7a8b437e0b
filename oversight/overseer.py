"""The one seam: whoever judges an action implements `Overseer.review`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from oversight.types import Decision, Proposal, Source, Verdict

__all__ = ["AllowAll", "Overseer", "ScriptedOverseer"]


@runtime_checkable
class Overseer(Protocol):
    """Judges proposed actions.

    The contract, which `oversight.testing.OverseerContract` checks:

    - one decision per proposal, in the proposals' order, carrying the proposal's `step_id`;
    - the proposals and their arrays are not changed;
    - nothing is approved when nobody is there: `OverseerGone` is raised instead;
    - a replacement is an action of the game that this overseer would not itself refuse;
    - a `recheck` of a replacement changes nothing that later decisions depend on.
    """

    def review(self, proposals: Sequence[Proposal]) -> Sequence[Decision]:
        """Judge a batch of proposals, at most one per environment.

        Args:
            proposals: not empty. An overseer that can only look at one at a time, such as a
                person, raises `ValueError` for more.

        Returns:
            One decision per proposal, in the same order.

        Raises:
            OverseerGone: nobody is there to judge.
        """
        ...


class AllowAll:
    """Approves everything: the pass-through that every overhead is measured against."""

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        """Approve each proposal; see `Overseer.review`."""
        return [Decision(p.step_id, Verdict.SAFE, Source.NOBODY) for p in proposals]


class ScriptedOverseer:
    """Judges by a rule given as a function, or by a table of step numbers.

    Example:
        >>> never_left = ScriptedOverseer(lambda proposal: proposal.action == 3, replacement=2)
    """

    def __init__(
        self,
        unsafe: Callable[[Proposal], bool] | Mapping[int, bool],
        *,
        replacement: int | None = None,
    ) -> None:
        """Take the rule.

        Args:
            unsafe: whether a proposal is unsafe; or a mapping from step_id to that, safe where
                a step is missing.
            replacement: what to execute instead of an unsafe action; None leaves it to the gate.
        """
        self._unsafe = unsafe
        self._replacement = replacement

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        """Judge each proposal by the rule; see `Overseer.review`."""
        return [self._decide(proposal) for proposal in proposals]

    def _decide(self, proposal: Proposal) -> Decision:
        rule = self._unsafe
        unsafe = rule(proposal) if callable(rule) else rule.get(proposal.step_id, False)
        if not unsafe:
            return Decision(proposal.step_id, Verdict.SAFE, Source.SCRIPT)
        return Decision(
            proposal.step_id, Verdict.UNSAFE, Source.SCRIPT, replacement=self._replacement
        )
