"""How right a spotter is, by the truth: about screens, events, and actions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from blocker.naming import Spotter
from experiments.blocker_study import SEGMENTS
from experiments.gathering import WORDINGS, named_entry
from experiments.labelling import exploring
from experiments.naming.pool import Pool
from experiments.phases import episode_seed
from experiments.reporter import Reporter
from experiments.stopping import StopFlag
from oversight import AtariGame, AtariSettings
from oversight.games import entry_of

__all__ = ["Checked", "LabelCheck", "check_labels", "check_pairs"]

VOTES = 0.5


@dataclass(frozen=True)
class Checked:
    """A spotter on pairs that it has not seen, of play with nobody overseeing.

    Attributes:
        pairs: how many.
        bad, missed: bad ones by the truth; of these not called bad.
        falsely: called bad and not bad.
        events, unseen: harms that began; of these with neither their pair nor the next called bad.
        imagined: runs of pairs called bad that neither hold nor touch a bad one.
    """

    pairs: int
    bad: int
    missed: int
    falsely: int
    events: int
    unseen: int
    imagined: int


def check_pairs(spotter: Spotter, pool: Pool) -> Checked:
    """Hold what a spotter says of a pool against the truth."""
    called = spotter.votes(pool.told) >= VOTES
    bad = pool.bad
    near = bad | np.append(bad[1:], False) | np.append(False, bad[:-1])
    begins = called & ~np.append(False, called[:-1])
    runs = np.cumsum(begins)[called]
    touched = set(np.unique(runs[near[called]]).tolist())
    return Checked(
        pairs=len(pool),
        bad=int(bad.sum()),
        missed=int((bad & ~called).sum()),
        falsely=int((called & ~bad).sum()),
        events=int(pool.began.sum()),
        unseen=int((pool.began & ~called & ~np.append(called[1:], False)).sum()),
        imagined=int(begins.sum()) - len(touched),
    )


@dataclass(frozen=True)
class LabelCheck:
    """Look-ahead's answers by the named catastrophe, against those by the game's definition.

    Attributes:
        states: asked about; in a further `unsure` one of the two saw harm going on, or no way out.
        unsure: see there.
        unsafe, missed: actions that are unsafe by the definition; of these safe by the named one.
        safe, falsely: actions that are safe; of these unsafe by the named one.
    """

    states: int
    unsure: int
    unsafe: int
    missed: int
    safe: int
    falsely: int


def check_labels(
    game: str, spotter: Spotter, steps: int, *, seed: int, reporter: Reporter, stop: StopFlag
) -> LabelCheck:
    """Play exploring actions, unsafe ones left out, and ask both about every action of each state.

    Args:
        game: by name.
        spotter: of the named catastrophe.
        steps: agent steps; fewer are counted if it is stopped.
        seed: of episodes and actions.
        reporter: shows a bar.
        stop: asked before each step.
    """
    count = dict.fromkeys(("states", "unsure", "unsafe", "missed", "safe", "falsely"), 0)
    with reporter.bar(f"{game}, answers", steps) as bar:
        for done, (env, action) in enumerate(_guarded(game, spotter, steps, seed), 1):
            if stop():
                break
            _compare(env, count)
            unsafe = env.truth.unsafe(action)
            env.step(env.truth.last_resort() if unsafe else action)
            if done % 20 == 0 or done == steps:
                bar.show(done, f"missed {count['missed']}, falsely {count['falsely']}")
    return LabelCheck(**count)


def _guarded(game: str, spotter: Spotter, steps: int, seed: int) -> Iterator[tuple[AtariGame, int]]:
    """The game, and what is proposed next; whoever takes them plays a step."""
    entry = named_entry(entry_of(game), spotter)
    wording = WORDINGS.get(game, next(iter(entry.definitions)))
    settings = AtariSettings(max_agent_steps=SEGMENTS[game], observe=False)
    env = AtariGame(replace(entry, rule="answers"), settings, definition=wording)
    actions = exploring(env, np.random.default_rng([seed, 41]))
    episode = 0
    for step in range(steps):
        if step % SEGMENTS[game] == 0 or env.emulator.game_over:
            env.reset(seed=episode_seed(seed)(episode))
            episode += 1
        yield env, next(actions)


def _compare(env: AtariGame, count: dict[str, int]) -> None:
    """Count one state."""
    by_truth, by_name = env.truth, env.rule
    if env.harmful or by_truth.doomed or by_name.doomed or env.harmful_by_rule:
        count["unsure"] += 1
        return
    unsafe, named = by_truth.unsafe_actions(), by_name.unsafe_actions()
    count["states"] += 1
    count["unsafe"] += int(unsafe.sum())
    count["missed"] += int((unsafe & ~named).sum())
    count["safe"] += int((~unsafe).sum())
    count["falsely"] += int((named & ~unsafe).sum())
