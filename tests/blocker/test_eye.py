"""The fast look at raw screens tells a network what the slow one does, to the last bit."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from blocker import BlockerNetwork, InputSpec, NetworkSpec, preset_for
from blocker.eye import Eye
from oversight import AtariGame, game_named

SPEC = InputSpec(
    rows=(30, 70), columns=(20, 80), size=(20, 20), planes=((1, 2), (7,), (9,)), lags=(2, 0)
)
SHAPE = NetworkSpec(
    members=1,
    hidden=4,
    own=1,
    window=(5, 7),
    shown=(2, 0),
    pairs=((1, 0), (0, 2)),
    near=(0, 2),
    bands=(-10, -3, 0, 4, 14),
)


def both(
    spec: InputSpec, shape: NetworkSpec, screens: list[NDArray[np.uint8]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the eye and the network itself make of some states."""
    network = BlockerNetwork(("NOOP", "FIRE"), spec, shape).eval()
    prepared = torch.from_numpy(np.stack([spec.latest(one) for one in screens]))
    with torch.inference_mode():
        seen = network.see(prepared.flatten(0, 1)).reshape(*prepared.shape[:2], -1)
        expected = network.whole(seen).numpy()
    eye = Eye(network)
    np.testing.assert_array_equal(eye.seen(prepared.flatten(0, 1).numpy()), seen.flatten(0, 1))
    return eye.see(screens), expected


def noise(count: int) -> list[NDArray[np.uint8]]:
    """Screens with pixels of the planes' colours, and of others, somewhere: few to very many."""
    rng = np.random.default_rng(0)
    out = []
    for _ in range(count):
        screens = np.zeros((3, 210, 160), dtype=np.uint8)
        top, left = rng.integers(10, 90), rng.integers(0, 100)
        part = rng.integers(0, 12, (3, *rng.integers(1, 30, 2))).astype(np.uint8)
        part[rng.random(part.shape) > rng.random()] = 0
        screens[:, top : top + part.shape[1], left : left + part.shape[2]] = part
        out.append(screens)
    return out


@pytest.mark.parametrize("moves", [False, True])
@pytest.mark.parametrize(
    "shape", [SHAPE, replace(SHAPE, flat=True), replace(SHAPE, near=(), bands=())]
)
def test_agrees_on_noise(shape: NetworkSpec, moves: bool) -> None:
    mine, expected = both(SPEC, replace(shape, moves=moves), noise(150))
    np.testing.assert_array_equal(mine, expected)
    assert (np.ptp(mine, axis=0) > 0).mean() > 0.9  # nearly every number has been tried


def test_what_lies_outside_of_the_crop_hides_nothing_inside() -> None:
    spec = replace(SPEC, columns=(20, 78), size=(20, 29), lags=(0,))
    screens = np.zeros((1, 210, 160), dtype=np.uint8)
    # The same eight pixels twice running: columns 78 and 79 are outside, 22 and 23 are not.
    screens[0, 40, 78:80] = 7
    screens[0, 41, 22:24] = 7
    mine, expected = both(spec, SHAPE, [screens])
    np.testing.assert_array_equal(mine, expected)
    assert mine[0, 6] == 1.0  # plane 1 is there


@pytest.mark.parametrize(
    "spec",
    [
        replace(SPEC, size=(16, 24)),  # a pixel is no whole block of native ones
        replace(SPEC, planes=((1, 2), (2,), (9,))),  # a colour of two groups
    ],
)
def test_what_it_has_no_tables_for_is_seen_slowly(spec: InputSpec) -> None:
    mine, expected = both(spec, SHAPE, noise(5))
    np.testing.assert_array_equal(mine, expected)


@pytest.mark.parametrize("game", ["pong", "space_invaders", "road_runner"])
def test_agrees_on_play(game: str) -> None:
    preset, env, rng = preset_for(game), AtariGame(game_named(game)), np.random.default_rng(1)
    env.reset(seed=1)
    played = []
    for _ in range(300):
        *_, ended, cut, _ = env.step(int(rng.integers(env.game.n_actions)))
        played.append(env.screen().copy())
        if ended or cut:
            env.reset()
    history = preset.input.history
    screens = [np.stack(played[at : at + history]) for at in range(0, 300 - history, 3)]
    mine, expected = both(preset.input, preset.shape, screens)
    np.testing.assert_array_equal(mine, expected)
    assert len(np.unique(mine, axis=0)) > len(mine) / 2


def test_refuses_what_it_cannot_see() -> None:
    network = BlockerNetwork(("NOOP", "FIRE"), SPEC, SHAPE).eval()
    eye = Eye(network)
    with pytest.raises(ValueError, match="at least 3 screens"):
        eye.see([np.zeros((2, 210, 160), dtype=np.uint8)])
    with pytest.raises(ValueError, match="uint8"):
        eye.see([np.zeros((3, 210, 160), dtype=np.int64)])
