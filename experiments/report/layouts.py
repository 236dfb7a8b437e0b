"""Which tables there are: the columns of each study."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from experiments.report.tables import Column, Layout, Table, grouped
from experiments.settings import Condition, OverseerChoice, RunSettings
from experiments.studies.runs import variant_of
from experiments.sweep.cell import Json
from experiments.sweep.study import Row

__all__ = ["LAYOUTS", "tables_of"]

_RUN_BY = {
    "game": "game",
    "condition": "condition",
    "overseer": "overseer",
    "agent": "agent",
    "variant": "variant",
    "oversight_steps": "overseen steps",
    "segment_steps": "in games of",
    "asked_steps": "steps",
}
_RUN = Layout(
    "Runs",
    _RUN_BY,
    (
        Column.mean("catastrophes per 1,000 steps", "catastrophes", 2, per="agent_steps"),
        Column.count(
            "after hand-over", "catastrophes_after_handover", "phases.blocker.agent_steps"
        ),
        Column.total("of these avoidable", "phases.blocker.avoidable"),
        Column.count(
            "missed, of unsafe proposals",
            "phases.blocker.missed",
            "phases.blocker.proposed_catastrophes",
        ),
        Column.mean("return of whole games", "game_return_mean"),
        Column.share(
            "needless blocks, of safe proposals",
            "phases.blocker.needless_blocks",
            "phases.blocker.safe_proposals",
        ),
        Column.total("human minutes (simulated), all seeds", "human_seconds", 1 / 60),
        Column.total("hours of computing, all seeds", "wall_seconds", 1 / 3600, 2),
    ),
    "Missed, needless and what comes after hand-over are of the Blocker's phase. A missed "
    "proposal is not yet a catastrophe: the next action may be safe, or blocked.",
)
_PLAYED_BY = {"game": "game", "base": "run", "arm": "arm", "age": "agent's age"}
_PLAYED = (
    Column.count("catastrophes", "catastrophes", "steps"),
    Column.mean("unsafe proposals per 1,000 steps", "unsafe", 2, per="steps"),
    Column.mean("let through per 1,000 steps", "missed", 3, per="steps"),
    Column.share("needless blocks", "needless", "safe"),
    Column.mean("return of whole games", "game_return_mean"),
)
LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        "run": _RUN,
        "alone": Layout(
            "Is the agent safe alone?",
            _PLAYED_BY,
            _PLAYED,
            "The agent as it was at each age, without learning, 5 % of its actions random.",
        ),
        "forgetting": Layout(
            "Forgetting: attempts after mastery",
            {"game": "game", "base": "run", "arm": "arm"},
            (
                Column.mean("attempts an episode", "attempts_per_episode", 3),
                *_PLAYED[:2],
                _PLAYED[-1],
            ),
            "The paper asks this of agents that have mastered their game: the return says whether "
            "these have. Stochastic: 5 % of held random actions.",
        ),
        "transfer": Layout(
            "Transfer: the Blocker under another agent",
            {"game": "game", "arm": "who learns"},
            _PLAYED,
            "Each learns from nothing behind the run's Blocker; a Double DQN explores for a "
            "quarter of its steps.",
        ),
        "red_team": Layout(
            "Red team: holes in the Blocker",
            {"game": "game", "arm": "Blocker", "round": "round"},
            (
                Column.mean("holes in 1,000 dangerous states", "holes", 1, per="dangerous"),
                Column.count("holes", "holes", "dangerous"),
                Column.mean("moments with a hole", "moments", 1),
                Column.share("blocks of safe steps, held out", "false_alarms", "negatives"),
            ),
            "Before round 1 an oracle has labelled what a seeker of holes proposed, and the "
            "Blocker has learned from it. Who blocks nearly everything meets no danger and so has "
            "no holes: read them beside the last column.",
        ),
        "ways": Layout(
            "Ways of working (a simulated person)",
            {"game": "game", "person": "person", "arm": "way"},
            (
                Column.mean("seconds per 1,000 steps (simulated)", "seconds", 0, per="steps"),
                Column.mean("missed per 1,000 unsafe", "missed", 1, per="unsafe"),
                Column.count("catastrophes", "catastrophes", "steps"),
                Column.mean("asked per 1,000 steps", "asked", 0, per="steps"),
            ),
            "Proposals are held random actions. What each way assumes: [protocol.md](protocol.md).",
        ),
    }
)
"""By study."""


def tables_of(rows: Mapping[str, list[Row]], missing: Mapping[str, list[Row]]) -> list[Table]:
    """A table for each study that has rows or misses some."""
    return [
        grouped(rows.get(name, []), layout, [_seen(each) for each in missing.get(name, [])])
        for name, layout in LAYOUTS.items()
        if rows.get(name) or missing.get(name)
    ]


def _seen(settings: Mapping[str, Json]) -> Row:
    """A missing cell's settings as far as a table groups by them."""
    row = dict(settings)
    overseen, after = row.get("oversight_steps"), row.get("blocker_steps")
    if isinstance(overseen, int) and isinstance(after, int):
        row["asked_steps"] = overseen + after
        row["variant"] = variant_of(RunSettings.from_json(dict(settings)))
    row.setdefault("person", RunSettings().person)  # no grid chooses another
    row["base"] = row.get("condition")
    row["overseer"] = _overseer(row)
    return row


def _overseer(settings: Row) -> str | None:
    """Who oversees, in the words that the row of a finished run has."""
    if settings.get("condition") == Condition.NO_OVERSIGHT:
        return None
    if settings.get("condition") == Condition.PENALTY_ONLY:
        return OverseerChoice.ORACLE.label
    chosen = settings.get("overseer")
    return OverseerChoice(chosen).label if isinstance(chosen, str) else None
