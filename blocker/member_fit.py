"""Fitting one member after another: trees pass by pass, a network with early stopping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from blocker.dataset import NO_ACTION, Examples
from blocker.growing import A_PASS, Grown, grow, look_ahead, told_of
from blocker.judging import logits_of, scores_of, seen_by
from blocker.metrics import average_precision
from blocker.network import BlockerNetwork, Member, TreeMember
from blocker.sight import NetworkSpec
from blocker.training_types import Epoch, TrainingSettings

__all__ = ["BestWeights", "MemberFit", "passes_at_most", "positive_weight", "weighted_loss"]


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


def passes_at_most(settings: TrainingSettings, shape: NetworkSpec) -> int:
    """Passes over the examples of all members together, of their trees and of their networks."""
    growing = min(settings.epochs, -(-shape.trees // A_PASS))
    return shape.members * (growing + (settings.epochs if shape.hidden else 0))


@dataclass
class BestWeights:
    """The best weights so far."""

    loss: float = float("inf")
    epoch: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)

    def offer(self, loss: float, epoch: int, member: nn.Module) -> bool:
        """Keep these weights if they are better; whether they were."""
        if loss >= self.loss:
            return False
        self.loss, self.epoch = loss, epoch
        self.weights = {k: v.detach().clone() for k, v in member.state_dict().items()}
        return True


class MemberFit:
    """The passes over the data, member by member."""

    def __init__(
        self,
        net: BlockerNetwork,
        learn: Examples,
        fold: NDArray[np.int64],
        settings: TrainingSettings,
        shape: NetworkSpec,
        on_epoch: Callable[[Epoch], None],
        should_stop: Callable[[], bool],
    ) -> None:
        self._net = net
        self._learn = learn
        self._fold = fold
        self._settings = settings
        self._weight = positive_weight(learn.unsafe, settings.most_weight)
        self._on_epoch = on_epoch
        self._should_stop = should_stop
        self._total = passes_at_most(settings, shape)
        self._seen, self._rows = seen_by(net, learn)
        self._scale = self._seen.std(dim=0)
        self.done = 0
        self._number, self._here = -1, 0
        self.stopped = False
        self.best_epochs: list[int] = []

    def member(self, number: int) -> None:
        """Train the member that leaves one fold out; on a stop with what it has by then."""
        member = self._net.each()[number]
        best = self._grow(number, member) if isinstance(member, TreeMember) else 0
        net = member.net if isinstance(member, TreeMember) else member
        if net is not None:
            best = self._train(number, net)
        self.best_epochs.append(best)

    def _grow(self, number: int, member: TreeMember) -> int:
        settings, learn, mine = self._settings, self._learn, self._fold != number
        seed = int(np.random.SeedSequence([settings.seed, number]).generate_state(1)[0])
        look_ahead(self._net, member, self._seen, self._rows[mine], learn.where(mine), seed)

        def on_pass(one: Grown, better: bool) -> None:
            self._passed(number, one.loss, one.held_out_loss, one.held_out_precision, better)

        best, self.stopped = grow(
            member,
            told_of(self._net, member, self._seen, self._rows, learn),
            learn,
            np.flatnonzero(mine),
            np.flatnonzero(~mine & ~learn.implied),
            passes=settings.epochs,
            patience=settings.patience,
            seed=seed,
            on_pass=on_pass,
            should_stop=self._should_stop,
        )
        return best

    def _train(self, number: int, member: Member) -> int:
        settings = self._settings
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
        steps = settings.epochs * batches
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, settings.learning_rate, total_steps=steps, pct_start=max(0.1, 2 / steps)
        )
        best = BestWeights()
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
            self._passed(number, float(np.mean(losses)), mean, precision, better)
            if epoch - best.epoch >= settings.patience:
                break
        member.load_state_dict(best.weights)
        return best.epoch

    def _passed(
        self, number: int, loss: float, held_out: float, precision: float | None, better: bool
    ) -> None:
        """Tell of a pass; one that ended early leaves the numbers of those not made out."""
        each = self._total // len(self._net.members)
        self._here = 1 if number != self._number else self._here + 1
        self._number = number
        self.done += 1
        passes = number * each + self._here
        self._on_epoch(Epoch(passes, self._total, loss, held_out, precision, better))

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
