"""Games played in ale-py's threads are those of `AtariGame`, and their truth can be counted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from oversight import (
    AtariGame,
    AtariSettings,
    FastAtari,
    OversightError,
    OversightVectorWrapper,
    OversightWrapper,
    Proposal,
    RunError,
    ScriptedOverseer,
    Tape,
    count_truth,
    game_named,
)
from oversight.errors import ReplayDiffers
from oversight.games import GAMES as ALL_GAMES
from oversight.palette import PALETTE_RGB, from_rgb, to_grey, to_rgb

GAMES = 2
CUT = 60
"""Agent steps an episode, so that games end and begin anew in a short test."""


@pytest.mark.parametrize(
    ("name", "colours"), [("pong", False), ("pong", True), ("space_invaders", True)]
)
def test_plays_what_the_game_with_the_truth_plays(name: str, colours: bool) -> None:
    game = game_named(name)
    settings = AtariSettings(max_agent_steps=CUT)
    fast = FastAtari(game, GAMES, settings, threads=1, colours=colours)
    _, infos = fast.reset(seed=7)
    slow = [AtariGame(game, settings) for _ in range(GAMES)]
    ages = [0] * GAMES
    for env, seed in zip(slow, infos["episode_seed"], strict=True):
        env.reset(seed=int(seed))
    rng = np.random.default_rng(0)
    ends = 0
    for _ in range(2 * CUT + 10):
        actions = rng.integers(game.n_actions, size=GAMES)
        observations, rewards, terminated, truncated, infos = fast.step(actions)
        for index, env in enumerate(slow):
            expected, reward, ended, cut, _ = env.step(int(actions[index]))
            ages[index] += 1
            over = ended or cut
            told = infos["final_info"] if over else infos
            seen = infos["final_obs"][index] if over else observations[index]
            planes = slice(max(0, 4 - ages[index]), 3 if ended else 4)  # see `FastAtari`
            np.testing.assert_array_equal(seen[planes], expected[planes])
            screen = told["overseen_screen"][index]
            if not ended:
                shown, true = screen, env.screen()
                if not colours:
                    shown, true = to_grey(shown), to_grey(true)
                np.testing.assert_array_equal(shown, true)
            assert (rewards[index], terminated[index], truncated[index]) == (reward, ended, cut)
            if over:
                ends, ages[index] = ends + 1, 0
                env.reset(seed=int(infos["episode_seed"][index]))
    assert ends == 2 * GAMES


def test_a_game_that_is_over_is_over_in_both() -> None:
    game = game_named("space_invaders")
    fast, slow = FastAtari(game, 1, threads=1), AtariGame(game)
    _, infos = fast.reset(seed=1)
    slow.reset(seed=int(infos["episode_seed"][0]))
    rng = np.random.default_rng(0)
    over, expected, score, scored = False, False, 0.0, 0.0
    while not (over or expected):
        action = int(rng.integers(game.n_actions))
        _, _, terminated, _, infos = fast.step(np.array([action]))
        over = bool(terminated[0])
        _, _, expected, _, info = slow.step(action)
        score += (infos["final_info"] if over else infos)["game_reward"][0]
        scored += info["game_reward"]
    assert (over, score) == (expected, scored)


def low(proposal: Proposal) -> bool:
    """A rule that blocks some moves: the paddle wants down while the scene is dark or bright."""
    return proposal.action in (3, 5) and int(proposal.screens[-1].sum()) % 3 == 0


def taped(steps: int) -> tuple[Tape, OversightVectorWrapper[np.ndarray]]:
    game = game_named("pong")
    tape = Tape(game)
    fast = FastAtari(game, GAMES, AtariSettings(max_agent_steps=CUT), threads=1)
    env = OversightVectorWrapper(fast, ScriptedOverseer(low), sink=tape)
    env.reset(seed=3)
    rng = np.random.default_rng(1)
    for _ in range(steps):
        env.step(rng.choice([0, 3, 5], size=GAMES, p=[0.2, 0.5, 0.3]))
    return tape, env


def test_the_truth_of_what_was_played_is_counted_afterwards(tmp_path: Path) -> None:
    tape, env = taped(CUT + 20)
    live = env.gate.tally
    assert live.catastrophes is None
    tape.save(tmp_path / "tape.npz")
    tape = Tape.load(tmp_path / "tape.npz")
    counted = count_truth(tape)
    assert (counted.steps, counted.blocks) == (live.steps, live.blocks)
    assert live.blocks > 0

    # By the truth beside it from the start, one game after the other.
    game = game_named("pong")
    alone = OversightWrapper(AtariGame(game), ScriptedOverseer(low))
    for episode in tape.episodes:
        alone.reset(seed=episode.seed)
        for proposed, executed, _, _ in episode.steps:
            *_, info = alone.step(proposed)
            assert info["oversight"]["executed_action"] == executed
    expected = alone.gate.tally
    assert expected.catastrophes is not None
    assert expected.catastrophes > 0
    assert (counted.catastrophes, counted.proposed_catastrophes, counted.needless_blocks) == (
        expected.catastrophes,
        expected.proposed_catastrophes,
        expected.needless_blocks,
    )


def test_another_game_than_the_taped_one_is_noticed() -> None:
    tape, _ = taped(10)
    proposed, executed, unsafe, score = tape.episodes[0].steps[5]
    tape.episodes[0].steps[5] = (proposed, executed, unsafe, score + 1.0)
    with pytest.raises(ReplayDiffers, match="step 5 of episode 0"):
        count_truth(tape)


def test_what_is_no_tape_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tape.npz").write_bytes(b"no")
    with pytest.raises(RunError, match="expected a tape"):
        Tape.load(tmp_path / "tape.npz")


def test_what_could_not_be_played_again_is_refused() -> None:
    with pytest.raises(ValueError, match="sticky"):
        FastAtari(game_named("pong"), 1, AtariSettings(sticky=0.25))


def test_every_colour_is_read_back() -> None:
    screen = np.arange(0, 256, 2, dtype=np.uint8).reshape(2, 8, 8)
    assert len(np.unique(PALETTE_RGB, axis=0)) == 128
    np.testing.assert_array_equal(from_rgb(to_rgb(screen)), screen)


KNOWN = [name for name, game in ALL_GAMES.items() if game.colours]


@pytest.mark.parametrize("name", KNOWN)
def test_a_game_shows_the_colours_that_it_is_known_to_have(name: str) -> None:
    game = game_named(name)
    env, rng = AtariGame(game), np.random.default_rng(5)
    seen = np.zeros(256, np.bool_)
    for seed in range(100):
        env.reset(seed=seed)
        seen[env.screen()] = True
    for step in range(3_000):
        hold = (step // 150) % 2
        action = (step // 150) % game.n_actions if hold else int(rng.integers(game.n_actions))
        *_, ended, cut, _ = env.step(action)
        seen[env.screen()] = True
        if ended or cut:
            env.reset(seed=step)
    assert set(np.flatnonzero(seen).tolist()) == set(game.colours)


def test_colours_that_are_not_known_or_cannot_be_told_are_refused() -> None:
    game = replace(game_named("pong"), colours=(0, 14, 34))
    with pytest.raises(OversightError, match="none of the 3"):
        FastAtari(game, 1, threads=1).reset(seed=0)
    alike = [i for i in range(0, 256, 2) if to_grey(np.array([i], np.uint8)) == 85][:2]
    assert len(alike) == 2
    with pytest.raises(ValueError, match="differ in brightness"):
        FastAtari(replace(game, colours=tuple(alike)), 1, threads=1)
