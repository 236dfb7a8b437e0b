"""The next second, and a second opinion on proposals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from oversight import AtariGame, Decision, Hint, Proposal, ScriptedOverseer, game_named
from oversight.advice import Advised
from oversight.ahead import next_second
from oversight.testing import proposal_of


def test_both_futures_are_played_and_the_game_is_put_back() -> None:
    game = AtariGame(game_named("pong"))
    game.reset(seed=3)
    for _ in range(40):
        game.step(3)
    before, observation = game.screen().copy(), game.snapshot().stack.copy()
    down, up = next_second(game, [3, 2])
    assert [len(down), len(up)] == [16, 16]  # the present screen, and a second at four frames
    assert (down[0] == before).all()
    assert (up[0] == before).all()
    assert not (down[-1] == up[-1]).all()
    assert (game.screen() == before).all()
    assert (game.snapshot().stack == observation).all()
    for screen in down[1:]:
        game.step(3)
        assert (game.screen() == screen).all()  # it is what really comes


def test_the_opinion_is_on_proposals_and_not_on_rechecks() -> None:
    seen: list[Proposal] = []

    class Noting(ScriptedOverseer):
        def review(self, proposals: list[Proposal]) -> list[Decision]:  # type: ignore[override]
            seen.extend(proposals)
            return super().review(proposals)

    advised = Advised(Noting({}), lambda p: Hint(p.action / 10, 0.5))
    proposal = proposal_of(3, step_id=0, shape=(6, 5))
    advised.review([proposal])
    advised.review([replace(proposal, recheck=True)])
    assert [p.hint for p in seen] == [Hint(0.3, 0.5), None]
    assert proposal.hint is None
    assert np.array_equal(seen[0].screens, proposal.screens)
