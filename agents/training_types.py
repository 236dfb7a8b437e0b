"""What can be asked of a training, and where it leaves what it brings."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from agents.choices import Algorithm, Watch, Way
from agents.devices import check_device
from agents.settings import Credit, DoubleDQNSettings, Precision, reference_pace
from agents.start import background_of
from oversight.errors import RunError
from oversight.games import game_named
from oversight.settings import GateSettings, Mode, RewardRule

__all__ = ["Algorithm", "TrainSettings", "Training", "Watch", "Way"]

LAST_SEED = 2**32 - 1
"""Seeds beyond are none for NumPy's generator, which SB3 seeds."""


@dataclass(frozen=True)
class TrainSettings:
    """A training without a person or a Blocker; `python -m experiments` has those."""

    game: str = "pong"
    """Which game; `python -m oversight games` lists them."""

    algorithm: Algorithm = Algorithm.DOUBLE_DQN
    """What learns."""

    way: Way = Way.FAST
    """How the game is run."""

    games: int = 8
    """Games played at once, in lockstep."""

    steps: int = 1_000_000
    """Agent steps in all, of all games together."""

    seed: int = 0
    """Of weights, exploration, replay and games."""

    device: str = "auto"
    """Where the network computes: "auto" takes a GPU if there is one."""

    precision: Precision = Precision.AUTO
    """Of Double DQN's network: bf16 where the processor knows it, with float32 weights."""

    plain: bool = False
    """Double DQN on SB3's plain path, the reference: SB3's replay and Adam, float32, weights as
    torch lays them. Replay takes 56 KB a transition."""

    overseer: Watch = Watch.NOBODY
    """Who oversees."""

    mode: Mode = Mode.REPLACE
    """What an unsafe verdict brings about."""

    reward_rule: RewardRule = RewardRule.REPLACE
    """The penalty in place of the game's reward, or added to it."""

    penalty: float = -1.0
    """What a blocked step pays, on the scale of the clipped reward."""

    credit: Credit = Credit.PROPOSED
    """Which action Double DQN's replay keeps."""

    end_on_block: bool = False
    """A blocked step ends the episode for the learner: nothing after it counts for its value."""

    catastrophe_pay: float = 0.0
    """Paid for every catastrophe beside the game's reward, in the way `truth`: above 0 makes an
    agent that seeks harm, to test overseers with."""

    n_steps: int = 1
    """Agent steps whose rewards a target adds up; Rainbow takes 3. Above 1 needs several games."""

    learning_rate: float = 1e-4
    """Step size of Double DQN's Adam (zoo)."""

    adam_epsilon: float = 1e-8
    """Added to the root of Double DQN's second moment (SB3; Rainbow's 1.5e-4 learns later)."""

    train_freq: int = 4
    """Agent steps between Double DQN's updates (Nature)."""

    head_start: bool = True
    """Double DQN begins with orthogonal weights and pixels counted from the game's background, and
    sees a ball in thousands of updates, not tens of thousands. False, and --plain: as SB3 does."""

    batch_size: int = 32
    """Transitions in an update of Double DQN (Nature)."""

    buffer_size: int = 100_000
    """Transitions in Double DQN's replay: 7.3 KB each."""

    learning_starts: int = 10_000
    """Agent steps before Double DQN's first update."""

    exploration_steps: int = 100_000
    """Agent steps over which Double DQN's exploration falls."""

    exploration_final: float = 0.01
    """Share of random proposals from then on (zoo)."""

    entropy: float = 0.01
    """Weight of the policy's entropy in the loss of A2C and PPO, their exploration (zoo)."""

    checkpoint_steps: int = 50_000
    """Agent steps between checkpoints; then games begin anew."""

    def check(self) -> TrainSettings:
        """The same settings, if they can be trained with.

        Raises:
            RunError: they cannot; says what to change.
        """
        self._check_game()
        self._check_numbers()
        check_device(self.device)
        if self.n_steps < 1 or (self.n_steps > 1 and self.games == 1):
            raise RunError(
                f"expected n_steps of 1, or more with several games, got {self.n_steps} with "
                f"{self.games}"
            )
        if self.way is Way.FAST and self.overseer is Watch.ORACLE:
            raise RunError("the oracle needs the truth as the game runs: use --way truth")
        if self.way is Way.FAST and self.catastrophe_pay:
            raise RunError("catastrophes are known as the game runs only with --way truth")
        if self.plain and self.precision is Precision.BF16:
            raise RunError("the plain path computes in float32: leave out --precision bf16")
        if self.checkpoint_steps % self.games:
            raise RunError(
                f"expected checkpoint_steps that {self.games} games share evenly, got "
                f"{self.checkpoint_steps}"
            )
        self._parts()
        return self

    def _check_numbers(self) -> None:
        for name in ("games", "steps", "checkpoint_steps"):
            if getattr(self, name) < 1:
                raise RunError(f"expected {name} of at least 1, got {getattr(self, name)}")
        for name, value in vars(self).items():
            if isinstance(value, float) and not math.isfinite(value):
                raise RunError(f"expected {name} to be finite, got {value}")
        if not 0 <= self.seed <= LAST_SEED:
            raise RunError(f"expected a seed of 0 to {LAST_SEED}, got {self.seed}")

    def _parts(self) -> tuple[DoubleDQNSettings, GateSettings]:
        """What has numbers of its own, which it checks as it is made."""
        try:
            parts = self.dqn, self.gate
        except ValueError as error:
            raise RunError(str(error)) from None
        if self.algorithm is Algorithm.DQN:
            reference_pace(self.games, self.train_freq)
        return parts

    def _check_game(self) -> None:
        try:
            game = game_named(self.game)
        except (KeyError, ValueError) as error:
            raise RunError(str(error).strip('"')) from None
        if not game.rom:
            raise RunError(f"{self.game} is no Atari game: these commands train on screens")

    @property
    def dqn(self) -> DoubleDQNSettings:
        """The numbers of the Double DQN."""
        ahead = self.head_start and not self.plain
        return DoubleDQNSettings(
            n_steps=self.n_steps,
            learning_rate=self.learning_rate,
            adam_epsilon=self.adam_epsilon,
            train_freq=self.train_freq,
            batch_size=self.batch_size,
            buffer_size=self.buffer_size,
            learning_starts=self.learning_starts,
            exploration_steps=self.exploration_steps,
            exploration_final=self.exploration_final,
            precision=Precision.FP32 if self.plain else self.precision,
            frames_once=not self.plain,
            channels_last=not self.plain,
            fused_adam=not self.plain,
            orthogonal=ahead,
            pixel_centre=background_of(self.game) if ahead else 0,
            credit=self.credit,
            end_on_block=self.end_on_block,
        )

    @property
    def gate(self) -> GateSettings:
        """How the gate treats proposals."""
        return GateSettings(self.mode, self.reward_rule, self.penalty)


@dataclass(frozen=True)
class Training:
    """A training's directory."""

    path: Path

    @property
    def agent(self) -> Path:
        """The checkpoint of a Double DQN."""
        return self.path / "agent"

    @property
    def policy(self) -> Path:
        """The weights of any other algorithm."""
        return self.path / "policy.safetensors"

    @property
    def tape(self) -> Path:
        """What was played in the `fast` way."""
        return self.path / "tape.npz"

    @property
    def episodes(self) -> Path:
        """One row for every episode that ended."""
        return self.path / "episodes.csv"

    @property
    def counted(self) -> Path:
        """What the gate counted."""
        return self.path / "counts.json"

    @property
    def tensorboard(self) -> Path:
        """Event files."""
        return self.path / "tensorboard"

    @classmethod
    def create(cls, path: Path, settings: TrainSettings) -> Training:
        """Make a directory for a new training.

        Raises:
            RunError: it is there already, or cannot be made.
        """
        training = cls(path)
        try:
            path.mkdir(parents=True)
            training._write("config.json", asdict(settings))
        except OSError as error:
            raise RunError(
                f"expected to make {path} for a new training, got: {error}; choose another --out, "
                "or go on with --resume"
            ) from error
        return training

    def settings(self) -> TrainSettings:
        """What the training was made with.

        Raises:
            RunError: there is no training here.
        """
        # Trainings of before knew of no other epsilon and no other start than SB3's.
        found = {"adam_epsilon": 1e-8, "head_start": False, **self._read("config.json")}
        kinds = {f.name: type(getattr(TrainSettings(), f.name)) for f in fields(TrainSettings)}
        try:
            return TrainSettings(**{name: kinds[name](value) for name, value in found.items()})
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"{self.path / 'config.json'} is of another program: {error}") from error

    def prolong(self, steps: int) -> None:
        """Let it go on to that many agent steps, all else as it was: fewer change nothing.

        Nothing that is learned depends on how long a training will be: prolonged at the step of
        a checkpoint it is what it would have been.

        Raises:
            RunError: there is no training here.
        """
        settings = self.settings()
        if steps > settings.steps:
            self._write("config.json", asdict(replace(settings, steps=steps)))

    def counts(self, path: Path | None = None) -> dict[str, int | None]:
        """What was counted up to the last checkpoint (or is in `path`); empty if nothing was."""
        path = path or self.counted
        return self._read(path.name) if path.exists() else {}

    def keep_counts(self, counts: dict[str, int | None], path: Path | None = None) -> None:
        """Write what was counted, or to another file of the directory."""
        self._write((path or self.counted).name, counts)

    def _write(self, name: str, data: dict[str, Any]) -> None:
        new = self.path / f"{name}.new"
        new.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        new.replace(self.path / name)

    def _read(self, name: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(
                f"expected a training in {self.path}, got: {error}; give the directory that "
                "`python -m agents train` made"
            ) from error
        return found
