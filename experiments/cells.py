"""One cell of the truth study: a proposer in a game, with nobody or with the exact oracle."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from experiments.adversaries import ADVERSARIES, ASKING, Played
from experiments.levels import LevelLedger
from experiments.phases import episode_seed
from experiments.stopping import StopFlag
from experiments.summary import upper_95
from oversight import (
    AllowAll,
    AtariGame,
    AtariSettings,
    Event,
    NullSink,
    OracleOverseer,
    OversightWrapper,
)
from oversight.classic import CLASSIC_GAMES, ClassicGame
from oversight.games import game_named
from oversight.hindsight import Hindsight

__all__ = ["Cell", "TruthRow", "play_cell"]

Key = tuple[str, str, int, bool]


@dataclass(frozen=True)
class Cell:
    """What is to be played.

    Attributes:
        game, proposer, seed: what and who.
        guarded: the exact truth oversees; nobody if not.
        steps: agent steps.
        minutes: of processor time after which the cell ends anyhow; None for no such end.
    """

    game: str
    proposer: str
    seed: int
    guarded: bool
    steps: int
    minutes: float | None = None

    @property
    def key(self) -> Key:
        """What tells cells apart, whatever their length."""
        return self.game, self.proposer, self.seed, self.guarded


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
        unsafe: proposals that were unsafe; None where the truth was asked after a catastrophe
            only.
        blocks: executed action differed from the proposed one.
        per_1000_upper_95: catastrophes per 1,000 steps, exact one-sided upper bound.
        steps_per_second: of the whole loop, by the clock.
        cpu_seconds: processor time; None in rows of before it was measured.
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
    unsafe: int | None
    blocks: int
    per_1000_upper_95: float
    steps_per_second: float
    cpu_seconds: float | None = None
    level: int | None = None
    first_level_score: float | None = None
    replays: int | None = None
    replayed_score: float | None = None

    @property
    def key(self) -> Key:
        """Of the cell that it is of."""
        return self.game, self.proposer, self.seed, self.guarded


@dataclass(slots=True)
class _Counts:
    """What a cell is about, so far."""

    steps: int = 0
    episodes: int = 0
    catastrophes: int = 0
    avoidable: int = 0
    lost_states: int | None = None
    unsafe: int | None = None
    blocks: int = 0


@dataclass
class _Events(NullSink):
    """Keeps the catastrophes alone: the steps of a long study would not fit into memory."""

    events: list[Event] = field(default_factory=list)

    def event(self, event: Event) -> None:
        self.events.append(event)


def play_cell(
    cell: Cell, stop: StopFlag | None = None, show: Callable[[int], None] | None = None
) -> TruthRow:
    """Play one cell, to its end, its time's end, or until told to stop.

    Args:
        cell: what is to be played.
        stop: asked at every step.
        show: told now and then how many steps are played.
    """
    played: Played = (
        ClassicGame(cell.game)
        if cell.game in CLASSIC_GAMES
        else AtariGame(game_named(cell.game), AtariSettings(observe=False))
    )
    actions = ADVERSARIES[cell.proposer](played, np.random.default_rng([cell.seed, 5]))
    afterwards = not cell.guarded and cell.proposer not in ASKING
    levels, counts = LevelLedger(), _Counts()
    loop = (_alone if afterwards else _overseen)(cell, played, actions, levels, counts)
    begun, processor = time.perf_counter(), time.process_time()
    until = None if cell.minutes is None else processor + 60 * cell.minutes
    for _ in loop:
        late = until is not None and time.process_time() >= until
        if counts.steps % 100 == 0 and show is not None:
            show(counts.steps)
        if counts.steps >= cell.steps or late or (stop is not None and stop()):
            break
    return _row(cell, counts, levels, begun, processor)


def _row(
    cell: Cell, counts: _Counts, levels: LevelLedger, begun: float, processor: float
) -> TruthRow:
    steps = counts.steps
    bound = upper_95(counts.catastrophes, steps)
    levelled = cell.game == "road_runner"
    return TruthRow(
        game=cell.game,
        proposer=cell.proposer,
        seed=cell.seed,
        guarded=cell.guarded,
        steps=steps,
        episodes=counts.episodes,
        catastrophes=counts.catastrophes,
        avoidable=counts.avoidable,
        lost_states=counts.lost_states,
        unsafe=counts.unsafe,
        blocks=counts.blocks,
        per_1000_upper_95=1000.0 * (1.0 if bound is None else bound),
        steps_per_second=steps / (time.perf_counter() - begun),
        cpu_seconds=time.process_time() - processor,
        level=levels.highest if levelled else None,
        first_level_score=levels.first_level_score if levelled else None,
        replays=levels.replays if levelled else None,
        replayed_score=levels.replayed_score if levelled else None,
    )


def _overseen(
    cell: Cell, game: Played, actions: Iterator[int], levels: LevelLedger, counts: _Counts
) -> Iterator[None]:
    """Step by step under the oracle, or under nobody with the truth asked at every step."""
    oracle, events = OracleOverseer([game.truth]), _Events()
    overseer = oracle if cell.guarded else AllowAll()
    env: OversightWrapper[Any] = OversightWrapper(
        game, overseer, sink=events, episode_seed=episode_seed(cell.seed)
    )
    over = True
    while True:
        if over:
            env.reset()
            levels.begin()
        *_, ended, cut, info = env.step(next(actions))
        over = ended or cut
        _level(levels, info)
        tally = env.gate.tally
        counts.steps, counts.episodes, counts.blocks = tally.steps, tally.episodes, tally.blocks
        counts.catastrophes = tally.catastrophes or 0
        counts.avoidable = sum(event.avoidable for event in events.events)
        counts.unsafe = tally.proposed_catastrophes or 0
        counts.lost_states = oracle.lost if cell.guarded else None
        yield


def _alone(
    cell: Cell, game: Played, actions: Iterator[int], levels: LevelLedger, counts: _Counts
) -> Iterator[None]:
    """Step by step with nobody; the truth is asked after a catastrophe."""
    hindsight: Hindsight[Any] = Hindsight(game.truth)
    seed, over = episode_seed(cell.seed), True
    while True:
        if over:
            game.reset(seed=seed(counts.episodes))
            hindsight.begin()
            levels.begin()
            counts.episodes += 1
        action = next(actions)
        hindsight.keep(action)
        *_, ended, cut, info = game.step(action)
        over = ended or cut
        _level(levels, info)
        counts.steps += 1
        onsets = info["catastrophe_onsets"]
        counts.catastrophes += onsets
        if onsets:
            counts.avoidable += onsets * (hindsight.cause() is not None)
        yield


def _level(levels: LevelLedger, info: Mapping[str, Any]) -> None:
    if "progress" in info:
        levels.step(info["progress"]["level"], info["game_reward"], info["catastrophe_onsets"])
