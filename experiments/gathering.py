"""States with the truth about every action, gathered while somebody guards: amplified labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from blocker.amplified import Answers
from blocker.naming import NamedHarm, Spotter
from experiments.adversaries import ADVERSARIES
from experiments.labelling import discard, exploring, keep_as
from experiments.phases import episode_seed, history_of, open_log
from experiments.reporter import Reporter
from experiments.settings import RunSettings
from experiments.stopping import StopFlag
from oversight import (
    AtariGame,
    AtariSettings,
    GateSettings,
    InterventionLog,
    Overseer,
    OversightWrapper,
    RunError,
)
from oversight.definition import Definition, Entry
from oversight.errors import BlockerMismatch
from oversight.games import entry_of

__all__ = ["EXPLORING", "WORDINGS", "answering_game", "gather", "named_entry", "wording_of"]

EXPLORING = "exploring"
"""The proposer that labels are collected of; see `experiments.labelling.exploring`."""
WORDINGS = {"space_invaders": "gun_free_within"}
"""By which wording the answers are given, if not by the truth: it holds the truth and, beside it,
FIREs that do nothing, which no screen tells from those that would and whose block costs nothing."""


def wording_of(entry: Entry) -> str:
    """By which of its definitions answers about a game are given."""
    return WORDINGS.get(entry.game.name, next(iter(entry.definitions)))


def named_entry(entry: Entry, spotter: Spotter) -> Entry:
    """The game with a catastrophe that a person has named, beside its own definitions.

    "named" is what happens, "answers" what look-ahead answers by: the same, or in a wording such as
    that of a gun that may come free.

    Raises:
        BlockerMismatch: the spotter is another game's.
    """
    game = entry.game
    if spotter.game != game.name:
        raise BlockerMismatch(
            f"expected a spotter of {game.name}, got one of {spotter.game}: name the catastrophe "
            "of that game with 'python -m experiments name'"
        )
    harm = NamedHarm(spotter, entry.truth.catastrophe, game.frameskip)
    wording = entry.definition(wording_of(entry))
    named = {"named": Definition(harm), "answers": Definition(harm, wording.mechanism)}
    return replace(entry, definitions=MappingProxyType({**entry.definitions, **named}))


def answering_game(name: str, segment_steps: int, spotter: Spotter | None = None) -> AtariGame:
    """The game, whose `rule` is what gives the answers.

    With a spotter its `truth`, too, is what a person has named: then neither the guard nor who
    looks for harm asks the game's own definition what harm is.
    """
    entry = entry_of(name)
    settings = AtariSettings(max_agent_steps=segment_steps, observe=False)
    if spotter is not None:
        entry = replace(named_entry(entry, spotter), rule="answers")
        return AtariGame(entry, settings, definition="named")
    return AtariGame(replace(entry, rule=wording_of(entry)), settings)


def gather(
    path: Path,
    game: str,
    proposers: tuple[str, ...],
    steps: int,
    guard: Callable[[AtariGame], Overseer],
    *,
    seed: int,
    segment_steps: int,
    reporter: Reporter,
    stop: StopFlag,
    spotter: Spotter | None = None,
) -> tuple[Path, Path]:
    """Play each proposer for so many steps under a guard, and ask about every action of each state.

    Args:
        path: of the log; its answers lie beside it. What is there is not gathered again.
        game: by name.
        proposers: by name, `EXPLORING` or one of `ADVERSARIES`.
        steps: agent steps of each.
        guard: makes the overseer, which decides where play gets to and not what the answers are.
        seed: of episodes and proposers.
        segment_steps: an episode is cut after so many.
        reporter: shows a bar.
        stop: asked before each step.
        spotter: of what a person has named, in place of the game's own definition; then the log's
            truth is that, too.

    Returns:
        The log and its answers.

    Raises:
        RunError: stopped; what is unfinished is not kept.
    """
    answers = path.with_suffix(".npz")
    if path.exists() and answers.exists():
        return path, answers
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    discard(part)
    env = answering_game(game, segment_steps, spotter)
    unsafe: list[NDArray[np.bool_]] = []
    known: list[bool] = []
    with (
        open_log(part, RunSettings(game=game, seed=seed)) as log,
        reporter.bar(f"{game}, states", steps * len(proposers)) as bar,
    ):
        for number, name in enumerate(proposers):
            actions = _proposer(name)(env, np.random.default_rng([seed, 17, number]))
            for done in _played(env, guard(env), log, name, actions, steps, seed, number):
                if stop():
                    raise RunError("stopped while states were gathered; that round begins anew")
                _ask(env, unsafe, known)
                if done % 50 == 0 or done == steps:
                    bar.show(number * steps + done, name)
        ids = log.steps().step_id
    Answers(ids, np.stack(unsafe), np.array(known)).save(answers)
    keep_as(part, path)
    return path, answers


def _proposer(name: str) -> Callable[[AtariGame, np.random.Generator], Iterator[int]]:
    return exploring if name == EXPLORING else ADVERSARIES[name]


def _played(
    env: AtariGame,
    guard: Overseer,
    log: InterventionLog,
    phase: str,
    actions: Iterator[int],
    steps: int,
    seed: int,
    number: int,
) -> Iterator[int]:
    """Play; before each step say which one it is, from 1."""
    wrapper = OversightWrapper(
        env,
        guard,
        GateSettings(history=history_of(env.game.name)),
        sink=log,
        episode_seed=episode_seed(1_000 * seed + number),
        phase=phase,
        first_step_id=log.next_step_id,
        first_episode=log.next_episode,
    )
    over = True
    for done in range(1, steps + 1):
        if over:
            wrapper.reset()
        yield done
        *_, ended, cut, _ = wrapper.step(next(actions))
        over = ended or cut


def _ask(env: AtariGame, unsafe: list[NDArray[np.bool_]], known: list[bool]) -> None:
    judged = not env.harmful and not env.truth.doomed
    known.append(judged)
    nothing = np.zeros(env.game.n_actions, np.bool_)
    unsafe.append(env.rule.unsafe_actions().copy() if judged else nothing)
