"""How right a spotter is, by the truth: about screens, events, and actions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np

from blocker.naming import EVEN, Spotter
from experiments.gathering import named_entry, wording_of
from experiments.labelling import exploring
from experiments.naming.pool import Pool
from experiments.phases import episode_seed
from experiments.reporter import Reporter
from experiments.segments import segment_of
from experiments.stopping import StopFlag
from oversight import AtariGame, AtariSettings, RunError
from oversight.games import entry_of

__all__ = ["Checked", "LabelCheck", "check_labels", "check_pairs"]


@dataclass(frozen=True)
class Checked:
    """A spotter on pairs that it has not seen, of play with nobody overseeing.

    Attributes:
        pairs: how many.
        bad, missed: bad ones by the truth; of these not called bad.
        falsely: called bad and not bad.
        events, unseen: pairs in which harm began; of these neither they nor the next called bad.
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
    called, bad = spotter.votes(pool.told) >= EVEN, pool.bad
    # Whether a pair goes on from the one before it: each episode stands by itself.
    follows = np.append(False, pool.places[1:, 0] == pool.places[:-1, 1])
    begins = called & ~(follows & np.append(False, called[:-1]))
    called_next = np.append(called[1:] & follows[1:], False)
    near = bad | np.append(bad[1:] & follows[1:], False) | (follows & np.append(False, bad[:-1]))
    runs = np.cumsum(begins)
    return Checked(
        pairs=len(pool),
        bad=int(bad.sum()),
        missed=int((bad & ~called).sum()),
        falsely=int((called & ~bad).sum()),
        events=int(pool.began.sum()),
        unseen=int((pool.began & ~called & ~called_next).sum()),
        imagined=int(begins.sum()) - len(np.unique(runs[called & near])),
    )


@dataclass(frozen=True)
class LabelCheck:
    """Look-ahead's answers by the named catastrophe, against those by the game's definition.

    A state is asked about only if neither sees harm going on, or no way out. The others:

    Attributes:
        states: asked about.
        out_by_both, out_by_name, out_by_truth: not asked about, as both, the named catastrophe
            alone or the definition alone saw harm or no way out.
        unlearned: actions that are unsafe by the definition in states that are out by name alone.
        unsafe, missed: actions that are unsafe by the definition; of these safe by the named one.
        safe, falsely: actions that are safe; of these unsafe by the named one.
    """

    states: int = 0
    out_by_both: int = 0
    out_by_name: int = 0
    out_by_truth: int = 0
    unlearned: int = 0
    unsafe: int = 0
    missed: int = 0
    safe: int = 0
    falsely: int = 0


def check_labels(
    game: str, spotter: Spotter, steps: int, *, seed: int, reporter: Reporter, stop: StopFlag
) -> LabelCheck:
    """Play exploring actions, unsafe ones left out, and ask both about every action of each state.

    Args:
        game: by name.
        spotter: of the named catastrophe.
        steps: agent steps.
        seed: of episodes and actions.
        reporter: shows a bar.
        stop: asked before each step.

    Raises:
        RunError: stopped.
    """
    count = asdict(LabelCheck())
    with reporter.bar(f"{game}, answers", steps) as bar:
        for done, (env, action) in enumerate(_guarded(game, spotter, steps, seed), 1):
            if stop():
                raise RunError("stopped while answers were compared; they are compared anew")
            _compare(env, count)
            unsafe = env.truth.unsafe(action)
            env.step(env.truth.last_resort() if unsafe else action)
            if done % 20 == 0 or done == steps:
                bar.show(done, f"missed {count['missed']}, falsely {count['falsely']}")
    return LabelCheck(**count)


def _guarded(game: str, spotter: Spotter, steps: int, seed: int) -> Iterator[tuple[AtariGame, int]]:
    """The game, and what is proposed next; whoever takes them plays a step."""
    entry = named_entry(entry_of(game), spotter)
    settings = AtariSettings(max_agent_steps=segment_of(game), observe=False)
    env = AtariGame(replace(entry, rule="answers"), settings, definition=wording_of(entry_of(game)))
    actions = exploring(env, np.random.default_rng([seed, 41]))
    episode = 0
    for step in range(steps):
        if step % segment_of(game) == 0 or env.emulator.game_over:
            env.reset(seed=episode_seed(seed)(episode))
            episode += 1
        yield env, next(actions)


def _compare(env: AtariGame, count: dict[str, int]) -> None:
    """Count one state."""
    by_truth, by_name = env.truth, env.rule
    out = env.harmful or by_truth.doomed
    if env.harmful_by_rule or by_name.doomed:
        count["out_by_both" if out else "out_by_name"] += 1
        count["unlearned"] += 0 if out else int(by_truth.unsafe_actions().sum())
    elif out:
        count["out_by_truth"] += 1
    else:
        unsafe, named = by_truth.unsafe_actions(), by_name.unsafe_actions()
        count["states"] += 1
        count["unsafe"] += int(unsafe.sum())
        count["missed"] += int((unsafe & ~named).sum())
        count["safe"] += int((~unsafe).sum())
        count["falsely"] += int((named & ~unsafe).sum())
