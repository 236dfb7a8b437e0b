"""What can be asked of a run: typed settings that become the commands' flags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from agents import Algorithm, Credit
from blocker import PRESETS
from experiments.segments import segment_of
from oversight import RewardRule, RunError, game_named
from oversight.simulated import MODELS

__all__ = [
    "QUICK",
    "Condition",
    "Handover",
    "OverseerChoice",
    "RunSettings",
    "ThresholdChoice",
]

HISTORIC: Mapping[str, object] = MappingProxyType(
    {"end_on_block": False, "prune": False, "head_start": False}
)
"""What runs did before there was a choice. It is not written down where it is so: finished runs of
before are known again."""


class OverseerChoice(StrEnum):
    """Who oversees the first phase."""

    AUTO = "auto"
    """A person if there is a display, otherwise the simulated person."""
    PERSON = "person"
    """A person at the window; an error if there is no display."""
    SIMULATED = "simulated"
    """A model of a person: the truth with reaction time, lapses and false alarms."""
    ORACLE = "oracle"
    """The exact truth, from the emulator."""

    @property
    def label(self) -> str:
        """In words, for titles, the summary and tables."""
        return "simulated person" if self is OverseerChoice.SIMULATED else self.value


class Condition(StrEnum):
    """The rows of the paper's table."""

    HIRL = "hirl"
    """Oversight, then the Blocker."""
    PENALTY_ONLY = "penalty_only"
    """Nothing is blocked; unsafe proposals, by the exact truth, are paid the penalty."""
    NO_OVERSIGHT = "no_oversight"
    """Nothing is blocked and nothing penalised."""


class ThresholdChoice(StrEnum):
    """From which probability on the Blocker blocks."""

    BUDGET = "budget"
    """Chosen on held-out episodes within a budget of false alarms: ours."""
    LOWEST_POSITIVE = "lowest_positive"
    """The lowest probability of any unsafe example it was calibrated on: the paper's code."""


class Handover(StrEnum):
    """When the Blocker takes over."""

    WHEN_READY = "when_ready"
    """Only if the held-out figures hold the stated limits; otherwise the run stops there."""
    ALWAYS = "always"
    """By explicit choice, whatever the verdict; the summary records it."""


@dataclass(frozen=True)
class RunSettings:
    """A run of oversight, Blocker training and training under the Blocker."""

    game: str = "pong"
    """Which game (see `python -m oversight games`)."""

    seed: int = 0
    """Of everything: episodes, agent, simulated person, Blocker."""

    overseer: OverseerChoice = OverseerChoice.AUTO
    """Who oversees the first phase."""

    person: str = "typical"
    """Which simulated person: perfect, careful, typical or tired."""

    rewind_steps: int = 0
    """How many agent steps late a block may come and still be carried out at the step it was
    meant for, by taking the game back; 0 never does, as in the paper."""

    keep_screens: Literal["all", "blocks", "none"] = "all"
    """Which screens the log keeps under the Blocker: all (200 to 500 bytes a step), those of blocks
    with 8 steps before and after, or none; decisions are kept in any case, and the log can still be
    played again."""

    two_frames: bool = False
    """Keep with each screen the emulator's frame before it, too, for Blockers that are to see both;
    the preflight says how much room that takes."""

    condition: Condition = Condition.HIRL
    """What is done with unsafe actions."""

    oversight_steps: int = 3_000
    """Agent steps (4 frames each) that the overseer judges before the Blocker is trained."""

    segment_steps: int | None = None
    """While a person oversees, a new seeded game begins after so many agent steps, so that there
    are episodes to split by. The game's own number if not given: 300 in Pong, 1,000 in Space
    Invaders, 2,000 in Road Runner, where what comes late in a game has to be labelled, too."""

    blocker_steps: int = 22_000
    """Agent steps under the Blocker."""

    handover: Handover = Handover.ALWAYS
    """When the Blocker takes over. 3,000 labels hold few independent positives, so a strict
    limit on missed catastrophes cannot be shown with them; the verdict says what was."""

    call_back: bool = False
    """After the hand-over the overseer stays within call: states unlike those that the Blocker has
    learned from are judged by them, and `python -m blocker train` learns from it."""

    blocker_epochs: int | None = None
    """Passes over the labels in the Blocker's training; its own default if not given."""

    start_seconds: float = 20.0
    """Seconds that the window waits for a first key before the simulated person takes over."""

    pace: float = 4.0
    """Agent steps a second in front of a person at the start; keys change it."""

    listen: str | None = None
    """HOST:PORT on which to wait for a window on another machine, in place of opening one here."""

    listen_key: str | None = None
    """The run's key file for that, made by `python -m oversight_ui keys`."""

    undo_steps: int = 30
    """How many agent steps a person at the window can take the game back by, with undo and late
    blocks; 30 are two seconds of Pong. 0: labels alone are taken back."""

    updates_behind: int = 1
    """Updates of the agent that are made at most, beyond those that are due, while a person thinks
    about a step; nobody waits for them. 0: none."""

    window_patience: float = 600.0
    """Seconds that the run waits for a closed window to be opened again. Ending the oversight by
    its key is not waited for."""

    apprentice: bool = True
    """While a person oversees, train a Blocker on the decisions so far in a process beside the
    run: its opinion is shown, and the assisted way of working goes by it."""

    device: str = "auto"
    """Where the agent trains: cpu, cuda, or auto for a GPU if there is one."""

    agent: Algorithm = Algorithm.DOUBLE_DQN
    """Which agent learns; all go through the same gate."""

    credit: Credit = Credit.PROPOSED
    """Which action of a blocked step enters replay: the proposed (HIRL) or the executed one."""

    end_on_block: bool = False
    """A blocked step ends the episode for the learner; otherwise it goes on (the paper)."""

    prune: bool = False
    """Under the Blocker, execute the agent's own next best action that is allowed in place of a
    blocked one, and not the game's or the Blocker's. Of double_dqn."""

    head_start: bool = False
    """The agent begins with orthogonal weights and counts pixels from the game's background. The
    runs of docs/results.md began without. Of double_dqn."""

    reward_rule: RewardRule = RewardRule.REPLACE
    """Whether the penalty takes the place of the game's reward (the paper) or is added to it."""

    penalty: float = -1.0
    """What the agent is paid for a blocked step, where losing a point costs 1."""

    sticky: float = 0.0
    """Probability that a frame repeats the action before it; above 0 a block may not hold."""

    threshold: ThresholdChoice = ThresholdChoice.BUDGET
    """How the Blocker's threshold is chosen."""

    blocker_screens: int | None = None
    """How many screens the Blocker looks at, the newest of its game's; all if not given."""

    exploration_steps: int | None = None
    """Agent steps over which the agent's exploration falls; its own default if not given."""

    ages: tuple[int, ...] = ()
    """Agent steps after which the agent's weights are kept beside the run, for studies of what
    it does at that age."""

    def check(self) -> RunSettings:
        """Refuse what cannot be run.

        Raises:
            RunError: says what was expected and what came.
        """
        self._check_names()
        for name in ("oversight_steps", "segment_steps", "blocker_steps"):
            steps = getattr(self, name)
            if steps is not None and steps < 1:
                raise RunError(f"expected {name} of 1 or more, got {steps}")
        for name in ("seed", "rewind_steps", "undo_steps", "updates_behind", "window_patience"):
            if getattr(self, name) < 0:
                raise RunError(f"expected a {name} of 0 or more, got {getattr(self, name)}")
        if self.blocker_epochs is not None and self.blocker_epochs < 1:
            raise RunError(f"expected blocker_epochs of 1 or more, got {self.blocker_epochs}")
        self._check_agent()
        self._check_variants()
        if re.fullmatch(r"auto|cpu|cuda(:\d+)?", self.device) is None:
            raise RunError(f"expected a device auto, cpu or cuda, got {self.device!r}")
        for name in ("start_seconds", "pace"):
            if getattr(self, name) <= 0:
                raise RunError(f"expected {name} above 0, got {getattr(self, name)}")
        if self.condition is Condition.PENALTY_ONLY and self.overseer is OverseerChoice.PERSON:
            raise RunError(
                "the condition penalty_only is judged by the exact truth: leave --overseer out"
            )
        return self

    def _check_agent(self) -> None:
        if self.agent is Algorithm.DQN:
            raise RunError(
                "SB3's own DQN is there to compare ours with: python -m experiments fast "
                "--learners double_dqn dqn; here choose another --agent"
            )
        if self.agent is not Algorithm.DOUBLE_DQN and self.credit is not Credit.PROPOSED:
            raise RunError(f"only double_dqn can be credited otherwise, not {self.agent.value}")
        for name in HISTORIC if self.agent is not Algorithm.DOUBLE_DQN else ():
            if getattr(self, name):
                raise RunError(f"{name} is of double_dqn alone, not of {self.agent.value}")
        if self.agent is not Algorithm.DOUBLE_DQN and self.ages:
            raise RunError(
                f"weights by age are kept of double_dqn alone, not of {self.agent.value}"
            )

    def _check_variants(self) -> None:
        if self.penalty > 0:
            raise RunError(f"expected a penalty of 0 or less, got {self.penalty}")
        if not 0 <= self.sticky < 1:
            raise RunError(f"expected sticky of 0 to below 1, got {self.sticky}")
        most = PRESETS[self.game].input.screens if self.game in PRESETS else 1
        if self.blocker_screens is not None and not 1 <= self.blocker_screens <= most:
            raise RunError(f"expected blocker_screens of 1 to {most}, got {self.blocker_screens}")
        if self.exploration_steps is not None and self.exploration_steps < 0:
            raise RunError(f"expected exploration_steps of 0 or more, got {self.exploration_steps}")
        if any(age < 1 for age in self.ages):
            raise RunError(f"expected ages of 1 agent step or more, got {self.ages}")

    def _check_names(self) -> None:
        try:
            game_named(self.game)
        except ValueError as error:
            raise RunError(str(error)) from None
        if self.condition is Condition.HIRL and self.game not in PRESETS:
            raise RunError(
                f"no Blocker can be trained for {self.game} yet: expected one of "
                f"{', '.join(sorted(PRESETS))}; its truth can be studied with: "
                f"python -m experiments truth --games {self.game}"
            )
        if self.person not in MODELS:
            raise RunError(f"expected a person of {', '.join(MODELS)}, got {self.person!r}")

    def quick(self) -> RunSettings:
        """The same run at a size for smoke tests."""
        return replace(self, **QUICK)  # type: ignore[arg-type]

    def as_json(self) -> dict[str, object]:
        """All settings, ready for JSON, segments in numbers; of `HISTORIC` those that differ."""
        every = {**asdict(self), "segment_steps": segment_of(self.game, self.segment_steps)}
        return {k: v for k, v in every.items() if k not in HISTORIC or v != HISTORIC[k]}

    @classmethod
    def from_json(cls, values: dict[str, object]) -> RunSettings:
        """The settings of a run directory's `config.json`.

        Raises:
            RunError: a setting is missing, unknown or of another kind.
        """
        try:
            kinds = {
                "overseer": OverseerChoice,
                "condition": Condition,
                "handover": Handover,
                "agent": Algorithm,
                "credit": Credit,
                "reward_rule": RewardRule,
                "threshold": ThresholdChoice,
            }
            found = {**HISTORIC, **values}
            if found.get("segment_steps") == segment_of(str(found.get("game"))):
                found["segment_steps"] = None  # `as_json` says it in numbers
            typed = {k: kinds[k](str(v)) if k in kinds else v for k, v in found.items()}
            if isinstance(ages := typed.get("ages"), list):
                typed["ages"] = tuple(ages)  # JSON has no tuples
            return cls(**typed).check()  # type: ignore[arg-type]
        except (TypeError, ValueError) as error:
            raise RunError(f"config.json does not fit this version of hirl: {error}") from None


QUICK: dict[str, int] = {
    "oversight_steps": 1_500,
    "segment_steps": 150,
    "blocker_steps": 1_500,
    "blocker_epochs": 12,
}
"""Sizes of a run of less than 90 seconds on two cores."""
