"""One step of learning: in float32 on the policy's own networks, or in bfloat16 beside them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import torch
from stable_baselines3.common.preprocessing import preprocess_obs
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from stable_baselines3.dqn.policies import DQNPolicy, QNetwork
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from agents.divergence import explain_divergence
from agents.half import HalfNetwork
from agents.targets import double_q_target
from oversight.errors import OversightError

__all__ = ["Bf16Updates", "Fp32Updates", "Updates"]

Values = Callable[[Tensor], Tensor]

UPDATES_PER_SWEEP = 200
"""Updates between two sweeps of Adam's moments; see `forget_the_tiny`."""

TINY = 1e-25
"""Moments of Adam below this are nothing: a step by them is 1e-17 of the learning rate or less. In
200 updates without a gradient one falls by 7e-10, which is still no denormal number."""


class Replay(Protocol):
    """What batches are drawn from."""

    def sample(self, batch_size: int) -> ReplayBufferSamples:
        """Draw a batch."""
        ...


class Updates(Protocol):
    """What a Double DQN asks of its learning.

    Attributes:
        beside: updates go on while games are played. `learn_from` queues them and tells the losses
            of those that it queued before; `finish` waits for the last ones.
    """

    beside: bool

    def values(self, observations: Tensor) -> Tensor:
        """Values of all actions, float32 (batch, n_actions), without gradient."""
        ...

    def loss(self, batch: ReplayBufferSamples) -> Tensor:
        """Huber loss of a batch against its double-Q target, a scalar with gradient."""
        ...

    def update(self, batch: ReplayBufferSamples, number: int) -> float:
        """One step of the optimizer; returns the loss.

        Raises:
            OversightError: the loss of update `number` is not finite; nothing has changed.
        """
        ...

    def learn_from(self, replay: Replay, updates: int, batch_size: int, number: int) -> list[float]:
        """So many updates from replay; returns their losses.

        Args:
            replay: where the batches come from.
            updates: how many.
            batch_size: transitions in each.
            number: of the first one, counted from 1.

        Raises:
            OversightError: a loss is not finite; nothing has changed since the update before it.
        """
        ...

    def finish(self) -> None:
        """Wait for what is queued.

        Raises:
            OversightError: one of its losses is not finite.
        """
        ...

    def adopt(self) -> None:
        """The policy's weights were changed from outside: take them over."""
        ...

    def adopt_target(self) -> None:
        """The same for the target network alone."""
        ...


def _double_q_loss(
    batch: ReplayBufferSamples, gamma: float, online: Values, target: Values, seen: Values
) -> Tensor:
    discounts = gamma if batch.discounts is None else batch.discounts.squeeze(1)
    with torch.no_grad():
        then = seen(batch.next_observations)
        aim = double_q_target(
            r_t=batch.rewards.squeeze(1),
            discount_t=discounts * (1.0 - batch.dones.squeeze(1)),
            q_t_online=online(then),
            q_t_target=target(then),
        )
    values = online(seen(batch.observations))
    chosen = values.gather(1, batch.actions.long()).squeeze(1)
    return functional.smooth_l1_loss(chosen, aim)


class Fp32Updates:
    """As SB3 learns, but for the target: the reference for the other one."""

    beside = False

    def __init__(self, policy: DQNPolicy, gamma: float, max_grad_norm: float) -> None:
        """Learn on a policy's own networks.

        Args:
            policy: with its optimizer.
            gamma: discount per agent step.
            max_grad_norm: gradients are scaled down to this Euclidean norm.
        """
        self._policy = policy
        self._gamma = gamma
        self._max_grad_norm = max_grad_norm
        self._format = _layout_of(policy.q_net)

    def values(self, observations: Tensor) -> Tensor:
        """See `Updates.values`."""
        with torch.no_grad():
            return self._online(self._seen(observations))

    def loss(self, batch: ReplayBufferSamples) -> Tensor:
        """See `Updates.loss`."""
        return _double_q_loss(batch, self._gamma, self._online, self._target, self._seen)

    def update(self, batch: ReplayBufferSamples, number: int) -> float:
        """See `Updates.update`."""
        optimizer = self._policy.optimizer
        loss = self.loss(batch)
        value = _finite(loss, batch, number, optimizer)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._descend()
        self._sweep(number)
        return value

    def learn_from(self, replay: Replay, updates: int, batch_size: int, number: int) -> list[float]:
        """See `Updates.learn_from`."""
        return [self.update(replay.sample(batch_size), number + i) for i in range(updates)]

    def finish(self) -> None:
        """See `Updates.finish`; nothing is queued."""

    def adopt(self) -> None:
        """See `Updates.adopt`; there is nothing beside the policy."""

    def adopt_target(self) -> None:
        """See `Updates.adopt_target`."""

    def _seen(self, observations: Tensor) -> Tensor:
        """Observations as the networks take them; once for both, for it is no small work."""
        net = self._policy.q_net
        if self._format is not None:
            # Bytes change places faster than floats do.
            observations = observations.contiguous(memory_format=self._format)
        seen = preprocess_obs(observations, net.observation_space, net.normalize_images)
        assert isinstance(seen, Tensor), "checked when the agent was made"
        return seen

    def _online(self, seen: Tensor) -> Tensor:
        return _values_by(self._policy.q_net, seen)

    def _target(self, seen: Tensor) -> Tensor:
        return _values_by(self._policy.q_net_target, seen)

    def _descend(self) -> None:
        weights = list(self._policy.q_net.parameters())
        norm = get_total_norm([weight.grad for weight in weights if weight.grad is not None])
        # Where asking costs nothing, gradients are not multiplied by 1. A graph cannot be asked.
        if norm.is_cuda or norm.item() > self._max_grad_norm:
            clip_grads_with_norm_(weights, self._max_grad_norm, norm)
        self._policy.optimizer.step()

    def _sweep(self, number: int) -> None:
        if number % UPDATES_PER_SWEEP == 0:
            forget_the_tiny(self._policy.optimizer)


def _values_by(net: QNetwork, seen: Tensor) -> Tensor:
    values: Tensor = net.q_net(net.features_extractor(seen))
    return values


def _layout_of(net: nn.Module) -> torch.memory_format | None:
    """The layout that a network's convolutions are kept in, if it is not the usual one."""
    images = [weight for weight in net.parameters() if weight.dim() == 4]
    last = torch.channels_last
    plain = all(weight.is_contiguous() for weight in images)
    return None if plain or not images[0].is_contiguous(memory_format=last) else last


@torch.no_grad()
def forget_the_tiny(optimizer: torch.optim.Optimizer) -> None:
    """Set what is next to nothing among an Adam's moments to nothing.

    Where a weight gets no gradient any more (half of them in Pong after 500 updates), its moments
    shrink by a tenth a step until they are denormal numbers, and stay there, for a tenth less of
    the least is rounded to the least. A processor takes many times as long for such numbers: an
    update then took one and a half times as long.
    """
    for state in optimizer.state.values():
        for name in ("exp_avg", "exp_avg_sq"):
            if name in state:
                moment = state[name]
                moment[moment.abs() < TINY] = 0.0


class Bf16Updates(Fp32Updates):
    """The same in bfloat16: forward and back in half the bytes, the step itself in float32.

    The policy's networks hold the weights, in float32 as always, so whatever reads or saves them
    needs to know nothing of this; copies in bfloat16 follow them after every step.
    """

    def __init__(self, policy: DQNPolicy, gamma: float, max_grad_norm: float) -> None:
        """See `Fp32Updates`; the policy's features are a NatureCNN's."""
        super().__init__(policy, gamma, max_grad_norm)
        gpu = policy.device.type == "cuda"
        self._half = HalfNetwork(policy.q_net, folds=gpu)
        self._half_target = HalfNetwork(policy.q_net_target, folds=gpu).requires_grad_(False)

    def update(self, batch: ReplayBufferSamples, number: int) -> float:
        """See `Updates.update`."""
        loss = self.loss(batch)
        value = _finite(loss, batch, number, self._policy.optimizer)
        self._half.forget_gradients()
        loss.backward()  # type: ignore[no-untyped-call]
        self._half.hand_over_gradients()
        self._descend()
        self._sweep(number)
        self._half.follow()
        return value

    def adopt(self) -> None:
        """See `Updates.adopt`."""
        self._half.follow()
        self._half_target.follow()

    def adopt_target(self) -> None:
        """See `Updates.adopt_target`."""
        self._half_target.follow()

    def _seen(self, observations: Tensor) -> Tensor:
        return self._half.pixels(observations)

    def _online(self, seen: Tensor) -> Tensor:
        values: Tensor = self._half(seen)
        return values

    def _target(self, seen: Tensor) -> Tensor:
        values: Tensor = self._half_target(seen)
        return values


def _finite(
    loss: Tensor, batch: ReplayBufferSamples, number: int, optimizer: torch.optim.Optimizer
) -> float:
    value = loss.item()
    if not math.isfinite(value):
        rate = float(optimizer.param_groups[0]["lr"])
        raise OversightError(explain_divergence(batch, value, number, rate))
    return value
