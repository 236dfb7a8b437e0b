import numpy as np
import pytest
import torch

from blocker import BlockerNetwork, preset_for
from blocker.swift import SwiftJudge
from blocker.testing import grow_on_noise
from oversight import game_named


@pytest.mark.parametrize("game", ["pong", "space_invaders", "road_runner"])
def test_gives_the_numbers_of_the_network(game: str) -> None:
    preset, actions = preset_for(game), game_named(game).actions
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = BlockerNetwork(actions, preset.input, preset.shape).eval()
    rng = np.random.default_rng(0)
    grow_on_noise(network, rng)
    shape = (5, preset.input.screens, len(preset.input.planes), *preset.input.size)
    screens = (rng.random(shape) < 0.02).astype(np.uint8) * 255
    previous = np.array([-1, 0, 2, 3, 1])
    swift = SwiftJudge(network)
    logits = swift.of_prepared(screens, previous)
    with torch.inference_mode():
        expected = network.member_logits(torch.from_numpy(screens), torch.from_numpy(previous))
    np.testing.assert_allclose(logits, expected.numpy(), rtol=1e-4, atol=1e-4)
    assert np.ptp(logits) > 1e-3
