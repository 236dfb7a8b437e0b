"""Blockers from few labels: a simulated person labels, a Blocker learns, the truth counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from blocker import (
    Blocker,
    Fitted,
    NotLearned,
    examples_from_logs,
    fit_examples,
    passes_at_most,
    preset_for,
)
from experiments.blocker_rows import StudyRow
from experiments.candidate import Candidate, Trial, try_all
from experiments.labelling import flip, labelled
from experiments.loop import PROPOSERS
from experiments.reporter import Reporter
from experiments.segments import segment_of
from experiments.stopping import StopFlag
from oversight import (
    InterventionLog,
    RunError,
)
from oversight.log.table import UNSAFE
from oversight.simulated import MODELS

__all__ = ["BlockerStudySettings", "blocker_study"]

LABELS = {"pong": 2_000, "space_invaders": 6_000, "road_runner": 20_000}
"""Labelled steps that are the goal of each game."""
LAST_INSTANT = frozenset({"pong"})
"""Games in which the person goes by what the window draws, to the last instant. By the rule for
people of Pong, a zone half as high again, 2 to 11 % of all blocks change a game that was safe: no
Blocker that learns from them could block less."""


@dataclass(frozen=True)
class BlockerStudySettings:
    """Blockers from a simulated person's labels, in the loop against proposers not seen before."""

    games: tuple[str, ...] = ("pong", "space_invaders", "road_runner")
    """Which games."""

    labels: tuple[int, ...] = ()
    """Labelled agent steps; each game's goal (2,000 / 6,000 / 20,000) if none are given."""

    seeds: tuple[int, ...] = (0,)
    """Of labels and training; one Blocker for each."""

    flipped: tuple[float, ...] = (0.0,)
    """Shares of the labels that are turned round before training, to see what wrong ones do."""

    paper_rule: bool = False
    """Choose the threshold as the paper did: the lowest score of any unsafe label."""

    person: str = "typical"
    """Which simulated person labels."""

    steps: int = 30_000
    """Agent steps of each proposer under the Blocker; 0 trains alone."""

    test_seed: int = 0
    """Of the episodes and proposers that a Blocker is tried on."""

    unguarded_steps: int = 2_000
    """Agent steps of each with nobody overseeing, for comparison."""

    proposers: tuple[str, ...] = ()
    """Who proposes; those that fit the game if none are named. Labels come from exploring play."""

    blockers: tuple[Path, ...] = ()
    """Blockers to try in place of training any; each is tried in its own game."""

    by_rule: bool = False
    """In all games the person goes by the game's rule for people, and blocks early. Without it the
    person of Pong blocks at the last instant."""

    segment_steps: int | None = None
    """An episode is cut after so many agent steps while labels are given; the game's own number
    (300 / 1,000 / 2,000) if none is given."""

    work: Path = Path("runs/blocker-study")
    """Folder for logs of labels and Blockers, which are used again."""

    out: Path | None = None
    """JSON file for the rows; those that it has already are not played again."""

    def check(self) -> BlockerStudySettings:
        """Refuse what cannot be run.

        Raises:
            RunError: says what was expected and what came.
        """
        for kind, asked, known in (
            ("game", self.games, tuple(LABELS)),
            ("preset", (self.person,), tuple(MODELS)),
            ("proposer", self.proposers, PROPOSERS),
        ):
            for name in asked:
                if name not in known:
                    raise RunError(f"unknown {kind} {name!r}: expected one of {', '.join(known)}")
        if (
            min((*self.labels, self.segment_steps or 1, *(s + 1 for s in self.seeds)), default=1)
            < 1
        ):
            raise RunError("expected labels and segment_steps of 1 or more, and seeds of 0 or more")
        if min(self.steps, self.unguarded_steps) < 0:
            raise RunError("expected steps and unguarded_steps of 0 or more")
        if not all(0.0 <= share < 0.5 for share in self.flipped):
            raise RunError(f"expected shares of flipped labels in [0, 0.5), got {self.flipped}")
        return self


def blocker_study(
    settings: BlockerStudySettings, reporter: Reporter, stop: StopFlag
) -> list[StudyRow]:
    """Label, train, play every cell; print the tables and write the rows.

    Raises:
        OversightError: a log or a Blocker cannot be used.
    """
    trial = Trial(settings.steps, settings.test_seed, settings.unguarded_steps, settings.proposers)
    return try_all(_blockers(settings, reporter, stop), trial, settings.out, reporter, stop)


def _blockers(
    settings: BlockerStudySettings, reporter: Reporter, stop: StopFlag
) -> Iterator[Candidate]:
    for path in settings.blockers:
        yield Candidate(Blocker.load(path))
    if settings.blockers:
        return
    for game in settings.games:
        for labels in settings.labels or (LABELS[game],):
            for seed in settings.seeds:
                for flipped in settings.flipped:
                    if not stop():
                        try:
                            yield _trained(settings, game, labels, seed, flipped, reporter, stop)
                        except (NotLearned, ValueError) as error:
                            reporter.say(f"{game}, {labels} labels, seed {seed}: {error}")


def _trained(
    settings: BlockerStudySettings,
    game: str,
    labels: int,
    seed: int,
    flipped: float,
    reporter: Reporter,
    stop: StopFlag,
) -> Candidate:
    preset, rule = preset_for(game), "paper" if settings.paper_rule else "preset"
    path = labelled(
        settings.work,
        game,
        labels,
        seed=seed,
        person=settings.person,
        exact=game in LAST_INSTANT and not settings.by_rule,
        segment_steps=segment_of(game, settings.segment_steps),
        reporter=reporter,
        stop=stop,
    )
    name = settings.work / f"{path.stem}-{flipped}-{rule}.safetensors"
    if name.exists():
        with InterventionLog.open(path, read_only=True) as log:
            unsafe = int((log.steps().verdict == UNSAFE).sum())
        return Candidate(Blocker.load(name), labels, unsafe, seed, flipped, rule)
    with InterventionLog.open(path, read_only=True) as log:
        examples = examples_from_logs([log], preset.input)
        actions, gate = tuple(log.meta.actions), log.meta.gate
    examples = flip(examples, flipped, np.random.default_rng([seed, 11]))
    training = replace(preset.training, seed=seed)
    with reporter.bar(
        f"training on {labels} labels", passes_at_most(training, preset.shape)
    ) as bar:
        fitted: Fitted = fit_examples(
            examples,
            game=game,
            actions=actions,
            spec=preset.input,
            gate={**gate},
            settings=training,
            shape=preset.shape,
            rule=replace(preset.rule, lowest_positive=settings.paper_rule),
            on_epoch=lambda one: bar.show(one.number, f"held-out loss {one.held_out_loss:.4f}"),
            should_stop=stop,
        )
    if not fitted.report.stopped:  # what is there counts as whole the next time
        fitted.blocker.save(name)
    seconds = fitted.report.seconds
    unsafe = examples.positives
    return Candidate(fitted.blocker, labels, unsafe, seed, flipped, rule, seconds)
