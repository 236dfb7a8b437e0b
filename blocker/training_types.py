"""How to train a Blocker, where training stands, and what it did: plain data."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Epoch", "TrainingReport", "TrainingSettings"]


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train.

    Attributes:
        epochs: passes over the training examples, at most, of each member.
        patience: passes without a better held-out loss after which training stops.
        batch: examples a step.
        learning_rate: peak of AdamW's step size; falls to zero over the passes (cosine).
        weight_decay: AdamW's.
        most_weight: an unsafe example counts at most this much; one wrong label must not outweigh
            an episode.
        smoothing: labels are drawn from 0 and 1 towards each other by this much.
        forget: share of examples whose earlier action is hidden, so that the network also judges
            where it is not known.
        noise: standard deviation of what is added to the numbers seen, in their own spread.
        seed: of weights, order and noise.
        mirror: in a game that is its own mirror image, what a column and its image add up to:
            labels of one side are learned from on the other as well, see `blocker.mirror`. None:
            of one side nothing is known by the other.
    """

    epochs: int = 50
    patience: int = 15
    batch: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    most_weight: float = 20.0
    smoothing: float = 0.0
    forget: float = 0.05
    noise: float = 0.0
    seed: int = 0
    mirror: int | None = None

    @classmethod
    def quick(cls, seed: int = 0) -> TrainingSettings:
        """For a first look: a fifth of the passes."""
        return cls(epochs=10, patience=10, seed=seed)


@dataclass(frozen=True, slots=True)
class Epoch:
    """Where training stands, for a progress bar.

    Attributes:
        number: passes done of all members together, from 1.
        of: passes at most, of all members.
        loss: training loss of the pass.
        held_out_loss: loss on the calibration part.
        held_out_precision: average precision there; None without positives.
        best: this pass is the best so far.
    """

    number: int
    of: int
    loss: float
    held_out_loss: float
    held_out_precision: float | None
    best: bool


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What training did.

    Attributes:
        epochs: passes done, of all members together.
        best_epochs: of each member, the pass whose weights were kept.
        train_auc: on the training part, with those weights.
        seconds: wall time.
        stopped: training was stopped from outside.
    """

    epochs: int
    best_epochs: tuple[int, ...]
    train_auc: float
    seconds: float
    stopped: bool
