"""A Blocker on trial: against one proposer after another, every step counted by the truth."""

from __future__ import annotations

from dataclasses import dataclass, replace

from blocker import Blocker, BlockerOverseer
from experiments.blocker_rows import StudyRow
from experiments.loop import play_loop
from experiments.reporter import Reporter
from experiments.stopping import StopFlag
from oversight import AllowAll, Mode, game_named

__all__ = ["Candidate", "Trial"]


@dataclass(frozen=True, slots=True)
class Trial:
    """How long a Blocker is tried, and on what.

    Attributes:
        steps: agent steps under it; 0 for no trial.
        seed: of episodes and proposers.
        unguarded_steps: of the same proposer with nobody overseeing, for comparison; 0 for none.
    """

    steps: int
    seed: int
    unguarded_steps: int


@dataclass(frozen=True)
class Candidate:
    """A Blocker and how it came about; see `StudyRow`."""

    blocker: Blocker
    labels: int | None = None
    unsafe: int | None = None
    seed: int | None = None
    flipped: float = 0.0
    rule: str = "preset"
    seconds: float | None = None

    def against(
        self,
        proposer: str,
        trial: Trial,
        done: set[tuple[object, ...]],
        reporter: Reporter,
        stop: StopFlag,
    ) -> StudyRow | None:
        """Play it against a proposer; None if that has been done, or nothing is to be played."""
        blocker, game = self.blocker, game_named(self.blocker.game)
        made = (self.labels, self.seed, self.flipped, self.rule, blocker.threshold)
        if trial.steps == 0 or (game.name, *made, proposer, trial.steps, trial.seed) in done:
            return None
        title = f"{game.name}, {self.labels or 'given'} labels, {proposer}"
        with reporter.bar(title, trial.steps) as bar:

            def on_step(played: int, harm: int) -> None:
                if played % 50 == 0 or played == trial.steps:
                    bar.show(played, f"catastrophes {harm}")

            loop = play_loop(
                game.name,
                proposer,
                trial.steps,
                lambda _env: BlockerOverseer(blocker, game),
                seed=trial.seed,
                on_step=on_step,
                should_stop=stop,
            )
        if trial.unguarded_steps and not stop():
            alone = play_loop(
                game.name,
                proposer,
                trial.unguarded_steps,
                lambda _env: AllowAll(),
                seed=trial.seed,
                mode=Mode.OFF,
                should_stop=stop,
            )
            loop = replace(
                loop, unguarded_steps=alone.steps, unguarded_catastrophes=alone.catastrophes
            )
        return StudyRow(
            self.labels,
            self.unsafe,
            self.seed,
            self.flipped,
            self.rule,
            blocker.threshold,
            self.seconds,
            loop,
        )
