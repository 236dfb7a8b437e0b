"""The Blocker as an overseer: the same seam as a person's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from blocker.artifact import Blocker
from blocker.dataset import NO_ACTION
from oversight.game import Game
from oversight.types import Decision, Hint, Proposal, Source, Verdict

__all__ = ["BlockerOverseer", "in_place_of"]


def in_place_of(
    action: int, risks: NDArray[np.float32], threshold: float, safe_twin: Sequence[int]
) -> int:
    """What is executed for a blocked action: its safe twin if judged safe, else the least risk.

    Args:
        action: that was blocked.
        risks: of all actions, float32 (n_actions,).
        threshold: actions below it are judged safe.
        safe_twin: of the game.
    """
    twin = safe_twin[action]
    return twin if risks[twin] < threshold else int(risks.argmin())


class BlockerOverseer:
    """Judges by a trained Blocker; one forward pass for a batch and all its actions."""

    def __init__(self, blocker: Blocker, game: Game) -> None:
        """Bind a Blocker to a game.

        Raises:
            BlockerMismatch: the Blocker was made for another game or action set.
        """
        blocker.require(game.name, game.actions)
        self._blocker = blocker
        self._game = game
        # Risks of the last batch by step, so that rechecks of it cost no second pass.
        self._known: dict[int, tuple[Proposal, NDArray[np.float32]]] = {}

    @property
    def blocker(self) -> Blocker:
        """Who judges."""
        return self._blocker

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        """Judge each proposal; see `oversight.Overseer.review`.

        A decision carries the probability, and for an unsafe action the replacement: the game's
        safe twin if it is judged safe, else the action of least risk; None if all are unsafe.
        """
        return [
            self._decide(proposal, risks)
            for proposal, risks in zip(proposals, self._risks(proposals), strict=True)
        ]

    def risks(self, proposal: Proposal) -> NDArray[np.float32]:
        """Probability that each action is unsafe in a proposal's state: float32 (n_actions,)."""
        return self._risks([proposal])[0].copy()

    def hint(self, proposal: Proposal) -> Hint:
        """This Blocker's opinion on a proposal, to be shown to another overseer."""
        return Hint(float(self.risks(proposal)[proposal.action]), self._blocker.threshold)

    def unfamiliar(self, proposals: Sequence[Proposal]) -> list[bool]:
        """Whether each proposed action is one that the Blocker cannot judge by what it learned."""
        strange = self._blocker.unfamiliar(*self._inputs(proposals))
        return [bool(row[p.action]) for row, p in zip(strange, proposals, strict=True)]

    def _risks(self, proposals: Sequence[Proposal]) -> list[NDArray[np.float32]]:
        new = [p for p in proposals if not self._remembered(p)]
        if new:
            if any(not p.recheck for p in new):
                self._known.clear()
            for proposal, risks in zip(new, self._judge(new), strict=True):
                self._known[proposal.step_id] = (proposal, risks)
        return [self._known[p.step_id][1] for p in proposals]

    def _remembered(self, proposal: Proposal) -> bool:
        """Whether this very state was judged last: the number alone is not enough."""
        if proposal.step_id not in self._known:
            return False
        seen = self._known[proposal.step_id][0]
        return (
            proposal.last_executed == seen.last_executed
            and proposal.env_index == seen.env_index
            and (proposal.screens is seen.screens or np.array_equal(proposal.screens, seen.screens))
        )

    def _judge(self, proposals: Sequence[Proposal]) -> NDArray[np.float32]:
        return self._blocker.score(*self._inputs(proposals))

    def _inputs(
        self, proposals: Sequence[Proposal]
    ) -> tuple[list[NDArray[np.generic]], NDArray[np.int64]]:
        previous = [NO_ACTION if p.last_executed is None else p.last_executed for p in proposals]
        return [p.screens for p in proposals], np.array(previous, dtype=np.int64)

    def _decide(self, proposal: Proposal, risks: NDArray[np.float32]) -> Decision:
        risk, threshold = float(risks[proposal.action]), self._blocker.threshold
        if risk < threshold:
            return Decision(proposal.step_id, Verdict.SAFE, Source.BLOCKER, probability=risk)
        choice = in_place_of(proposal.action, risks, threshold, self._game.safe_twin)
        # Where all are refused there is nothing to name: the gate takes the least risk, counted.
        replacement = choice if risks[choice] < threshold else None
        return Decision(
            proposal.step_id,
            Verdict.UNSAFE,
            Source.BLOCKER,
            replacement=replacement,
            probability=risk,
        )
