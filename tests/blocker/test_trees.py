from dataclasses import replace

import numpy as np
import pytest
import torch

from blocker import (
    BlockerNetwork,
    Examples,
    InputSpec,
    NetworkSpec,
    NotLearned,
    TrainingSettings,
    examples_from_logs,
    judged,
    split_by_episode,
    train,
)
from blocker.metrics import rank_auc
from blocker.network import TreeMember
from blocker.swift import SwiftJudge
from blocker.testing import FakeLog, grow_on_noise, painted_log
from blocker.trees import MOST_LEAVES, Forest, boosting
from oversight.games import PONG

SHAPE = NetworkSpec(members=2, trees=60, hidden=0, moves=True)
SETTINGS = TrainingSettings(epochs=2, patience=2, seed=3)


def data(count: int = 900) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of which some are equal, as places in pixels are, and a rule over two of them."""
    rng = np.random.default_rng(0)
    numbers = (rng.integers(-20, 20, (count, 5)) / 10).astype(np.float32)
    return numbers, (numbers[:, 0] > 0.35) ^ (numbers[:, 3] > 0.15) ^ (rng.random(count) < 0.02)


def test_what_trees_have_learned_counts_beside_a_network_s_weights(small_spec: InputSpec) -> None:
    net = BlockerNetwork(PONG.actions, small_spec, SHAPE)
    assert net.learned == 0
    grow_on_noise(net, np.random.default_rng(0))
    assert net.learned > 100
    both = BlockerNetwork(PONG.actions, small_spec, replace(SHAPE, hidden=4))
    assert both.learned == sum(weights.numel() for weights in both.parameters()) > 0


def test_one_tree_by_head() -> None:
    forest = Forest(1, leaves=3)
    forest.asked[0] = torch.tensor([0, 2])  # the state's first number; the action's first factor
    forest.limit[0] = torch.tensor([1.0, 0.5])
    forest.keeps[0] = torch.tensor([~0b001, ~0b010], dtype=torch.int32)
    forest.value[0] = torch.tensor([-1.0, 2.0, 5.0])
    state = torch.tensor([[1.0, 9.0], [1.5, 9.0]])
    out = forest(state, torch.tensor([[0.0], [1.0]]))
    # At 1.0 the first question is answered "yes"; above it the action decides.
    assert out.tolist() == [[-1.0, -1.0], [2.0, 5.0]]
    forest.scale(2.0, 0.5)
    assert forest(state, torch.tensor([[1.0]])).flatten().tolist() == [-1.5, 10.5]
    assert forest.learned == 5  # two limits, three leaves
    assert Forest(4).learned == 0


@pytest.mark.parametrize("leaves", [2, 5, MOST_LEAVES])
def test_gives_the_numbers_of_the_model_it_was_taken_from(leaves: int) -> None:
    numbers, unsafe = data()
    model = boosting(leaves, seed=1).set_params(max_iter=25)
    model.fit(numbers, unsafe)
    forest = Forest(25, leaves)
    forest.plant(model, 25)
    state, action = torch.from_numpy(numbers[:, :3]), torch.from_numpy(numbers[:, 3:])
    own = forest(state, action).diagonal().numpy()
    np.testing.assert_allclose(own, model.decision_function(numbers), atol=1e-5)
    assert np.ptp(own) > 0.5


def test_a_slope_where_one_is_asked_for() -> None:
    forest = Forest(1, leaves=2)
    forest.limit[0, 0], forest.keeps[0, 0] = 1.0, ~0b01
    forest.value[0] = torch.tensor([-1.0, 3.0])
    action = torch.zeros(1, 1)
    for place, logit, steep in ((0.0, -1.0, False), (1.0, 1.0, True), (2.0, 3.0, False)):
        state = torch.tensor([[place]], requires_grad=True)
        out = forest(state, action)
        out.sum().backward()
        assert out.item() == pytest.approx(logit, abs=1e-3)  # half way up at the limit itself
        assert state.grad is not None
        assert (state.grad.item() > 1.0) is steep
        assert state.grad.item() >= 0.0
        assert forest(state.detach(), action).item() in (-1.0, 3.0)


def test_too_many_leaves_are_refused() -> None:
    for trees, leaves in ((0, 4), (3, 1), (3, MOST_LEAVES + 1)):
        with pytest.raises(ValueError, match=f"got {trees} of {leaves}"):
            Forest(trees, leaves)
    with pytest.raises(ValueError, match="got neither"):
        NetworkSpec(trees=0, hidden=0)


@pytest.fixture(scope="module")
def examples(log: FakeLog, small_spec: InputSpec) -> Examples:
    return examples_from_logs([log], small_spec)


def fit(examples: Examples, spec: InputSpec, shape: NetworkSpec = SHAPE) -> BlockerNetwork:
    split = split_by_episode(examples, np.random.default_rng(0), shape.members)
    return train(
        split.learn, split.fold, actions=PONG.actions, spec=spec, shape=shape, settings=SETTINGS
    ).network


@pytest.mark.parametrize("hidden", [0, 16])
def test_learns_and_judges_alike_in_torch_and_numpy(
    examples: Examples, small_spec: InputSpec, hidden: int
) -> None:
    shape = replace(SHAPE, hidden=hidden)
    net = fit(examples, small_spec, shape)
    fresh = examples_from_logs([painted_log(77)], small_spec)
    auc = rank_auc(judged(net, fresh))
    assert auc is not None
    assert auc > 0.95
    screens, previous = fresh.images[fresh.screens[:40]], fresh.previous[:40]
    swift = SwiftJudge(net)
    with torch.inference_mode():
        expected = net.member_logits(torch.from_numpy(screens), torch.from_numpy(previous))
    logits = swift.of_prepared(screens, previous)
    np.testing.assert_allclose(logits, expected.numpy(), atol=1e-4)
    assert np.ptp(logits, axis=2).max() > 1.0  # the action counts
    assert np.ptp(logits, axis=1).max() > 1.0  # the screen counts


def test_same_seed_same_trees(examples: Examples, small_spec: InputSpec) -> None:
    first, again = fit(examples, small_spec), fit(examples, small_spec)
    for name, value in first.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    one, other = (member for member in first.each() if isinstance(member, TreeMember))
    assert not torch.equal(one.forest.value, other.forest.value)


def test_what_is_known_by_heart_alone_fails_loudly(
    examples: Examples, small_spec: InputSpec
) -> None:
    rng = np.random.default_rng(0)
    senseless = replace(examples, unsafe=rng.random(len(examples)) < 0.2)
    with pytest.raises(NotLearned, match=r"0.7 on other episodes, got 0\.\d+ and 0\.\d+"):
        fit(senseless, small_spec)


def test_trees_are_grown_anew_whatever_was_before(
    examples: Examples, small_spec: InputSpec
) -> None:
    earlier = fit(examples, small_spec)
    split = split_by_episode(examples, np.random.default_rng(0), 2)
    on = train(
        split.learn,
        split.fold,
        actions=PONG.actions,
        spec=small_spec,
        shape=SHAPE,
        settings=SETTINGS,
        start=earlier,
    ).network
    for name, value in earlier.state_dict().items():
        assert torch.equal(value, on.state_dict()[name]), name
