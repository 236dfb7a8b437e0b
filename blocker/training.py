"""Fitting the network: masked loss, early stopping on held-out episodes, loud failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from blocker.dataset import NO_ACTION, Examples
from blocker.errors import NotLearned
from blocker.inputs import InputSpec
from blocker.metrics import Scores, average_precision, rank_auc
from blocker.network import BlockerNetwork, NetworkSpec
from blocker.training_types import Epoch, TrainingReport, TrainingSettings

__all__ = ["judged", "positive_weight", "train", "weighted_loss"]

LEARNED_AUC = 0.9
"""Training AUC under which a network counts as not having learned; chance is 0.5."""


def positive_weight(unsafe: NDArray[np.bool_], most: float = 20.0) -> float:
    """How much more one unsafe example counts than one safe one: the ratio of their numbers.

    At least 1 (unsafe ones are never weighted down) and at most `most`.
    """
    positives = int(unsafe.sum())
    return float(np.clip((len(unsafe) - positives) / max(positives, 1), 1.0, most))


def weighted_loss(
    logits: Tensor, action: Tensor, unsafe: Tensor, weight: float, smoothing: float = 0.0
) -> Tensor:
    """Mean cross-entropy of the proposed actions' logits; the others are not judged.

    Args:
        logits: float32 (..., B, n_actions).
        action: int64 (B,), the action that was judged.
        unsafe: float32 (B,), its label, 0 or 1.
        weight: of an unsafe example, against 1 of a safe one.
        smoothing: draws the labels towards each other by this much.
    """
    asked = logits.gather(-1, action.expand(logits.shape[:-1])[..., None])[..., 0]
    target = unsafe * (1 - 2 * smoothing) + smoothing
    weights = 1 + (weight - 1) * unsafe
    loss = binary_cross_entropy_with_logits(
        asked, target.expand(asked.shape), weights.expand(asked.shape), reduction="sum"
    )
    return loss / (weights.expand(asked.shape).sum())


def _never() -> bool:
    return False


def _quiet(_: Epoch) -> None:
    return None


@dataclass
class _Best:
    """The best weights so far."""

    loss: float = float("inf")
    epoch: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)

    def offer(self, loss: float, epoch: int, network: BlockerNetwork) -> bool:
        """Keep these weights if they are better; whether they were."""
        if loss >= self.loss:
            return False
        self.loss, self.epoch = loss, epoch
        self.weights = {k: v.detach().clone() for k, v in network.state_dict().items()}
        return True


def train(
    learn: Examples,
    held_out: Examples,
    *,
    actions: Sequence[str],
    spec: InputSpec,
    network: NetworkSpec | None = None,
    settings: TrainingSettings | None = None,
    on_epoch: Callable[[Epoch], None] = _quiet,
    should_stop: Callable[[], bool] = _never,
) -> tuple[BlockerNetwork, InputSpec, TrainingReport]:
    """Train a network on one part of the data, watching another.

    The same seed on the same machine gives the same weights. torch's global random state is left
    as it was.

    Args:
        learn: the training part.
        held_out: the calibration part; decides when to stop and which weights to keep.
        actions: names of the actions, in the order of their numbers.
        spec: how the examples' screens were prepared.
        network: its shape.
        settings: how to train.
        on_epoch: called after each pass.
        should_stop: asked before each batch; True ends training with the best weights so far.

    Returns:
        The network, in evaluation mode; `spec` with centre and spread filled in; a report.

    Raises:
        NotLearned: the network does not tell unsafe from safe on its own training part.
    """
    settings = settings or TrainingSettings()
    began = time.perf_counter()
    fitted = spec.fitted(learn.images[np.unique(learn.screens)])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        net = BlockerNetwork.for_input(actions, fitted, network or NetworkSpec())
        best, done, stopped = _fit(net, learn, held_out, settings, on_epoch, should_stop)
    if best.weights:
        net.load_state_dict(best.weights)
    net.eval()
    net.calibrate(positive_weight(learn.unsafe, settings.most_weight))
    auc = rank_auc(judged(net, learn))
    report = TrainingReport(done, best.epoch, auc or 0.0, time.perf_counter() - began, stopped)
    _require_learned(report, learn)
    return net, fitted, report


def _require_learned(report: TrainingReport, learn: Examples) -> None:
    if report.train_auc >= LEARNED_AUC:
        return
    early = " (training was stopped early)" if report.stopped else ""
    raise NotLearned(
        f"the Blocker has not learned: expected a training AUC of {LEARNED_AUC} or more, got "
        f"{report.train_auc:.3f} after {report.epochs} passes over {len(learn)} steps with "
        f"{learn.positives} unsafe ones{early}; oversee for longer, train for more passes, or "
        "check that the labels fit the screens"
    )


def _fit(
    net: BlockerNetwork,
    learn: Examples,
    held_out: Examples,
    settings: TrainingSettings,
    on_epoch: Callable[[Epoch], None],
    should_stop: Callable[[], bool],
) -> tuple[_Best, int, bool]:
    """Run the passes: best weights, passes done, whether stopped from outside."""
    rng = np.random.default_rng(settings.seed)
    weight = positive_weight(learn.unsafe, settings.most_weight)
    batches = -(-len(learn) // settings.batch)
    optimiser = torch.optim.AdamW(
        net.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=settings.epochs * batches, pct_start=0.1
    )
    best = _Best()
    for number in range(1, settings.epochs + 1):
        losses = []
        net.train()
        for rows in np.array_split(rng.permutation(len(learn)), batches):
            if should_stop():
                return _settled(best, net, held_out, weight, number), number - 1, True
            loss = _step(net, learn.where(rows), weight, settings, optimiser, rng)
            schedule.step()
            losses.append(loss)
        mean, precision = _held_out(net, held_out, weight)
        better = best.offer(mean, number, net)
        seen = Epoch(number, settings.epochs, float(np.mean(losses)), mean, precision, better)
        on_epoch(seen)
        if number - best.epoch >= settings.patience:
            return best, number, False
    return best, settings.epochs, False


def _settled(
    best: _Best, net: BlockerNetwork, held_out: Examples, weight: float, number: int
) -> _Best:
    """On a stop within a pass the unfinished pass may be the best there is."""
    best.offer(_held_out(net, held_out, weight)[0], number, net)
    return best


def _step(
    net: BlockerNetwork,
    batch: Examples,
    weight: float,
    settings: TrainingSettings,
    optimiser: torch.optim.Optimizer,
    rng: np.random.Generator,
) -> float:
    screens, previous = _augmented(batch, settings, rng)
    logits = net.member_logits(screens, previous)
    action = torch.from_numpy(batch.action)
    unsafe = torch.from_numpy(batch.unsafe.astype(np.float32))
    loss = weighted_loss(logits, action, unsafe, weight, settings.smoothing)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return float(loss.detach())


def _augmented(
    batch: Examples, settings: TrainingSettings, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Screens float32 (B, k, h, w) and previous int64 (B,), changed without changing the label."""
    screens = batch.images[batch.screens].astype(np.float32)
    if settings.shift:
        by = int(rng.integers(-settings.shift, settings.shift + 1))
        edge = ((0, 0), (0, 0), (0, 0), (max(by, 0), max(-by, 0)))
        width = screens.shape[3]
        screens = np.pad(screens, edge, mode="edge")[..., max(-by, 0) : max(-by, 0) + width]
    if settings.noise:
        screens += rng.normal(0, settings.noise, screens.shape).astype(np.float32)
    hidden = rng.random(len(batch)) < settings.forget
    previous = np.where(hidden, NO_ACTION, batch.previous)
    return torch.from_numpy(np.ascontiguousarray(screens)), torch.from_numpy(previous)


def _held_out(net: BlockerNetwork, examples: Examples, weight: float) -> tuple[float, float | None]:
    """Loss and average precision on the calibration part."""
    net.eval()
    scores = judged(net, examples)
    p = np.clip(scores.probability, 1e-7, 1 - 1e-7)
    weights = np.where(scores.unsafe, weight, 1.0)
    losses = -np.where(scores.unsafe, np.log(p), np.log1p(-p))
    return float((weights * losses).sum() / weights.sum()), average_precision(scores)


def judged(net: BlockerNetwork, examples: Examples, batch: int = 256) -> Scores:
    """Score the proposed action of each example."""
    out = np.empty(len(examples))
    with torch.inference_mode():
        for start in range(0, len(examples), batch):
            rows = slice(start, min(start + batch, len(examples)))
            logits = net(
                torch.from_numpy(examples.images[examples.screens[rows]]),
                torch.from_numpy(examples.previous[rows]),
            )
            asked = logits.gather(1, torch.from_numpy(examples.action[rows])[:, None])
            out[rows] = torch.sigmoid(asked[:, 0].double()).numpy()
    return Scores(out, examples.unsafe, examples.episode, examples.step)
