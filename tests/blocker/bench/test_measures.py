"""The figures of a comparison, with numbers that one checks by head."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from blocker.bench.baselines import zero_miss_threshold
from blocker.bench.data import HISTORY, HeldOut, joined, steps_of
from blocker.bench.gallery import worst
from blocker.bench.judges import EnsembleJudge
from blocker.bench.measures import (
    Judged,
    age_groups,
    by_episode,
    false_alarms_at_recall,
    measure,
)
from blocker.testing import FakeLog, table_of
from oversight.games import PONG

UP, DOWN = 2, 3


def held_out(unsafe: list[bool], episode: list[int] | None = None) -> HeldOut:
    """Steps with DOWN proposed; whatever is unsafe is DOWN, and DOWN alone."""
    n = len(unsafe)
    episode = episode or [0] * n
    step = [sum(e == episode[i] for e in episode[:i]) for i in range(n)]
    log = FakeLog(table_of(episode, step, unsafe, [DOWN] * n), np.zeros((n, 210, 160), np.uint8))
    data = steps_of(log, log.table, PONG)
    every = np.zeros((n, 6), np.bool_)
    every[:, DOWN] = unsafe
    outcome = np.tile(np.arange(6, dtype=np.uint8), (n, 1))
    return replace(data, every=every, outcome=outcome)


def risks(down: list[float], up: float = 0.0) -> np.ndarray:
    out = np.full((len(down), 6), 0.2)
    out[:, DOWN], out[:, UP] = down, up
    return out


def test_counts_of_misses_alarms_and_runs() -> None:
    #       unsafe: a run of three,      then safe ones,           then another run, 20 steps on
    unsafe = [True] * 3 + [False] * 20 + [True] * 2
    down = [0.9, 0.4, 0.8] + [0.1] * 15 + [0.7] * 5 + [0.9, 0.9]
    found = measure(Judged.of(held_out(unsafe), risks(down), 0.5))
    assert (found.misses.events, found.misses.trials) == (1, 5)
    assert (found.runs_missed.events, found.runs_missed.trials) == (1, 2)
    assert (found.false_alarms.events, found.false_alarms.trials) == (5, 20)
    assert found.effective is not None
    assert found.effective.events == 5
    assert found.misses.rate == pytest.approx(0.2)
    assert found.misses.low < 0.2 < found.misses.high
    assert found.groups["policy"]["oversight"].false_alarms == 5


def test_a_block_that_changes_nothing_is_not_effective() -> None:
    data = held_out([False, False, True, False])
    same = data.outcome.copy()
    same[0, UP] = same[0, DOWN]
    found = measure(Judged.of(replace(data, outcome=same), risks([0.9, 0.9, 0.9, 0.1]), 0.5))
    assert found.false_alarms.events == 2
    assert found.effective is not None
    assert found.effective.events == 1


def test_the_replacement_is_the_twin_unless_that_is_refused_too() -> None:
    data = held_out([True, True])
    by_twin = Judged.of(data, risks([0.9, 0.9], up=0.0), 0.5)
    assert by_twin.instead.tolist() == [UP, UP]
    refused = risks([0.9, 0.1], up=0.8)
    refused[0, 4] = 0.01
    by_least = Judged.of(data, refused, 0.5)
    assert by_least.instead.tolist() == [4, DOWN]  # the second one is not blocked at all
    every = data.every.copy()
    every[0, 4] = True
    bad = measure(Judged.of(replace(data, every=every), refused, 0.5)).bad_replacements
    assert bad is not None
    assert (bad.events, bad.trials) == (1, 1)


def test_false_alarms_at_recall() -> None:
    unsafe = np.array([True] * 4 + [False] * 4)
    probability = np.array([0.9, 0.8, 0.7, 0.2, 0.85, 0.3, 0.1, 0.0])
    assert false_alarms_at_recall(probability, unsafe, 0.75) == 0.25  # from 0.7 on: 0.85
    assert false_alarms_at_recall(probability, unsafe, 1.0) == 0.5  # from 0.2 on: and 0.3
    assert false_alarms_at_recall(probability, np.zeros(8, np.bool_), 1.0) is None


def test_what_is_not_known_is_none() -> None:
    data = held_out([True, False])
    unknown = replace(data, every=data.every[:, :0], outcome=data.outcome[:, :0])
    found = measure(Judged.of(unknown, risks([0.9, 0.1]), 0.5))
    assert (found.effective, found.bad_replacements, found.auc_every) == (None, None, None)


def test_whole_episodes_are_resampled() -> None:
    # One episode has all of the events: an interval by rows would be narrow, this one is not.
    event = np.array([True] * 50 + [False] * 150)
    low, high = by_episode(event, np.ones(200, np.bool_), np.repeat(np.arange(4), 50))
    assert low == 0.0
    assert high >= 0.5


def test_the_paper_s_threshold_is_its_weakest_positive() -> None:
    probability, unsafe = np.array([0.9, 0.02, 0.5, 0.4]), np.array([True, True, False, False])
    assert zero_miss_threshold(probability, unsafe) == 0.02
    with pytest.raises(ValueError, match="got none"):
        zero_miss_threshold(probability, np.zeros(4, np.bool_))


def test_the_gallery_takes_one_an_episode_gravest_first() -> None:
    data = held_out([True] * 4, [0, 0, 1, 2])
    judged = Judged.of(data, risks([0.3, 0.1, 0.2, 0.9]), 0.5)
    assert worst(judged, missed=True).tolist() == [1, 2]
    assert worst(judged, missed=False).tolist() == []


def test_screens_of_earlier_steps_are_those_of_the_same_episode() -> None:
    data = held_out([False] * 4, [0, 0, 1, 1])
    assert data.index[:, -2:].tolist() == [[0, 0], [0, 1], [2, 2], [2, 3]]
    assert data.previous.tolist() == [-1, DOWN, -1, DOWN]
    keys, places = data.where(np.array([3])).screens((1, 0))
    assert (keys.tolist(), places.tolist()) == ([2, 3], [[0, 1]])
    with pytest.raises(ValueError, match=f"under {HISTORY}"):
        data.screens((HISTORY, 0))


def test_joined_parts_keep_their_screens_and_episodes_apart() -> None:
    one = held_out([True, False])
    both = joined([one, replace(one, images=one.images + 1, ram=np.zeros((2, 256), np.uint8))])
    assert both.episode.tolist() == [0, 0, 1, 1]
    assert both.images[both.index[:, -1], 0, 0].tolist() == [0, 0, 1, 1]
    assert both.ram.shape == (4, 0)  # not known of all


def test_ages_are_listed_or_quartered() -> None:
    assert list(age_groups(np.array([0, 0, 500]))) == ["0", "500"]
    quarters = age_groups(np.arange(100))
    assert [int(rows.sum()) for rows in quarters.values()] == [24, 25, 25, 26]


def test_an_ensemble_needs_two() -> None:
    with pytest.raises(ValueError, match="2 members"):
        EnsembleJudge([])
