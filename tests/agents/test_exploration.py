"""Held exploration: its share of steps, its lengths, and that plain is plain."""

from __future__ import annotations

import numpy as np
import pytest

from agents.exploration import HeldExploration, mean_hold, start_probability


def _draw(longest: int, epsilon: float, steps: int) -> list[int | None]:
    held, rng = HeldExploration(6, longest), np.random.default_rng(0)
    return [held.next(epsilon, rng) for _ in range(steps)]


def test_mean_hold_by_hand() -> None:
    assert mean_hold(1) == 1.0
    one = 6 / np.pi**2
    assert mean_hold(2) == pytest.approx(one + 2 * (1 - one))


def test_start_probability_by_hand() -> None:
    assert start_probability(1.0, 3.0) == 1.0
    assert start_probability(0.0, 3.0) == 0.0
    assert start_probability(0.25, 1.0) == 0.25
    # Half of the steps explore in stretches of 3: as many free steps, 3 before each stretch.
    assert start_probability(0.5, 3.0) == pytest.approx(0.25)


@pytest.mark.parametrize("longest", [1, 8, 30])
@pytest.mark.parametrize("epsilon", [0.05, 0.5])
def test_epsilon_is_the_share_of_exploring_steps(longest: int, epsilon: float) -> None:
    drawn = _draw(longest, epsilon, 40_000)
    share = sum(action is not None for action in drawn) / len(drawn)
    assert share == pytest.approx(epsilon, rel=0.15)


def test_always_and_never() -> None:
    assert all(action is not None for action in _draw(30, 1.0, 500))
    assert all(action is None for action in _draw(30, 0.0, 500))


def test_actions_are_held_and_none_too_long() -> None:
    drawn = _draw(5, 1.0, 20_000)
    changes = np.flatnonzero(np.diff([a for a in drawn if a is not None])) + 1
    lengths = np.diff(changes)
    assert lengths.max() >= 5
    assert np.mean(lengths) > 1.3
    plain = np.diff(np.flatnonzero(np.diff([a for a in _draw(1, 1.0, 20_000) if a is not None])))
    # Without holding, equal neighbours come from chance alone: 6 / 5 steps on average.
    assert np.mean(plain) == pytest.approx(1.2, abs=0.03)


def test_forgetting_ends_a_hold() -> None:
    held, rng = HeldExploration(6, 30), np.random.default_rng(1)
    while held.next(1.0, rng) is not None and held._left == 0:
        pass
    held.forget()
    assert held.next(0.0, rng) is None
