"""Updates on a CUDA GPU as one captured graph: no launches and no waiting in between."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from stable_baselines3.dqn.policies import DQNPolicy
from torch import Tensor

from agents.divergence import explain_divergence
from agents.updates import Bf16Updates, Replay
from agents.vector_replay import VectorFrameReplay
from oversight.errors import OversightError

__all__ = ["GraphedUpdates"]

WARM_UP = 3
"""Updates before the capture, as PyTorch asks for: libraries set themselves up in them."""


@dataclass(frozen=True)
class _Queued:
    """Updates that may still be under way: their losses, the last entry not 0 if one is bad."""

    losses: Tensor
    planned: Tensor
    replay: VectorFrameReplay
    number: int


class GraphedUpdates(Bf16Updates):
    """`Bf16Updates` whose updates from replay, after the first few, replay one graph.

    All updates that are due together are queued on the GPU and go on while games are played. A
    batch goes there as the places of its frames, which lie there already. Whatever exchanges
    tensors, such as loading, makes it capture anew.
    """

    beside = True

    def __init__(self, policy: DQNPolicy, gamma: float, max_grad_norm: float) -> None:
        """See `Bf16Updates`; the policy lies on a CUDA device and its Adam is fused."""
        super().__init__(policy, gamma, max_grad_norm)
        self._made = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._queued: _Queued | None = None
        self._planned = torch.empty(0, dtype=torch.int32, device=policy.device)
        self._loss = torch.zeros((), device=policy.device)
        # Fused Adam makes no step where this is not 0; once a loss was bad it stays so.
        self._bad = torch.zeros((), device=policy.device)
        for group in policy.optimizer.param_groups:
            group["capturable"] = True

    def learn_from(self, replay: Replay, updates: int, batch_size: int, number: int) -> list[float]:
        """See `Updates.learn_from`; the losses are those of the updates queued before."""
        assert isinstance(replay, VectorFrameReplay), "checked when the agent was made"
        told = self._told()
        aside = min(max(WARM_UP - self._made, 0), updates)
        self._made += aside
        for index in range(aside):
            told.append(self._aside(replay.sample(batch_size), number + index))
        if updates > aside:
            self._queued = self._queue(replay, updates - aside, batch_size, number + aside)
        return told

    def finish(self) -> None:
        """See `Updates.finish`."""
        self._told()

    def adopt(self) -> None:
        """See `Updates.adopt`."""
        super().adopt()
        self._graph, self._made = None, 0

    def _told(self) -> list[float]:
        queued, self._queued = self._queued, None
        if queued is None:
            return []
        *values, bad = queued.losses.tolist()
        if bad:
            self._bad.zero_()
            at = next(index for index, value in enumerate(values) if not math.isfinite(value))
            rate = float(self._policy.optimizer.param_groups[0]["lr"])
            batch = queued.replay.gather(queued.planned[at])
            raise OversightError(explain_divergence(batch, values[at], queued.number + at, rate))
        return values

    def _queue(
        self, replay: VectorFrameReplay, updates: int, batch_size: int, number: int
    ) -> _Queued:
        planned = torch.from_numpy(replay.plan(updates, batch_size)).to(self._loss.device)
        if self._graph is None or self._planned.shape != planned.shape[1:]:
            self._graph = self._capture(replay, planned[0])
        losses = torch.empty(updates + 1, device=planned.device)
        for index in range(updates):
            self._planned.copy_(planned[index])
            self._graph.replay()
            losses[index].copy_(self._loss)
        losses[updates].copy_(self._bad)
        return _Queued(losses, planned, replay, number)

    def _aside(self, batch: ReplayBufferSamples, number: int) -> float:
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream), _tuned():
            value = self.update(batch, number)
        torch.cuda.current_stream().wait_stream(stream)
        return value

    def _capture(self, replay: VectorFrameReplay, planned: Tensor) -> torch.cuda.CUDAGraph:
        self._planned = planned.clone()
        self._half.forget_gradients()
        optimizer = self._policy.optimizer
        optimizer.found_inf = self._bad  # type: ignore[attr-defined]
        graph = torch.cuda.CUDAGraph()
        with _tuned(), torch.cuda.graph(graph):
            loss = self.loss(replay.gather(self._planned))
            self._loss.copy_(loss.detach())
            self._bad.copy_(torch.maximum(self._bad, (~torch.isfinite(self._loss)).float()))
            loss.backward()  # type: ignore[no-untyped-call]
            self._half.hand_over_gradients()
            self._descend()
            self._half.follow()
        del optimizer.found_inf  # type: ignore[attr-defined]
        return graph


def _tuned() -> AbstractContextManager[None]:
    """Convolutions by the kernels that are fastest here, tried out in the updates before."""
    tuned: AbstractContextManager[None] = torch.backends.cudnn.flags(enabled=True, benchmark=True)
    return tuned
