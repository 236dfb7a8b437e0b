"""Other learners on the same labels: logistic regression, the paper's network, boosting on RAM."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from blocker.bench.data import HeldOut
from blocker.member_fit import positive_weight
from blocker.telling import action_factors
from blocker.threshold import ThresholdRule, choose_threshold
from oversight.palette import PALETTE_GREY, PALETTE_RGB

__all__ = ["BoostingJudge", "LogisticJudge", "PaperJudge", "PaperNetwork", "zero_miss_threshold"]

PIXELS = (70, 80)
"""Rows and columns that logistic regression sees of each of two grey screens."""
PAPER_SIDE = 160
"""Pixels along each side of the screen that the paper's Blocker saw, in colour."""
BATCH = 256

Progress = Callable[[int, int], None]
"""Told of passes done and passes in all."""


def zero_miss_threshold(probability: NDArray[np.float64], unsafe: NDArray[np.bool_]) -> float:
    """The paper's rule: the lowest score of any positive. One wrong label decides it.

    Raises:
        ValueError: no positives.
    """
    if not unsafe.any():
        raise ValueError("expected unsafe examples to choose a threshold by, got none")
    return float(probability[unsafe].min())


def proposed(risks: NDArray[np.float64], data: HeldOut) -> NDArray[np.float64]:
    """The risks of the proposed actions: float64 (n,)."""
    return risks[np.arange(len(data)), data.action]


def _threshold(risks: NDArray[np.float64], data: HeldOut, rule: ThresholdRule) -> float:
    return choose_threshold(data.scores(proposed(risks, data), data.rule), rule)


def _fit(
    net: nn.Module,
    inputs: Callable[[NDArray[np.int64]], tuple[Tensor, ...]],
    data: HeldOut,
    *,
    passes: int,
    batch: int,
    rate: float,
    decay: float,
    seed: int,
    on_pass: Progress,
) -> None:
    """Weighted cross-entropy of the proposed actions' logits, AdamW, a falling step size."""
    rng = np.random.default_rng(seed)
    weight = positive_weight(data.rule)
    batches = -(-len(data) // batch)
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=passes * batches)
    net.train()
    for number in range(1, passes + 1):
        for rows in np.array_split(rng.permutation(len(data)), batches):
            label = torch.from_numpy(data.rule[rows].astype(np.float32))
            logits = net(*inputs(rows)).gather(1, torch.from_numpy(data.action[rows])[:, None])
            loss = binary_cross_entropy_with_logits(logits[:, 0], label, 1 + (weight - 1) * label)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
        on_pass(number, passes)
    net.eval()


class LogisticJudge:
    """Logistic regression on pixels times the action's factors, and on the action before."""

    kind = "baseline"
    size_bytes: int | None = None

    def __init__(
        self,
        train: HeldOut,
        calibrate: HeldOut,
        *,
        seed: int,
        rule: ThresholdRule | None = None,
        passes: int = 20,
        on_pass: Progress = lambda *_: None,
    ) -> None:
        """Fit on one part, choose the threshold on another."""
        self.name = f"logistic regression, seed {seed}"
        factors = action_factors(train.game.actions)
        known = torch.cat([factors, torch.ones(len(factors), 1)], dim=1)
        self._factors = known
        self._before = torch.cat([known, torch.zeros(1, known.shape[1])])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            count = 2 * PIXELS[0] * PIXELS[1] + known.shape[1]
            self._net = nn.Linear(count, known.shape[1])
        features = self._features(train)
        head = nn.Sequential(self._net, _Joined(known))
        _fit(
            head,
            lambda rows: (features[torch.from_numpy(rows)],),
            train,
            passes=passes,
            batch=64,
            rate=1e-3,
            decay=0.1,
            seed=seed,
            on_pass=on_pass,
        )
        self.parameters: int | None = sum(p.numel() for p in self._net.parameters())
        self.threshold = _threshold(self.risks(calibrate), calibrate, rule or ThresholdRule())

    def _features(self, data: HeldOut) -> Tensor:
        keys, places = data.screens((1, 0))
        images = np.stack([_grey(image).ravel() for image in data.images[keys]])
        pixels = torch.from_numpy(images.astype(np.float32) / 255.0 - 0.4)
        seen = pixels[torch.from_numpy(places)].flatten(1)
        return torch.cat([seen, self._before[torch.from_numpy(data.previous)]], dim=1)

    def risks(self, data: HeldOut) -> NDArray[np.float64]:
        """See `Judge.risks`."""
        with torch.inference_mode():
            logits = self._net(self._features(data)) @ self._factors.T
        return torch.sigmoid(logits.double()).numpy()


def _grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    small = cv2.resize(PALETTE_GREY[image], PIXELS[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


class _Joined(nn.Module):
    """From a logit for each factor to one for each action."""

    factors: Tensor

    def __init__(self, factors: Tensor) -> None:
        super().__init__()
        self.register_buffer("factors", factors)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.factors.T


class PaperNetwork(nn.Module):
    """The 2017 Blocker: six convolutions of 16 maps on 160x160x3, the action joined after them.

    Kernels of 3, strides of 2 and a dense layer of 64 are our choice: the paper does not say.
    """

    eye: Tensor

    def __init__(self, n_actions: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for number in range(6):
            layers += [nn.Conv2d(16 if number else 3, 16, 3, stride=2, padding=1), nn.ReLU()]
        self.see = nn.Sequential(*layers, nn.Flatten())
        self.join = nn.Linear(16 * 9 + n_actions, 64)
        self.judge = nn.Linear(64, 1)
        self.register_buffer("eye", torch.eye(n_actions), persistent=False)

    def forward(self, screens: Tensor) -> Tensor:
        """Logits (B, n_actions) of screens float32 (B, 3, 160, 160) in [0, 1]."""
        seen, count = self.see(screens), len(self.eye)
        pairs = [
            seen[:, None, :].expand(-1, count, -1),
            self.eye[None].expand(len(seen), -1, -1),
        ]
        hidden = torch.relu(self.join(torch.cat(pairs, dim=2)))
        out: Tensor = self.judge(hidden).squeeze(-1)
        return out


class PaperJudge:
    """The paper's network with the paper's threshold: no positive of its own data is missed."""

    kind = "baseline"
    size_bytes: int | None = None

    def __init__(
        self,
        train: HeldOut,
        calibrate: HeldOut,
        *,
        seed: int,
        passes: int = 8,
        on_pass: Progress = lambda *_: None,
    ) -> None:
        """Fit on one part, choose the threshold on that and on another."""
        self.name = f"paper's network, seed {seed}"
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._net = PaperNetwork(train.game.n_actions)
        _fit(
            self._net,
            lambda rows: (_coloured(train, rows),),
            train,
            passes=passes,
            batch=32,
            rate=2e-3,
            decay=1e-4,
            seed=seed,
            on_pass=on_pass,
        )
        self.parameters: int | None = sum(p.numel() for p in self._net.parameters())
        seen = [proposed(self.risks(part), part) for part in (train, calibrate)]
        self.threshold = zero_miss_threshold(
            np.concatenate(seen), np.concatenate([train.rule, calibrate.rule])
        )

    def risks(self, data: HeldOut) -> NDArray[np.float64]:
        """See `Judge.risks`."""
        out = np.empty((len(data), data.game.n_actions))
        with torch.inference_mode():
            for start in range(0, len(data), BATCH):
                rows = np.arange(start, min(start + BATCH, len(data)))
                out[rows] = torch.sigmoid(self._net(_coloured(data, rows)).double()).numpy()
        return out


def _coloured(data: HeldOut, rows: NDArray[np.int64]) -> Tensor:
    """The current screens as the paper's network sees them: float32 (n, 3, 160, 160)."""
    out = np.empty((len(rows), 3, PAPER_SIDE, PAPER_SIDE), np.float32)
    for target, image in zip(out, data.images[data.index[rows, -1]], strict=True):
        small = cv2.resize(PALETTE_RGB[image], (PAPER_SIDE, PAPER_SIDE))
        target[...] = small.transpose(2, 0, 1)
    return torch.from_numpy(out / 255.0)


class BoostingJudge:
    """Gradient boosting on the console's memory, which no Blocker may see: an upper reference."""

    kind = "privileged"
    parameters: int | None = None
    size_bytes: int | None = None

    def __init__(
        self,
        train: HeldOut,
        calibrate: HeldOut,
        *,
        seed: int,
        rule: ThresholdRule | None = None,
    ) -> None:
        """Fit on one part, choose the threshold on another.

        Raises:
            ValueError: the parts do not hold the memory.
        """
        if not train.ram.shape[1]:
            raise ValueError("expected steps with the console's memory: those of a pack")
        self.name = f"boosting on RAM, seed {seed}"
        self._model = HistGradientBoostingClassifier(
            max_iter=200, learning_rate=0.08, class_weight="balanced", random_state=seed
        )
        self._model.fit(_memory(train, train.action), train.rule)
        self.threshold = _threshold(self.risks(calibrate), calibrate, rule or ThresholdRule())

    def risks(self, data: HeldOut) -> NDArray[np.float64]:
        """See `Judge.risks`."""
        count = data.game.n_actions
        columns = [
            self._model.predict_proba(_memory(data, np.full(len(data), action)))[:, 1]
            for action in range(count)
        ]
        return np.stack(columns, axis=1)


def _memory(data: HeldOut, action: NDArray[np.int64]) -> NDArray[np.float32]:
    factors = action_factors(data.game.actions).numpy()
    before = np.concatenate([factors, np.full((1, factors.shape[1]), -1, np.float32)])
    return np.concatenate(
        [data.ram.astype(np.float32), before[data.previous], factors[action]], axis=1
    )
