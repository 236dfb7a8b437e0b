"""Updates on a CUDA GPU as one captured graph: no launches in between. Written, never yet run."""

from __future__ import annotations

import torch
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from stable_baselines3.dqn.policies import DQNPolicy
from torch import Tensor

from agents.divergence import explain_divergence
from agents.updates import Bf16Updates
from oversight.errors import OversightError

__all__ = ["GraphedUpdates"]

WARM_UP = 3
"""Updates before the capture, as PyTorch asks for: libraries set themselves up in them."""


class GraphedUpdates(Bf16Updates):
    """`Bf16Updates` whose every update after the first few replays one graph.

    Whatever exchanges tensors, such as loading, makes it capture anew. No machine with a GPU was
    at hand when this was written: it is an option that has to be asked for, not a default.
    """

    def __init__(self, policy: DQNPolicy, gamma: float, max_grad_norm: float) -> None:
        """See `Bf16Updates`; the policy lies on a CUDA device and its Adam is fused."""
        super().__init__(policy, gamma, max_grad_norm)
        self._graph: torch.cuda.CUDAGraph | None = None
        self._made = 0
        self._batch: ReplayBufferSamples | None = None
        self._loss = torch.zeros((), device=policy.device)
        self._bad = torch.zeros((), device=policy.device)
        for group in policy.optimizer.param_groups:
            group["capturable"] = True

    def update(self, batch: ReplayBufferSamples, number: int) -> float:
        """See `Updates.update`."""
        if self._made < WARM_UP:
            self._made += 1
            return self._aside(batch, number)
        graph = self._graph or self._capture(batch)
        self._fill(batch)
        graph.replay()
        value = float(self._loss.item())
        if bool(self._bad.item()):
            # The optimizer was told within the graph and has made no step.
            rate = float(self._policy.optimizer.param_groups[0]["lr"])
            raise OversightError(explain_divergence(batch, value, number, rate))
        return value

    def adopt(self) -> None:
        """See `Updates.adopt`."""
        super().adopt()
        self._graph, self._made = None, 0

    def _aside(self, batch: ReplayBufferSamples, number: int) -> float:
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            value = super().update(batch, number)
        torch.cuda.current_stream().wait_stream(stream)
        return value

    def _capture(self, batch: ReplayBufferSamples) -> torch.cuda.CUDAGraph:
        names = ("observations", "actions", "next_observations", "dones", "rewards")
        self._batch = batch._replace(**{name: getattr(batch, name).clone() for name in names})
        self._half.forget_gradients()
        # Fused Adam makes no step where this is not 0.
        self._policy.optimizer.found_inf = self._bad  # type: ignore[attr-defined]
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            loss = self.loss(self._batch)
            self._loss.copy_(loss.detach())
            self._bad.copy_((~torch.isfinite(loss.detach())).float())
            loss.backward()  # type: ignore[no-untyped-call]
            self._half.hand_over_gradients()
            self._descend()
            self._half.follow()
        self._graph = graph
        return graph

    def _fill(self, batch: ReplayBufferSamples) -> None:
        assert self._batch is not None, "captured before"
        for static, fresh in zip(self._batch, batch, strict=True):
            if isinstance(static, Tensor) and isinstance(fresh, Tensor):
                static.copy_(fresh, non_blocking=True)
