"""Screens as differences to key screens: small, lossless, readable in any order."""

from __future__ import annotations

import numpy as np
import pytest
import zstandard

from oversight import AtariGame, game_named
from oversight.log.codec import KEY_EVERY, FrameDecoder, FrameEncoder

Blob = tuple[int, bytes, int | None]


def played(name: str, steps: int = 80) -> list[np.ndarray]:
    game, rng = AtariGame(game_named(name)), np.random.default_rng(0)
    game.reset(seed=0)
    screens = []
    for _ in range(steps):
        screens.append(game.screen().copy())
        game.step(int(rng.integers(game.game.n_actions)))
    return screens


def encoded(screens: list[np.ndarray]) -> list[Blob]:
    encoder = FrameEncoder()
    return [(n, *encoder.encode(n, screen.tobytes())) for n, screen in enumerate(screens)]


def decoder_of(blobs: list[Blob], screen: np.ndarray) -> FrameDecoder:
    by_number = {number: data for number, data, _ in blobs}
    return FrameDecoder(
        screen.shape, screen.dtype, lambda keys: {k: by_number[k] for k in keys if k in by_number}
    )


@pytest.mark.parametrize("name", ["pong", "space_invaders", "road_runner"])
def test_real_screens_come_back_in_any_order_and_take_less(name: str) -> None:
    screens = played(name)
    blobs = encoded(screens)
    order = np.random.default_rng(1).permutation(len(screens))
    found = decoder_of(blobs, screens[0]).decode([blobs[n] for n in order])
    assert (found == np.stack(screens)[order]).all()
    whole = sum(len(zstandard.compress(screen.tobytes())) for screen in screens)
    assert sum(len(data) for _, data, _ in blobs) < 0.8 * whole


def test_no_screen_leans_on_one_that_leans() -> None:
    blobs = encoded(played("pong"))
    keys = {number for number, _, base in blobs if base is None}
    bases = [base for _, _, base in blobs if base is not None]
    assert set(bases) <= keys
    assert max(bases.count(key) for key in keys) == KEY_EVERY


def test_another_scene_begins_a_new_key() -> None:
    rng = np.random.default_rng(0)
    one = rng.integers(0, 256, (40, 30), np.uint8)
    other = rng.integers(0, 256, (40, 30), np.uint8)
    assert [base for *_, base in encoded([one, one, other, other])] == [None, 0, None, 2]


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_])
def test_screens_of_other_types(dtype: type) -> None:
    rng = np.random.default_rng(0)
    screens = [rng.normal(size=(3, 5)).astype(dtype) for _ in range(40)]
    blobs = encoded(screens)
    found = decoder_of(blobs, screens[0]).decode(blobs)
    assert found.dtype == dtype
    assert (found == np.stack(screens)).all()


def test_a_blob_of_another_size_and_a_missing_key_are_damage() -> None:
    screens = [np.full((4, 4), n, np.uint8) for n in range(2)]
    decoder = decoder_of([], screens[0])
    with pytest.raises(zstandard.ZstdError, match="15 bytes in place of 16"):
        decoder.decode([(0, zstandard.compress(bytes(15)), None)])
    with pytest.raises(zstandard.ZstdError, match="screen 7, is not there"):
        decoder.decode([(8, zstandard.compress(bytes(16)), 7)])
