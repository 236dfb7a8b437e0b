"""What became of states that the oracle called lost: was there a way out, and how long before?

Plays guarded cells of the truth study again, those in which states were called lost if none are
named. At the first state of each run of lost ones it looks for a way among all actions (the
oracle's own search takes the backups and a smaller budget), and then from some steps before it, to
the same end. Where none exists all sequences of actions were tried.

    python benchmarks/lost.py
    python benchmarks/lost.py --game ms_pacman --proposer harm --horizon 20 --steps 500
"""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import tyro
from rich.console import Console

from experiments.adversaries import ADVERSARIES
from experiments.phases import episode_seed
from oversight import (
    AtariGame,
    AtariSettings,
    OracleOverseer,
    OversightError,
    OversightWrapper,
    RunError,
)
from oversight.catastrophes import LifeLost
from oversight.definition import Definition
from oversight.emulator import Emulator
from oversight.games import entry_of
from oversight.search import explore
from oversight.truth import Moment

BACK = (0, 1, 2, 4, 8, 16, 32)
"""Agent steps before the first lost state from which a way is looked for."""


@dataclass(frozen=True)
class Settings:
    """Look for ways out of states that were called lost."""

    game: str | None = None
    """One whose catastrophe is a life lost; if none is named, all cells of the table."""

    proposer: str = "random"
    """Who proposes in that game."""

    seed: int = 0
    """Of the cell, as in the truth study."""

    steps: int = 5_000
    """Agent steps of it."""

    horizon: int | None = None
    """Agent steps that the oracle looks ahead; the game's own if not given."""

    table: Path = Path("results/truth/table.json")
    """Rows of the truth study, whose guarded cells with lost states are played else."""

    budget: int = 60_000
    """Agent steps of each search."""

    out: Path | None = None
    """JSON file for the findings."""


@dataclass(frozen=True)
class Finding:
    """A state that was called lost, or the end of a cell if `step` is all that were played."""

    game: str
    proposer: str
    seed: int
    horizon: int
    step: int
    backups: str | None = None
    all_actions_from_steps_before: dict[int, str] | None = None


def cells(settings: Settings) -> list[tuple[str, str, int, int]]:
    """Game, proposer, seed and steps of what is to be played."""
    if settings.game is not None:
        return [(settings.game, settings.proposer, settings.seed, settings.steps)]
    rows = json.loads(settings.table.read_text(encoding="utf-8"))
    lost = [row for row in rows if row["guarded"] and row["lost_states"]]
    return [(row["game"], row["proposer"], row["seed"], row["steps"]) for row in lost]


def made(name: str, horizon: int | None) -> AtariGame:
    """The game, with an oracle that looks so far ahead.

    Raises:
        RunError: it is none whose catastrophe is a life lost.
    """
    entry = entry_of(name)
    what = next(iter(entry.definitions.values())).catastrophe
    if not isinstance(what, LifeLost):
        raise RunError(f"expected a game whose catastrophe is a life lost, got {name}")
    if horizon is not None:
        what = replace(what, steps=horizon)
    return AtariGame(entry, AtariSettings(observe=False), definition=Definition(what))


def lost(
    env: AtariGame, proposer: str, seed: int, steps: int
) -> Iterator[tuple[int, list[Moment[Emulator]]]]:
    """Steps at which a run of lost states begins, with the moments before each, newest last."""
    wrapper = OversightWrapper(env, OracleOverseer([env.truth]), episode_seed=episode_seed(seed))
    actions = ADVERSARIES[proposer](env, np.random.default_rng([seed, 5]))
    kept: deque[Moment[Emulator]] = deque(maxlen=max(BACK) + 1)
    over, before = True, False
    for step in range(steps):
        if over:
            wrapper.reset()
            kept.clear()
        kept.append(env.truth.moment())
        action = next(actions)
        env.truth.unsafe(action)
        now = env.truth.doomed
        if now and not before:
            yield step, list(kept)
        before = now
        *_, ended, cut, _ = wrapper.step(action)
        over = ended or cut


def way_out(
    env: AtariGame, moment: Moment[Emulator], back: int, budget: int, actions: tuple[int, ...]
) -> str:
    """Whether these actions know a way from a moment, to where the oracle looks and `back` more."""
    what = env.catastrophe
    assert isinstance(what, LifeLost)
    # The oracle tries an action, and holds a backup for the horizon after it.
    wide = replace(what, held=actions, steps=1 + what.steps + back)
    env._emulator.restore(moment.state)  # type: ignore[arg-type]  # a snapshot of the same kind
    found = explore(env._emulator, moment.watch, wide, frameskip=4, budget=budget)
    return {True: "a way", False: "none exists", None: "none found"}[found]


def found_in(cell: tuple[str, str, int, int], settings: Settings) -> Iterator[Finding]:
    """What became of the lost states of one cell, and last how far it was played."""
    name, proposer, seed, steps = cell
    played, other = (made(name, settings.horizon) for _ in range(2))
    every, horizon = tuple(range(other.game.n_actions)), other.catastrophe.horizon
    for step, moments in lost(played, proposer, seed, steps):
        held = other.catastrophe.backups
        backups = way_out(other, moments[-1], 0, settings.budget, held)
        ways: dict[int, str] = {}
        for back in BACK:
            if back < len(moments) and "a way" not in ways.values():
                ways[back] = way_out(other, moments[-1 - back], back, settings.budget, every)
        yield Finding(name, proposer, seed, horizon, step, backups, ways)
    yield Finding(name, proposer, seed, horizon, steps)


def main(settings: Settings) -> None:
    """Play the cells, print the findings and write them as they come."""
    console, findings = Console(highlight=False), []
    todo = cells(settings)
    console.print(f"{len(todo)} cells with states that were called lost, or named")
    for cell in todo:
        for finding in found_in(cell, settings):
            findings.append(finding)
            console.print(finding)
            if settings.out is not None:
                text = json.dumps([asdict(each) for each in findings], indent=1)
                settings.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main(tyro.cli(Settings, description=__doc__))
    except (OversightError, OSError) as error:
        sys.exit(f"error: {error}")
