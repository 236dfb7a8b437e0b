"""Variants of a run in their phases: whose action is executed, and how the agent begins."""

from pathlib import Path

import pytest

from agents import DoubleDQN
from experiments.phases import Phase, agent_settings, open_log, play
from experiments.reporter import Reporter
from experiments.rundir import RunDirectory
from experiments.settings import RunSettings
from oversight import Mode, Proposal, ScriptedOverseer

DOWN, UP_AND_FIRE = (3, 5), 4


def never_down(proposal: Proposal) -> bool:
    return proposal.action in DOWN


def played(folder: Path, settings: RunSettings, mode: Mode) -> list[tuple[int, int, bool]]:
    """Proposed and executed action of each step of a phase, and whether it was blocked."""
    run = RunDirectory.create(folder, settings)
    phase = Phase(
        "blocker", "blocker", 80, None, mode, lambda _: ScriptedOverseer(never_down, replacement=0)
    )
    with open_log(run.log, settings) as log:
        assert play(run, settings, phase, log, Reporter(), lambda: False).complete
        steps = log.steps()
        columns = (steps.proposed, steps.executed, steps.blocked)
        return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize(
    ("mode", "instead"), [(Mode.PRUNE, UP_AND_FIRE), (Mode.REPLACE, 0)], ids=["prune", "replace"]
)
def test_a_blocked_step_is_the_agents_next_best_or_the_overseers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: Mode, instead: int
) -> None:
    # Its own order is neither the overseer's (NOOP) nor the game's, whose twin of down is up.
    monkeypatch.setattr(DoubleDQN, "ranking", lambda _agent, _seen: [*DOWN, UP_AND_FIRE, 2, 1, 0])
    steps = played(tmp_path / "run", RunSettings(seed=2, prune=mode is Mode.PRUNE), mode)
    blocked = [(proposed, executed) for proposed, executed, was_blocked in steps if was_blocked]
    assert len(blocked) > 10
    assert {proposed for proposed, _ in blocked} <= set(DOWN)
    assert {executed for _, executed in blocked} == {instead}


def test_how_the_agent_begins_and_ends_is_the_settings_choice() -> None:
    plain, ahead = (agent_settings(RunSettings(head_start=choice)) for choice in (False, True))
    assert (plain.orthogonal, plain.pixel_centre, plain.end_on_block) == (False, 0, False)
    assert (ahead.orthogonal, ahead.pixel_centre) == (True, 87)
    assert ahead.adam_epsilon < plain.adam_epsilon
    assert agent_settings(RunSettings(end_on_block=True)).end_on_block
