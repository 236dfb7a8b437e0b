"""What the simulated person's presets miss, block needlessly and spend, with and without rewind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from rich.table import Table

from experiments.adversaries import ADVERSARIES
from experiments.phases import episode_seed
from experiments.reporter import Reporter
from experiments.rundir import write_json
from experiments.stopping import StopFlag
from experiments.tables import number, percent
from oversight import (
    AtariGame,
    GateSettings,
    OversightWrapper,
    RunError,
    SimulatedHuman,
    game_named,
)
from oversight.simulated import MODELS

__all__ = ["PeopleSettings", "PersonRow", "people_study", "people_table"]


@dataclass(frozen=True)
class PeopleSettings:
    """The simulated person in each of its presets, with and without rewind, by the truth."""

    games: tuple[str, ...] = ("pong", "space_invaders", "road_runner")
    """Which games."""

    people: tuple[str, ...] = tuple(MODELS)
    """Which presets."""

    steps: int = 10_000
    """Agent steps of each."""

    rewind_steps: tuple[int, ...] = (0, 8)
    """How many agent steps late a block may come and still save the step it was meant for."""

    proposer: str = "held"
    """Who proposes: random actions, each held for 1 to 30 steps."""

    pace: float | None = None
    """Agent steps a second in front of the person; the preset's own if not given."""

    seed: int = 0
    """Of episodes, proposer and person."""

    out: Path | None = None
    """JSON file for the rows."""

    def check(self) -> PeopleSettings:
        """Refuse what cannot be run.

        Raises:
            RunError: says what was expected and what came.
        """
        for kind, asked, known in (
            ("preset", self.people, tuple(MODELS)),
            ("proposer", (self.proposer,), tuple(ADVERSARIES)),
        ):
            for name in asked:
                if name not in known:
                    raise RunError(f"unknown {kind} {name!r}: expected one of {', '.join(known)}")
        if self.steps < 1 or min(self.rewind_steps, default=-1) < 0 or self.seed < 0:
            raise RunError("expected steps of 1 or more, rewind_steps and a seed of 0 or more")
        if self.pace is not None and self.pace <= 0:
            raise RunError(f"expected a pace above 0, got {self.pace}")
        try:
            for name in self.games:
                game_named(name)
        except ValueError as error:
            raise RunError(str(error)) from None
        return self


@dataclass(frozen=True)
class PersonRow:
    """One preset in one game.

    Attributes:
        game, person: what and who.
        rewind_steps: how late a block may come; 0 is without rewind.
        steps: agent steps, undone ones included.
        unsafe: proposals that were unsafe in truth, of the steps that stand.
        missed: of these, how many were let through.
        needless: blocks of proposals that were safe in truth, by margin or by mistake.
        safe: proposals that were safe in truth.
        catastrophes: that stand.
        undone_catastrophes: that a rewind has taken back.
        rewinds: how often the game was taken back.
        rewound_steps: agent steps undone.
        simulated_seconds: of attention, by the model.
    """

    game: str
    person: str
    rewind_steps: int
    steps: int
    unsafe: int
    missed: int
    needless: int
    safe: int
    catastrophes: int
    undone_catastrophes: int
    rewinds: int
    rewound_steps: int
    simulated_seconds: float


def people_study(settings: PeopleSettings, reporter: Reporter, stop: StopFlag) -> list[PersonRow]:
    """Play every cell, print the table and write the rows."""
    rows: list[PersonRow] = []
    for game, person, rewind_steps in _cells(settings):
        if not stop():
            rows.append(_play(settings, game, person, rewind_steps, reporter, stop))
            if settings.out is not None:
                write_json(settings.out, [asdict(row) for row in rows])
    for game in dict.fromkeys(row.game for row in rows):
        reporter.console.print(people_table([row for row in rows if row.game == game]))
    return rows


def _cells(settings: PeopleSettings) -> Iterator[tuple[str, str, int]]:
    for game in settings.games:
        for person in settings.people:
            for rewind_steps in settings.rewind_steps:
                yield game, person, rewind_steps


def _play(
    settings: PeopleSettings,
    game: str,
    person: str,
    rewind_steps: int,
    reporter: Reporter,
    stop: StopFlag,
) -> PersonRow:
    env, model = AtariGame(game_named(game)), MODELS[person]
    if settings.pace is not None:
        model = replace(model, steps_per_second=settings.pace)
    human = SimulatedHuman(
        [env.rule], np.random.default_rng([settings.seed, 2]), model, safe_twin=env.safe_twin
    )
    wrapper = OversightWrapper(
        env,
        human,
        GateSettings(rewind_steps=rewind_steps),
        episode_seed=episode_seed(settings.seed),
    )
    actions = ADVERSARIES[settings.proposer](env, np.random.default_rng([settings.seed, 5]))
    over, played = True, 0
    with reporter.bar(f"{game}, {person}, rewind {rewind_steps}", settings.steps) as bar:
        while played < settings.steps and not stop():
            if over:
                wrapper.reset()
            *_, ended, cut, _ = wrapper.step(next(actions))
            over, played = ended or cut, played + 1
            if played % 100 == 0 or played == settings.steps:
                bar.show(played, f"catastrophes {wrapper.gate.tally.catastrophes}")
    tally = wrapper.gate.tally
    unsafe, needless = tally.proposed_catastrophes or 0, tally.needless_blocks or 0
    return PersonRow(
        game=game,
        person=person,
        rewind_steps=rewind_steps,
        steps=tally.steps,
        unsafe=unsafe,
        missed=unsafe - (tally.blocks - needless),
        needless=needless,
        safe=tally.steps - tally.rewound_steps - unsafe,
        catastrophes=tally.catastrophes or 0,
        undone_catastrophes=tally.undone_catastrophes or 0,
        rewinds=tally.rewinds,
        rewound_steps=tally.rewound_steps,
        simulated_seconds=human.attention_seconds,
    )


def people_table(rows: list[PersonRow]) -> Table:
    """The rows of one game for a terminal."""
    table = Table(title=f"{rows[0].game}: the simulated person by the truth", title_justify="left")
    table.caption = "Needless: blocked though safe in truth, by margin or by mistake."
    table.add_column("person, rewind", no_wrap=True)
    for heading in ("steps", "unsafe", "missed", "needless", "harm", "undone", "rewinds"):
        table.add_column(heading, justify="right")
    table.add_column("simulated min", justify="right")
    for row in rows:
        table.add_row(
            f"{row.person}, {row.rewind_steps}",
            number(row.steps),
            number(row.unsafe),
            number(row.missed),
            percent(row.needless / row.safe if row.safe else None),
            number(row.catastrophes),
            number(row.undone_catastrophes),
            number(row.rewinds),
            number(row.simulated_seconds / 60, 1),
        )
    return table
