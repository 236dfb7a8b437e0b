"""An overseer that knows: it asks the emulator itself."""

from __future__ import annotations

from collections.abc import Sequence

from oversight.truth import TruthProbe
from oversight.types import Decision, Proposal, Source, Verdict

__all__ = ["OracleOverseer"]


class OracleOverseer:
    """Judges by the exact truth. For tests, upper references, and labels that cannot be wrong."""

    def __init__(self, probes: Sequence[TruthProbe]) -> None:
        """Bind to the truth of the environments that will propose, in the gate's order."""
        self._probes = tuple(probes)
        self.lost = 0
        """Steps judged so far at which no action could avert the harm any more."""

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        """Judge each proposal by its environment's truth; see `Overseer.review`."""
        return [self._decide(proposal) for proposal in proposals]

    def _decide(self, proposal: Proposal) -> Decision:
        probe = self._probes[proposal.env_index]
        unsafe, best = probe.unsafe(proposal.action), None
        if unsafe and proposal.recheck:
            best = probe.last_resort()  # the game's own twin will not do: here is what does
        elif not unsafe and probe.doomed:
            self.lost += not proposal.recheck
            # Nobody knows better, but what holds out longest may yet be saved by chance.
            best = probe.last_resort()
            unsafe = best != proposal.action
        return Decision(
            proposal.step_id,
            Verdict.UNSAFE if unsafe else Verdict.SAFE,
            Source.ORACLE,
            replacement=best if unsafe else None,
            probability=float(unsafe),
        )
