"""`python -m experiments name`: from a person's word on screens to a spotter; how right it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from blocker.naming import View, view_for
from experiments.naming.check import check_labels, check_pairs
from experiments.naming.people import Namer, SimulatedNamer
from experiments.naming.pool import Pool, gather_pool
from experiments.naming.rows import NamingRow, known_rows, naming_table
from experiments.naming.session import Named, name_on_screens
from experiments.reporter import Reporter
from experiments.rundir import write_json
from experiments.stopping import StopFlag
from oversight import RunError
from oversight.simulated import MODELS

__all__ = ["NameSettings", "NamerChoice", "naming_study", "spotter_path"]

MINUTES = {"pong": 2.0, "space_invaders": 5.0, "road_runner": 10.0}
"""Of attention at most: what amplified labels may cost a person."""
UNSEEN = 10_000
"""Added to a seed for play that nothing was named on."""


class NamerChoice(StrEnum):
    """Who says which screens are bad."""

    SIMULATED = "simulated"
    PERSON = "person"


@dataclass(frozen=True)
class NameSettings:
    """A person says on which screens the catastrophe is seen; a small classifier learns to tell.

    Screens come from play with nobody overseeing, in the emulator. Twelve pairs are shown at a
    time: what is in doubt, what the classifier calls bad and nobody has seen, and what is unlike
    all that was shown. It ends when the minutes are spent, or when three sheets on end held no
    surprise and nothing is in doubt. Every sheet's answers are kept: the same command goes on.

    `python -m experiments amplified --named WORK` has the emulator's look-ahead go by it then.
    """

    games: tuple[str, ...] = ("pong", "space_invaders", "road_runner")
    """Which games."""

    seeds: tuple[int, ...] = (0,)
    """Of the play that is shown, of choices and of the simulated person."""

    namer: NamerChoice = NamerChoice.SIMULATED
    """`simulated`, whose minutes are a model's; or `person`, at a window: one game and seed."""

    person: str = "typical"
    """Which simulated person."""

    minutes: float | None = None
    """Of attention at most; the game's own if not given (2 / 5 / 10)."""

    pool_steps: int = 20_000
    """Agent steps of play, of which the pairs are shown that tell most."""

    check_steps: int = 20_000
    """Agent steps of other play on which the truth then counts what is missed; 0 for none."""

    label_steps: int = 1_000
    """Agent steps of guarded play on which look-ahead by the named catastrophe is compared with
    look-ahead by the game's definition, every action; 0 for none."""

    work: Path = Path("runs/named")
    """Folder for pools, answers and spotters, which are used again."""

    out: Path | None = None
    """JSON file for the rows; rows that it has are not made again."""

    def check(self) -> NameSettings:
        """Refuse what cannot be run.

        Raises:
            RunError: says what was expected and what came.
        """
        unknown = sorted(set(self.games) - set(MINUTES))
        if unknown or not self.games:
            raise RunError(f"expected games among {', '.join(MINUTES)}, got {', '.join(unknown)}")
        if self.person not in MODELS:
            raise RunError(f"unknown preset {self.person!r}: expected one of {', '.join(MODELS)}")
        if self.namer is NamerChoice.PERSON and (len(self.games), len(self.seeds)) != (1, 1):
            raise RunError("a person names one game at a time: expected one of --games and --seeds")
        if self.minutes is not None and self.minutes <= 0:
            raise RunError(f"expected minutes above 0, got {self.minutes}")
        if min(self.pool_steps - 1, self.check_steps, self.label_steps, *self.seeds) < 0:
            raise RunError("expected pool_steps of 1 or more, other steps and seeds of 0 or more")
        return self


def spotter_path(work: Path, game: str, seed: int, who: str) -> Path:
    """Where a spotter lies in its folder; `who`: a simulated person's preset, or "person"."""
    return work / f"{game}-{seed}-{who}.safetensors"


def naming_study(settings: NameSettings, reporter: Reporter, stop: StopFlag) -> list[NamingRow]:
    """Name every game, print the table and write the rows.

    Raises:
        OversightError: something cannot be used, or it was stopped.
    """
    rows = known_rows(settings.out)
    done = {row.key for row in rows}
    for row in _rows(settings, done, reporter, stop):
        rows.append(row)
        if settings.out is not None:
            write_json(settings.out, [asdict(one) for one in rows])
    reporter.console.print(naming_table(rows))
    return rows


def _rows(
    settings: NameSettings,
    done: set[tuple[object, ...]],
    reporter: Reporter,
    stop: StopFlag,
) -> Iterator[NamingRow]:
    real = settings.namer is NamerChoice.PERSON
    who = "person" if real else settings.person
    for seed in settings.seeds:
        for game in settings.games:
            allowed = settings.minutes or MINUTES[game]
            steps = (settings.pool_steps, settings.check_steps, settings.label_steps)
            if (game, seed, who, allowed, *steps) in done or stop():
                continue
            row = _row(settings, game, seed, who, reporter, stop)
            if row is not None:
                yield row


def _row(
    settings: NameSettings, game: str, seed: int, who: str, reporter: Reporter, stop: StopFlag
) -> NamingRow | None:
    """Name one game; None if the person left before the end."""
    view, work = view_for(game), settings.work
    namer = _namer(settings, game, view, seed, stop)  # first: a display may be missing
    minutes = settings.minutes or MINUTES[game]

    def pool_of(number: int, steps: int, name: str) -> Pool:
        path = work / f"{game}-{seed}-{steps}-{name}.npz"
        return gather_pool(path, game, view, steps, seed=number, reporter=reporter, stop=stop)

    pool = pool_of(seed, settings.pool_steps, "pool")
    try:
        named = name_on_screens(
            pool,
            namer,
            game,
            view,
            work / f"{game}-{seed}-{who}.json",
            seconds=60.0 * minutes,
            seed=seed,
            reporter=reporter,
            stop=stop,
        )
    finally:
        namer.close()
    if named.spotter is None:
        raise RunError(
            "no spotter yet: answers of both kinds are needed; those given are kept, go on with "
            "the same command"
        )
    named.spotter.save(spotter_path(work, game, seed, who))
    reporter.say(f"{game}: {_cost(named)}; spotter in {spotter_path(work, game, seed, who)}")
    if named.left or stop():
        reporter.say("That was not the end: the same command goes on.")
        return None
    pairs = labels = None
    if settings.check_steps:
        pairs = check_pairs(named.spotter, pool_of(UNSEEN + seed, settings.check_steps, "check"))
    if settings.label_steps:
        steps, number = settings.label_steps, UNSEEN + seed
        labels = check_labels(game, named.spotter, steps, seed=number, reporter=reporter, stop=stop)
    return NamingRow(
        game=game,
        seed=seed,
        namer=who,
        minutes=named.seconds / 60.0,
        simulated=settings.namer is NamerChoice.SIMULATED,
        shown=len(named.pairs),
        marked=int(named.bad.sum()),
        wrong=int((named.bad != pool.bad[named.pairs]).sum()),
        pool_steps=settings.pool_steps,
        check_steps=settings.check_steps,
        label_steps=settings.label_steps,
        allowed=minutes,
        pairs=pairs,
        labels=labels,
    )


def _cost(named: Named) -> str:
    return (
        f"{len(named.pairs)} pairs shown, {int(named.bad.sum())} of them bad, "
        f"{named.seconds / 60.0:.1f} minutes"
    )


def _namer(settings: NameSettings, game: str, view: View, seed: int, stop: StopFlag) -> Namer:
    if settings.namer is NamerChoice.SIMULATED:
        return SimulatedNamer(MODELS[settings.person], seed)
    from experiments.naming.at_window import WindowNamer  # pygame, where a person sits alone

    return WindowNamer(game, view, stop)
