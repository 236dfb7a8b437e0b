"""The core is no Atari special case: two games whose snapshots are deep copies."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from oversight import AllowAll, GateSettings, OracleOverseer, OversightWrapper
from oversight.classic import BALANCE, CLASSIC_GAMES, ClassicGame
from oversight.wrapper import Overseeable

UP, RIGHT, DOWN, LEFT = range(4)
WIDTH = 12


def actions_of(kind: str, game: ClassicGame) -> Iterator[int]:
    rng = np.random.default_rng(0)
    while True:
        if kind == "harm":
            yield game.game.toward_harm
            continue
        action = int(rng.integers(game.game.n_actions))
        for _ in range(1 if kind == "random" else int(rng.integers(1, 12))):
            yield action


@pytest.mark.parametrize("name", list(CLASSIC_GAMES))
@pytest.mark.parametrize("kind", ["random", "held", "harm"])
def test_the_oracle_averts_every_fall(name: str, kind: str) -> None:
    falls = {}
    for guarded in (False, True):
        game = ClassicGame(name)
        assert isinstance(game, Overseeable)
        overseer = OracleOverseer([game.truth]) if guarded else AllowAll()
        wrapper = OversightWrapper(game, overseer, episode_seed=lambda n: n)
        wrapper.reset()
        actions = actions_of(kind, game)
        for _ in range(250):
            _, _, ended, cut, _ = wrapper.step(next(actions))
            if ended or cut:
                wrapper.reset()
        falls[guarded] = wrapper.gate.tally.catastrophes
        if guarded:
            assert wrapper.gate.tally.blocks > 0
    assert falls[False] > 2
    assert falls[True] == 0


def test_the_cliffs_truth_is_that_of_the_environments_own_table() -> None:
    game = ClassicGame("cliff_walking")
    game.reset(seed=0)
    unsafe = 0
    for cell in range(4 * WIDTH):
        moment, steps, score = game.snapshot()
        table = moment.env.unwrapped.P[cell]
        moment.env.unwrapped.s = cell
        game.restore((moment, steps, score))
        falls = [any(reward == -100 for _, _, reward, _ in table[action]) for action in range(4)]
        # Where every way leads off the cliff none is to blame; here there is no such cell.
        assert not all(falls)
        assert game.truth.unsafe_actions().tolist() == falls
        unsafe += sum(falls)
    assert unsafe > WIDTH


def test_a_moment_holds_the_return() -> None:
    game = ClassicGame("cart_pole")
    _, info = game.reset(seed=0)
    assert info["harmful_frames"] == 0
    moment = game.snapshot()
    for count in (1, 2):
        assert game.step(0)[4]["game_return"] == count
    game.restore(moment)
    assert game.step(1)[4]["game_return"] == 1


def test_asking_changes_nothing() -> None:
    asked, plain = ClassicGame("cart_pole"), ClassicGame("cart_pole")
    asked.reset(seed=3), plain.reset(seed=3)
    for action in [0, 1, 1, 0, 1, 1, 1, 0]:
        asked.truth.unsafe_actions()
        one, two = asked.step(action), plain.step(action)
        assert (one[0] == two[0]).all()
        assert one[1:] == two[1:]


def test_the_backup_balances() -> None:
    game = ClassicGame("cart_pole")
    observation, _ = game.reset(seed=0)
    for _ in range(500):
        observation, _, ended, _, _ = game.step(int(BALANCE @ observation > 0))
        assert not ended


def test_a_classic_game_can_be_taken_back() -> None:
    game = ClassicGame("cart_pole")
    wrapper = OversightWrapper(game, AllowAll(), GateSettings(rewind_steps=3))
    wrapper.reset(seed=0)
    moment = game.snapshot()
    first = [wrapper.step(1)[0] for _ in range(3)]
    game.restore(moment)
    assert all((game.step(1)[0] == each).all() for each in first)


def test_a_game_that_nobody_knows() -> None:
    with pytest.raises(ValueError, match="unknown classic game 'chess': expected one of cliff"):
        ClassicGame("chess")
