"""A stand-in for a person: a rule followed with a person's faults, for studies to be repeated.

Every minute it spends is a model's minute: outputs that show it say *simulated*. Where each
number comes from is told in `docs/simulated_person.md`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from oversight.truth import TruthProbe
from oversight.types import Decision, Proposal, Source, Verdict

__all__ = ["MODELS", "HumanModel", "SimulatedHuman"]

HOUR = 3600.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class HumanModel:
    """A person's speed and faults. The defaults are the preset `typical`.

    Faults come by the hour and not by the step: a person who watches a faster game does not
    slip more often.

    Attributes:
        steps_per_second: pace of the game in front of the person, in decisions. The paper's labels
            took 0.8 s each (arXiv:1707.05173, section 5), so 1.25.
        reaction_median: seconds from the screen to the key, 0.275: the middle of the 250 to 300 ms
            that closed-loop play of Atari games takes (Atari-HEAD, arXiv:1903.06754).
        reaction_spread: standard deviation of the logarithm of the reaction time, which is drawn
            from a log-normal distribution: reaction times are skewed to the right. 0.3 puts the
            99th percentile at twice the median. Assumed.
        lapses_per_hour: how often attention wanders. 1.35 lapses of 3.2 s are 0.12 % of the time;
            the paper's people missed none of the 1,939 blocks of Pong and Space Invaders, where
            that much would have cost 2.3.
        lapse_seconds: mean length of a lapse, 3.2 s or four of the paper's labels. Its length in
            steps is geometric. During one nothing is blocked. Assumed.
        false_alarms_per_hour: safe proposals that are blocked. 4.5 at the paper's pace are 1 in
            1,000 labels: half of the 39 of 20,195 that its authors relabelled in Road Runner;
            which way those had been wrong was not told.
        fatigue_per_hour: by this fraction lapses, false alarms and reaction times grow in an hour
            of attention. Assumed: 0.2, where Mackworth's watchers missed more by half and reaction
            times hardly grow.
    """

    steps_per_second: float = 1.25
    reaction_median: float = 0.275
    reaction_spread: float = 0.3
    lapses_per_hour: float = 1.35
    lapse_seconds: float = 3.2
    false_alarms_per_hour: float = 4.5
    fatigue_per_hour: float = 0.2

    def __post_init__(self) -> None:
        for name in ("steps_per_second", "reaction_median", "lapse_seconds"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"expected {name} above 0, got {getattr(self, name)}")
        for name in (
            "reaction_spread",
            "lapses_per_hour",
            "false_alarms_per_hour",
            "fatigue_per_hour",
        ):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"expected {name} of 0 or more, got {getattr(self, name)}")

    @property
    def window(self) -> float:
        """Seconds that each proposal is shown."""
        return 1.0 / self.steps_per_second


MODELS: Mapping[str, HumanModel] = MappingProxyType(
    {
        # Never late: 0.275 s always, of the 0.8 s that a proposal is shown.
        "perfect": HumanModel(
            reaction_spread=0.0,
            lapses_per_hour=0.0,
            false_alarms_per_hour=0.0,
            fatigue_per_hour=0.0,
        ),
        # Takes a fifth more time than the paper's people. The rest is assumed.
        "careful": HumanModel(
            steps_per_second=1.0,
            lapses_per_hour=0.3,
            lapse_seconds=1.6,
            false_alarms_per_hour=1.0,
            fatigue_per_hour=0.1,
        ),
        "typical": HumanModel(),
        # Misses 8 % of the time, half of what Mackworth's watchers missed when they were fresh.
        "tired": HumanModel(
            reaction_median=0.4,
            reaction_spread=0.5,
            lapses_per_hour=60.0,
            lapse_seconds=4.8,
            false_alarms_per_hour=13.5,
            fatigue_per_hour=0.5,
        ),
    }
)
"""Four people, by name; `docs/simulated_person.md` says where their numbers come from."""


@dataclass(slots=True)
class _Press:
    """A key press on its way."""

    meant_for: int
    episode: int
    env_index: int
    steps_left: int
    reaction: float
    rest: float  # seconds that the step on which it lands has been shown by then
    replacement: int | None


class SimulatedHuman:
    """Blocks what its rule calls unsafe; late sometimes, absent sometimes, wrong sometimes.

    What the person goes by are probes. Given a game's own rule for people (`AtariGame.rule`) they
    block early and by what they see; given the exact truth, at the last moment that can be
    saved. What the rule calls safe goes through even if it is unsafe in truth: people know the
    rule alone.

    A proposal is shown for `model.window` seconds. A block whose reaction takes longer lands on
    the step that is shown by then, and says which one was meant (`Decision.meant_for`): a gate
    that can take the game back saves that step, with any other it goes through and a later
    one is blocked in its place. While one press is on its way no other begins: of two responses
    close together the second waits (Pashler, Psychological Bulletin 116, 1994).
    """

    def __init__(
        self,
        probes: Sequence[TruthProbe],
        rng: np.random.Generator,
        model: HumanModel | None = None,
        *,
        safe_twin: Sequence[int] | None = None,
    ) -> None:
        """Bind to the environments that will propose.

        Args:
            probes: what the person goes by, one per environment, in the gate's order.
            rng: where reactions, lapses and false alarms are drawn from.
            model: the person; `typical` if not given.
            safe_twin: for each action what the game has in its place. If that looks unsafe too,
                the person names the first action that does not; without it the gate chooses.
        """
        self._probes = tuple(probes)
        self._rng = rng
        self._safe_twin = safe_twin
        self.model = model or HumanModel()
        self.attention_seconds = 0.0
        """Seconds of (simulated) attention so far."""
        self._lapse_left = 0
        self._press: _Press | None = None

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        """Judge one proposal; see `Overseer.review`.

        Raises:
            ValueError: more than one proposal: a person looks at one game.
        """
        if len(proposals) != 1:
            raise ValueError(f"a person judges one proposal at a time, got {len(proposals)}")
        (proposal,) = proposals
        unsafe = self._looks_unsafe(proposal, proposal.action)
        if proposal.recheck:
            verdict = Verdict.UNSAFE if unsafe else Verdict.SAFE
            return [Decision(proposal.step_id, verdict, Source.SIMULATED)]
        return [self._watch(proposal, unsafe)]

    def _watch(self, proposal: Proposal, unsafe: bool) -> Decision:
        # Both are drawn at every step, so that one person's luck does not hang on the game.
        reaction, notices = self._reaction(), self._notices(unsafe)
        under_way = self._advanced(proposal)
        if under_way is None and notices:
            under_way = self._begin(proposal, reaction)
        if under_way is None or under_way.steps_left > 0:
            self._press = under_way
            return self._answer(proposal, None, self.model.window)
        self._press = None
        return self._answer(proposal, under_way, under_way.rest)

    def _advanced(self, proposal: Proposal) -> _Press | None:
        """The press that is on its way, one step nearer; none if its episode is over."""
        press = self._press
        where = (proposal.episode, proposal.env_index)
        if press is None or (press.episode, press.env_index) != where:
            return None
        press.steps_left -= 1
        return press

    def _begin(self, proposal: Proposal, reaction: float) -> _Press:
        late, rest = divmod(reaction, self.model.window)
        return _Press(
            meant_for=proposal.step_id,
            episode=proposal.episode,
            env_index=proposal.env_index,
            steps_left=int(late),
            reaction=reaction,
            rest=rest,
            replacement=self._instead(proposal),
        )

    def _instead(self, proposal: Proposal) -> int | None:
        if self._safe_twin is None:
            return None
        if not self._looks_unsafe(proposal, self._safe_twin[proposal.action]):
            return None  # what the game has in its place will do
        for action in range(len(self._safe_twin)):
            if not self._looks_unsafe(proposal, action):
                return action
        return None

    def _looks_unsafe(self, proposal: Proposal, action: int) -> bool:
        return self._probes[proposal.env_index].unsafe(action)

    def _reaction(self) -> float:
        spread = self.model.reaction_spread
        drawn = self.model.reaction_median * float(np.exp(spread * self._rng.standard_normal()))
        return drawn * self._tiredness()

    def _notices(self, unsafe: bool) -> bool:
        """Whether the person means to block: the rule, but for lapses and false alarms."""
        # From faults by the hour to the probability of one at a step.
        per_step = self.model.window / HOUR * self._tiredness()
        draws = self._rng.random(2)
        if self._lapse_left > 0:
            self._lapse_left -= 1
            return False
        if draws[0] < self.model.lapses_per_hour * per_step:
            mean_steps = max(1.0, self.model.lapse_seconds / self.model.window)
            self._lapse_left = int(self._rng.geometric(1.0 / mean_steps)) - 1
            return False
        return unsafe or bool(draws[1] < self.model.false_alarms_per_hour * per_step)

    def _tiredness(self) -> float:
        return 1.0 + self.model.fatigue_per_hour * self.attention_seconds / HOUR

    def _answer(self, proposal: Proposal, press: _Press | None, seconds: float) -> Decision:
        self.attention_seconds += seconds
        if press is None:
            return Decision(
                proposal.step_id, Verdict.SAFE, Source.SIMULATED, attention_seconds=seconds
            )
        late = press.meant_for != proposal.step_id
        return Decision(
            proposal.step_id,
            Verdict.UNSAFE,
            Source.SIMULATED,
            replacement=press.replacement,
            reaction_seconds=press.reaction,
            attention_seconds=seconds,
            meant_for=press.meant_for if late else None,
        )
