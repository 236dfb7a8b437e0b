"""A learner whose game is taken back: does replay hold what the game that stands was?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from agents import Credit, DoubleDQNSettings, LearnStep, learn, make_agent
from oversight import (
    AtariGame,
    AtariSettings,
    Decision,
    GateSettings,
    InterventionLog,
    LogMeta,
    OversightWrapper,
    Proposal,
    Source,
    Verdict,
    game_named,
)

PENALTY = -0.5
UP = 2


class Late:
    """Refuses every `every`th step of the run, `late` steps after it was shown."""

    def __init__(self, every: int, late: int) -> None:
        self._every = every
        self._late = late
        self._waits: tuple[int, int] | None = None  # the step meant, questions left

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        (proposal,) = proposals
        waits, self._waits = self._waits, None
        if waits is not None:
            meant, left = waits
            if left == 0:
                return [
                    Decision(proposal.step_id, Verdict.UNSAFE, Source.PERSON, UP, meant_for=meant)
                ]
            self._waits = meant, left - 1
        elif proposal.step_id % self._every == 0:
            self._waits = proposal.step_id, self._late - 1
        return [Decision(proposal.step_id, Verdict.SAFE, Source.PERSON)]


@pytest.mark.parametrize("credit", list(Credit))
def test_replay_holds_the_game_that_stands_and_nothing_else(tmp_path: Path, credit: Credit) -> None:
    game = game_named("pong")
    env = AtariGame(game, AtariSettings(max_agent_steps=90))
    meta = LogMeta(game.name, game.actions, (210, 160), "uint8", env.catastrophe_name)
    learning = DoubleDQNSettings(
        buffer_size=512, learning_starts=10_000, credit=credit, exploration_hold=6
    )
    reports: list[LearnStep] = []
    with InterventionLog.create(tmp_path / "log.sqlite", meta) as log:
        wrapper = OversightWrapper(
            env,
            Late(every=9, late=4),
            GateSettings(penalty=PENALTY, rewind_steps=8),
            sink=log,
            episode_seed=lambda episode: 70 + episode,
        )
        agent = make_agent(wrapper, learning, seed=1, device="cpu", seed_env=False)
        learn(agent, 300, lambda report: reports.append(report) is None)
        table, rewinds = log.steps(), log.rewinds()
        assert len(log.steps(undone=True)) == 300
    assert [r.info["oversight"]["rewound"] for r in reports].count(4) == len(rewinds) > 20
    # What is reported of a step done anew is what was proposed there, not what the loop held.
    redone = np.isin(table.step_id, [r.step_id for r in rewinds])
    held = np.array([r.info["oversight"]["proposed_action"] for r in reports])
    assert (held[table.step_id] == table.proposed).all()

    # Play the game that stands once more, by itself.
    buffer = agent.replay_buffer
    assert buffer.size() == len(table)
    stored = buffer._get_samples(np.arange(len(table)))
    again = AtariGame(game, AtariSettings(max_agent_steps=90))
    episode = -1
    for row in range(len(table)):
        if table.episode[row] != episode:
            episode = int(table.episode[row])
            observation, _ = again.reset(seed=70 + episode)
        assert (stored.observations[row].numpy() == observation).all()
        observation, paid, terminated, truncated, _ = again.step(int(table.executed[row]))
        assert (stored.next_observations[row].numpy() == observation).all()
        credited = table.proposed if credit is Credit.PROPOSED else table.executed
        assert stored.actions[row].item() == credited[row]
        assert stored.rewards[row].item() == (PENALTY if table.blocked[row] else paid)
        assert (terminated, truncated) == (table.terminated[row], table.truncated[row])
        assert stored.dones[row].item() == terminated
    assert table.blocked[redone].sum() > 15
