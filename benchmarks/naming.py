"""What a catastrophe named on screens costs look-ahead, beside the game's own definition.

Microseconds to tell of a pair of screens and to ask a spotter of it; states a second in which all
actions are answered about, by both on the very same states, in turn.

    python benchmarks/naming.py
    python benchmarks/naming.py --games road_runner --states 200
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from blocker.naming import Spotter, fit_spotter, view_for
from experiments.gathering import named_entry, wording_of
from experiments.labelling import exploring
from experiments.naming.pool import Pool, gather_pool
from experiments.phases import episode_seed
from experiments.reporter import Reporter
from experiments.segments import segment_of
from oversight import AtariGame, AtariSettings, OversightError
from oversight.games import entry_of

LEARNED_FROM = 600
"""Pairs that the spotter learns from, by the truth: about what Road Runner's person is shown."""


@dataclass(frozen=True)
class Settings:
    """Speeds of spotters, and of look-ahead that goes by them."""

    games: tuple[str, ...] = ("pong", "space_invaders", "road_runner")
    """Which games."""
    pairs: int = 3_000
    """Pairs of screens to time; a part of them is learned from."""
    states: int = 100
    """States of guarded play in which every action is asked about, by both."""
    seed: int = 0
    """Of play and trees."""


def median_us(act: Callable[[int], object], count: int) -> float:
    """Median over calls, in microseconds; the first ones compile."""
    act(0)
    taken = []
    for number in range(count):
        began = time.perf_counter()
        act(number)
        taken.append(time.perf_counter() - began)
    return 1e6 * float(np.median(taken))


def spotter_of(game: str, pool: Pool, seed: int) -> Spotter:
    """A spotter that has learned from the truth of some pairs, bad ones among them."""
    some = np.random.default_rng([seed, 1]).permutation(len(pool))[:LEARNED_FROM]
    return fit_spotter(game, view_for(game), pool.told[some], pool.bad[some], seed)


def seconds_a_state(game: str, spotter: Spotter, states: int, seed: int) -> tuple[float, float]:
    """Mean seconds in which all actions of a state are answered about: by definition, by name.

    The mean, not the median: where no way out is found at once, a search follows that takes long.
    """
    entry, limit = named_entry(entry_of(game), spotter), segment_of(game)
    settings = AtariSettings(max_agent_steps=limit, observe=False)
    env = AtariGame(replace(entry, rule="answers"), settings, definition=wording_of(entry_of(game)))
    actions = exploring(env, np.random.default_rng([seed, 2]))
    spent = [0.0, 0.0]
    for step in range(states):
        if step % limit == 0 or env.emulator.game_over:
            env.reset(seed=episode_seed(seed)(step))
        for which, probe in enumerate((env.truth, env.rule)):
            began = time.perf_counter()
            probe.unsafe_actions()
            spent[which] += time.perf_counter() - began
        action = next(actions)
        env.step(env.truth.last_resort() if env.truth.unsafe(action) else action)
    return spent[0] / states, spent[1] / states


def measured(game: str, settings: Settings, reporter: Reporter, folder: Path) -> tuple[str, ...]:
    """A game's row."""
    view = view_for(game)
    pool = gather_pool(
        folder / f"{game}.npz",
        game,
        view,
        settings.pairs,
        seed=settings.seed,
        reporter=reporter,
        stop=lambda: False,
    )
    spotter = spotter_of(game, pool, settings.seed)
    cropped = [tuple(view.crop(each) for each in pool.pair(n)) for n in range(min(500, len(pool)))]
    tell = median_us(lambda n: view.tell(*cropped[n], over=False), len(cropped))
    vote = median_us(lambda n: spotter.votes(pool.told[n : n + 1]), len(pool))
    by_definition, by_name = seconds_a_state(game, spotter, settings.states, settings.seed)
    return (
        game,
        f"{tell:.1f}",
        f"{vote:.1f}",
        f"{1 / by_definition:,.1f}",
        f"{1 / by_name:,.1f}",
        f"{by_name / by_definition:.1f}",
    )


def main() -> int:
    """Measure and print."""
    settings = tyro.cli(Settings, prog="benchmarks/naming.py")
    table = Table(title="Look-ahead by a named catastrophe")
    for heading in (
        *("game", "tell of a pair, us", "ask the spotter, us"),
        *("states a second, definition", "named", "times as long"),
    ):
        table.add_column(heading, justify="left" if heading == "game" else "right")
    try:
        with tempfile.TemporaryDirectory() as folder:
            for game in settings.games:
                table.add_row(*measured(game, settings, Reporter(), Path(folder)))
    except (OversightError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
