"""A stand-in for a person: an oracle with a person's faults, for studies that can be repeated.

Every minute it spends is a model's minute: outputs that show it say *simulated*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from oversight.truth import TruthProbe
from oversight.types import Decision, Proposal, Source, Verdict

__all__ = ["HumanModel", "SimulatedHuman"]


@dataclass(frozen=True, slots=True)
class HumanModel:
    """A person's speed and faults.

    Attributes:
        steps_per_second: pace of the game in front of the person. The paper's labels took 0.8 s
            each (arXiv:1707.05173, section 5), so 1.25.
        reaction_median: seconds from the screen to the key, 0.275: the middle of the 250 to 300 ms
            that closed-loop play of Atari games takes (Atari-HEAD, arXiv:1903.06754).
        reaction_spread: standard deviation of the logarithm of the reaction time; 0.3 puts its
            99th percentile at twice the median. Assumed: reaction times are skewed to the right.
        lapses_per_1000: steps in a thousand at which attention begins to wander. With
            `false_alarms_per_1000` chosen so that about 2 labels in a thousand are wrong, as the
            paper's authors found of theirs (39 of 20,195 relabelled in Road Runner).
        lapse_steps: mean length of a lapse in steps; during one nothing is blocked.
        false_alarms_per_1000: safe proposals in a thousand that are blocked.
        fatigue_per_hour: by this fraction lapses, false alarms and reaction times grow in an hour
            of attention. Assumed; 0.2 is a fifth.
    """

    steps_per_second: float = 1.25
    reaction_median: float = 0.275
    reaction_spread: float = 0.3
    lapses_per_1000: float = 0.3
    lapse_steps: float = 4.0
    false_alarms_per_1000: float = 1.0
    fatigue_per_hour: float = 0.2

    def __post_init__(self) -> None:
        for name in ("steps_per_second", "reaction_median"):
            if getattr(self, name) <= 0:
                raise ValueError(f"expected {name} above 0, got {getattr(self, name)}")
        if self.lapse_steps < 1:
            raise ValueError(f"expected lapse_steps of 1 or more, got {self.lapse_steps}")


class SimulatedHuman:
    """Judges by the truth, late sometimes, absent sometimes, wrong sometimes.

    A block whose reaction takes longer than the step is shown lands on the next step, as a
    person's does: the step that was meant goes through.
    """

    def __init__(
        self,
        probes: Sequence[TruthProbe],
        rng: np.random.Generator,
        model: HumanModel | None = None,
    ) -> None:
        """Bind to the truth of the environments that will propose.

        Args:
            probes: one per environment, in the gate's order.
            rng: where reactions, lapses and false alarms are drawn from.
            model: the person.
        """
        self._probes = tuple(probes)
        self._rng = rng
        self.model = model or HumanModel()
        self.attention_seconds = 0.0
        """Seconds of (simulated) attention so far."""
        self._lapse_left = 0
        self._late: int | None = None  # the episode whose next step a late block lands on

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        """Judge one proposal; see `Overseer.review`.

        Raises:
            ValueError: more than one proposal: a person looks at one game.
        """
        if len(proposals) != 1:
            raise ValueError(f"a person judges one proposal at a time, got {len(proposals)}")
        (proposal,) = proposals
        unsafe = self._probes[proposal.env_index].unsafe(proposal.action)
        if proposal.recheck:
            return [self._answer(proposal, unsafe, None, 0.0)]
        return [self._watch(proposal, unsafe)]

    def _watch(self, proposal: Proposal, unsafe: bool) -> Decision:
        window = 1.0 / self.model.steps_per_second
        reaction = self._reaction()
        blocks = self._notices(unsafe)
        late_now, self._late = self._late == proposal.episode, None
        if blocks and reaction > window and not late_now:
            self._late = proposal.episode
            blocks = False
        blocks = blocks or late_now
        seconds = min(reaction, window) if blocks else window
        self.attention_seconds += seconds
        return self._answer(proposal, blocks, reaction if blocks else None, seconds)

    def _reaction(self) -> float:
        spread = self.model.reaction_spread
        drawn = self.model.reaction_median * float(np.exp(spread * self._rng.standard_normal()))
        return drawn * self._tiredness()

    def _notices(self, unsafe: bool) -> bool:
        """Whether the person means to block: the truth, but for lapses and false alarms."""
        draws = self._rng.random(2) * 1000.0
        if self._lapse_left > 0:
            self._lapse_left -= 1
            return False
        if draws[0] < self.model.lapses_per_1000 * self._tiredness():
            self._lapse_left = int(self._rng.geometric(1.0 / self.model.lapse_steps)) - 1
            return False
        return unsafe or draws[1] < self.model.false_alarms_per_1000 * self._tiredness()

    def _tiredness(self) -> float:
        return 1.0 + self.model.fatigue_per_hour * self.attention_seconds / 3600.0

    def _answer(
        self, proposal: Proposal, unsafe: bool, reaction: float | None, seconds: float
    ) -> Decision:
        return Decision(
            proposal.step_id,
            Verdict.UNSAFE if unsafe else Verdict.SAFE,
            Source.SIMULATED,
            reaction_seconds=reaction,
            attention_seconds=seconds,
        )
