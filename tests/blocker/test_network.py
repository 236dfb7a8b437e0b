import time

import numpy as np
import pytest
import torch

from blocker import BlockerNetwork, NetworkSpec, input_for
from blocker.network import action_factors
from oversight.games import PONG

SHAPE = NetworkSpec(members=2, channels=4, points=2, hidden=16)


def make(shape: NetworkSpec = SHAPE, **changes: object) -> BlockerNetwork:
    torch.manual_seed(0)
    spec = input_for("pong").fitted(np.array([[[80, 90]]], dtype=np.uint8))
    return BlockerNetwork.for_input(PONG.actions, spec, shape).eval()


def screens(count: int = 3) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.integers(0, 255, (count, 2, *input_for("pong").size), np.uint8))


def test_factors_by_name() -> None:
    factors = action_factors(["NOOP", "UPRIGHTFIRE", "DOWN", "LEFT"])
    assert factors.tolist() == [[0, 0, 0, 0, 0], [0, 1, 1, 0, 1], [0, 0, 0, 1, 0], [1, 0, 0, 0, 0]]
    with pytest.raises(ValueError, match="action"):
        action_factors([])


def test_one_pass_judges_every_action() -> None:
    net = make()
    previous = torch.tensor([-1, 2, 3])
    out = net(screens(), previous)
    assert out.shape == (3, 6)
    one = net(screens()[1:2], previous[1:2])
    torch.testing.assert_close(out[1:2], one)
    assert len(set(out[0].tolist())) == 6


def test_previous_action_counts_and_unknown_is_not_noop() -> None:
    net = make()
    same = screens(1).repeat(3, 1, 1, 1)
    out = net(same, torch.tensor([-1, 0, 2]))
    assert not torch.allclose(out[0], out[1])
    assert not torch.allclose(out[1], out[2])


def test_sees_a_move_of_one_row_in_either_screen() -> None:
    net = make()
    low = torch.full((1, 2, 80, 20), 87, dtype=torch.uint8)
    low[:, :, 60:68, 17] = 200
    for screen in (0, 1):
        moved = low.clone()
        moved[:, screen] = torch.roll(moved[:, screen], 1, dims=1)
        assert not torch.equal(net(low, torch.tensor([0])), net(moved, torch.tensor([0])))


def test_calibrate_takes_the_weight_back() -> None:
    net = make()
    before = net(screens(), torch.tensor([0, 1, 2]))
    net.calibrate(5.0)
    after = net(screens(), torch.tensor([0, 1, 2]))
    # Odds, not probabilities, are divided by the weight.
    torch.testing.assert_close(before.exp() / 5.0, after.exp())


def test_members_differ_and_are_averaged() -> None:
    net = make()
    each = net.member_logits(screens(), torch.tensor([0, 1, 2]))
    assert not torch.allclose(each[0], each[1])
    torch.testing.assert_close(each.mean(0), net(screens(), torch.tensor([0, 1, 2])))


def test_identity_and_json() -> None:
    shape = NetworkSpec(members=1, channels=2, points=1, hidden=4, identity=True, stride=(2, 2))
    assert make(shape)(screens(), torch.tensor([-1, 0, 5])).shape == (3, 6)
    assert NetworkSpec.from_dict({**shape.as_dict(), "stride": [2, 2]}) == shape
    with pytest.raises(ValueError, match="keys"):
        NetworkSpec.from_dict({"members": 1})


def test_open_input_is_refused() -> None:
    with pytest.raises(ValueError, match="fitted"):
        BlockerNetwork.for_input(PONG.actions, input_for("pong"), SHAPE)


def test_default_network_decides_fast() -> None:
    net, one, previous = make(NetworkSpec()), screens(1), torch.tensor([2])
    times = []
    with torch.inference_mode():
        for _ in range(200):
            began = time.perf_counter()
            net(one, previous)
            times.append(time.perf_counter() - began)
    # Measured at 0.5 ms; the fastest quarter, because the machine is shared.
    assert np.percentile(times, 25) < 1.5e-3
