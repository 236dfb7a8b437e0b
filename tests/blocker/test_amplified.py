from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blocker import InputSpec
from blocker.amplified import Answers, amplified_preset, examples_from_answers
from blocker.pictures import PictureNetwork
from blocker.presets import PRESETS
from blocker.testing import FakeLog, table_of
from oversight import LogError, game_named

RNG_SEED = 0


def log_and_answers() -> tuple[FakeLog, Answers]:
    """Three steps of an episode: nothing unsafe, two of six unsafe, nothing to judge."""
    table = table_of([0, 0, 0], [0, 1, 2], [False, True, False], proposed=[0, 3, 1])
    screens = np.zeros((3, 210, 160), dtype=np.uint8)
    for number, screen in enumerate(screens):
        screen[40 : 41 + number] = 200
    unsafe = np.zeros((3, 6), np.bool_)
    unsafe[1, [3, 5]] = True
    return FakeLog(table, screens), Answers(table.step_id, unsafe, np.array([True, True, False]))


def test_all_actions_where_some_are_unsafe_and_a_few_where_none_is(small_spec: InputSpec) -> None:
    log, answers = log_and_answers()
    examples = examples_from_answers([(log, answers)], small_spec, np.random.default_rng(RNG_SEED))
    critical = examples.where(examples.step == 1)
    assert critical.action.tolist() == [0, 1, 2, 3, 4, 5]
    assert critical.unsafe.tolist() == [False, False, False, True, False, True]
    calm = examples.where(examples.step == 0)
    assert 0 in calm.action
    assert len(calm) in (2, 3)  # the proposed one and two drawn, which may be it
    assert not (examples.step == 2).any()  # nothing to judge there


def test_only_what_was_proposed_is_measured_with(small_spec: InputSpec) -> None:
    log, answers = log_and_answers()
    examples = examples_from_answers([(log, answers)], small_spec, np.random.default_rng(RNG_SEED))
    assert examples.proposed.action.tolist() == [0, 3]
    assert examples.proposed.unsafe.tolist() == [False, True]


def test_screens_and_earlier_action_are_those_of_the_step(small_spec: InputSpec) -> None:
    log, answers = log_and_answers()
    examples = examples_from_answers([(log, answers)], small_spec, np.random.default_rng(RNG_SEED))
    later = examples.where(examples.step == 1)
    assert (later.previous == 0).all()
    for screens in later.images[later.screens]:
        assert np.array_equal(screens, small_spec.prepare(log.screens[[0, 1]]))


def test_answers_of_another_log_are_refused(small_spec: InputSpec) -> None:
    log, answers = log_and_answers()
    wrong = Answers(answers.step_id + 1, answers.unsafe, answers.known)
    with pytest.raises(LogError, match="do not fit"):
        examples_from_answers([(log, wrong)], small_spec, np.random.default_rng(RNG_SEED))
    with pytest.raises(ValueError, match="got none"):
        examples_from_answers([], small_spec, np.random.default_rng(RNG_SEED))


def test_answers_come_back_from_their_file_or_say_that_it_is_damaged(tmp_path: Path) -> None:
    _, answers = log_and_answers()
    path = tmp_path / "answers.npz"
    answers.save(path)
    assert list(tmp_path.iterdir()) == [path]
    found = Answers.load(path)
    assert np.array_equal(found.unsafe, answers.unsafe)
    assert np.array_equal(found.known, answers.known)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(LogError, match="gather its states again"):
        Answers.load(path)


def test_the_preset_differs_by_its_threshold_and_where_labels_are_few_by_its_shape() -> None:
    for game, preset in PRESETS.items():
        amplified = amplified_preset(game)
        assert amplified.input == preset.input
        assert (amplified.shape == preset.shape) == (game == "road_runner")
        assert not amplified.shape.ahead
        assert amplified.training.mirror is None
        assert amplified.rule.false_alarms < preset.rule.false_alarms


def test_road_runners_may_look_for_itself_to_the_pixel() -> None:
    with pytest.raises(ValueError, match="in road_runner alone, got pong"):
        amplified_preset("pong", pictures=True)
    preset = amplified_preset("road_runner", pictures=True)
    assert replace(preset.input, size=(45, 80)) == amplified_preset("road_runner").input
    assert preset.shape.closeups
    actions = game_named("road_runner").actions
    network = PictureNetwork(actions, preset.input, preset.shape)
    assert len(network.each()) == preset.shape.members
