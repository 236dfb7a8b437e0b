from pathlib import Path

import numpy as np
import pytest

from blocker.naming import view_for
from experiments.naming.pool import Pool, SeenLate, gather_pool
from experiments.reporter import Reporter
from oversight import RunError, game_named
from oversight.emulator import AleEmulator
from oversight.games import entry_of
from tests.experiments.naming.conftest import gathered


def test_a_pool_holds_what_it_tells_of(pong: Pool) -> None:
    view = view_for("pong")
    for number in (0, 1, 299, 300, 1_499):
        before, now = (view.crop(screen) for screen in pong.pair(number))
        told = view.tell(before, now, over=bool(pong.over[number]))
        np.testing.assert_array_equal(told, pong.told[number])
    assert 0 < pong.began.sum() < pong.bad.sum() < len(pong) == 1_500
    assert (pong.bad | ~pong.began).all()


def test_the_screen_now_is_the_next_pairs_screen_before(pong: Pool) -> None:
    np.testing.assert_array_equal(pong.pair(7)[1], pong.pair(8)[0])
    # Episodes of 300 steps: the next one begins with a screen of its own.
    assert pong.places[299, 1] != pong.places[300, 0]


def test_a_pool_is_kept_whole_or_not_at_all(pong: Pool, tmp_path: Path) -> None:
    path = tmp_path / "pool.npz"
    with pytest.raises(RunError, match="gathered anew"):
        gather_pool(
            path, "pong", view_for("pong"), 9, seed=0, reporter=Reporter(), stop=lambda: True
        )
    assert not list(tmp_path.iterdir())
    pong.save(path)
    np.testing.assert_array_equal(Pool.load(path).told, pong.told)
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(RunError, match="is missing or damaged"):
        Pool.load(path)


def test_what_is_seen_late_is_the_same_some_frames_later() -> None:
    what = entry_of("pong").truth.catastrophe
    emulator = AleEmulator(game_named("pong"))
    emulator.reset()
    watches = [what.watch(emulator), SeenLate(what, 3).watch(emulator)]
    said: list[tuple[tuple[bool, bool], ...]] = []
    for frame in range(900):
        emulator.act(3 if frame % 240 < 120 else 2)  # down into the zone, and up again
        if frame == 450:
            watches[1] = watches[1].copy()
        said.append(tuple((watch.frame(emulator), watch.harmful) for watch in watches))
    now, late = zip(*said, strict=True)
    assert now[:-3] == late[3:]
    assert sum(began for began, _ in now) > 2


def test_a_pool_of_other_play_or_another_view_is_not_taken_for_this_one(tmp_path: Path) -> None:
    path = tmp_path / "pool.npz"
    gathered(path, "pong", 20)
    gathered(path, "pong", 20)
    with pytest.raises(RunError, match="other play"):
        gathered(path, "pong", 30)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"):
        gathered(tmp_path / "file" / "pool.npz", "pong", 5)
