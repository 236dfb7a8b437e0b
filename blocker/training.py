"""Fitting the network: a member a fold, early stopping on the fold left out, loud failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from blocker.calibration import platt
from blocker.dataset import NO_ACTION, Examples
from blocker.errors import NotLearned
from blocker.inputs import InputSpec
from blocker.judging import logits_of, scores_of, seen_by
from blocker.metrics import Scores, average_precision, rank_auc
from blocker.network import BlockerNetwork, Member, NetworkSpec
from blocker.training_types import Epoch, TrainingReport, TrainingSettings

__all__ = ["Trained", "positive_weight", "train", "weighted_loss"]

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
        logits: float32 (B, n_actions).
        action: int64 (B,), the action that was judged.
        unsafe: float32 (B,), its label, 0 or 1.
        weight: of an unsafe example, against 1 of a safe one.
        smoothing: draws the labels towards each other by this much.
    """
    asked = logits.gather(1, action[:, None])[:, 0]
    target = unsafe * (1 - 2 * smoothing) + smoothing
    weights = 1 + (weight - 1) * unsafe
    return binary_cross_entropy_with_logits(asked, target, weights, reduction="sum") / weights.sum()


def _never() -> bool:
    return False


def _quiet(_: Epoch) -> None:
    return None


@dataclass(frozen=True)
class Trained:
    """A network and what training tells of it.

    Attributes:
        network: in evaluation mode, calibrated; a member for each fold that was left out.
        shape: the network's shape, with the number of members that there are.
        out_of_fold: each proposed example of the folds, judged by the member that has not seen its
            episode; calibrated.
        rows: int64, which of the examples these are.
        report: what training did.
    """

    network: BlockerNetwork
    shape: NetworkSpec
    out_of_fold: Scores
    rows: NDArray[np.int64]
    report: TrainingReport


@dataclass
class _Best:
    """The best weights so far."""

    loss: float = float("inf")
    epoch: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)

    def offer(self, loss: float, epoch: int, member: Member) -> bool:
        """Keep these weights if they are better; whether they were."""
        if loss >= self.loss:
            return False
        self.loss, self.epoch = loss, epoch
        self.weights = {k: v.detach().clone() for k, v in member.state_dict().items()}
        return True


def train(
    learn: Examples,
    fold: NDArray[np.int64],
    *,
    actions: Sequence[str],
    spec: InputSpec,
    shape: NetworkSpec | None = None,
    settings: TrainingSettings | None = None,
    start: BlockerNetwork | None = None,
    on_epoch: Callable[[Epoch], None] = _quiet,
    should_stop: Callable[[], bool] = _never,
) -> Trained:
    """Train a member for each fold on the other folds, watching the one left out.

    The same seed on the same machine gives the same weights. torch's global random state is left
    as it was.

    Args:
        learn: examples of all folds.
        fold: int64 (len(learn),), the fold of each.
        actions: names of the actions, in the order of their numbers.
        spec: how the examples' screens were prepared.
        shape: the network's; it gets as many members as there are folds.
        settings: how to train.
        start: a network of the same shape to go on from; its weights are copied.
        on_epoch: called after each pass.
        should_stop: asked before each batch; True ends training with the best weights so far.

    Raises:
        NotLearned: the network does not tell unsafe from safe on what it learned from.
    """
    settings = settings or TrainingSettings()
    began = time.perf_counter()
    members = int(fold.max()) + 1
    shape = replace(shape or NetworkSpec(), members=members)
    weight = positive_weight(learn.unsafe, settings.most_weight)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        net = BlockerNetwork(actions, spec, shape)
        if start is not None:
            net.load_state_dict(start.state_dict())
        fit = _Fit(net, learn, fold, settings, weight, on_epoch, should_stop)
        for number in range(members):
            if fit.stopped:
                break
            fit.member(number)
    net.members = net.members[: len(fit.best_epochs)]
    net.eval()
    shape = replace(shape, members=len(net.members))
    report = TrainingReport(
        fit.done,
        tuple(fit.best_epochs),
        _learned_auc(net, learn, fold),
        time.perf_counter() - began,
        fit.stopped,
    )
    _require_learned(report, learn)
    rows, scores = _calibrated(net, learn, fold, weight)
    return Trained(net, shape, scores, rows, report)


def _learned_auc(net: BlockerNetwork, learn: Examples, fold: NDArray[np.int64]) -> float:
    """The least training AUC of the members: one that has not learned spoils the mean."""
    found = []
    for number, member in enumerate(net.each()):
        seen = learn.where(fold != number)
        found.append(rank_auc(scores_of(logits_of(net, seen, [member]), seen)) or 0.0)
    return min(found, default=0.0)


def _calibrated(
    net: BlockerNetwork, learn: Examples, fold: NDArray[np.int64], weight: float
) -> tuple[NDArray[np.int64], Scores]:
    """Calibrate the network by judgements of episodes that their judge has not seen."""
    logit = np.full(len(learn), np.nan)
    for number, member in enumerate(net.each()):
        mine = np.flatnonzero((fold == number) & ~learn.implied)
        logit[mine] = logits_of(net, learn.where(mine), [member])
    rows = np.flatnonzero(np.isfinite(logit))
    by, shift = platt(logit[rows], learn.unsafe[rows], weight)
    net.scale(by, shift)
    return rows, scores_of(by * logit[rows] + shift, learn.where(rows))


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


class _Fit:
    """The passes over the data, member by member."""

    def __init__(
        self,
        net: BlockerNetwork,
        learn: Examples,
        fold: NDArray[np.int64],
        settings: TrainingSettings,
        weight: float,
        on_epoch: Callable[[Epoch], None],
        should_stop: Callable[[], bool],
    ) -> None:
        self._net = net
        self._learn = learn
        self._fold = fold
        self._settings = settings
        self._weight = weight
        self._on_epoch = on_epoch
        self._should_stop = should_stop
        self._total = settings.epochs * len(net.members)
        self._seen, self._rows = seen_by(net, learn)
        self._scale = self._seen.std(dim=0)
        self.done = 0
        self.stopped = False
        self.best_epochs: list[int] = []

    def member(self, number: int) -> None:
        """Train the member that leaves one fold out; on a stop with what it has by then."""
        settings, member = self._settings, self._net.each()[number]
        rng = np.random.default_rng([settings.seed, number])
        mine = np.flatnonzero(self._fold != number)
        held_out = self._learn.where((self._fold == number) & ~self._learn.implied)
        batches = -(-len(mine) // settings.batch)
        optimiser = torch.optim.AdamW(
            member.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            fused=True,
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, settings.learning_rate, total_steps=settings.epochs * batches, pct_start=0.1
        )
        best = _Best()
        for epoch in range(1, settings.epochs + 1):
            losses = []
            member.train()
            for rows in np.array_split(rng.permutation(mine), batches):
                if self._should_stop():
                    self.stopped = True
                    break
                losses.append(self._step(member, rows, optimiser, rng))
                schedule.step()
            mean, precision = self._held_out(member, held_out)
            better = best.offer(mean, epoch, member)
            if self.stopped:
                break
            self.done += 1
            passes = number * settings.epochs + epoch
            loss = float(np.mean(losses))
            self._on_epoch(Epoch(passes, self._total, loss, mean, precision, better))
            if epoch - best.epoch >= settings.patience:
                break
        member.load_state_dict(best.weights)
        self.best_epochs.append(best.epoch)

    def _step(
        self,
        member: Member,
        rows: NDArray[np.int64],
        optimiser: torch.optim.Optimizer,
        rng: np.random.Generator,
    ) -> float:
        learn, settings = self._learn, self._settings
        seen = self._seen[torch.from_numpy(self._rows[rows])]
        if settings.noise:
            drawn = rng.normal(0, settings.noise, seen.shape).astype(np.float32)
            seen = seen + torch.from_numpy(drawn) * self._scale
        hidden = rng.random(len(rows)) < settings.forget
        previous = np.where(hidden, NO_ACTION, learn.previous[rows])
        logits = self._net.one(member, seen, torch.from_numpy(previous))
        loss = weighted_loss(
            logits,
            torch.from_numpy(learn.action[rows]),
            torch.from_numpy(learn.unsafe[rows].astype(np.float32)),
            self._weight,
            settings.smoothing,
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        return float(loss.detach())

    def _held_out(self, member: Member, examples: Examples) -> tuple[float, float | None]:
        """Loss and average precision on the fold left out."""
        member.eval()
        logit = logits_of(self._net, examples, [member])
        losses = np.logaddexp(0.0, np.where(examples.unsafe, -logit, logit))
        weights = np.where(examples.unsafe, self._weight, 1.0)
        mean = float((weights * losses).sum() / weights.sum())
        return mean, average_precision(scores_of(logit, examples))
