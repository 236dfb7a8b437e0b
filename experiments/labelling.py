"""Labels for studies: a simulated person judges exploring play, into a log like any other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from blocker import Examples
from experiments.phases import episode_seed, history_of, open_log
from experiments.reporter import Reporter
from experiments.settings import RunSettings
from experiments.stopping import StopFlag
from oversight import (
    AtariGame,
    AtariSettings,
    GateSettings,
    OversightWrapper,
    RunError,
    SimulatedHuman,
    game_named,
)
from oversight.simulated import MODELS

__all__ = ["discard", "exploring", "flip", "keep_as", "labelled"]


HOLDS = (1, 4, 30, 75)
"""Agent steps for which an action is held at most, one after another."""
SPELL = 75
"""Agent steps of each."""


def discard(part: Path) -> None:
    """Remove an unfinished log and what lies beside it."""
    for left in (part, *part.parent.glob(f"{part.name}-*")):
        left.unlink(missing_ok=True)


def keep_as(part: Path, path: Path) -> None:
    """Give a finished log, closed, its name; its mark, which knows its last commit, goes along."""
    part.with_name(f"{part.name}-mark").replace(path.with_name(f"{path.name}-mark"))
    part.replace(path)
    discard(part)


def exploring(env: AtariGame, rng: np.random.Generator) -> Iterator[int]:
    """Random actions, trembling, short and long held in turn: what labels are collected of.

    A Blocker that has seen long held actions alone misses much of what a trembling agent does: from
    there the same screen goes on otherwise. Those held longest lead into corners, and stay there.
    """
    while True:
        for most in HOLDS:
            left = SPELL
            while left > 0:
                action = int(rng.integers(env.game.n_actions))
                held = min(left, int(rng.integers(1, most, endpoint=True)))
                left -= held
                for _ in range(held):
                    yield action


def flip(examples: Examples, share: float, rng: np.random.Generator) -> Examples:
    """The examples with that share of the judged labels turned round."""
    turned = (rng.random(len(examples)) < share) & ~examples.implied
    return replace(examples, unsafe=examples.unsafe ^ turned)


def labelled(
    folder: Path,
    game: str,
    labels: int,
    *,
    seed: int,
    person: str,
    exact: bool = False,
    segment_steps: int,
    pace: float | None = None,
    reporter: Reporter,
    stop: StopFlag,
) -> Path:
    """A log of so many steps judged by a simulated person, made if it is not there.

    See `exploring` for what is proposed. `exact`: the person blocks at the last instant, by the
    exact truth, and not by the game's rule for people. `pace`: agent steps a second in front of
    the person; the preset's own if None.

    Raises:
        RunError: stopped; an unfinished log is not kept.
    """
    model = MODELS[person] if pace is None else replace(MODELS[person], steps_per_second=pace)
    who = f"{person}{'-exact' if exact else ''}{'' if pace is None else f'-{pace:g}'}"
    path = folder / f"{game}-{who}-{seed}-{labels}-{segment_steps}.sqlite"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    discard(part)
    env = AtariGame(game_named(game), AtariSettings(max_agent_steps=segment_steps, observe=False))
    rng = np.random.default_rng([seed, 2])
    probe = env.truth if exact else env.rule
    human = SimulatedHuman([probe], rng, model, safe_twin=env.safe_twin)
    with (
        open_log(part, RunSettings(game=game, seed=seed)) as log,
        reporter.bar(f"{game}, labels of seed {seed}", labels) as bar,
    ):
        wrapper = OversightWrapper(
            env,
            human,
            GateSettings(history=history_of(game)),
            sink=log,
            episode_seed=episode_seed(seed),
            phase="oversight",
        )
        actions = exploring(env, np.random.default_rng([seed, 5]))
        over = True
        for step in range(1, labels + 1):
            if stop():
                raise RunError("stopped while labels were given; they are given anew next time")
            if over:
                wrapper.reset()
            *_, ended, cut, _ = wrapper.step(next(actions))
            over = ended or cut
            if step % 50 == 0 or step == labels:
                bar.show(step)
    keep_as(part, path)
    return path
