"""The cost of labour: figures that one checks by head."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.labour.cost import Episodes, Quantity, cost_of, rho_of, seconds_of


def episodes(unsafe: list[float], seconds: float = 80.0) -> Episodes:
    count = len(unsafe)
    return Episodes(
        labels=np.full(count, 100.0),
        unsafe=np.array(unsafe),
        seconds=np.full(count, seconds),
        judged_by_person=np.full(count, 100.0),
    )


def test_the_papers_formula() -> None:
    """0.8 s a label, 100 labels per catastrophe, 166 of them: 3.69 hours."""
    same = episodes([1.0, 1.0, 1.0])
    assert seconds_of(same).value == pytest.approx(0.8)
    assert rho_of(same).value == pytest.approx(100.0)
    cost = cost_of(same, 166)
    assert cost.value == pytest.approx(0.8 * 100 * 166 / 3600)
    assert cost.low == pytest.approx(cost.value)  # episodes alike: nothing is uncertain


def test_intervals_are_over_episodes_and_may_have_no_end() -> None:
    rho = rho_of(episodes([0.0, 4.0]))
    assert rho.value == pytest.approx(50.0)
    assert rho.low == pytest.approx(25.0)  # both times the dangerous one
    assert rho.high == float("inf")  # both times the other
    assert rho_of(episodes([0.0, 0.0])) == Quantity(None)
    assert rho_of(episodes([2.0])) == Quantity(50.0)
    assert Quantity(2.0, 1.0, None).times(3.0) == Quantity(6.0, 3.0, None)
