from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import expit

from blocker import (
    Epoch,
    Examples,
    Fitted,
    InputSpec,
    NetworkSpec,
    NotLearned,
    Trained,
    TrainingSettings,
    examples_from_logs,
    judged,
    split_by_episode,
    train,
)
from blocker.judging import logits_of
from blocker.member_fit import positive_weight, weighted_loss
from blocker.metrics import rank_auc
from blocker.testing import FakeLog, painted_log
from oversight.games import PONG


@pytest.fixture(scope="module")
def examples(log: FakeLog, small_spec: InputSpec) -> Examples:
    return examples_from_logs([log], small_spec)


def run(examples: Examples, spec: InputSpec, shape: NetworkSpec, **kwargs: object) -> Trained:
    split = split_by_episode(examples, np.random.default_rng(0), shape.members)
    kwargs.setdefault("settings", TrainingSettings(epochs=3, seed=5))
    return train(split.learn, split.fold, actions=PONG.actions, spec=spec, shape=shape, **kwargs)


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


def test_same_seed_same_weights_and_global_randomness_untouched(
    examples: Examples, small_spec: InputSpec, small_shape: NetworkSpec
) -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    weights = []
    for seed in (5, 5, 6):
        torch.manual_seed(1)
        settings = TrainingSettings(epochs=12, seed=seed, noise=0.1)
        net = run(examples, small_spec, small_shape, settings=settings).network
        assert torch.equal(torch.rand(3), expected)
        weights.append(torch.cat([w.flatten() for w in net.state_dict().values()]))
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_reports_every_epoch(
    examples: Examples, small_spec: InputSpec, small_shape: NetworkSpec
) -> None:
    seen: list[Epoch] = []
    settings = TrainingSettings(epochs=8, seed=5)
    trained = run(examples, small_spec, small_shape, settings=settings, on_epoch=seen.append)
    report = trained.report
    assert [e.number for e in seen] == list(range(1, 17))
    assert {e.of for e in seen} == {16}
    for member, best in enumerate(report.best_epochs):
        mine = seen[8 * member : 8 * member + 8]
        assert best == 1 + int(np.argmin([e.held_out_loss for e in mine]))
    assert seen[7].loss < seen[0].loss
    assert not report.stopped


def test_each_member_is_judged_on_the_fold_that_it_has_not_seen(
    examples: Examples, small_spec: InputSpec, small_shape: NetworkSpec
) -> None:
    split = split_by_episode(examples, np.random.default_rng(0), 2)
    trained = run(examples, small_spec, small_shape, settings=TrainingSettings(epochs=16, seed=5))
    assert len(trained.rows) == int((~split.learn.implied).sum())
    net = trained.network
    for fold, member in enumerate(net.each()):
        mine = split.fold[trained.rows] == fold
        logit = logits_of(net, split.learn.where(trained.rows[mine]), [member])
        assert np.allclose(trained.out_of_fold.probability[mine], expit(logit), atol=1e-6)
    auc = rank_auc(trained.out_of_fold)
    assert auc is not None
    assert auc > 0.95


def test_stop_keeps_the_best_so_far(
    examples: Examples, small_spec: InputSpec, small_shape: NetworkSpec
) -> None:
    for stop_after, members in ((12, 1), (25, 2)):
        seen: list[Epoch] = []
        trained = run(
            examples,
            small_spec,
            small_shape,
            settings=TrainingSettings(epochs=20, patience=20, seed=5),
            on_epoch=seen.append,
            should_stop=lambda: len(seen) >= stop_after,  # noqa: B023 - called within the pass
        )
        assert trained.report.stopped
        assert trained.report.epochs == stop_after
        assert not trained.network.training
        assert trained.report.train_auc > 0.9
        assert len(trained.network.members) == trained.shape.members == members


def test_patience_ends_it(
    examples: Examples, small_spec: InputSpec, small_shape: NetworkSpec
) -> None:
    settings = TrainingSettings(epochs=60, patience=2, learning_rate=2e-2, seed=5)
    report = run(examples, small_spec, small_shape, settings=settings).report
    assert report.epochs == sum(report.best_epochs) + 2 * 2 < 120


def test_no_pattern_fails_loudly(
    examples: Examples, small_spec: InputSpec, small_shape: NetworkSpec
) -> None:
    rng = np.random.default_rng(0)
    senseless = replace(examples, unsafe=rng.random(len(examples)) < 0.2)
    with pytest.raises(NotLearned, match=r"AUC of 0.9 or more.* got 0\.\d+ and 0\.\d+ after 6 "):
        run(senseless, small_spec, small_shape)


def test_noise_still_learns(
    examples: Examples, small_spec: InputSpec, small_shape: NetworkSpec
) -> None:
    settings = TrainingSettings(epochs=14, seed=5, noise=0.1, forget=0.3)
    assert run(examples, small_spec, small_shape, settings=settings).report.train_auc > 0.95


def test_goes_on_from_an_earlier_network(
    examples: Examples, small_spec: InputSpec, small_shape: NetworkSpec
) -> None:
    first = run(examples, small_spec, small_shape, settings=TrainingSettings(epochs=10, seed=5))
    short = TrainingSettings(epochs=1, learning_rate=1e-4, seed=6)
    on = run(examples, small_spec, small_shape, settings=short, start=first.network)
    assert on.report.train_auc > 0.95
    with pytest.raises(NotLearned):
        run(examples, small_spec, small_shape, settings=short)
