"""Which screens a log keeps: all of a phase, those around blocks, or none."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from oversight.types import Screen, StepRecord, Verdict

__all__ = ["CONTEXT", "Keep", "ScreenKeeper"]

CONTEXT = 8
"""Agent steps before and after a block whose screens are kept with `Keep.BLOCKS`: half a second of
play, twice what a Blocker looks at."""


class Keep(StrEnum):
    """Which screens of a phase are kept. Decisions always are."""

    ALL = "all"
    BLOCKS = "blocks"
    """Of blocks and unsafe verdicts, with the steps around them."""
    NONE = "none"


@dataclass
class _Recent:
    before: deque[tuple[int, Screen]] = field(default_factory=lambda: deque(maxlen=CONTEXT))
    after: int = 0


class ScreenKeeper:
    """Decides, step by step, which screens are worth their room."""

    def __init__(self) -> None:
        """Keep all, whatever the phase."""
        self.phases: dict[str, Keep] = {}
        """By phase, where it is not all."""
        self.two_frames = False
        """Keep with each screen the frame before it, where it is known. Screens that lead up to a
        block and are kept after the fact (`Keep.BLOCKS`) stay alone."""
        self._recent: dict[int, _Recent] = {}

    def begin_episode(self, env_index: int) -> None:
        """What came before belongs to another episode."""
        self._recent.pop(env_index, None)

    def wanted(self, record: StepRecord) -> tuple[list[tuple[int, Screen]], bool]:
        """Whether a step's screen is kept, and which earlier ones are after all.

        Returns:
            Step_ids with their screens, oldest first, that lead up to this step; and whether its
            own is kept.
        """
        keep = self.phases.get(record.phase, Keep.ALL)
        if keep is not Keep.BLOCKS:
            return [], keep is Keep.ALL
        proposal = record.proposal
        recent = self._recent.setdefault(proposal.env_index, _Recent())
        if record.blocked or record.decision.verdict is Verdict.UNSAFE:
            earlier = list(recent.before)
            recent.before.clear()
            recent.after = CONTEXT
            return earlier, True
        if recent.after > 0:
            recent.after -= 1
            return [], True
        recent.before.append((proposal.step_id, proposal.screens[-1]))
        return [], False
