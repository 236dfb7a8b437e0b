import numpy as np
import pytest
import torch

from blocker import BlockerNetwork, preset_for
from blocker.network import TreeMember
from blocker.swift import SwiftJudge
from blocker.trees import MOST_LEAVES, boosting
from oversight import game_named


@pytest.mark.parametrize("game", ["pong", "space_invaders", "road_runner"])
def test_gives_the_numbers_of_the_network(game: str) -> None:
    preset, actions = preset_for(game), game_named(game).actions
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = BlockerNetwork(actions, preset.input, preset.shape).eval()
    rng = np.random.default_rng(0)
    for seed, member in enumerate(network.each()):
        if isinstance(member, TreeMember):
            numbers = rng.normal(0, 1, (600, network.told + 2 * network.factors.shape[1]))
            model = boosting(MOST_LEAVES, seed).set_params(max_iter=20)
            model.fit(numbers.astype(np.float32), rng.random(600) < 0.3)
            member.forest.plant(model, 20)
    shape = (5, preset.input.screens, len(preset.input.planes), *preset.input.size)
    screens = (rng.random(shape) < 0.02).astype(np.uint8) * 255
    previous = np.array([-1, 0, 2, 3, 1])
    swift = SwiftJudge(network)
    logits = swift.member_logits(swift.see(screens), previous)
    with torch.inference_mode():
        expected = network.member_logits(torch.from_numpy(screens), torch.from_numpy(previous))
    np.testing.assert_allclose(logits, expected.numpy(), rtol=1e-4, atol=1e-4)
    assert np.ptp(logits) > 1e-3
