"""What is executed when an action is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from oversight.errors import InvalidDecision
from oversight.overseer import Overseer
from oversight.settings import Mode
from oversight.types import Decision, Proposal, Verdict

__all__ = ["Ranking", "Resolution", "Resolver", "check_decisions"]

Ranking = Callable[[int], Sequence[int]]
"""From an environment's index to its actions, the agent's favourite first."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What is executed.

    Attributes:
        executed: the action.
        no_safe_action: everything that was looked at had been refused; this is the least risk.
    """

    executed: int
    no_safe_action: bool = False


@dataclass(frozen=True)
class Resolver:
    """Finds the action to execute in place of a refused one.

    In `replace` mode the overseer's own replacement comes first, then the game's safe twin; in
    `prune` mode the agent's ranking comes before both. Other actions follow in their order. Each
    is judged once more by the same overseer, and the first that is not refused is executed; what
    the overseer names when it refuses one of them (not in `prune`) comes next. When all are
    refused, it is the one of the lowest risk, and of equal risks the first in the order above.

    A person is not asked twice about one step: what they named is executed, else the safe twin,
    else (`prune`) the agent's next best.

    Attributes:
        overseer: who judges.
        mode: of the gate.
        n_actions: how many actions there are.
        safe_twin: from an action to what the game has in its place, or None.
        ranking: the agent's order of actions, for `prune`.
    """

    overseer: Overseer
    mode: Mode
    n_actions: int
    safe_twin: Sequence[int] | None = None
    ranking: Ranking | None = None

    def __call__(self, proposal: Proposal, decision: Decision) -> Resolution:
        """Find the action to execute.

        Raises:
            InvalidDecision: a person refused, named nothing instead, and the game has no twin.
        """
        if decision.verdict is not Verdict.UNSAFE or not self.mode.blocks:
            return Resolution(proposal.action)
        if decision.source.is_person:
            return Resolution(self._of_person(proposal, decision))
        return self._judged(proposal, decision)

    def _of_person(self, proposal: Proposal, decision: Decision) -> int:
        for candidate in self._named(proposal, decision):
            return candidate
        for candidate in self._ranked(proposal):
            if candidate != proposal.action:
                return candidate
        raise InvalidDecision(
            f"step {proposal.step_id} was refused, but there is nothing to do instead: give the "
            "decision a replacement, or the gate a safe_twin"
        )

    def _judged(self, proposal: Proposal, decision: Decision) -> Resolution:
        if decision.replacement == proposal.action:
            return Resolution(proposal.action)  # the overseer's own word: no block
        risk: dict[int, float] = {}
        offers: list[int] = []
        for candidate in _and_offers(self._candidates(proposal, decision), offers):
            if candidate in risk or candidate == proposal.action:
                continue
            again = replace(proposal, action=candidate, recheck=True)
            answer = self.overseer.review([again])[0]
            if answer.verdict is not Verdict.UNSAFE:
                return Resolution(candidate)
            risk[candidate] = _risk(answer)
            if answer.replacement is not None and self.mode is not Mode.PRUNE:
                offers.append(answer.replacement)
        risk[proposal.action] = _risk(decision)  # last, so that a tie goes to something else
        return Resolution(min(risk, key=lambda action: risk[action]), no_safe_action=True)

    def _candidates(self, proposal: Proposal, decision: Decision) -> Iterator[int]:
        yield from self._ranked(proposal)
        yield from self._named(proposal, decision)
        yield from range(self.n_actions)

    def _ranked(self, proposal: Proposal) -> Sequence[int]:
        if self.mode is not Mode.PRUNE or self.ranking is None:
            return ()
        return self.ranking(proposal.env_index)

    def _named(self, proposal: Proposal, decision: Decision) -> Iterable[int]:
        if decision.replacement is not None:
            yield decision.replacement
        if self.safe_twin is not None:
            yield self.safe_twin[proposal.action]


def _and_offers(candidates: Iterable[int], offers: list[int]) -> Iterator[int]:
    """The candidates, and after each what has been offered meanwhile."""
    for candidate in candidates:
        yield candidate
        while offers:
            yield offers.pop()


def check_decisions(
    proposals: Sequence[Proposal], decisions: Sequence[Decision], n_actions: int
) -> None:
    """See that an overseer's answer fits the question.

    Raises:
        InvalidDecision: about other steps, in another order, with a replacement that is no
            action, amending a step that is not past, a late block that is none, or asking for a
            step that is out of reach.
    """
    wanted = [p.step_id for p in proposals]
    got = [d.step_id for d in decisions]
    if wanted != got:
        raise InvalidDecision(f"expected decisions about steps {wanted}, got {got}")
    for proposal, decision in zip(proposals, decisions, strict=True):
        if decision.back_to is not None and decision.back_to not in proposal.reach:
            raise InvalidDecision(
                f"step {decision.step_id}: expected to go back to one of {list(proposal.reach)}, "
                f"got {decision.back_to}"
            )
        if decision.replacement is not None and not 0 <= decision.replacement < n_actions:
            raise InvalidDecision(
                f"step {decision.step_id}: expected a replacement in [0, {n_actions}), "
                f"got {decision.replacement}"
            )
        _check_meaning(decision)
        for amendment in decision.amends:
            if not 0 <= amendment.step_id < wanted[0]:
                raise InvalidDecision(
                    f"step {decision.step_id}: expected amendments of steps before {wanted[0]}, "
                    f"got one of step {amendment.step_id}"
                )


def _check_meaning(decision: Decision) -> None:
    meant = decision.meant_for
    if meant is None:
        return
    if decision.verdict is not Verdict.UNSAFE or not 0 <= meant < decision.step_id:
        raise InvalidDecision(
            f"step {decision.step_id}: expected a late block to be unsafe and meant for an earlier "
            f"step, got {decision.verdict.value} and step {meant}"
        )


def _risk(decision: Decision) -> float:
    return 1.0 if decision.probability is None else decision.probability
