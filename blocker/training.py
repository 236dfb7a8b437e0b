"""Fitting the network: a member a fold, early stopping on the fold left out, loud failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from blocker.calibration import platt
from blocker.dataset import Examples
from blocker.errors import NotLearned
from blocker.inputs import InputSpec
from blocker.judging import logits_of, scores_of
from blocker.member_fit import MemberFit, positive_weight
from blocker.metrics import Scores, rank_auc
from blocker.network import BlockerNetwork, TreeMember
from blocker.sight import NetworkSpec
from blocker.training_types import Epoch, TrainingReport, TrainingSettings

__all__ = ["Trained", "train"]

LEARNED_AUC = 0.9
"""Training AUC under which a network counts as not having learned; chance is 0.5."""
GUESSING_AUC = 0.7
"""The same on episodes not learned from: trees tell apart by heart whatever they are given."""


def _never() -> bool:
    return False


def _quiet(_: Epoch) -> None:
    return None


@dataclass(frozen=True)
class Trained:
    """A network and what training tells of it.

    Attributes:
        network: in evaluation mode, calibrated, with its margin; a member for each fold that was
            left out.
        shape: the network's shape, with the number of members that there are.
        out_of_fold: each proposed example of the folds, judged by the member that has not seen its
            episode; calibrated, without the margin.
        rows: int64, which of the examples these are.
        report: what training did.
    """

    network: BlockerNetwork
    shape: NetworkSpec
    out_of_fold: Scores
    rows: NDArray[np.int64]
    report: TrainingReport


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
        start: a network of the same shape to go on from; its weights are copied. Trees are grown
            anew: whoever goes on gives the earlier logs, too.
        on_epoch: called after each pass.
        should_stop: asked before each batch; True ends training with the best weights so far.

    Raises:
        NotLearned: the network does not tell unsafe from safe on what it learned from.
    """
    settings = settings or TrainingSettings()
    began = time.perf_counter()
    members = int(fold.max()) + 1
    shape = replace(shape or NetworkSpec(), members=members)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        net = BlockerNetwork(actions, spec, shape)
        if start is not None and not shape.trees:
            net.load_state_dict(start.state_dict())
        fit = MemberFit(net, learn, fold, settings, shape, on_epoch, should_stop)
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
    # Trees are not weighted: their log-odds mean what they say already.
    weight = 1.0 if shape.trees else positive_weight(learn.unsafe, settings.most_weight)
    rows, scores = _calibrated(net, learn, fold, weight)
    _require_learned(report, learn.proposed, rank_auc(scores) or 0.0)
    for member in net.each():
        if isinstance(member, TreeMember) and member.foresight is not None:
            member.foresight.keep_away(shape.margin)
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


def _require_learned(report: TrainingReport, learn: Examples, unseen: float) -> None:
    if report.train_auc >= LEARNED_AUC and unseen >= GUESSING_AUC:
        return
    early = " (training was stopped early)" if report.stopped else ""
    raise NotLearned(
        f"the Blocker has not learned: expected a training AUC of {LEARNED_AUC} or more, and "
        f"{GUESSING_AUC} on other episodes, got {report.train_auc:.3f} and {unseen:.3f} after "
        f"{report.epochs} passes over {len(learn)} steps with {learn.positives} unsafe ones"
        f"{early}; oversee for longer, train for more passes, or check that the labels fit the "
        "screens"
    )
