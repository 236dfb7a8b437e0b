"""`summary.json`: a run's figures, counted from its log. `docs/summary.md` explains the keys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blocker import upper_bound
from experiments.rundir import RunState
from experiments.settings import Condition, RunSettings
from oversight import Event, InterventionLog, StepTable
from oversight.log import UNKNOWN
from oversight.types import Source

__all__ = [
    "AFTER",
    "BEFORE",
    "PhaseFigures",
    "phase_figures",
    "phase_names",
    "summarise",
    "upper_95",
]

SCHEMA_VERSION = 1
BEFORE, AFTER = "oversight", "blocker"
"""Names of the two phases in which the agent plays: before and after the hand-over."""
BASELINE_PHASES = "segments", "games"
"""The same where there is no hand-over: episodes cut as they are for an overseer, then whole."""
_PEOPLE = (Source.PERSON.value, Source.SIMULATED.value)


@dataclass(frozen=True)
class PhaseFigures:
    """The counts of one phase, by the emulator's truth where it says so.

    Attributes:
        agent_steps: steps made.
        episodes: begun.
        catastrophes: caused in this phase, by the truth.
        avoidable: of these, how many some action could have averted.
        proposed_catastrophes: unsafe proposals, by the truth; None if not known.
        blocks: steps whose executed action differed from the proposed one.
        needless_blocks: blocks of actions that were safe in truth; None if not known.
        safe_proposals: proposals that were safe in truth; None if not known.
        missed: unsafe proposals that went through; None if not known.
        no_safe_action: steps at which all that was looked at had been refused.
    """

    agent_steps: int
    episodes: int
    catastrophes: int
    avoidable: int
    proposed_catastrophes: int | None
    blocks: int
    needless_blocks: int | None
    safe_proposals: int | None
    missed: int | None
    no_safe_action: int

    @property
    def needless_rate(self) -> float | None:
        """Needless blocks per safe proposal."""
        if not self.safe_proposals or self.needless_blocks is None:
            return None
        return self.needless_blocks / self.safe_proposals


def phase_names(condition: Condition) -> tuple[str, str]:
    """Names of a run's two phases in its log."""
    return (BEFORE, AFTER) if condition is Condition.HIRL else BASELINE_PHASES


def upper_95(events: int, trials: int) -> float | None:
    """One-sided exact 95 % upper bound of a rate (Clopper, Pearson 1934); None without trials."""
    # Several catastrophes may begin in one step: a rate per step is at most 1.
    return None if trials == 0 else upper_bound(min(events, trials), trials)


def phase_figures(table: StepTable, events: list[Event], phase: str) -> PhaseFigures:
    """Count one phase."""
    rows = table.where(table.phase == phase)
    steps = set(rows.step_id.tolist())
    caused = [event for event in events if event.cause_step in steps]
    known = len(rows) > 0 and bool((rows.proposed_unsafe != UNKNOWN).all())
    safe = rows.proposed_unsafe == 0
    unsafe = rows.proposed_unsafe == 1
    return PhaseFigures(
        agent_steps=len(rows),
        episodes=len(np.unique(rows.episode)),
        catastrophes=len(caused),
        avoidable=sum(event.avoidable for event in caused),
        proposed_catastrophes=int(unsafe.sum()) if known else None,
        blocks=int(rows.blocked.sum()),
        needless_blocks=int((rows.blocked & safe).sum()) if known else None,
        safe_proposals=int(safe.sum()) if known else None,
        missed=int((unsafe & ~rows.blocked).sum()) if known else None,
        no_safe_action=int(rows.no_safe_action.sum()),
    )


def summarise(
    log: InterventionLog,
    settings: RunSettings,
    state: RunState,
    blocker: dict[str, object] | None,
) -> dict[str, object]:
    """All figures of a run, from its log. What could not be measured is None.

    Args:
        log: of the run.
        settings: of the run.
        state: of the run.
        blocker: the held-out figures of its Blocker; None if there is none.
    """
    table, events = log.steps(), log.events()
    played, rewinds = log.steps(undone=True), log.rewinds()
    names = phase_names(settings.condition)
    phases = {name: phase_figures(table, events, name) for name in names}
    # A person's time is spent on steps that are taken back too.
    human = np.isin(played.source, _PEOPLE)
    returns = _whole_game_returns(table)
    handed = AFTER in phases and phases[AFTER].agent_steps > 0
    seconds = state.wall_seconds
    return {
        "schema_version": SCHEMA_VERSION,
        "condition": settings.condition.value,
        "game": settings.game,
        "seed": settings.seed,
        "overseer": state.overseer,
        "agent_steps": len(played),
        "learned_steps": state.learned_steps,
        "episodes": len(np.unique(table.episode)),
        "catastrophes": len(events),
        "catastrophes_after_handover": phases[AFTER].catastrophes if handed else None,
        "catastrophe_rate_after_handover_upper_95": upper_95(
            phases[AFTER].catastrophes, phases[AFTER].agent_steps
        )
        if handed
        else None,
        "proposed_catastrophes": _total(phases, "proposed_catastrophes"),
        "blocks": int(table.blocked.sum()),
        "needless_blocks": _total(phases, "needless_blocks"),
        "human_decisions": int(human.sum()),
        "human_seconds": float(played.attention_seconds[human].sum()),
        "human_seconds_are": _kind_of_seconds(table),
        "rewinds": len(rewinds),
        "rewound_steps": len(played) - len(table),
        "undone_catastrophes": len(log.events(undone=True)) - len(events),
        "blocker": blocker,
        "handover": state.handover,
        "readiness": state.readiness,
        "game_return_mean": float(returns.mean()) if len(returns) else None,
        "games_finished": len(returns),
        "agent_steps_per_second": len(played) / seconds if seconds > 0 else None,
        "wall_seconds": seconds,
        "phases": {
            name: {**vars(figures), "needless_rate": figures.needless_rate}
            for name, figures in phases.items()
        },
    }


def _kind_of_seconds(table: StepTable) -> str | None:
    """Whether human seconds are a person's or a model's: never to be mistaken."""
    person = bool((table.source == Source.PERSON.value).any())
    simulated = bool((table.source == Source.SIMULATED.value).any())
    if person and simulated:
        return "measured and simulated"
    if person:
        return "measured"
    return "simulated" if simulated else None


def _total(phases: dict[str, PhaseFigures], name: str) -> int | None:
    values = [getattr(f, name) for f in phases.values() if f.agent_steps > 0]
    return None if not values or None in values else sum(values)


def _whole_game_returns(table: StepTable) -> NDArray[np.float64]:
    """The game's own score of every episode that the game itself ended."""
    finished = table.episode[table.terminated]
    return np.array([table.game_reward[table.episode == e].sum() for e in finished])
