"""A Blocker on trial: against one proposer after another, every step counted by the truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from blocker import Blocker, BlockerOverseer
from experiments.adversaries import adversaries_of
from experiments.blocker_rows import StudyRow, call_back_table, key_of, known_rows, study_table
from experiments.loop import play_loop
from experiments.reporter import Reporter
from experiments.rundir import write_json
from experiments.stopping import StopFlag
from oversight import AllowAll, Mode, game_named

__all__ = ["Candidate", "Trial", "try_all"]


@dataclass(frozen=True, slots=True)
class Trial:
    """How long a Blocker is tried, and on what.

    Attributes:
        steps: agent steps under it; 0 for no trial.
        seed: of episodes and proposers.
        unguarded_steps: of the same proposer with nobody overseeing, for comparison; 0 for none.
        proposers: by name; those that fit the game if there are none.
    """

    steps: int
    seed: int
    unguarded_steps: int
    proposers: tuple[str, ...] = ()


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


def try_all(
    candidates: Iterable[Candidate],
    trial: Trial,
    out: Path | None,
    reporter: Reporter,
    stop: StopFlag,
) -> list[StudyRow]:
    """Play every candidate against every proposer, print the tables and write the rows.

    Args:
        candidates: made one after another, while the trial goes on.
        trial: how long, and against whom.
        out: JSON file for the rows; those that it has already are kept and not played again.
        reporter: shows bars and tables.
        stop: asked before each step; a row that is not whole is not kept.

    Raises:
        RunError: the file holds something else.
    """
    rows = known_rows(out)
    done = {key_of(row) for row in rows}
    for candidate in candidates:
        for proposer in trial.proposers or adversaries_of(candidate.blocker.game):
            row = None if stop() else candidate.against(proposer, trial, done, reporter, stop)
            if row is None or stop():
                continue
            rows.append(row)
            if out is not None:
                write_json(out, [asdict(one) for one in rows])
    for game in dict.fromkeys(row.loop.game for row in rows):
        of_game = [row for row in rows if row.loop.game == game]
        reporter.console.print(study_table(of_game))
        if (calls := call_back_table(of_game)) is not None:
            reporter.console.print(calls)
    return rows
