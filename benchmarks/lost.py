"""What became of states that the oracle called lost: was there a way out, and how long before?

Plays guarded cells of the truth study again. At the first state of each run of lost ones it looks
for a way among all actions (the oracle's own search takes the backups and a smaller budget), and
then from some steps before it, to the same end. Where none exists all sequences of actions were
tried.

    python benchmarks/lost.py [steps a cell] [budget in agent steps] [file for findings] [games]
"""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from experiments.adversaries import ADVERSARIES
from experiments.phases import episode_seed
from oversight import AtariGame, AtariSettings, OracleOverseer, OversightWrapper, game_named
from oversight.catastrophes import LifeLost
from oversight.emulator import Emulator
from oversight.search import explore
from oversight.truth import Moment

CELLS = (("ms_pacman", "harm"), ("ms_pacman", "held"), ("berzerk", "greedy"), ("assault", "random"))
BACK = (0, 1, 2, 4, 8, 16, 32)
"""Agent steps before the first lost state from which a way is looked for."""


def lost(name: str, proposer: str, steps: int) -> Iterator[tuple[int, list[Moment[Emulator]]]]:
    """Steps at which a run of lost states begins, with the moments before each, newest last."""
    env = AtariGame(game_named(name), AtariSettings(observe=False))
    wrapper = OversightWrapper(env, OracleOverseer([env.truth]), episode_seed=episode_seed(0))
    actions = ADVERSARIES[proposer](env, np.random.default_rng([0, 5]))
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


def main(steps: int, budget: int, out: Path | None, games: tuple[str, ...]) -> None:
    console, findings = Console(highlight=False), []
    for name, proposer in (cell for cell in CELLS if not games or cell[0] in games):
        other = AtariGame(game_named(name))
        for step, moments in lost(name, proposer, steps):
            every = tuple(range(other.game.n_actions))
            backups = way_out(other, moments[-1], 0, budget, other.catastrophe.backups)
            ways: dict[int, str] = {}
            for back in BACK:
                if back < len(moments) and "a way" not in ways.values():
                    ways[back] = way_out(other, moments[-1 - back], back, budget, every)
            finding = {"game": name, "proposer": proposer, "step": step, "backups": backups}
            findings.append({**finding, "all_actions_from_steps_before": ways})
            console.print(findings[-1])
            if out is not None:
                out.write_text(json.dumps(findings, indent=1) + "\n")
        findings.append({"game": name, "proposer": proposer, "steps played": steps})
        console.print(findings[-1])
        if out is not None:
            out.write_text(json.dumps(findings, indent=1) + "\n")


if __name__ == "__main__":
    steps, budget, out = [*sys.argv[1:4], *("500", "60000", "")[len(sys.argv) - 1 :]]
    main(int(steps), int(budget), Path(out) if out else None, tuple(sys.argv[4:]))
