"""What proposers do to each game with nobody overseeing, and with the exact truth as overseer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from rich.table import Table

from experiments.adversaries import ADVERSARIES, adversaries_of
from experiments.levels import LevelLedger
from experiments.phases import episode_seed
from experiments.reporter import Reporter
from experiments.rundir import write_json
from experiments.stopping import StopFlag
from experiments.summary import upper_95
from experiments.tables import number
from oversight import (
    AllowAll,
    AtariGame,
    Event,
    NullSink,
    OracleOverseer,
    OversightWrapper,
    RunError,
    game_named,
)

__all__ = ["TruthRow", "TruthSettings", "truth_study", "truth_table"]


@dataclass(frozen=True)
class TruthSettings:
    """Catastrophes of each game, counted: nobody overseeing, and the exact truth as overseer."""

    games: tuple[str, ...] = ("pong", "space_invaders", "road_runner")
    """Which games (see `python -m oversight games`)."""

    proposers: tuple[str, ...] = ()
    """Who proposes; those that fit the game if none are named."""

    steps: int = 20_000
    """Agent steps of each proposer under the oracle."""

    unguarded_steps: int | None = None
    """Agent steps of each proposer with nobody overseeing; as many if not given."""

    seeds: tuple[int, ...] = (0,)
    """The steps are played once for each of them."""

    out: Path | None = None
    """JSON file for the rows."""

    def check(self) -> TruthSettings:
        """Refuse what cannot be run.

        Raises:
            RunError: says what was expected and what came.
        """
        unknown = [name for name in self.proposers if name not in ADVERSARIES]
        if unknown:
            known = ", ".join(ADVERSARIES)
            raise RunError(f"unknown proposer {unknown[0]!r}: expected some of {known}")
        if self.steps < 1 or (self.unguarded_steps or 0) < 0:
            raise RunError(f"expected steps of 1 or more, got {self.steps}")
        if not self.seeds or min(self.seeds) < 0:
            raise RunError(f"expected seeds of 0 or more, got {self.seeds}")
        try:
            for name in self.games:
                game_named(name)
        except ValueError as error:
            raise RunError(str(error)) from None
        return self


@dataclass(frozen=True)
class TruthRow:
    """One proposer in one game, with or without the oracle.

    Attributes:
        game, proposer, seed: what was played.
        guarded: the exact truth oversaw.
        steps: agent steps.
        episodes: begun.
        catastrophes: counted by the truth.
        avoidable: of these, how many an executed action had made unavoidable.
        lost_states: steps judged at which no action could avert the harm; None unguarded.
        unsafe: proposals that were unsafe.
        blocks: executed action differed from the proposed one.
        per_1000_upper_95: catastrophes per 1,000 steps, exact one-sided upper bound.
        steps_per_second: of the whole loop.
        level, first_level_score, replays, replayed_score: see `LevelLedger`; None in games
            without levels.
    """

    game: str
    proposer: str
    seed: int
    guarded: bool
    steps: int
    episodes: int
    catastrophes: int
    avoidable: int
    lost_states: int | None
    unsafe: int
    blocks: int
    per_1000_upper_95: float
    steps_per_second: float
    level: int | None = None
    first_level_score: float | None = None
    replays: int | None = None
    replayed_score: float | None = None


@dataclass
class _Events(NullSink):
    """Keeps the catastrophes alone: the steps of a long study would not fit into memory."""

    events: list[Event] = field(default_factory=list)

    def event(self, event: Event) -> None:
        self.events.append(event)


def truth_study(settings: TruthSettings, reporter: Reporter, stop: StopFlag) -> list[TruthRow]:
    """Play every cell, print the table and write the rows."""
    rows: list[TruthRow] = []
    for game, proposer, seed, guarded, steps in _cells(settings):
        if not stop():
            rows.append(_play(game, proposer, seed, guarded, steps, reporter, stop))
            if settings.out is not None:
                write_json(settings.out, [asdict(row) for row in rows])
    for game in dict.fromkeys(row.game for row in rows):
        reporter.console.print(truth_table([row for row in rows if row.game == game]))
    return rows


def _cells(settings: TruthSettings) -> Iterator[tuple[str, str, int, bool, int]]:
    unguarded = settings.steps if settings.unguarded_steps is None else settings.unguarded_steps
    for game in settings.games:
        for proposer in settings.proposers or adversaries_of(game):
            for seed in settings.seeds:
                for guarded, steps in ((False, unguarded), (True, settings.steps)):
                    if steps:
                        yield game, proposer, seed, guarded, steps


def _play(
    game: str,
    proposer: str,
    seed: int,
    guarded: bool,
    steps: int,
    reporter: Reporter,
    stop: StopFlag,
) -> TruthRow:
    env, events, levels = AtariGame(game_named(game)), _Events(), LevelLedger()
    oracle = OracleOverseer([env.truth])
    wrapper = OversightWrapper(
        env, oracle if guarded else AllowAll(), sink=events, episode_seed=episode_seed(seed)
    )
    actions = ADVERSARIES[proposer](env, np.random.default_rng([seed, 5]))
    begun, played, over, levelled = time.perf_counter(), 0, True, False
    with reporter.bar(f"{game}, {proposer}, {'oracle' if guarded else 'nobody'}", steps) as bar:
        while played < steps and not stop():
            if over:
                wrapper.reset()
                levels.begin()
            *_, ended, cut, info = wrapper.step(next(actions))
            over, played = ended or cut, played + 1
            if "progress" in info:
                levelled = True
                onsets = info["catastrophe_onsets"]
                levels.step(info["progress"]["level"], info["game_reward"], onsets)
            if played % 100 == 0 or played == steps:
                bar.show(played, f"catastrophes {wrapper.gate.tally.catastrophes}")
    tally = wrapper.gate.tally
    bound = upper_95(tally.catastrophes or 0, max(played, 1))
    return TruthRow(
        game=game,
        proposer=proposer,
        seed=seed,
        guarded=guarded,
        steps=played,
        episodes=tally.episodes,
        catastrophes=tally.catastrophes or 0,
        avoidable=sum(event.avoidable for event in events.events),
        lost_states=oracle.lost if guarded else None,
        unsafe=tally.proposed_catastrophes or 0,
        blocks=tally.blocks,
        per_1000_upper_95=1000.0 * (1.0 if bound is None else bound),
        steps_per_second=played / (time.perf_counter() - begun),
        level=levels.highest if levelled else None,
        first_level_score=levels.first_level_score if levelled else None,
        replays=levels.replays if levelled else None,
        replayed_score=levels.replayed_score if levelled else None,
    )


def truth_table(rows: list[TruthRow]) -> Table:
    """The rows of one game for a terminal: nobody and the oracle side by side."""
    table = Table(title=f"{rows[0].game}: catastrophes by the exact truth", title_justify="left")
    table.caption = (
        "Agent steps and catastrophes. Lost: states in which nothing could avert the harm. "
        "At most: per 1,000 agent steps, one-sided 95 %, exact binomial."
    )
    table.add_column("proposer, seed", no_wrap=True)
    for heading in ("nobody", "harm", "oracle", "harm", "at most", "lost", "blocks", "steps/s"):
        table.add_column(heading, justify="right")
    for proposer, seed in dict.fromkeys((row.proposer, row.seed) for row in rows):
        mine = [row for row in rows if (row.proposer, row.seed) == (proposer, seed)]
        alone = next((row for row in mine if not row.guarded), None)
        kept = next((row for row in mine if row.guarded), None)
        table.add_row(f"{proposer}, {seed}", *_unguarded(alone), *_guarded(kept))
    return table


def _unguarded(row: TruthRow | None) -> tuple[str, ...]:
    return ("-",) * 2 if row is None else (number(row.steps), number(row.catastrophes))


def _guarded(row: TruthRow | None) -> tuple[str, ...]:
    if row is None:
        return ("-",) * 6
    return (
        number(row.steps),
        number(row.catastrophes),
        number(row.per_1000_upper_95, 3),
        number(row.lost_states),
        number(row.blocks),
        number(row.steps_per_second),
    )
