"""The phases of a run as functions: play under oversight, train the Blocker, play under it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from agents import DoubleDQNSettings, LearningBehind, Precision
from agents.start import background_of
from blocker import PRESETS
from experiments.learners import make_learner
from experiments.reporter import Bar, Reporter
from experiments.rundir import RunDirectory
from experiments.segments import segment_of
from experiments.settings import RunSettings
from experiments.stopping import StopFlag
from oversight import (
    AtariGame,
    AtariSettings,
    GateSettings,
    InterventionLog,
    LogMeta,
    Mode,
    Overseer,
    OverseerGone,
    OversightWrapper,
    Tally,
    game_named,
)

__all__ = [
    "AGENT",
    "Ended",
    "Phase",
    "agent_settings",
    "episode_seed",
    "gate_settings",
    "history_of",
    "open_log",
    "play",
]

AGENT = DoubleDQNSettings(exploration_hold=30, adam_epsilon=1.5e-4, precision=Precision.AUTO)
"""Random proposals are held, for up to two seconds of play: in 3,000 steps of Pong an overseer
then blocks about 280 times, against 90 if they tremble, and a Blocker learns from blocks. With
SB3's epsilon of 1e-8 a network of Pong is dead before 50,000 steps (docs/agents.md)."""
CHECKPOINT_STEPS = 5_000
"""Agent steps between checkpoints at most, or a tenth of a shorter run: what a kill can cost of the
learning, never of the log."""


@dataclass(frozen=True)
class Phase:
    """Some agent steps under one overseer.

    Attributes:
        name: in the log and in figures.
        title: on the screen.
        steps: how many in all; what the log holds of them already is not played again.
        segment_steps: an episode is cut after so many; None plays whole games.
        mode: of the gate.
        overseer: makes the overseer, given the environment whose truth it may be bound to.
        rewind_steps: how many agent steps the game can be taken back by.
        updates_behind: updates that the agent makes at most while the overseer thinks about a step.
    """

    name: str
    title: str
    steps: int
    segment_steps: int | None
    mode: Mode
    overseer: Callable[[AtariGame], Overseer]
    rewind_steps: int = 0
    updates_behind: int = 0


@dataclass(frozen=True)
class Ended:
    """How a phase ended.

    Attributes:
        complete: all its steps were made.
        gone: the overseer's last word, if nobody was there any more.
        tally: counts of this sitting.
        learned_steps: agent steps that the agent has learned in, in all sittings.
    """

    complete: bool
    gone: str | None
    tally: Tally
    learned_steps: int


def agent_settings(settings: RunSettings) -> DoubleDQNSettings:
    """The agent's numbers in a run."""
    agent = replace(AGENT, credit=settings.credit, end_on_block=settings.end_on_block)
    if settings.head_start:
        background = background_of(settings.game)
        agent = replace(agent, orthogonal=True, pixel_centre=background, adam_epsilon=1e-8)
    if settings.exploration_steps is None:
        return agent
    return replace(agent, exploration_steps=settings.exploration_steps)


def gate_settings(settings: RunSettings, mode: Mode) -> GateSettings:
    """The gate's settings in a run."""
    return GateSettings(
        mode=mode,
        reward_rule=settings.reward_rule,
        penalty=settings.penalty,
        history=history_of(settings.game),
        rewind_steps=settings.rewind_steps,
    )


def history_of(game: str) -> int:
    """How many screens a proposal carries: what a Blocker of the game would look at."""
    preset = PRESETS.get(game)
    return GateSettings().history if preset is None else preset.input.history


def episode_seed(run_seed: int) -> Callable[[int], int]:
    """From an episode's number to its seed, different for every run seed."""

    def seed(episode: int) -> int:
        return int(np.random.SeedSequence([run_seed, episode]).generate_state(1)[0])

    return seed


def open_log(path: Path, settings: RunSettings) -> InterventionLog:
    """The run's log: made new, or opened to go on."""
    there = path.exists()
    log = InterventionLog.open(path, read_only=False) if there else _new_log(path, settings)
    log.keeper.two_frames = settings.two_frames
    return log


def _new_log(path: Path, settings: RunSettings) -> InterventionLog:
    game = game_named(settings.game)
    probe = AtariGame(game, AtariSettings(sticky=settings.sticky))
    gate = gate_settings(settings, Mode.REPLACE)
    meta = LogMeta(
        game=game.name,
        actions=game.actions,
        screen_shape=probe.screen().shape,
        screen_dtype=str(probe.screen().dtype),
        catastrophe=probe.catastrophe_name,
        seed=settings.seed,
        gate={
            "condition": settings.condition.value,
            "reward_rule": gate.reward_rule.value,
            "penalty": gate.penalty,
            "history": gate.history,
            "rewind_steps": settings.rewind_steps,
        },
        environment={
            "frameskip": game.frameskip,
            "noop_max": probe.settings.noop_max,
            "segment_steps": segment_of(settings.game, settings.segment_steps),
            "sticky": probe.settings.sticky,
            "clip_reward": probe.settings.clip_reward,
        },
    )
    return InterventionLog.create(path, meta)


def play(
    run: RunDirectory,
    settings: RunSettings,
    phase: Phase,
    log: InterventionLog,
    reporter: Reporter,
    stop: StopFlag,
    kept: Callable[[], None] = lambda: None,
) -> Ended:
    """Let the agent play and learn through a phase, from where the log says it stands.

    The agent goes on from its checkpoint and leaves one, however the phase ends; `kept` is called
    after each on the way.

    Raises:
        OversightError: the log, the checkpoint or the agent failed; what was recorded is kept.
    """
    done = len(log.steps([phase.name], undone=True))
    env = AtariGame(
        game_named(settings.game),
        AtariSettings(max_agent_steps=phase.segment_steps, sticky=settings.sticky),
    )

    def learn_once() -> None:
        learner.learn_once()  # it is made below: what it acts in asks the overseer

    behind = LearningBehind(phase.overseer(env), learn_once, updates=phase.updates_behind)
    wrapper = OversightWrapper(
        env,
        behind,
        replace(gate_settings(settings, phase.mode), rewind_steps=phase.rewind_steps),
        sink=log,
        episode_seed=episode_seed(settings.seed),
        phase=phase.name,
        first_step_id=log.next_step_id,
        first_episode=log.next_episode,
    )
    numbers, before = agent_settings(settings), log.next_step_id
    learner = make_learner(run, settings, behind.around(wrapper), numbers, before)
    wrapper.ranking = learner.ranking
    gone = None

    def keep() -> None:
        learner.save()
        kept()

    with reporter.bar(phase.title, phase.steps) as bar:
        bar.show(done)
        on_step = _watching(wrapper, bar, done, checkpoint_steps(settings), keep, stop)
        try:
            learner.learn(max(0, phase.steps - done), on_step)
        except OverseerGone as error:
            gone = str(error)
        finally:
            behind.close()
        bar.show(len(log.steps([phase.name], undone=True)), _note(wrapper.gate.tally))
    log.flush()
    learner.save()
    learner.export()
    complete = len(log.steps([phase.name], undone=True)) >= phase.steps
    return Ended(complete, gone, wrapper.gate.tally, learner.steps)


def checkpoint_steps(settings: RunSettings) -> int:
    """Agent steps between checkpoints."""
    return min(CHECKPOINT_STEPS, max(1, (settings.oversight_steps + settings.blocker_steps) // 10))


def _watching(
    wrapper: OversightWrapper[np.ndarray],
    bar: Bar,
    before: int,
    every: int,
    keep: Callable[[], None],
    stop: StopFlag,
) -> Callable[[], bool]:
    """What is done after each step: the bar, checkpoints, and whether to go on."""
    made = 0

    def on_step() -> bool:
        nonlocal made
        made += 1
        if made % 20 == 0:
            bar.show(before + made, _note(wrapper.gate.tally))
        if made % every == 0:
            keep()
        return not stop()

    return on_step


def _note(tally: Tally) -> str:
    harm = "?" if tally.catastrophes is None else str(tally.catastrophes)
    return f"blocks {tally.blocks:,}  catastrophes {harm}"
