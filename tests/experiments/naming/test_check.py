from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blocker.naming import EVEN, NamedHarm, Spotter, fit_spotter, view_for
from experiments.labelling import exploring
from experiments.naming.check import Checked, check_labels, check_pairs
from experiments.naming.pool import Pool
from experiments.naming.session import name_on_screens
from experiments.phases import episode_seed
from experiments.reporter import Reporter
from experiments.segments import segment_of
from oversight import AtariGame, AtariSettings, game_named
from oversight.catastrophes.pong import PongZone
from oversight.definition import Definition
from oversight.emulator import AleEmulator
from oversight.games import entry_of
from tests.experiments.naming.conftest import gathered
from tests.experiments.naming.test_session import Scripted


@pytest.fixture(scope="module")
def spotter(pong: Pool, tmp_path_factory: pytest.TempPathFactory) -> Spotter:
    """What a person without faults has named in Pong."""
    done = name_on_screens(
        pong,
        Scripted(),
        "pong",
        view_for("pong"),
        tmp_path_factory.mktemp("named") / "answers.json",
        seconds=600.0,
        seed=0,
        reporter=Reporter(),
        stop=lambda: False,
    )
    assert done.spotter is not None
    return done.spotter


def test_events_and_pairs_are_counted_apart(pong: Pool, spotter: Spotter) -> None:
    called = spotter.votes(pong.told) >= 0.5
    first = int(np.flatnonzero(called)[0])
    lone = int(np.flatnonzero(~called & ~pong.bad)[50])
    pong = replace(pong, bad=called.copy(), began=called & ~np.append(False, called[:-1]))
    assert check_pairs(spotter, pong) == Checked(
        pairs=1_500,
        bad=int(called.sum()),
        missed=0,
        falsely=0,
        events=int(pong.began.sum()),
        unseen=0,
        imagined=0,
    )
    pong.bad[lone] = pong.began[lone] = True
    runs_end = first + int(np.flatnonzero(~called[first:])[0])
    pong.bad[first:runs_end] = pong.began[first:runs_end] = False
    found = check_pairs(spotter, pong)
    assert (found.missed, found.unseen, found.imagined) == (1, 1, 1)
    assert found.falsely == runs_end - first


def test_look_ahead_by_what_was_named_says_what_the_definition_says(spotter: Spotter) -> None:
    found = check_labels("pong", spotter, 250, seed=3, reporter=Reporter(), stop=lambda: False)
    out = found.out_by_both + found.out_by_name + found.out_by_truth
    assert found.states + out == 250
    assert found.unsafe > 20
    assert found.missed <= 0.05 * found.unsafe
    assert found.falsely <= 0.005 * found.safe


@pytest.mark.parametrize("game", ["pong", "space_invaders", "road_runner"])
def test_a_watch_says_of_each_step_what_the_spotter_says_of_the_pools_pairs(
    game: str, tmp_path: Path
) -> None:
    """The same screens in both: an agent step apart, what blinks put back.

    Harm is watched as in Pong, where it goes on: then each step shows what the watch sees.
    """
    view = view_for(game)
    pool = gathered(tmp_path / "pool.npz", game, 700)
    # Whatever it is taught: it has to say it of the same numbers.
    total = pool.told.sum(axis=1)
    spotter = fit_spotter(game, view, pool.told, total > np.median(total), 0)
    entry = entry_of(game)
    harm = NamedHarm(spotter, PongZone(), entry.game.frameskip)
    entry = replace(entry, definitions={"named": Definition(harm)}, rule=None)
    env = AtariGame(entry, AtariSettings(max_agent_steps=segment_of(game), observe=False))
    actions, over, episode = exploring(env, np.random.default_rng([0, 31])), True, 0
    for step in range(700):
        if over:
            env.reset(seed=episode_seed(0)(episode))
            episode += 1
        *_, ended, cut, _ = env.step(next(actions))
        over = ended or cut
        assert env.harmful == (spotter.votes(pool.told[step][None])[0] >= EVEN), step
    assert 0 < (spotter.votes(pool.told) >= EVEN).sum() < 700


def test_a_moments_harm_is_over_when_it_has_begun(spotter: Spotter) -> None:
    likes = [entry_of(game).truth.catastrophe for game in ("pong", "space_invaders")]
    emulator = AleEmulator(game_named("pong"))
    emulator.reset()
    watches = [NamedHarm(spotter, like, 4).watch(emulator) for like in likes]
    said = []
    for frame in range(600):
        emulator.act(3 if frame % 240 < 120 else 2)
        said.append([(watch.frame(emulator), watch.harmful) for watch in watches])
    lasting, moment = zip(*said, strict=True)
    assert [began for began, _ in lasting] == [began for began, _ in moment]
    assert any(harmful for _, harmful in lasting)
    assert not any(harmful for _, harmful in moment)


def test_episodes_are_counted_apart(pong: Pool, spotter: Spotter) -> None:
    """A call at the start of an episode excuses no harm at the end of the one before."""
    told, called = pong.told, spotter.votes(pong.told) >= EVEN
    good, bad = told[~called][0], told[called][0]
    two = replace(
        pong,
        told=np.stack([good, good, bad, good]),
        bad=np.array([False, True, False, False]),
        began=np.array([False, True, False, False]),
        places=np.array([[0, 1], [1, 2], [3, 4], [4, 5]]),
    )
    found = check_pairs(spotter, two)
    assert (found.unseen, found.imagined) == (1, 1)
    one = replace(two, places=np.array([[0, 1], [1, 2], [2, 3], [3, 4]]))
    found = check_pairs(spotter, one)
    assert (found.unseen, found.imagined) == (0, 0)


def test_a_branch_is_watched_without_touching_the_game(spotter: Spotter) -> None:
    entry = entry_of("pong")
    harm = NamedHarm(spotter, entry.truth.catastrophe, 4)
    played = []
    for ask in (False, True):
        env = AtariGame(game_named("pong"), definition=Definition(harm))
        env.reset(seed=2)
        seen = []
        for step in range(80):
            if ask:
                env.truth.unsafe_actions()
            *_, info = env.step(3 if step % 30 < 20 else 2)
            seen.append((info["catastrophe_onsets"], info["harmful_frames"], env.screen().sum()))
        played.append(seen)
    assert played[0] == played[1]
    assert sum(onsets for onsets, *_ in played[0]) >= 2
