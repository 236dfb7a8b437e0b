"""What long trainings in the fast way can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from agents import Algorithm
from agents.training_types import TrainSettings, Way
from blocker import PRESETS
from experiments.fast_types import FastLearner
from oversight import RunError

__all__ = ["FastCondition", "FastSettings"]


class FastCondition(StrEnum):
    """Who oversees; what needs the truth as the game runs cannot be played fast."""

    NO_OVERSIGHT = "no_oversight"
    """Nobody."""
    BLOCKER = "blocker"
    """A Blocker that was trained before, from the agent's first step on."""


@dataclass(frozen=True)
class FastSettings:
    """Double DQNs on several games at once: curves of returns, and harm counted from the tapes."""

    game: str = "pong"
    """Which game."""

    conditions: tuple[FastCondition, ...] = tuple(FastCondition)
    """Who oversees."""

    blocker: Path | None = None
    """The Blocker's file, such as RUN_DIR/blocker.safetensors."""

    seeds: tuple[int, ...] = (0,)
    """Of agents and games; every condition is trained with each."""

    steps: int = 1_000_000
    """Agent steps of each training."""

    games: int = 8
    """Games that an agent plays at once; 64 suit a GPU."""

    n_steps: int = 1
    """Agent steps whose rewards are added up in a target; 3 learns faster in Pong."""

    learning_rate: float = 1e-4
    """Step size of Adam."""

    adam_epsilon: float = 1e-8
    """Added to the root of Adam's second moment (SB3; Rainbow 1.5e-4)."""

    head_start: bool = True
    """Begin with orthogonal weights and pixels counted from the game's background; SB3's own DQN
    and its plain path never do."""

    train_freq: int = 4
    """Agent steps between updates."""

    batch_size: int = 32
    """Transitions in an update; a GPU likes 256, with a --train-freq of 8."""

    learners: tuple[FastLearner, ...] = (FastLearner.DOUBLE_DQN,)
    """What learns; dqn is SB3's own and plain its path, both to compare with, side by side."""

    checkpoint_steps: int = 50_000
    """Agent steps between checkpoints, at which the weights of that age are kept as well. All
    games begin anew after one."""

    device: str = "auto"
    """Where the networks compute: auto takes a GPU if there is one."""

    minutes: float | None = None
    """Trainings are stopped after so many minutes of the clock, all together; the same command
    goes on with them."""

    count: bool = True
    """Play the tapes again and count by the truth: 20 minutes for 1,000,000 steps of Pong."""

    workers: int = 1
    """Processes that count side by side."""

    episodes: int = 0
    """Whole games that the agent of each age kept plays alone, nobody overseeing, by the truth."""

    mastery: float = 18.0
    """A mean return of 20 games in a row from which on a game counts as mastered; of Pong's 21."""

    work: Path = Path("runs/fast")
    """Folder of the trainings, which are gone on with if they are there; with more --steps they
    are prolonged."""

    out: Path | None = None
    """JSON file for the rows; a picture beside it."""

    def check(self) -> FastSettings:
        """Refuse what cannot be run.

        Raises:
            RunError: says what was expected and what came.
        """
        for seed in self.seeds:
            for learner in self.learners:
                self.train(seed, learner).check()
        if FastCondition.BLOCKER in self.conditions and self.blocker is None:
            raise RunError(
                "expected --blocker FILE for the condition blocker; python -m experiments blocker "
                "makes one, or leave it at --conditions no_oversight"
            )
        if self.blocker is not None and self.game not in PRESETS:
            raise RunError(f"Blockers learn {', '.join(PRESETS)} alone, got {self.game}")
        if self.workers < 1 or self.episodes < 0:
            raise RunError("expected workers of 1 or more, and episodes of 0 or more")
        return self

    def train(self, seed: int, learner: FastLearner) -> TrainSettings:
        """The settings of one training."""
        theirs = learner is FastLearner.DQN
        return TrainSettings(
            game=self.game,
            algorithm=Algorithm.DQN if theirs else Algorithm.DOUBLE_DQN,
            way=Way.FAST,
            games=self.games,
            n_steps=self.n_steps,
            learning_rate=self.learning_rate,
            adam_epsilon=self.adam_epsilon,
            train_freq=self.train_freq,
            head_start=self.head_start,
            batch_size=self.batch_size,
            plain=learner is FastLearner.PLAIN,
            steps=self.steps,
            seed=seed,
            device=self.device,
            checkpoint_steps=self.checkpoint_steps,
        )
