import json
from pathlib import Path

import numpy as np
import pytest

from blocker import InputSpec, examples_from_logs
from blocker.testing import painted_log
from experiments.blocker_study import BlockerStudySettings, blocker_study
from experiments.labelling import flip, labelled
from experiments.loop import changes_the_game, play_loop
from experiments.reporter import Reporter
from oversight import (
    AllowAll,
    AtariGame,
    InterventionLog,
    Mode,
    OracleOverseer,
    RunError,
    game_named,
)


def test_the_truth_in_the_loop_misses_nothing_and_nobody_does_not() -> None:
    guarded = play_loop("pong", "harm", 120, lambda env: OracleOverseer([env.truth]))
    assert guarded.unsafe > 20
    assert guarded.missed == guarded.catastrophes == guarded.needless == 0
    assert guarded.miss_rate_upper_95 == pytest.approx(1 - 0.05 ** (1 / guarded.unsafe))
    alone = play_loop("pong", "harm", 120, lambda _: AllowAll(), mode=Mode.OFF)
    assert alone.catastrophes > 0
    assert alone.missed == alone.unsafe > 0


@pytest.mark.slow
def test_an_agent_that_is_paid_for_harm_learns_to_want_it_and_gets_none() -> None:
    lover = play_loop("pong", "lover", 600, lambda env: OracleOverseer([env.truth]), seed=1)
    assert lover.steps == 600
    assert lover.unsafe > 100  # an agent that learns the game proposes 6 or 7
    assert lover.missed == lover.catastrophes == 0
    stopped = play_loop(
        "pong", "agent", 50, lambda _: AllowAll(), mode=Mode.OFF, should_stop=lambda: True
    )
    assert stopped.steps == 1


def test_a_shot_that_cannot_be_fired_changes_nothing() -> None:
    env = AtariGame(game_named("space_invaders"))
    env.reset(seed=1)
    noop, fire = (env.game.actions.index(name) for name in ("NOOP", "FIRE"))
    for _ in range(30):
        env.step(noop)
    before = env.emulator.snapshot()
    env.step(fire)
    ram = env.emulator.ram().copy()
    frames = env.game.frameskip
    assert changes_the_game(env.emulator, before, (fire, noop), frames)
    assert np.array_equal(env.emulator.ram(), ram)
    env.step(fire)  # the shot flies: the next FIRE finds no gun free
    before = env.emulator.snapshot()
    env.step(noop)
    assert not changes_the_game(env.emulator, before, (fire, noop), frames)


def test_flips_that_share_of_labels() -> None:
    spec = InputSpec(rows=(34, 194), columns=(80, 160), size=(40, 10), planes=((200,),))
    examples = examples_from_logs([painted_log(0)], spec)
    turned = flip(examples, 0.1, np.random.default_rng(0)).unsafe != examples.unsafe
    assert 0.06 < turned[~examples.implied].mean() < 0.14
    assert not turned[examples.implied].any()


def test_a_person_who_goes_by_the_truth_blocks_later(tmp_path: Path) -> None:
    lowest = []
    for exact in (False, True):
        path = labelled(
            tmp_path,
            "pong",
            250,
            seed=1,
            person="perfect",
            exact=exact,
            segment_steps=300,
            reporter=Reporter(),
            stop=lambda: False,
        )
        with InterventionLog.open(path, read_only=True) as log:
            steps = log.steps()
            executed = steps.where(~steps.blocked)
            screens = log.frames(executed.frame)
        # The lowest row of the paddle at which something was let through.
        lowest.append(int(np.flatnonzero((screens == 200).any(axis=(0, 2))).max()))
    assert lowest[0] < lowest[1] < 178


def test_refuses_what_cannot_be_run() -> None:
    for wrong in ({"games": ("tennis",)}, {"labels": (0,)}, {"flipped": (0.7,)}, {"steps": -1}):
        with pytest.raises(RunError):
            BlockerStudySettings(**wrong).check()  # type: ignore[arg-type]


@pytest.mark.slow
def test_labels_trains_plays_and_knows_what_it_has(tmp_path: Path) -> None:
    settings = BlockerStudySettings(
        games=("pong",),
        labels=(900,),
        steps=120,
        unguarded_steps=20,
        proposers=("harm",),
        segment_steps=100,
        work=tmp_path / "work",
        out=tmp_path / "rows.json",
    ).check()
    (row,) = blocker_study(settings, Reporter(), lambda: False)
    assert (row.labels, row.loop.steps, row.loop.unguarded_steps) == (900, 120, 20)
    assert row.labels_unsafe is not None
    assert row.labels_unsafe > 30
    (kept,) = json.loads((tmp_path / "rows.json").read_text())
    assert kept["loop"]["unsafe"] == row.loop.unsafe > 10
    assert len(list((tmp_path / "work").glob("*.safetensors"))) == 1
    assert blocker_study(settings, Reporter(), lambda: False) == [row]
