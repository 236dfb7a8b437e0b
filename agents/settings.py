"""The numbers of the Double DQN, each with its unit and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from oversight.errors import RunError

__all__ = [
    "Credit",
    "DoubleDQNSettings",
    "Precision",
    "epsilon_at",
    "reference_pace",
    "updates_due",
]


class Credit(StrEnum):
    """Which action a transition in replay is credited to."""

    PROPOSED = "proposed"
    """The agent's own proposal (HIRL, arXiv:1707.05173): it learns what its wish brought."""

    EXECUTED = "executed"
    """What was executed (HIL-SERL, arXiv:2410.21845): it learns from the correction."""


class Precision(StrEnum):
    """In which numbers the network computes."""

    FP32 = "fp32"
    """As SB3 does."""

    AUTO = "auto"
    """bf16 where the device computes in it and observations are images, otherwise fp32."""

    BF16 = "bf16"
    """Forward and back in bfloat16, weights and steps in float32: twice as fast on a processor
    that knows bfloat16 (AVX-512 BF16, AMX, any recent GPU), many times slower on one that has to
    imitate it. For images only."""


@dataclass(frozen=True)
class DoubleDQNSettings:
    """Settings of `DoubleDQN`; the defaults suit runs of 20,000 to 50,000 agent steps on Pong.

    "Nature" is the DQN of Mnih et al. 2015, "zoo" the tuned Atari settings of RL Baselines3 Zoo.
    All counts are agent steps (several emulator frames each) unless said otherwise.

    Raises:
        ValueError: a number is outside its range.
    """

    learning_rate: float = 1e-4
    """Step size of Adam (zoo)."""

    adam_epsilon: float = 1e-8
    """Added to the root of Adam's second moment (SB3, torch). Rainbow takes 1.5e-4
    (arXiv:1710.02298), with which gradients of next to nothing make steps of next to nothing."""

    gamma: float = 0.99
    """Discount per agent step, in [0, 1] (Nature)."""

    batch_size: int = 32
    """Transitions per update (Nature)."""

    buffer_size: int = 100_000
    """Transitions kept in replay (zoo; Nature keeps 1,000,000): 0.73 GB of 84x84 frames."""

    learning_starts: int = 1_000
    """Steps of random proposals (held as `exploration_hold` says) before the first update: one
    game of random Pong.
    Nature waits 50,000, longer than our runs."""

    train_freq: int = 4
    """Steps between updates (Nature)."""

    updates: int = 1
    """Updates each time that one is due (Nature)."""

    target_update_interval: int = 1_000
    """Steps between copies into the target network (zoo; Nature 10,000)."""

    exploration_steps: int = 10_000
    """Steps over which exploration falls, counted from the start of the run and not as a part
    of its length, so that a resumed or prolonged run goes on as it was. Nature takes 250,000."""

    exploration_initial: float = 1.0
    """Probability of a random proposal at the start, in [0, 1] (Nature)."""

    exploration_final: float = 0.05
    """Probability of a random proposal from `exploration_steps` on, in [0, 1] (evaluation
    setting of Nature; training there ends at 0.1, in the zoo at 0.01)."""

    n_steps: int = 1
    """Agent steps whose rewards are added up before the target's value follows: 1 is Double DQN
    as published, Rainbow takes 3 (arXiv:1710.02298). More than 1 needs several games."""

    exploration_hold: int = 1
    """Agent steps that a random proposal is held at most; lengths follow a zeta distribution
    (Dabney et al. 2021, which holds up to 10,000 frames). 1 is plain epsilon-greedy."""

    max_grad_norm: float = 10.0
    """Gradients are scaled down to this Euclidean norm (SB3)."""

    hidden: tuple[int, ...] = (64, 64)
    """Units of the hidden layers for vector observations (SB3). Images: NatureCNN, fixed."""

    orthogonal: bool = False
    """Begin with orthogonal weights, as SB3's actor-critics do and its DQN does not: a signal of a
    pixel reaches the last layer. False leaves torch's own."""

    pixel_centre: int = 0
    """Brightness that counts as 0 for the network, 0 to 255 (SB3: 0). A game's background here
    keeps units of the first layer alive. For images only."""

    credit: Credit = Credit.PROPOSED
    """Which action enters replay: the proposed one (HIRL) or the executed one (HIL-SERL)."""

    end_on_block: bool = False
    """A blocked step ends the episode for the learner: its value is the penalty alone, whatever
    the safe action led to (False, HIRL: it goes on from there)."""

    frames_once: bool = True
    """Keep each frame of image observations once: 7 KB a transition instead of 56 KB."""

    channels_last: bool = True
    """Keep the convolutions' weights channels-last: faster on CPU, same values but for
    rounding. For images only."""

    precision: Precision = Precision.FP32
    """In which numbers the network computes: float32, or bfloat16 with float32 weights."""

    cuda_graph: bool = True
    """On a CUDA GPU, learning in bf16 from several games, replay each update as one captured
    graph; elsewhere of no effect. Needs `fused_adam`."""

    fused_adam: bool = True
    """Adam as one kernel: faster, same values but for rounding."""

    def __post_init__(self) -> None:
        counts = (
            "batch_size",
            "buffer_size",
            "train_freq",
            "updates",
            "target_update_interval",
            "exploration_hold",
            "n_steps",
        )
        for name in counts:
            self._check(name, getattr(self, name) >= 1, "at least 1")
        for name in ("learning_starts", "exploration_steps"):
            self._check(name, getattr(self, name) >= 0, "at least 0")
        for name in ("gamma", "exploration_initial", "exploration_final"):
            self._check(name, 0.0 <= getattr(self, name) <= 1.0, "in [0, 1]")
        self._check("pixel_centre", 0 <= self.pixel_centre <= 255, "of 0 to 255")
        for name in ("learning_rate", "adam_epsilon", "max_grad_norm"):
            self._check(name, getattr(self, name) > 0.0, "above 0")

    def _check(self, name: str, holds: bool, wanted: str) -> None:
        if not holds:
            raise ValueError(f"expected {name} {wanted}, got {getattr(self, name)}")


def epsilon_at(step: int, settings: DoubleDQNSettings) -> float:
    """Probability of a random proposal after `step` agent steps: linear, then constant."""
    if step < settings.learning_starts:
        return 1.0
    if step >= settings.exploration_steps:
        return settings.exploration_final
    done = step / settings.exploration_steps
    start, end = settings.exploration_initial, settings.exploration_final
    return start + done * (end - start)


def updates_due(before: int, after: int, settings: DoubleDQNSettings) -> int:
    """Updates that fall due between two counts of agent steps.

    By the count of all steps, so that where learning was interrupted makes no difference.
    """
    begun = max(before, settings.learning_starts)
    every = settings.train_freq
    return max(0, after // every - begun // every) * settings.updates


def reference_pace(games: int, train_freq: int) -> tuple[int, int]:
    """Steps of all games between SB3's updates, and how many those are then.

    Raises:
        RunError: updates cannot be spread evenly over steps of all games, as SB3 makes them.
    """
    if games % train_freq and train_freq % games:
        raise RunError(
            f"SB3's DQN learns after whole steps of all games: expected a train_freq that divides "
            f"{games} games or is a multiple of them, got {train_freq}"
        )
    return max(1, train_freq // games), max(1, games // train_freq)
