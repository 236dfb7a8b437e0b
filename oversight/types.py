"""The nouns of the project: what is proposed, what is decided, what is recorded.

All of them are plain frozen data: they hold no environment, no window and no network, so they
can be logged, sent over a link and compared in tests.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Amendment",
    "Decision",
    "Event",
    "Hint",
    "Proposal",
    "Rewind",
    "Screen",
    "Snapshot",
    "Source",
    "StepRecord",
    "Tally",
    "Verdict",
    "Viewing",
]

Screen = NDArray[np.generic]
"""What an overseer sees of one agent step. Atari: uint8 (210, 160), raw palette indices of the
step's last frame. Other environments: the observation as an array."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An environment's whole state, written down.

    Attributes:
        kind: who can read it: "ale" is `ALEState.serialize()` of ale-py.
        data: the state.
    """

    kind: str
    data: bytes


class Verdict(StrEnum):
    """The judgement of a proposed action; what Blockers learn from."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    UNSURE = "unsure"
    """No judgement: taken back, or "not sure". Acted on like SAFE, never learned from."""


class Source(StrEnum):
    """Who judged. Kept in the log with every decision."""

    NOBODY = "nobody"
    PERSON = "person"
    SIMULATED = "simulated"
    ORACLE = "oracle"
    BLOCKER = "blocker"
    SCRIPT = "script"

    @property
    def is_person(self) -> bool:
        """Whether a person, or the stand-in for one, judged: never asked twice about a step."""
        return self in (Source.PERSON, Source.SIMULATED)


@dataclass(frozen=True, slots=True)
class Hint:
    """A Blocker's opinion on the proposed action, offered to another overseer.

    Attributes:
        probability: that the action is unsafe, in [0, 1].
        threshold: from this probability on the Blocker would block.
    """

    probability: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts since the gate was made.

    Steps that a rewind has undone count in `steps`, `rewound_steps` and `undone_catastrophes`
    alone; the other counts are of the steps that stand.

    Attributes:
        steps: agent steps settled, undone ones included: they were played.
        episodes: episodes begun.
        blocks: steps whose executed action differed from the proposed one.
        catastrophes: by the emulator's truth; None where no truth is known.
        proposed_catastrophes: proposed actions that were unsafe in truth; None as above.
        needless_blocks: blocks of actions that were safe in truth; None as above.
        no_safe_action: steps at which every action that was looked at had been refused.
        rewinds: how often the game was taken back.
        rewound_steps: agent steps undone by that.
        undone_catastrophes: those that began in undone steps; None where no truth is known.
    """

    steps: int = 0
    episodes: int = 0
    blocks: int = 0
    catastrophes: int | None = None
    proposed_catastrophes: int | None = None
    needless_blocks: int | None = None
    no_safe_action: int = 0
    rewinds: int = 0
    rewound_steps: int = 0
    undone_catastrophes: int | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """One action before it is executed.

    Attributes:
        step_id: number of this agent step in the run, from 0, never used twice.
        env_index: which of the gate's environments proposes.
        episode: number of the episode in the run, from 0.
        step: agent step within the episode, from 0.
        action: the proposed action, in [0, n_actions).
        screens: (history, *screen shape), oldest first; the last is the current screen. Before
            the second step of an episode the first screen is repeated. Read-only.
        tally: counts before this step.
        recorded_through: highest step_id that is committed to the log, -1 if none.
        recheck: True when a replacement is judged and not what the agent proposed.
        hint: a Blocker's opinion, if one is in training.
        last_executed: the action executed at the episode's step before this one; None at its
            first step or where it is not known. Games have momentum that screens one agent step
            apart do not show: in Pong this decides whether an action is still safe.
        reach: step_ids of the episode's last steps that the game can still be taken back to,
            oldest first; empty where it cannot.
        before: the frame before the current screen, of its kind; None where it is not known.
    """

    step_id: int
    env_index: int
    episode: int
    step: int
    action: int
    screens: Screen
    tally: Tally = field(default_factory=Tally)
    recorded_through: int = -1
    recheck: bool = False
    hint: Hint | None = None
    last_executed: int | None = None
    reach: tuple[int, ...] = ()
    before: Screen | None = None


@dataclass(frozen=True, slots=True)
class Viewing:
    """How a person was shown the step that a decision is about, so that studies can tell.

    Attributes:
        pace: agent steps a second at which silence allows, speed-up included; None where the
            step waited for a key.
        speed_up: how many times faster than the person's own pace that is, because a Blocker is
            sure: above 1 faster, below 1 slower, 0 stopped.
        hint: the Blocker's probability that was on the screen; None if none was.
        previewed: whether the person looked at what would come next.
    """

    pace: float | None
    speed_up: float = 1.0
    hint: float | None = None
    previewed: bool = False


@dataclass(frozen=True, slots=True)
class Amendment:
    """Later news about an earlier step: a decision taken back, a late block, "not sure".

    Attributes:
        step_id: the earlier step.
        verdict: what holds for it from now on.
        reason: one of a few words for the log, such as "undo" or "late block".
    """

    step_id: int
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """An overseer's answer to one proposal.

    Attributes:
        step_id: the proposal's.
        verdict: the judgement of the proposed action.
        source: who judged.
        replacement: what to execute instead if unsafe; None leaves it to the gate.
        reaction_seconds: from the moment the proposal was shown to the deciding key press, of a
            person or the model of one; None where nobody pressed anything.
        attention_seconds: how long a person's attention was held by this step; 0 for machines.
        probability: that the action is unsafe, as the overseer sees it; None if it has no number.
        amends: later news about earlier steps.
        meant_for: the earlier step that this block comes too late for; the replacement is then
            the one for that step. A gate that can take the game back does that step anew, and
            the proposal at hand is never executed. Any other gate refuses the action at hand,
            as a late key press does. None: the proposal at hand is meant.
        back_to: take the game back to that earlier step, one of the proposal's `reach`, and ask
            about it anew, under the number of the step at hand; nothing else of this answer
            counts. None: this is the answer.
        ends_episode: the episode is cut after this step, where the gate's skin can do that.
        viewing: how a person was shown the step; None for all others.
    """

    step_id: int
    verdict: Verdict
    source: Source
    replacement: int | None = None
    reaction_seconds: float | None = None
    attention_seconds: float = 0.0
    probability: float | None = None
    amends: tuple[Amendment, ...] = ()
    meant_for: int | None = None
    back_to: int | None = None
    ends_episode: bool = False
    viewing: Viewing | None = None


@dataclass(frozen=True, slots=True)
class StepRecord:
    """Everything the log keeps of one agent step.

    Attributes:
        proposal: what was proposed, with the screens the overseer saw.
        decision: what was decided.
        executed: the action that went to the environment.
        blocked: executed differs from proposed.
        no_safe_action: every action that was looked at had been refused.
        phase: name of the phase of the run.
        game_reward: the game's own score of the step, unclipped.
        agent_reward: what the agent was paid.
        terminated: the episode ended by the game.
        truncated: the episode was cut.
        proposed_unsafe: truth about the proposed action; None where no truth is known.
        executed_unsafe: truth about the executed action; None as above.
        undoes: step_ids that this step takes the place of, oldest first: the step that a late
            block was meant for, done anew here, and those after it.
        snapshot: the state that the game was taken back to before this step; None where it was
            not, or the environment's cannot be written down.
    """

    proposal: Proposal
    decision: Decision
    executed: int
    blocked: bool
    no_safe_action: bool
    phase: str
    game_reward: float
    agent_reward: float
    terminated: bool
    truncated: bool
    proposed_unsafe: bool | None = None
    executed_unsafe: bool | None = None
    undoes: tuple[int, ...] = ()
    snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class Rewind:
    """The game was taken back because a block came late.

    Attributes:
        step_id: the step done anew.
        undoes: the steps that it takes the place of, oldest first.
    """

    step_id: int
    undoes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """A catastrophe that happened.

    Attributes:
        kind: the catastrophe's name.
        cause_step: step_id of the executed action that made it unavoidable; the catastrophe
            belongs to this step's phase. Equal to onset_step where the cause is not known.
        onset_step: step_id during which the harm was first seen.
        avoidable: False if no action could have averted it at its cause step.
    """

    kind: str
    cause_step: int
    onset_step: int
    avoidable: bool = True
