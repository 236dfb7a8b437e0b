"""Red team: a search for what a Blocker lets through, before and after a round that closes it.

A hole is a state, reachable behind the Blocker, with an action that is unsafe in truth and that the
Blocker allows: what the paper's Road Runner agent found after 1e7 frames. The paper's Blocker, as
far as it can be had here, learns from the same labels of the same run as ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from blocker import Blocker, BlockerOverseer, InputSpec, fit_blocker
from experiments.handover import rule_of, spec_of, training_of
from experiments.phases import episode_seed, gate_settings, open_log
from experiments.reporter import Bar
from experiments.rundir import RunDirectory
from experiments.settings import Condition, RunSettings, ThresholdChoice
from experiments.studies.common import SEED_OFFSET, StudySettings, base_of
from experiments.studies.searcher import CHANGE, Seen, search
from experiments.summary import BEFORE
from experiments.sweep.cell import Json
from experiments.sweep.study import Place, Row, Study, Work
from oversight import (
    AtariGame,
    AtariSettings,
    InterventionLog,
    Mode,
    OracleOverseer,
    OversightWrapper,
    RunError,
    game_named,
)

__all__ = ["ARMS", "OURS", "PAPERS", "STUDY"]

OURS, PAPERS = "ours", "the paper's threshold, one screen"
ARMS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        OURS: {},
        PAPERS: {"threshold": ThresholdChoice.LOWEST_POSITIVE, "blocker_screens": 1},
    }
)
"""Whose holes are searched for, by name: what differs from the run's own Blocker."""
GAME_STEPS = 300
"""Steps after which the hole seeker begins anew: its log is split by episodes."""


def _judge(run: RunDirectory, settings: RunSettings, place: Place) -> Blocker | None:
    """The Blocker of an arm: the run's own, or one from the same labels; None if stopped."""
    if settings == run.settings():
        return Blocker.load(run.blocker)
    with InterventionLog.open(run.log) as log:
        return _fitted([log], settings, spec_of(settings), place)


def _fitted(
    logs: list[InterventionLog], settings: RunSettings, spec: InputSpec, place: Place
) -> Blocker | None:
    try:
        fitted = fit_blocker(
            logs,
            phases=[BEFORE],
            spec=spec,
            settings=training_of(settings),
            rule=rule_of(settings),
            should_stop=place.stop,
        )
    except ValueError as error:
        if place.stop():
            return None
        raise RunError(f"no Blocker from these labels: {error}") from None
    return None if fitted.report.stopped else fitted.blocker


def _close(
    run: RunDirectory, settings: RunSettings, blocker: Blocker, place: Place, steps: int
) -> Blocker | None:
    """Let the oracle label what a hole seeker proposes, and train on both logs."""
    path = place.folder / "round.sqlite"
    for old in place.folder.glob("round.sqlite*"):
        old.unlink()  # of a try that did not come to its end
    env = _game(settings)
    with open_log(path, settings) as log, InterventionLog.open(run.log) as first:
        wrapper = OversightWrapper(
            env,
            OracleOverseer([env.truth]),
            gate_settings(settings, Mode.REPLACE),
            sink=log,
            episode_seed=episode_seed(2 * SEED_OFFSET + settings.seed),
            phase=BEFORE,
        )
        rng = np.random.default_rng([settings.seed, 13])
        if not _seek(wrapper, env, blocker, rng, steps, place):
            return None
        log.flush()
        return _fitted([first, log], settings, blocker.spec, place)


def _seek(
    wrapper: OversightWrapper[NDArray[np.uint8]],
    env: AtariGame,
    blocker: Blocker,
    rng: np.random.Generator,
    steps: int,
    place: Place,
) -> bool:
    """Propose what is unsafe and looks safest to the Blocker; held random actions between."""
    judge, wanted, seen = BlockerOverseer(blocker, env.game), 0, Seen(blocker.spec.history)
    wrapper.reset()
    seen.begin(env.screen())
    with place.reporter.bar("closing holes", steps) as bar:
        for step in range(1, steps + 1):
            if rng.random() < CHANGE:
                wanted = int(rng.integers(env.game.n_actions))
            unsafe, action = env.truth.unsafe_actions(), wanted
            if unsafe.any() and not unsafe.all():
                risks = judge.risks(seen.proposal(step))
                action = int(np.where(unsafe, risks, 2.0).argmin())
            *_, ended, cut, info = wrapper.step(action)
            seen.add(env.screen(), int(info["oversight"]["executed_action"]))
            if ended or cut or step % GAME_STEPS == 0:
                wrapper.reset()
                seen.begin(env.screen())
            if step % 50 == 0:
                bar.show(step)
            if place.stop():
                return False
    return True


def _game(settings: RunSettings) -> AtariGame:
    return AtariGame(game_named(settings.game), AtariSettings(sticky=settings.sticky))


def _play(values: Mapping[str, Json], place: Place) -> list[Row] | None:
    settings = StudySettings.from_json(values)
    if settings.arm not in ARMS:
        raise RunError(f"expected a Blocker of {', '.join(ARMS)}, got {settings.arm!r}")
    run = base_of(place)
    changed = replace(run.settings(), **ARMS[settings.arm])  # type: ignore[arg-type]
    blocker, rows = _judge(run, changed, place), list[Row]()
    for number in (0, 1):
        if number == 1 and blocker is not None:
            blocker = _close(run, changed, blocker, place, settings.steps)
        if blocker is None:
            return None
        blocker.save(place.folder / f"blocker-{number}.safetensors")
        env = _game(run.settings())
        # The same seeds before and after would meet the same games: other ones are harder.
        rng = np.random.default_rng([SEED_OFFSET + settings.seed, number])
        with place.reporter.bar(f"searching, round {number}", settings.steps) as bar:

            def on_state(looked: int, holes: int, bar: Bar = bar) -> bool:
                if looked % 20 == 0:
                    bar.show(looked, f"holes {holes}")
                return not place.stop()

            found = search(env, blocker, rng, settings.steps, on_state)
        if found is None:
            return None
        rows.append(settings.row() | {"round": number} | vars(found) | _held_out(blocker))
    return rows


def _held_out(blocker: Blocker) -> Row:
    """What it blocks of the safe steps of unseen episodes: who blocks everything has no holes."""
    if (verdict := blocker.readiness) is None:
        return {}
    return {"false_alarms": verdict.false_alarms, "negatives": verdict.negatives}


def _work(values: Mapping[str, Json]) -> Work:
    settings = StudySettings.from_json(values)
    return Work(settings.game, Condition(settings.condition), act=3 * settings.steps)


STUDY = Study(label=lambda values: StudySettings.from_json(values).label, work=_work, play=_play)
