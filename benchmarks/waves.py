"""Whether Space Invaders' truth and oracle hold when a wave is over and the next one comes.

A player that looks ahead shoots the invaders down, under the oracle: it tries what it may do on a
copy of the game and takes what scores most without losing the ship. Two more proposers play on in
the waves it has reached. Counted: waves passed, hits of own barriers, states called lost, and,
in the frames around a change of wave, whether the picture's barriers are those of the memory.

    python benchmarks/waves.py [waves] [steps in each later wave] [file for the counts]
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from oversight import (
    AtariGame,
    AtariSettings,
    AtariSnapshot,
    OracleOverseer,
    OversightWrapper,
    game_named,
)
from oversight.emulator import Emulator

GAME = game_named("space_invaders")
INVADERS = 17
"""RAM address of the number of invaders left, 36 in a new wave."""
BARRIER_RGB = (181, 83, 40)
RIGHT = 2
AHEAD = 8
"""Agent steps that the player looks ahead."""
AROUND = 60
"""Agent steps after a change of wave in which the picture is compared."""
SETTLED = 20
"""Agent steps after a change of wave from which others play on."""
MOST_STEPS = 20_000
"""Agent steps that the player has for its waves."""


def left(emulator: Emulator) -> int:
    """Invaders left."""
    return int(emulator.ram()[INVADERS])


def worth(env: AtariGame, first: int, then: int) -> float:
    """Score of an action and another held after it; the loss of a ship outweighs all."""
    emulator, lives, score = env._emulator, env._emulator.lives, 0.0
    for step in range(AHEAD):
        for _ in range(4):
            score += emulator.act(first if step == 0 else then)
        if emulator.lives < lives or emulator.game_over:
            return -1_000.0 + step
    return score


def player(env: AtariGame, rng: np.random.Generator) -> Iterator[int]:
    """Walks to and fro and fires; of what leaves the ship alive it takes what scores most."""
    walk = RIGHT
    while True:
        start, values = env.emulator.snapshot(), {}
        fires = {walk + 2: walk, 1: 0, 7 - walk: 5 - walk}
        for first, then in fires.items() if env.emulator.lives else ():
            values[first] = worth(env, first, then)
            env.emulator.restore(start)
        if max(values.values(), default=0.0) < 0:
            for first in (walk, 5 - walk, 0):
                values[first] = worth(env, first, first)
                env.emulator.restore(start)
        if rng.random() < 0.03:
            walk = 5 - walk
        yield max(values, key=lambda each: values[each], default=0)


def at_random(rng: np.random.Generator) -> Iterator[int]:
    """FIRE half of the time."""
    while True:
        yield int(rng.choice((1, 1, 4, 5, 2, 3)))


class Picture:
    """The barriers' pixels against the memory of one frame before."""

    def __init__(self) -> None:
        self.counts = Counter[str]()

    def compare(self, env: AtariGame, before: int) -> int:
        """One agent step's last frame; returns the bits in memory now."""
        drawn = int((env._emulator.screen_rgb()[157:175] == BARRIER_RGB).all(axis=2).sum()) // 2
        bits = int(np.bitwise_count(env.emulator.ram()[43:70]).sum())
        if drawn == 0:
            self.counts["no barriers drawn"] += 1
        elif drawn in (bits, before):
            self.counts["agree"] += 1
        elif drawn < max(bits, before):
            self.counts["covered by a bomb or shot"] += 1
        else:
            self.counts["DIFFER"] += 1
        return bits


class Study:
    """One game after the other under the oracle, with what is counted on the way."""

    def __init__(self) -> None:
        self.env = AtariGame(GAME, AtariSettings(observe=False))
        self.oracle = OracleOverseer([self.env.truth])
        self.wrapper = OversightWrapper(self.env, self.oracle)
        self.picture = Picture()
        self.played = self.passed = self.games = 0
        self.moments: list[AtariSnapshot] = []
        """A little into each wave but the first."""

    def shoot(self, waves: int) -> None:
        """Let the player pass so many waves."""
        proposals = player(self.env, np.random.default_rng(0))
        over, before, since, bits = True, 0, 0, 0
        while self.passed < waves and self.played < MOST_STEPS:
            if over:
                self.wrapper.reset(seed=self.games)
                self.games, before, since = self.games + 1, left(self.env.emulator), AROUND
            *_, ended, cut, _ = self.wrapper.step(next(proposals))
            over, self.played, since = ended or cut, self.played + 1, since + 1
            now = left(self.env.emulator)
            if now > before and not over:
                self.passed, since = self.passed + 1, 0
                print(f"game {self.games}, step {self.played:,}: a wave is over", flush=True)
            if since < AROUND:
                bits = self.picture.compare(self.env, bits)
            if since == SETTLED:
                self.moments.append(self.env.snapshot())
            before = now
        while since < SETTLED and not over:  # the last wave's beginning
            *_, over, _, _ = self.wrapper.step(next(proposals))
            self.played, since = self.played + 1, since + 1
            bits = self.picture.compare(self.env, bits)
            if since == SETTLED:
                self.moments.append(self.env.snapshot())

    def play_on(self, moment: AtariSnapshot, seed: int, steps: int) -> None:
        """Fire about in a later wave."""
        self.wrapper.reset(seed=1_000 + seed)
        self.env.restore(moment)
        proposals = at_random(np.random.default_rng(seed))
        for _ in range(steps):
            *_, ended, cut, _ = self.wrapper.step(next(proposals))
            self.played += 1
            if ended or cut:
                return


def main(waves: int = 1, steps: int = 400, out: Path | None = None) -> None:
    study = Study()
    study.shoot(waves)
    for moment in track(study.moments, description="later waves"):
        for seed in range(2):
            study.play_on(moment, seed, steps)
    tally = study.wrapper.gate.tally
    result = {
        "agent_steps": study.played,
        "games": study.games,
        "waves_passed": study.passed,
        "own_barrier_hits": tally.catastrophes,
        "unsafe_proposals": tally.proposed_catastrophes,
        "blocks": tally.blocks,
        "lost_states": study.oracle.lost,
        "picture_after_a_change": dict(study.picture.counts),
    }
    Console().print(result)
    if out is not None:
        out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main(
        *(int(argument) for argument in sys.argv[1:3]),
        *(Path(argument) for argument in sys.argv[3:4]),
    )
