"""What the exact truth costs: the same stack under the oracle and under `AllowAll` without truth.

Rounds of both are interleaved, so that a busy machine slows each of them alike; what is printed
are medians. The oracle's answers are asked for the proposed action, which is what every study
does; the last column asks for all actions of each state, in one call and one by one on a fresh
look-ahead each.

    python benchmarks/truth.py [rounds] [steps a round]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from oversight import AllowAll, AtariGame, OracleOverseer, OversightWrapper, game_named
from oversight.lookahead import LookAhead

Env = gymnasium.Env[NDArray[np.uint8], int]
GAMES = {"pong": 1 / 3, "space_invaders": 1 / 3, "road_runner": 1 / 5}
"""The ratio that each game is to reach."""
HOLDS = {"random": (1, 1), "held": (1, 30)}


class Blind(gymnasium.Env[NDArray[np.uint8], int]):
    """The game without its truth."""

    def __init__(self, game: AtariGame) -> None:
        self._game = game
        self.observation_space = game.observation_space
        self.action_space = game.action_space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """As the game does."""
        return self._game.reset(seed=seed, options=options)

    def step(self, action: int) -> tuple[NDArray[np.uint8], float, bool, bool, dict[str, Any]]:
        """As the game does."""
        return self._game.step(action)


def tape(n_actions: int, low: int, high: int) -> Iterator[int]:
    """Random actions, each held for low to high steps."""
    rng = np.random.default_rng(0)
    while True:
        action = int(rng.integers(n_actions))
        for _ in range(int(rng.integers(low, high, endpoint=True))):
            yield action


def seconds(env: Env, actions: Iterator[int], steps: int) -> float:
    begun = time.perf_counter()
    for _ in range(steps):
        *_, terminated, truncated, _ = env.step(next(actions))
        if terminated or truncated:
            env.reset()
    return time.perf_counter() - begun


def compared(name: str, hold: tuple[int, int], rounds: int, steps: int) -> tuple[float, float]:
    """Steps a second under `AllowAll`, and the oracle's share of it."""
    game = game_named(name)
    plain: Env = OversightWrapper(Blind(AtariGame(game)), AllowAll())
    guarded = AtariGame(game)
    judged: Env = OversightWrapper(guarded, OracleOverseer([guarded.truth]))
    tapes = [tape(game.n_actions, *hold) for _ in range(2)]
    times = np.zeros((rounds + 1, 2))
    for env in (plain, judged):
        env.reset(seed=0)
    for number in range(rounds + 1):
        for place, env in enumerate((plain, judged)):
            times[number, place] = seconds(env, tapes[place], steps) / steps
    times = times[1:]  # the first warms up
    return float(np.median(1 / times[:, 0])), float(np.median(times[:, 0] / times[:, 1]))


def asked(env: AtariGame, *, together: bool) -> list[bool]:
    """Every action, of one fresh look-ahead or of one for each."""
    game, answers = env.game, []
    for action in range(game.n_actions):
        if action == 0 or not together:
            fresh = LookAhead(
                env.emulator, env.catastrophe, n_actions=game.n_actions, frameskip=game.frameskip
            )
            # Not a new watch: after look-ahead the screen that it would begin from is stale.
            fresh.moved(env.truth.moment().watch)
        answers.append(fresh.unsafe(action))
    return answers


def all_actions(name: str, states: int) -> float:
    """How many times longer it takes to ask for every action by itself than in one call."""
    game, rng = game_named(name), np.random.default_rng(1)
    env = AtariGame(game)
    env.reset(seed=1)
    shares: list[float] = []
    while len(shares) < states:
        if env.step(int(rng.integers(game.n_actions)))[2]:
            env.reset()
        times = {}
        # What comes first warms the emulator up for the other: so in turns.
        for together in sorted((True, False), reverse=len(shares) % 2 == 0):
            begun = time.perf_counter()
            answers = asked(env, together=together)
            times[together] = (time.perf_counter() - begun, answers)
        assert times[True][1] == times[False][1]
        if times[True][0] > 1e-4:  # else: out of reach, no work
            shares.append(times[False][0] / times[True][0])
    return float(np.median(shares))


def main(rounds: int = 9, steps: int = 150) -> None:
    table = Table(title=f"The oracle against AllowAll, {rounds} rounds of {steps} steps")
    headings = ("game", "actions", "AllowAll steps/s", "oracle's share", "goal", "one by one")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in {"game", "actions"} else "right")
    for name, goal in GAMES.items():
        apart = f"{all_actions(name, 40):.1f} x"
        for kind, hold in HOLDS.items():
            rate, share = compared(name, hold, rounds, steps)
            table.add_row(name, kind, f"{rate:,.0f}", f"{share:.3f}", f"{goal:.3f}", apart)
    Console().print(table)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
