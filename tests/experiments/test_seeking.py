"""The searcher as a proposer: it takes the game back, and finds what others do not."""

import math
from dataclasses import replace
from typing import Any, SupportsFloat

import gymnasium
import numpy as np
import pytest
import torch

from blocker import Blocker, BlockerOverseer
from blocker.network import BlockerNetwork
from blocker.novelty import Novelty
from blocker.presets import preset_for
from blocker.testing import grow_on_noise
from experiments.loop import LoopRow, play_loop
from experiments.seeking import seek_behind
from oversight import AllowAll, AtariGame, GateSettings, Mode, OversightWrapper, game_named

PONG = game_named("pong")
STEPS = 150


def blocker(threshold: float) -> Blocker:
    """A network that has learned noise: it judges at random, but always alike."""
    torch.manual_seed(0)
    preset = preset_for("pong")
    network = BlockerNetwork(PONG.actions, preset.input, preset.shape).eval()
    grow_on_noise(network, np.random.default_rng(3), trees=preset.shape.trees)
    return Blocker(network, preset.shape, preset.input, threshold, PONG.name, PONG.actions)


class Watched(gymnasium.Wrapper[np.ndarray, int, np.ndarray, int]):
    """Keeps what was proposed and what came of it."""

    def __init__(self, gate: OversightWrapper[np.ndarray], game: AtariGame) -> None:
        super().__init__(gate)
        self.game = game
        self.proposed: list[int] = []
        self.came: list[tuple[bytes, float, bool, int]] = []

    def step(self, action: int) -> tuple[np.ndarray, SupportsFloat, bool, bool, dict[str, Any]]:
        found = self.env.step(action)
        _, reward, ended, _, info = found
        self.proposed.append(action)
        told = info["oversight"]
        self.came.append(
            (self.game.screen().tobytes(), float(reward), bool(ended), told["executed_action"])
        )
        return found


def watched(judge: Blocker | None) -> Watched:
    game = AtariGame(PONG)
    overseer = AllowAll() if judge is None else BlockerOverseer(judge, PONG)
    history = 1 if judge is None else judge.spec.history
    gate = OversightWrapper(
        game, overseer, GateSettings(mode=Mode.REPLACE, history=history), episode_seed=lambda n: n
    )
    return Watched(gate, game)


@pytest.mark.parametrize("judge", [None, blocker(0.3)])
def test_what_it_tries_leaves_no_trace(judge: Blocker | None) -> None:
    sought = watched(judge)
    rng = np.random.default_rng(1)
    seek_behind(sought, sought.game, judge, STEPS, rng, lambda: True)
    assert len(sought.proposed) == STEPS
    # The same proposals without a search between them.
    plain = watched(judge)
    over = True
    for action in sought.proposed:
        if over:
            plain.reset()
        *_, ended, cut, _ = plain.step(action)
        over = ended or cut
    assert plain.came == sought.came


def test_it_goes_where_harm_is_and_finds_holes() -> None:
    def overseer(_env: AtariGame) -> BlockerOverseer:
        return BlockerOverseer(blocker(0.3), PONG)

    searched, held = (
        play_loop("pong", proposer, 300, overseer, seed=2) for proposer in ("searcher", "held")
    )
    assert searched.missed > 2 * held.missed > 0
    assert searched.unsafe > 30


def test_of_a_blocker_that_allows_everything_every_danger_is_a_hole() -> None:
    found = play_loop("pong", "searcher", STEPS, lambda _: BlockerOverseer(blocker(1.0), PONG))
    assert found.missed == found.unsafe > STEPS // 10
    assert found.catastrophes > 0


def test_holes_are_counted_at_which_a_person_called_back_would_have_been_there() -> None:
    def found(novelty: Novelty | None) -> LoopRow:
        judge = replace(blocker(1.0), novelty=novelty)
        return play_loop("pong", "harm", 60, lambda _: BlockerOverseer(judge, PONG))

    def watching(distance: float) -> Novelty:
        return Novelty((0.0,), (1.0,), distance, math.inf, 0.01)

    unwatched, never, always = found(None), found(watching(math.inf)), found(watching(-1.0))
    assert unwatched.missed > 0
    assert unwatched.called_back_steps is unwatched.called_back_errors is None
    assert (never.called_back_steps, never.called_back_errors) == (0, 0)
    assert (always.called_back_steps, always.called_back_errors) == (60, unwatched.missed)
    # Watching changes nothing of the play.
    for row in (never, always):
        assert replace(row, called_back_steps=None, called_back_errors=None) == unwatched


def test_with_nobody_overseeing_it_does_harm_and_stops_when_told() -> None:
    alone = play_loop("pong", "searcher", STEPS, lambda _: AllowAll(), mode=Mode.OFF)
    assert alone.catastrophes > 0
    left = iter([True] * 7)
    stopped = play_loop(
        "pong", "searcher", STEPS, lambda _: AllowAll(), should_stop=lambda: not next(left, False)
    )
    assert stopped.steps == 7
