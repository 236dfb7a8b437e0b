from dataclasses import replace

import numpy as np
import pytest
import torch

from blocker import (
    Epoch,
    Examples,
    Fitted,
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
from blocker.testing import FakeLog, painted_log
from blocker.training import positive_weight, weighted_loss
from oversight.games import PONG


@pytest.fixture(scope="module")
def examples(log: FakeLog, small_spec: InputSpec) -> Examples:
    return examples_from_logs([log], small_spec)


def run(examples: Examples, spec: InputSpec, shape: NetworkSpec, **kwargs):  # noqa: ANN003, ANN201
    split = split_by_episode(examples, np.random.default_rng(0))
    settings = kwargs.pop("settings", TrainingSettings(epochs=3, seed=5))
    return train(
        split.train,
        split.calibrate,
        actions=PONG.actions,
        spec=spec,
        network=shape,
        settings=settings,
        **kwargs,
    )


def test_weight_is_the_right_way_round() -> None:
    labels = np.array([True] + [False] * 9)
    assert positive_weight(labels) == 9.0
    assert positive_weight(~labels) == 1.0
    assert positive_weight(np.array([True] + [False] * 99), most=5.0) == 5.0
    # A missed unsafe action costs `weight` times what a false alarm of the same size costs.
    action = torch.tensor([0, 0])
    missed = weighted_loss(torch.tensor([[-3.0], [-3.0]]), action, torch.tensor([1.0, 0.0]), 9.0)
    alarmed = weighted_loss(torch.tensor([[3.0], [3.0]]), action, torch.tensor([1.0, 0.0]), 9.0)
    small, large = np.log1p(np.exp(-3.0)), np.log1p(np.exp(3.0))
    assert missed.item() == pytest.approx((9 * large + small) / 10, rel=1e-5)
    assert alarmed.item() == pytest.approx((9 * small + large) / 10, rel=1e-5)


def test_only_the_proposed_action_is_judged() -> None:
    logits = torch.zeros(2, 3, requires_grad=True)
    weighted_loss(logits, torch.tensor([2, 0]), torch.tensor([1.0, 0.0]), 1.0).backward()
    assert logits.grad is not None
    touched = logits.grad != 0
    assert touched.tolist() == [[False, False, True], [True, False, False]]
    assert logits.grad[0, 2] < 0 < logits.grad[1, 0]


def test_smoothing_pulls_labels_together() -> None:
    sure, action, label = torch.tensor([[9.0]]), torch.tensor([0]), torch.tensor([1.0])
    assert weighted_loss(sure, action, label, 1.0, 0.1) > weighted_loss(sure, action, label, 1.0)


def test_learns_what_it_has_not_seen(fitted: Fitted, small_spec: InputSpec) -> None:
    fresh = examples_from_logs([painted_log(77)], small_spec)
    scores = judged(fitted.blocker.network, fresh)
    auc = rank_auc(scores)
    assert auc is not None
    assert auc > 0.98
    assert fitted.report.train_auc > 0.98
    assert fitted.blocker.spec.centre is not None


def test_same_seed_same_weights_and_global_randomness_untouched(
    examples: Examples, small_spec: InputSpec, small_shape: NetworkSpec
) -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    weights = []
    for seed in (5, 5, 6):
        torch.manual_seed(1)
        settings = TrainingSettings(epochs=6, seed=seed, noise=1.0)
        net, _, _ = run(examples, small_spec, small_shape, settings=settings)
        assert torch.equal(torch.rand(3), expected)
        weights.append(torch.cat([w.flatten() for w in net.state_dict().values()]))
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_reports_every_epoch(
    examples: Examples, small_spec: InputSpec, small_shape: NetworkSpec
) -> None:
    seen: list[Epoch] = []
    settings = TrainingSettings(epochs=8, seed=5)
    _, _, report = run(examples, small_spec, small_shape, settings=settings, on_epoch=seen.append)
    assert [e.number for e in seen] == list(range(1, report.epochs + 1))
    assert report.best_epoch == min(seen, key=lambda e: e.held_out_loss).number
    assert seen[-1].loss < seen[0].loss
    assert not report.stopped


def test_stop_keeps_the_best_so_far(
    examples: Examples, small_spec: InputSpec, small_shape: NetworkSpec
) -> None:
    seen: list[Epoch] = []
    net, _, report = run(
        examples,
        small_spec,
        small_shape,
        settings=TrainingSettings(epochs=50, seed=5),
        on_epoch=seen.append,
        should_stop=lambda: len(seen) >= 12,
    )
    assert report.stopped
    assert report.epochs == 12
    assert not net.training
    assert report.train_auc > 0.9


def test_patience_ends_it(
    examples: Examples, small_spec: InputSpec, small_shape: NetworkSpec
) -> None:
    settings = TrainingSettings(epochs=60, patience=2, learning_rate=2e-2, seed=5)
    _, _, report = run(examples, small_spec, small_shape, settings=settings)
    assert report.epochs == report.best_epoch + 2 < 60


def test_no_pattern_fails_loudly(
    examples: Examples, small_spec: InputSpec, small_shape: NetworkSpec
) -> None:
    rng = np.random.default_rng(0)
    senseless = replace(examples, unsafe=rng.random(len(examples)) < 0.2)
    with pytest.raises(NotLearned, match=r"AUC of 0.9 or more, got 0\.\d+ after 3 passes"):
        run(senseless, small_spec, small_shape)


def test_augmentation_still_learns(
    examples: Examples, small_spec: InputSpec, small_shape: NetworkSpec
) -> None:
    settings = TrainingSettings(epochs=14, seed=5, shift=1, noise=2.0, forget=0.3)
    _, _, report = run(examples, small_spec, small_shape, settings=settings)
    assert report.train_auc > 0.95
