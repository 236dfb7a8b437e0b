"""How networks for screens begin: orthogonal weights, pixels counted from the background."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.common.torch_layers import NatureCNN
from stable_baselines3.common.vec_env import DummyVecEnv

from agents import DoubleDQN, DoubleDQNSettings, Precision, checkpoint
from agents.half import HalfNetwork
from agents.start import CentredCNN, background_of
from agents.training_types import Training, TrainSettings

Make = Callable[..., Any]
AHEAD = DoubleDQNSettings(buffer_size=100, orthogonal=True, pixel_centre=87)


def agent_with(settings: DoubleDQNSettings, make_screens: Make, seed: int = 3) -> DoubleDQN:
    return DoubleDQN(DummyVecEnv([make_screens]), settings, seed=seed, device="cpu")


def pictures(background: int) -> torch.Tensor:
    """Screens of one brightness with a ball of two pixels somewhere."""
    rng = np.random.default_rng(0)
    seen = np.full((64, 4, 84, 84), background, np.uint8)
    for index, (row, column) in enumerate(rng.integers(20, 60, (64, 2))):
        seen[index, 3, row, column : column + 2] = 236
    return torch.from_numpy(seen)


def test_hidden_layers_are_orthogonal_and_values_begin_near_0(make_screens: Make) -> None:
    agent = agent_with(AHEAD, make_screens)
    body = agent.q_net.features_extractor
    assert isinstance(body, CentredCNN)
    layers = [x for x in [*body.cnn, *body.linear] if hasattr(x, "weight")]
    assert len(layers) == 4
    for layer in layers:
        flat = layer.weight.detach().flatten(1)
        if flat.shape[0] > flat.shape[1]:
            flat = flat.T
        # Each row of the length of the root of 2, and at right angles to every other.
        torch.testing.assert_close(flat @ flat.T, 2 * torch.eye(len(flat)), atol=1e-4, rtol=0)
        assert not layer.bias.any()
    assert agent.updates.values(pictures(87)).abs().max() < 0.05
    for mine, target in zip(agent.q_net.parameters(), agent.q_net_target.parameters(), strict=True):
        assert torch.equal(mine, target)


def test_the_ball_reaches_the_last_layer(make_screens: Make) -> None:
    """What the start is for: features tell where the ball is, many times as loudly."""
    spread = {}
    for name, settings in (("ahead", AHEAD), ("as SB3", replace(AHEAD, orthogonal=False))):
        net = agent_with(replace(settings, precision=Precision.FP32), make_screens).q_net
        features = net.extract_features(pictures(87).float() / 255, net.features_extractor)
        spread[name] = features.std(dim=0).mean().item()
    assert spread["ahead"] > 10 * spread["as SB3"]


@pytest.mark.parametrize("folds", [False, True])
def test_bfloat16_counts_from_the_same_brightness(make_screens: Make, folds: bool) -> None:
    leader = agent_with(AHEAD, make_screens).q_net
    seen = pictures(87)
    half = HalfNetwork(leader, folds=folds)
    exact = leader.q_net(leader.features_extractor(seen.float() / 255))
    torch.testing.assert_close(half(half.pixels(seen)), exact, rtol=0.03, atol=1e-3)
    # The background itself is nothing: only the ball is seen.
    assert (half.pixels(seen) != 0).sum() == 64 * 2


def test_one_that_counts_from_0_is_sb3s_own_network(make_screens: Make) -> None:
    agent = agent_with(replace(AHEAD, pixel_centre=0), make_screens)
    assert type(agent.q_net.features_extractor) is NatureCNN


def test_seeds_decide_the_start_and_a_checkpoint_keeps_it(
    make_screens: Make, tmp_path: Path
) -> None:
    first, again, other = (agent_with(AHEAD, make_screens, seed) for seed in (3, 3, 4))
    seen = pictures(87)
    assert torch.equal(first.updates.values(seen), again.updates.values(seen))
    assert not torch.equal(first.updates.values(seen), other.updates.values(seen))
    checkpoint.save(first, tmp_path)
    checkpoint.load(other, tmp_path)
    assert torch.equal(first.updates.values(seen), other.updates.values(seen))


def test_backgrounds_of_the_games() -> None:
    assert background_of("pong") == 87  # (144, 72, 17) in grey
    assert background_of("space_invaders") == 0


def test_a_training_begins_ahead_unless_it_is_to_be_as_sb3s(tmp_path: Path) -> None:
    assert (TrainSettings().dqn.orthogonal, TrainSettings().dqn.pixel_centre) == (True, 87)
    for settings in (TrainSettings(plain=True), TrainSettings(head_start=False)):
        assert (settings.dqn.orthogonal, settings.dqn.pixel_centre) == (False, 0)
    # A training of before there was a choice goes on as it began.
    training = Training.create(tmp_path / "old", TrainSettings())
    config = training.path / "config.json"
    known = json.loads(config.read_text())
    del known["head_start"]
    config.write_text(json.dumps(known))
    assert not training.settings().head_start


def test_a_brightness_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="pixel_centre of 0 to 255, got 256"):
        DoubleDQNSettings(pixel_centre=256)
