import numpy as np
import pytest

from blocker import BlockerDataset, InputSpec, examples_from_logs, split_by_episode
from blocker.dataset import NO_ACTION
from blocker.testing import FakeLog, FakeMeta, painted_log, table_of, with_columns
from oversight.log.table import UNKNOWN, UNSURE


def tiny(spec: InputSpec, **columns: np.ndarray) -> FakeLog:
    """Two episodes of three steps; frame i has i + 1 rows of what is looked at."""
    table = table_of(
        [0, 0, 0, 1, 1, 1],
        [0, 1, 2, 0, 1, 2],
        [False, True, False, False, False, True],
        proposed=[0, 3, 1, 5, 4, 3],
    )
    screens = np.zeros((6, 210, 160), dtype=np.uint8)
    for number, screen in enumerate(screens):
        screen[40 : 41 + number] = 200
    return with_columns(FakeLog(table, screens), **columns)


def test_pairs_within_the_episode_first_screen_repeated(small_spec: InputSpec) -> None:
    log = tiny(small_spec)
    examples = examples_from_logs([log], small_spec).proposed
    expected = [[0, 0], [0, 1], [1, 2], [3, 3], [3, 4], [4, 5]]
    assert examples.screens.tolist() == expected
    assert np.array_equal(examples.images, small_spec.prepare(log.screens))
    assert examples.previous.tolist() == [NO_ACTION, 0, 2, NO_ACTION, 5, 4]
    assert examples.unsafe.tolist() == [False, True, False, False, False, True]


def test_rows_in_any_order_give_the_same(small_spec: InputSpec) -> None:
    log = tiny(small_spec)
    shuffled = FakeLog(log.table.where(np.array([4, 0, 5, 2, 1, 3])), log.screens)
    a, b = (examples_from_logs([one], small_spec) for one in (log, shuffled))
    assert np.array_equal(a.images[a.screens], b.images[b.screens])
    assert np.array_equal(a.action, b.action)


def test_unsure_is_no_label_but_still_a_screen(small_spec: InputSpec) -> None:
    verdict = np.array([0, UNSURE, 0, 0, 0, 1], dtype=np.int8)
    examples = examples_from_logs([tiny(small_spec, verdict=verdict)], small_spec).proposed
    assert examples.step.tolist() == [0, 2, 0, 1, 2]
    shown = examples.images[examples.screens[1]]
    assert np.array_equal(shown, small_spec.prepare(tiny(small_spec).screens[[1, 2]]))


def test_the_action_executed_instead_is_learned_as_safe(small_spec: InputSpec) -> None:
    examples = examples_from_logs([tiny(small_spec)], small_spec)
    instead = examples.where(examples.implied)
    assert instead.action.tolist() == [2, 2]  # not LEFT, which was refused
    assert not instead.unsafe.any()
    assert instead.screens.tolist() == [[0, 1], [4, 5]]  # what was seen when it was refused
    assert instead.previous.tolist() == [0, 4]
    assert len(examples.proposed) == 6
    assert not examples.proposed.implied.any()


def test_nothing_is_implied_where_nothing_was_safe_or_nothing_replaced(
    small_spec: InputSpec,
) -> None:
    no_way_out = np.array([False, True, False, False, False, False])
    let_through = np.array([False, True, False, False, False, False])
    log = tiny(small_spec, no_safe_action=no_way_out, blocked=let_through)
    assert not examples_from_logs([log], small_spec).implied.any()


@pytest.mark.parametrize("source", ["blocker", "nobody", "script"])
def test_learns_from_people_and_the_truth_alone(small_spec: InputSpec, source: str) -> None:
    sources = np.array(["person", "simulated", "oracle", source, source, source])
    examples = examples_from_logs([tiny(small_spec, source=sources)], small_spec).proposed
    assert examples.episode.tolist() == [0, 0, 0]


def test_steps_without_their_screens_are_left_out(small_spec: InputSpec) -> None:
    frame = np.array([0, UNKNOWN, 2, 3, 4, 5])
    examples = examples_from_logs([tiny(small_spec, frame=frame)], small_spec).proposed
    assert list(zip(examples.episode.tolist(), examples.step.tolist(), strict=True)) == [
        (0, 0),
        (1, 0),
        (1, 1),
        (1, 2),
    ]
    gap = FakeLog(tiny(small_spec).table.where(np.array([0, 2, 3])), tiny(small_spec).screens)
    assert examples_from_logs([gap], small_spec).proposed.step.tolist() == [0, 0]


def test_phases_are_chosen(small_spec: InputSpec) -> None:
    phase = np.array(["a", "a", "a", "b", "b", "b"])
    log = tiny(small_spec, phase=phase)
    assert len(examples_from_logs([log], small_spec, ["b"]).proposed) == 3


def test_several_logs_keep_their_episodes_apart(small_spec: InputSpec) -> None:
    examples = examples_from_logs([tiny(small_spec), tiny(small_spec)], small_spec).proposed
    assert examples.episode.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    images = examples.images[examples.screens]
    assert np.array_equal(images[:6], images[6:])


def test_refuses_logs_of_two_games(small_spec: InputSpec) -> None:
    other = FakeLog(tiny(small_spec).table, tiny(small_spec).screens, FakeMeta(game="tennis"))
    with pytest.raises(ValueError, match="of one game"):
        examples_from_logs([tiny(small_spec), other], small_spec)
    with pytest.raises(ValueError, match="at least one log"):
        examples_from_logs([], small_spec)


def test_is_a_torch_dataset(small_spec: InputSpec) -> None:
    data = BlockerDataset.from_log(tiny(small_spec), small_spec)
    screens, previous, action, unsafe = data[1]
    assert len(data) == 6 + 2  # two were blocked
    assert screens.shape == (2, 1, 40, 10)
    assert (previous.item(), action.item(), unsafe.item()) == (0, 3, 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_split_shares_no_episode_and_every_part_has_both(small_spec: InputSpec, seed: int) -> None:
    examples = examples_from_logs([painted_log(1, episodes=15, length=30)], small_spec)
    split = split_by_episode(examples, np.random.default_rng(seed))
    assert split.folds == 4
    parts = [split.test, *(split.learn.where(split.fold == fold) for fold in range(4))]
    names = [set(part.episode.tolist()) for part in parts]
    assert set.union(*names) == set(range(15))
    assert sum(len(one) for one in names) == 15
    assert sum(len(part) for part in parts) == len(examples)
    for part in parts:
        assert 0 < part.positives < len(part)
        # Every part has episodes of the young, the middle and the old agent.
        assert len({episode // 5 for episode in part.episode.tolist()}) == 3


def test_split_is_seeded(small_spec: InputSpec) -> None:
    examples = examples_from_logs([painted_log(1)], small_spec)
    deals = [
        tuple(np.unique(split_by_episode(examples, np.random.default_rng(s)).test.episode))
        for s in (0, 0, 1, 2, 3)
    ]
    assert deals[0] == deals[1]
    assert len(set(deals)) > 1


def test_few_positives_make_fewer_folds(small_spec: InputSpec) -> None:
    examples = examples_from_logs([painted_log(1, episodes=20)], small_spec)
    rare = np.isin(examples.episode, [2, 11, 17]) & examples.unsafe
    few = examples.where(rare | ~examples.unsafe)
    for seed in range(5):
        split = split_by_episode(few, np.random.default_rng(seed))
        assert split.folds == 2
        assert split.test.positives > 0
        for fold in range(2):
            assert split.learn.where(split.fold == fold).positives > 0


def test_too_few_positives_say_what_to_do(small_spec: InputSpec) -> None:
    examples = examples_from_logs([tiny(small_spec)], small_spec)
    with pytest.raises(ValueError, match=r"at least 3 episodes.*got 2 in 2 of 2.*oversee"):
        split_by_episode(examples, np.random.default_rng(0))
    with pytest.raises(ValueError, match="2 folds"):
        split_by_episode(examples, np.random.default_rng(0), folds=1)
