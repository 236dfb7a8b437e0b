from dataclasses import replace

import numpy as np
import pytest

from blocker import InputSpec, NetworkSpec, TrainingSettings, examples_from_logs
from blocker.dataset import NO_ACTION
from blocker.fitting import fit_examples
from blocker.mirror import mirror_actions, mirrored, with_mirrored
from blocker.presets import preset_for
from blocker.testing import FakeLog, FakeMeta, table_of
from oversight import AtariGame, game_named

GAME = game_named("space_invaders")
NOOP, FIRE, RIGHT, LEFT, RIGHTFIRE, LEFTFIRE = range(6)
SPEC = InputSpec(rows=(40, 50), columns=(20, 140), size=(10, 120), planes=((200,),))
AXIS = 160
"""Columns 20 and 140, say, are each other's image; 21 to 139 of these are looked at."""


def one_sided_log(episodes: int = 10, length: int = 60) -> FakeLog:
    """A square that must not go LEFT on the left; it is never asked to go RIGHT."""
    rng = np.random.default_rng(0)
    n = episodes * length
    column, action = rng.integers(25, 130, n), rng.choice([NOOP, LEFT], n)
    screens = np.full((n, 210, 160), 20, dtype=np.uint8)
    for screen, first in zip(screens, column, strict=True):
        screen[42:48, first : first + 6] = 200
    table = table_of(
        np.repeat(np.arange(episodes), length).tolist(),
        np.tile(np.arange(length), episodes).tolist(),
        ((action == LEFT) & (column < 60)).tolist(),
        action.tolist(),
        executed=np.zeros(n, np.int64).tolist(),
    )
    return FakeLog(table, screens, FakeMeta("space_invaders", GAME.actions))


def test_actions_have_their_images() -> None:
    image = [NOOP, FIRE, LEFT, RIGHT, LEFTFIRE, RIGHTFIRE]
    assert mirror_actions(GAME.actions).tolist() == image
    assert mirror_actions(("NOOP", "UPLEFT", "UPRIGHT")).tolist() == [0, 2, 1]
    with pytest.raises(ValueError, match="expected LEFT among the actions"):
        mirror_actions(("NOOP", "RIGHT"))


def test_what_was_seen_is_seen_on_the_other_side() -> None:
    examples = examples_from_logs([one_sided_log()], SPEC)
    other = mirrored(examples, GAME.actions, SPEC, AXIS)
    # Column 20 + i and column 140 - i: image columns i and 120 - i.
    np.testing.assert_array_equal(other.images[..., 1:], examples.images[..., :0:-1])
    assert not other.images[..., 0].any()  # column 140 was not looked at
    assert other.implied.all()  # to learn from, never to measure with
    np.testing.assert_array_equal(other.action, mirror_actions(GAME.actions)[examples.action])
    first = examples.previous == NO_ACTION
    assert first.any()
    np.testing.assert_array_equal(other.previous == NO_ACTION, first)
    np.testing.assert_array_equal(other.unsafe, examples.unsafe)
    both = with_mirrored(examples, GAME.actions, SPEC, AXIS)
    assert len(both) == 2 * len(examples)
    half = both.where(np.arange(len(both)) >= len(examples))
    np.testing.assert_array_equal(half.images[half.screens], other.images[other.screens])


def test_averaged_columns_have_no_mirror() -> None:
    examples = examples_from_logs([one_sided_log()], SPEC)
    with pytest.raises(ValueError, match="expected 120 columns to mirror, each apart, got 60"):
        mirrored(examples, GAME.actions, replace(SPEC, size=(10, 60)), AXIS)


def test_one_side_teaches_of_the_other() -> None:
    log = one_sided_log()
    examples = examples_from_logs([log], SPEC)
    shape = NetworkSpec(members=3, trees=30, hidden=0)
    risk = {}
    for mirror in (None, AXIS):
        fitted = fit_examples(
            examples,
            game="space_invaders",
            actions=GAME.actions,
            spec=SPEC,
            settings=TrainingSettings(mirror=mirror),
            shape=shape,
        )
        at = log.screens[:1].copy()
        at[0, 42:48] = 20
        at[0, 42:48, 125:131] = 200
        screens = np.repeat(at[:, None], fitted.blocker.spec.history, axis=1)
        risk[mirror] = fitted.blocker.score(screens, np.array([NOOP]))[0]
    assert risk[AXIS][RIGHT] > 0.5 > risk[AXIS][LEFT]
    assert risk[None][RIGHT] < 0.5  # of RIGHT nothing was heard


def test_the_barriers_of_space_invaders_are_their_own_image() -> None:
    preset = preset_for("space_invaders")
    assert preset.training.mirror is not None
    env = AtariGame(GAME)
    env.reset(seed=0)
    for _ in range(40):  # they are drawn some frames after the start
        env.step(NOOP)
    (image,) = preset.input.prepare(env.screen()[None])
    barriers = [np.flatnonzero(plane[3:6].any(axis=0)) for plane in image]
    drawn = next(columns for columns in barriers if len(columns) > 9)
    np.testing.assert_array_equal(preset.training.mirror - drawn[::-1], drawn)
