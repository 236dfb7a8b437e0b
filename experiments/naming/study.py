"""`python -m experiments name`: from a person's word on screens to a spotter; how right it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from rich.table import Table

from blocker.naming import View, view_for
from experiments.naming.check import Checked, LabelCheck, check_labels, check_pairs
from experiments.naming.people import Namer, SimulatedNamer
from experiments.naming.pool import Pool, gather_pool
from experiments.naming.session import Named, name_on_screens
from experiments.reporter import Reporter
from experiments.rundir import write_json
from experiments.stopping import StopFlag
from experiments.tables import number
from oversight import RunError
from oversight.simulated import MODELS

__all__ = ["NameSettings", "NamerChoice", "NamingRow", "naming_study", "spotter_path"]

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


@dataclass(frozen=True)
class NamingRow:
    """What naming one game's catastrophe cost, and what came of it.

    Attributes:
        game, seed: which.
        namer: who named: the simulated person's preset, or "person".
        minutes: of attention; `simulated` says whether a model's.
        simulated: see there.
        shown, marked: pairs that were shown; of these marked as bad.
        wrong: answers that the truth contradicts.
        pool_steps: agent steps of play that could be shown.
        pairs, labels: how right the spotter is; None if not counted.
    """

    game: str
    seed: int
    namer: str
    minutes: float
    simulated: bool
    shown: int
    marked: int
    wrong: int
    pool_steps: int
    pairs: Checked | None
    labels: LabelCheck | None


def spotter_path(work: Path, game: str, seed: int) -> Path:
    """Where a spotter lies in its folder."""
    return work / f"{game}-{seed}.safetensors"


def naming_study(settings: NameSettings, reporter: Reporter, stop: StopFlag) -> list[NamingRow]:
    """Name every game, print the table and write the rows.

    Raises:
        OversightError: something cannot be used, or it was stopped.
    """
    rows = _known(settings.out)
    done = {(row.game, row.seed, row.namer) for row in rows}
    for row in _rows(settings, done, reporter, stop):
        rows.append(row)
        if settings.out is not None:
            write_json(settings.out, [asdict(one) for one in rows])
    reporter.console.print(naming_table(rows))
    return rows


def _rows(
    settings: NameSettings,
    done: set[tuple[str, int, str]],
    reporter: Reporter,
    stop: StopFlag,
) -> Iterator[NamingRow]:
    real = settings.namer is NamerChoice.PERSON
    who = "person" if real else settings.person
    for seed in settings.seeds:
        for game in settings.games:
            if (game, seed, who) in done or stop():
                continue
            row = _row(settings, game, seed, who, reporter, stop)
            if row is not None:
                yield row


def _row(
    settings: NameSettings, game: str, seed: int, who: str, reporter: Reporter, stop: StopFlag
) -> NamingRow | None:
    """Name one game; None if the person left before the end."""
    view, work = view_for(game), settings.work
    work.mkdir(parents=True, exist_ok=True)
    minutes = settings.minutes or MINUTES[game]

    def pool_of(number: int, steps: int, name: str) -> Pool:
        path = work / f"{game}-{seed}-{steps}-{name}.npz"
        return gather_pool(path, game, view, steps, seed=number, reporter=reporter, stop=stop)

    pool = pool_of(seed, settings.pool_steps, "pool")
    named = name_on_screens(
        pool,
        _namer(settings, game, view, seed),
        game,
        view,
        work / f"{game}-{seed}-{who}.json",
        seconds=60.0 * minutes,
        seed=seed,
        reporter=reporter,
        stop=stop,
    )
    if stop() or named.spotter is None:
        raise RunError(
            "no spotter yet: answers of both kinds are needed; those given are kept, go on with "
            "the same command"
        )
    named.spotter.save(spotter_path(work, game, seed))
    reporter.say(f"{game}: {_cost(named)}; spotter in {spotter_path(work, game, seed)}")
    if named.left:
        reporter.say("You left before the end: the same command goes on.")
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
        pairs=pairs,
        labels=labels,
    )


def _cost(named: Named) -> str:
    return (
        f"{len(named.pairs)} pairs shown, {int(named.bad.sum())} of them bad, "
        f"{named.seconds / 60.0:.1f} minutes"
    )


def _namer(settings: NameSettings, game: str, view: View, seed: int) -> Namer:
    if settings.namer is NamerChoice.SIMULATED:
        return SimulatedNamer(MODELS[settings.person], np.random.default_rng([seed, 43]))
    from experiments.naming.at_window import window_namer  # pygame, where a person sits alone

    return window_namer(game, view)


def _known(out: Path | None) -> list[NamingRow]:
    if out is None or not out.exists():
        return []
    try:
        return [_read(row) for row in json.loads(out.read_text())]
    except (TypeError, KeyError, ValueError) as error:
        raise RunError(f"{out} does not hold rows of this study: {error}; move it away") from None


def _read(row: dict[str, object]) -> NamingRow:
    pairs, labels = row["pairs"], row["labels"]
    both = {
        "pairs": None if pairs is None else Checked(**pairs),  # type: ignore[arg-type]
        "labels": None if labels is None else LabelCheck(**labels),  # type: ignore[arg-type]
    }
    return NamingRow(**{**row, **both})  # type: ignore[arg-type]


def naming_table(rows: list[NamingRow]) -> Table:
    """The rows as a table."""
    table = Table(title="A catastrophe named on screens, by the truth")
    for column in (
        "game", "seed", "who", "minutes", "shown", "bad", "wrong",
        "events unseen", "imagined", "bad pairs missed", "called bad falsely",
        "unsafe actions missed", "safe called unsafe",
    ):  # fmt: skip
        table.add_column(column, justify="left" if column in ("game", "who") else "right")
    for row in rows:
        kind = "simulated " if row.simulated else ""
        table.add_row(
            row.game,
            str(row.seed),
            f"{kind}{row.namer}",
            f"{row.minutes:.1f}",
            *(number(each) for each in (row.shown, row.marked, row.wrong)),
            *_pair_cells(row.pairs),
            *_label_cells(row.labels),
        )
    return table


def _pair_cells(pairs: Checked | None) -> tuple[str, ...]:
    if pairs is None:
        return ("-",) * 4
    return (
        f"{pairs.unseen} of {pairs.events}",
        number(pairs.imagined),
        f"{pairs.missed} of {pairs.bad:,}",
        f"{pairs.falsely} of {pairs.pairs - pairs.bad:,}",
    )


def _label_cells(labels: LabelCheck | None) -> tuple[str, ...]:
    if labels is None:
        return ("-",) * 2
    return (
        f"{labels.missed} of {labels.unsafe:,}",
        f"{labels.falsely} of {labels.safe:,}",
    )
