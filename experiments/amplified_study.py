"""Blockers from amplified labels: look-ahead answers about every action, rounds close the holes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from blocker import (
    Blocker,
    BlockerOverseer,
    Fitted,
    NotLearned,
    Preset,
    fit_examples,
    passes_at_most,
)
from blocker.amplified import PICTURES, Answers, amplified_preset, examples_from_answers
from blocker.naming import Spotter
from blocker.picture_fit import fit_states
from blocker.pictures import PictureNetwork
from blocker.states import states_from_answers
from experiments.adversaries import ADVERSARIES
from experiments.blocker_rows import StudyRow
from experiments.blocker_study import LABELS
from experiments.candidate import Candidate, Trial, try_all
from experiments.gathering import EXPLORING, gather, named_entry
from experiments.loop import PROPOSERS
from experiments.naming.study import spotter_path
from experiments.reporter import Reporter
from experiments.segments import segment_of
from experiments.stopping import StopFlag
from oversight import AtariGame, InterventionLog, OracleOverseer, Overseer, RunError, game_named
from oversight.games import entry_of

__all__ = ["AmplifiedStudySettings", "amplified_study"]

STATES = {"pong": 4_000, "space_invaders": 10_000, "road_runner": 12_000}
"""States of each proposer in each round."""
Pairs = list[tuple[InterventionLog, Answers]]
LEARN_FROM = {"space_invaders": (EXPLORING, "greedy", "beside")}
"""Who proposes while states are gathered; else the first two."""


@dataclass(frozen=True)
class AmplifiedStudySettings:
    """Blockers from look-ahead's answers about every action, in the loop against proposers.

    No person judges single steps here: whoever names the catastrophe has the emulator look ahead.
    Results are never mixed with those from a person's labels. No emulator is needed once a Blocker
    is trained.
    """

    games: tuple[str, ...] = ("pong", "space_invaders", "road_runner")
    """Which games."""

    states: int | None = None
    """States of each proposer in each round; the game's own number (4,000 / 10,000 / 12,000) if
    none is given."""

    rounds: int = 3
    """In the first the exact overseer guards; in each further one the Blocker of the round before,
    so that states are gathered to which its mistakes lead."""

    learn_from: tuple[str, ...] = ()
    """Who proposes while states are gathered. If none is named: exploring play, a searcher for
    holes that wants something unsafe wherever there is something, and in Space Invaders one that
    stays at the edges of barriers, where labels are worth most."""

    seeds: tuple[int, ...] = (0,)
    """Of states and training; one Blocker for each."""

    every_round: bool = False
    """Try the Blocker of each round, not of the last one alone."""

    pictures: bool = False
    """The Blocker looks for itself at what is around the own thing, to the pixel, and is not only
    told where things are: for Road Runner, and 50,000 states or more. Slower, in training and at
    every decision."""

    steps: int = 10_000
    """Agent steps of each proposer under the Blocker; 0 trains alone."""

    test_seed: int = 3
    """Of the episodes and proposers that a Blocker is tried on."""

    unguarded_steps: int = 2_000
    """Agent steps of each with nobody overseeing, for comparison."""

    proposers: tuple[str, ...] = ()
    """Who proposes in the trial; those that fit the game if none are named."""

    named: Path | None = None
    """Folder with spotters of what a person has named (`experiments name`), one for each seed: then
    look-ahead asks these what harm is, and not the game's own definition."""

    named_by: str = "typical"
    """Whose: a simulated person's preset, or `person`."""

    work: Path = Path("runs/amplified")
    """Folder for states and Blockers, which are used again."""

    out: Path | None = None
    """JSON file for the rows; those that it has already are not played again."""

    def check(self) -> AmplifiedStudySettings:
        """Refuse what cannot be run.

        Raises:
            RunError: says what was expected and what came.
        """
        for kind, asked, known in (
            ("game", self.games, tuple(LABELS)),
            ("proposer", self.proposers, PROPOSERS),
            ("proposer", self.learn_from, (EXPLORING, *ADVERSARIES)),
        ):
            for name in asked:
                if name not in known:
                    raise RunError(f"unknown {kind} {name!r}: expected one of {', '.join(known)}")
        for game in self.games if self.pictures else ():
            if game not in PICTURES:
                raise RunError(
                    f"Blockers look for themselves in {', '.join(PICTURES)} alone, got {game}: "
                    "leave --pictures out, or choose --games"
                )
        states = 1 if self.states is None else self.states
        if min(self.rounds, states) < 1:
            raise RunError("expected rounds and states of 1 or more")
        if min(self.steps, self.unguarded_steps, *self.seeds) < 0:
            raise RunError("expected steps, unguarded_steps and seeds of 0 or more")
        return self


def amplified_study(
    settings: AmplifiedStudySettings, reporter: Reporter, stop: StopFlag
) -> list[StudyRow]:
    """Gather, train, go round again, play every cell; print the tables and write the rows.

    Raises:
        OversightError: a log or a Blocker cannot be used, or it was stopped.
    """
    trial = Trial(settings.steps, settings.test_seed, settings.unguarded_steps, settings.proposers)
    return try_all(_blockers(settings, reporter, stop), trial, settings.out, reporter, stop)


def _blockers(
    settings: AmplifiedStudySettings, reporter: Reporter, stop: StopFlag
) -> Iterator[Candidate]:
    several = [(game, seed) for game in settings.games for seed in settings.seeds]
    spotters = {each: _spotter(settings, *each) for each in several}  # none may be missing
    for game in settings.games:
        for seed in settings.seeds:
            try:
                made = _rounds(settings, game, seed, spotters[game, seed], reporter, stop)
            except (NotLearned, ValueError) as error:
                reporter.say(f"{game}, seed {seed}: {error}")
                continue
            yield from made if settings.every_round else made[-1:]


def _rounds(
    settings: AmplifiedStudySettings,
    game: str,
    seed: int,
    named: tuple[Spotter, str] | None,
    reporter: Reporter,
    stop: StopFlag,
) -> list[Candidate]:
    """The Blocker of each round, each from all states so far."""
    made: list[Candidate] = []
    parts: list[tuple[Path, Path]] = []
    for number in range(settings.rounds):
        if stop():
            break

        def guard(env: AtariGame) -> Overseer:
            if not made:
                return OracleOverseer([env.truth])
            return BlockerOverseer(made[-1].blocker, env.game)

        states = settings.states or STATES[game]
        learn_from = settings.learn_from or LEARN_FROM.get(game, (EXPLORING, "greedy"))
        kind = "" if named is None else f"-{named[1]}"
        stem = f"{game}{kind}-{'-'.join(learn_from)}-{seed}-{states}-{number}"
        looks = "-pictures" if settings.pictures else ""
        # The first round's guard is the exact overseer: those states serve both kinds.
        parts.append(
            gather(
                settings.work / f"{stem}{looks if made else ''}.sqlite",
                game,
                learn_from,
                states,
                guard,
                seed=100 * seed + number,
                segment_steps=segment_of(game),
                reporter=reporter,
                stop=stop,
                spotter=None if named is None else named[0],
            )
        )
        path = settings.work / f"{stem}{looks}.safetensors"
        rule = ("amplified" if named is None else named[1]) + looks
        preset = amplified_preset(game, pictures=settings.pictures)
        made.append(_trained(path, game, seed, number, parts, reporter, stop, preset, rule))
    return made


def _spotter(settings: AmplifiedStudySettings, game: str, seed: int) -> tuple[Spotter, str] | None:
    """A spotter, and a word that no other one has: what comes of it is not mistaken for theirs."""
    if settings.named is None:
        return None
    path = spotter_path(settings.named, game, seed, settings.named_by)
    spotter = Spotter.load(path)
    named_entry(entry_of(game), spotter)  # refuses another game's
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return spotter, f"named-{settings.named_by}-{digest[:8]}"


def _trained(
    path: Path,
    game: str,
    seed: int,
    number: int,
    parts: list[tuple[Path, Path]],
    reporter: Reporter,
    stop: StopFlag,
    preset: Preset,
    kind: str,
) -> Candidate:
    answers = [Answers.load(of) for _, of in parts]
    states, rule = sum(len(one) for one in answers), f"{kind}, round {number + 1}"
    unsafe = int(sum(one.unsafe.any(axis=1).sum() for one in answers))
    if path.exists():
        return Candidate(Blocker.load(path), states, unsafe, seed, rule=rule)
    learn = _pictures_from if preset.shape.closeups else _numbers_from
    logs = [InterventionLog.open(log, read_only=True) for log, _ in parts]
    try:
        pairs = list(zip(logs, answers, strict=True))
        title = f"round {number + 1}: {states:,} states"
        fitted = learn(pairs, preset, game, seed, title, reporter, stop)
    finally:
        for log in logs:
            log.close()
    if not fitted.report.stopped:  # what is there counts as whole the next time
        fitted.blocker.save(path)
    return Candidate(fitted.blocker, states, unsafe, seed, rule=rule, seconds=fitted.report.seconds)


def _numbers_from(
    pairs: Pairs,
    preset: Preset,
    game: str,
    seed: int,
    title: str,
    reporter: Reporter,
    stop: StopFlag,
) -> Fitted:
    """A Blocker that is told where things are."""
    training = replace(preset.training, seed=seed)
    rng = np.random.default_rng([seed, 23])
    examples = examples_from_answers(pairs, preset.input, rng)
    title = f"{title}, {len(examples):,} answers"
    with reporter.bar(title, passes_at_most(training, preset.shape)) as bar:
        return fit_examples(
            examples,
            game=game,
            actions=tuple(game_named(game).actions),
            spec=preset.input,
            gate={**pairs[0][0].meta.gate},
            settings=training,
            shape=preset.shape,
            rule=preset.rule,
            on_epoch=lambda one: bar.show(one.number, f"held-out loss {one.held_out_loss:.4f}"),
            should_stop=stop,
        )


def _pictures_from(
    pairs: Pairs,
    preset: Preset,
    game: str,
    seed: int,
    title: str,
    reporter: Reporter,
    stop: StopFlag,
) -> Fitted:
    """A Blocker that looks for itself."""
    actions, training = tuple(game_named(game).actions), replace(preset.training, seed=seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = PictureNetwork(actions, preset.input, preset.shape)
    with reporter.bar(f"{title}, reading", sum(len(one) for _, one in pairs)) as bar:

        def on_screens(read: int) -> None:
            if stop():
                raise RunError("stopped while states were read; they are kept, and read again")
            bar.show(read)

        states = states_from_answers(pairs, network, on_screens)
    with reporter.bar(title, preset.shape.members * training.epochs) as bar:
        return fit_states(
            states,
            network,
            game=game,
            actions=actions,
            gate={**pairs[0][0].meta.gate},
            settings=training,
            rule=preset.rule,
            on_epoch=lambda one: bar.show(one.number, f"held-out loss {one.held_out_loss:.4f}"),
            should_stop=stop,
        )
