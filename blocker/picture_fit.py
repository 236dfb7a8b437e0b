"""Fitting a Blocker that looks for itself, on states of which every action's answer is known."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from blocker.artifact import Blocker
from blocker.calibration import platt
from blocker.errors import NotLearned
from blocker.fitting import Fitted
from blocker.member_fit import BestWeights
from blocker.metrics import Scores, average_precision, rank_auc
from blocker.pictures import PictureMember, PictureNetwork, Pictures
from blocker.readiness import assess
from blocker.splitting import deal_episodes
from blocker.states import States
from blocker.threshold import ThresholdRule, choose_threshold
from blocker.training import LEARNED_AUC
from blocker.training_types import Epoch, TrainingReport, TrainingSettings

__all__ = ["fit_states"]

FOLDS = 8
"""Parts that are dealt, beside the test part; each member leaves out another one."""
CALM = 0.5
"""Share of the states without anything unsafe that a pass goes through, drawn anew each time: they
are four of five, and teach least."""
UNSAFE_WEIGHT = 3.0
"""How much an unsafe answer counts against a safe one."""
_BATCH = 256  # states judged at a time


def fit_states(
    states: States,
    network: PictureNetwork,
    *,
    game: str,
    actions: tuple[str, ...],
    gate: dict[str, object] | None = None,
    settings: TrainingSettings | None = None,
    rule: ThresholdRule | None = None,
    on_epoch: Callable[[Epoch], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Fitted:
    """Train a network's members, choose a threshold, and judge by episodes that nothing has seen.

    Each member learns from all folds but one of its own, by whose loss its best pass is chosen, and
    by whose *proposed* actions the whole is calibrated and the threshold chosen. The same seed
    gives the same start and order; torch's global random state is left as it was.

    Args:
        states: to learn from.
        network: with members that have learned nothing; it is trained in place.
        game: name of the game.
        actions: names of its actions, in the order of their numbers.
        gate: settings of the gate that the states came from.
        settings: how to train; a pass goes through all states in which something is unsafe.
        rule: how the threshold is chosen.
        on_epoch: called after each pass.
        should_stop: asked before each batch; True ends training with the best weights so far.

    Raises:
        ValueError: too few episodes with something unsafe.
        NotLearned: the network does not tell unsafe from safe.
    """
    settings, rule = settings or TrainingSettings(), rule or ThresholdRule()
    began, rng = time.perf_counter(), np.random.default_rng(settings.seed)
    part = deal_episodes(states.episode, states.proposed_unsafe, rng, FOLDS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        fit = _Fit(network, states, part, settings, on_epoch, should_stop)
        for number in range(len(network.each())):
            if not fit.stopped:
                fit.member(number)
    network.members = network.members[: len(fit.best)]
    network.eval()
    out_of_fold = fit.calibrated()
    auc = rank_auc(out_of_fold) or 0.0
    if auc < LEARNED_AUC:
        raise NotLearned(
            f"the Blocker has not learned: expected an AUC of {LEARNED_AUC} or more on episodes "
            f"not learned from, got {auc:.3f} after {fit.done} passes over {len(states):,} states; "
            "gather more states, or train for more passes"
        )
    threshold = choose_threshold(out_of_fold, rule)
    test = np.flatnonzero(part == 0)
    readiness = assess(
        fit.scores(test, network.each()),
        threshold,
        miss_rate_limit=rule.miss_rate,
        confidence=rule.confidence,
        labels=len(states),
    )
    shape = replace(network.shape, members=len(network.members))
    network.shape = shape
    blocker = Blocker(network, shape, network.spec, threshold, game, actions, gate or {}, readiness)
    spent = time.perf_counter() - began
    report = TrainingReport(fit.done, tuple(fit.best), auc, spent, fit.stopped)
    return Fitted(blocker, readiness, report)


class _Fit:
    """The passes over the states, member by member."""

    def __init__(
        self,
        network: PictureNetwork,
        states: States,
        part: NDArray[np.int64],
        settings: TrainingSettings,
        on_epoch: Callable[[Epoch], None],
        should_stop: Callable[[], bool],
    ) -> None:
        self._network, self._states, self._part = network, states, part
        self._settings = settings
        self._on_epoch, self._should_stop = on_epoch, should_stop
        self._pictures = Pictures(network.spec, network.shape)
        self._folds = int(part.max())
        self.done = 0
        self.best: list[int] = []
        self.stopped = False

    def member(self, number: int) -> None:
        """Train one; on a stop with the best that it has by then."""
        member, settings = self._network.each()[number], self._settings
        rng = np.random.default_rng([settings.seed, number])
        mine = np.flatnonzero((self._part != 0) & (self._part != self._fold(number)))
        other = np.flatnonzero(self._part == self._fold(number))
        member.measure(torch.from_numpy(self._states.told[mine]))
        hard = self._states.unsafe[mine].any(axis=1)
        batches = max(1, int(hard.sum() + CALM * (~hard).sum()) // settings.batch)
        optimiser = torch.optim.AdamW(
            member.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        steps = settings.epochs * batches
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, settings.learning_rate, total_steps=steps, pct_start=max(0.1, 2 / steps)
        )
        best = BestWeights()
        for epoch in range(1, settings.epochs + 1):
            order = rng.permutation(mine[hard | (rng.random(len(mine)) < CALM)])
            losses = self._pass(member, np.array_split(order, batches), optimiser, schedule)
            loss, precision = self._held_out(member, other)
            better = best.offer(loss, epoch, member)
            if self.stopped:
                break
            self.done += 1
            at = number * settings.epochs + epoch
            of = len(self._network.members) * settings.epochs
            self._on_epoch(Epoch(at, of, float(np.mean(losses)), loss, precision, better))
            if epoch - best.epoch >= settings.patience:
                break
        member.load_state_dict(best.weights)
        self.best.append(best.epoch)

    def _pass(
        self,
        member: PictureMember,
        batches: list[NDArray[np.int64]],
        optimiser: torch.optim.Optimizer,
        schedule: torch.optim.lr_scheduler.OneCycleLR,
    ) -> list[float]:
        """One pass; the loss of each batch."""
        member.train()
        losses = []
        for rows in batches:
            if self._should_stop():
                self.stopped = True
                break
            loss = _loss(self._logits(member, rows), self._states.unsafe[rows])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        member.eval()
        return losses

    def calibrated(self) -> Scores:
        """Calibrate by judgements of episodes that their judge has not seen; those judgements."""
        rows, logits = [], []
        for number, member in enumerate(self._network.each()):
            mine = np.flatnonzero(self._part == self._fold(number))
            rows.append(mine)
            logits.append(self._proposed(mine, [member]))
        chosen, logit = np.concatenate(rows), np.concatenate(logits)
        by, shift = platt(logit, self._states.proposed_unsafe[chosen], UNSAFE_WEIGHT)
        self._network.scale(by, shift)
        return self._as_scores(chosen, by * logit + shift)

    def scores(self, rows: NDArray[np.int64], members: list[PictureMember]) -> Scores:
        """What some members together say of some states' proposed actions."""
        return self._as_scores(rows, self._proposed(rows, members))

    def _fold(self, number: int) -> int:
        """Which part a member leaves out."""
        return 1 + number % self._folds

    def _as_scores(self, rows: NDArray[np.int64], logit: NDArray[np.float64]) -> Scores:
        states = self._states
        probability = 1 / (1 + np.exp(-np.clip(logit, -60, 60)))
        unsafe = states.proposed_unsafe[rows]
        return Scores(probability, unsafe, states.episode[rows], states.step[rows])

    def _logits(self, member: PictureMember, rows: NDArray[np.int64]) -> Tensor:
        states = self._states
        told = states.told[rows]
        closeups = self._pictures.cut(states.drawn, states.screens[rows], told)
        before = self._network.factors[states.previous[rows]]
        logits: Tensor = member(torch.from_numpy(told), before, closeups)
        return logits

    def _held_out(
        self, member: PictureMember, rows: NDArray[np.int64]
    ) -> tuple[float, float | None]:
        """Loss on a fold left out, of all actions; average precision of the proposed ones."""
        logits = self._all(member, rows)
        loss = _loss(torch.from_numpy(logits), self._states.unsafe[rows]).item()
        proposed = logits[np.arange(len(rows)), self._states.proposed[rows]]
        return loss, average_precision(self._as_scores(rows, proposed.astype(np.float64)))

    def _all(self, member: PictureMember, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        with torch.inference_mode():
            parts = [
                self._logits(member, rows[i : i + _BATCH]) for i in range(0, len(rows), _BATCH)
            ]
        return np.asarray(torch.cat(parts).numpy())

    def _proposed(
        self, rows: NDArray[np.int64], members: list[PictureMember]
    ) -> NDArray[np.float64]:
        """Mean logit of the proposed actions: float64 (n,)."""
        mean = np.mean([self._all(member, rows) for member in members], axis=0)
        return np.asarray(mean[np.arange(len(rows)), self._states.proposed[rows]], np.float64)


def _loss(logits: Tensor, unsafe: NDArray[np.bool_]) -> Tensor:
    """Mean cross-entropy of all actions' answers, unsafe ones weighted up."""
    target = torch.from_numpy(unsafe.astype(np.float32))
    weight = 1.0 + (UNSAFE_WEIGHT - 1.0) * target
    return binary_cross_entropy_with_logits(logits, target, weight)
