from dataclasses import replace
from pathlib import Path

import numpy as np

from blocker.naming import NamedHarm, Spotter, view_for
from experiments.naming.check import Checked, check_labels, check_pairs
from experiments.naming.pool import Pool
from experiments.naming.session import name_on_screens
from experiments.reporter import Reporter
from oversight import AtariGame, game_named
from oversight.definition import Definition
from oversight.games import entry_of
from tests.experiments.naming.test_session import Scripted


def spotter_of(pong: Pool, folder: Path) -> Spotter:
    done = name_on_screens(
        pong,
        Scripted(),
        "pong",
        view_for("pong"),
        folder / "answers.json",
        seconds=600.0,
        seed=0,
        reporter=Reporter(),
        stop=lambda: False,
    )
    assert done.spotter is not None
    return done.spotter


def test_events_and_pairs_are_counted_apart(pong: Pool, tmp_path: Path) -> None:
    spotter = spotter_of(pong, tmp_path)
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


def test_look_ahead_by_what_was_named_says_what_the_definition_says(
    pong: Pool, tmp_path: Path
) -> None:
    spotter = spotter_of(pong, tmp_path)
    found = check_labels("pong", spotter, 250, seed=3, reporter=Reporter(), stop=lambda: False)
    assert found.states + found.unsure == 250
    assert found.unsafe > 20
    assert found.missed <= 0.05 * found.unsafe
    assert found.falsely <= 0.005 * found.safe


def test_a_branch_is_watched_without_touching_the_game(pong: Pool, tmp_path: Path) -> None:
    entry = entry_of("pong")
    harm = NamedHarm(spotter_of(pong, tmp_path), entry.truth.catastrophe, 4)
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
