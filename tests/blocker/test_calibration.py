import numpy as np
import pytest
from scipy.special import expit

from blocker.calibration import expected_calibration_error, platt, reliability


def test_finds_the_scale_and_shift_that_labels_were_drawn_by() -> None:
    rng = np.random.default_rng(0)
    logit = rng.normal(0, 3, 20_000)
    unsafe = rng.random(20_000) < expit(0.5 * logit - 1.0)
    by, shift = platt(logit, unsafe)
    assert by == pytest.approx(0.5, abs=0.03)
    assert shift == pytest.approx(-1.0, abs=0.06)


def test_perfect_separation_does_not_ask_for_certainty() -> None:
    logit = np.array([-5.0] * 50 + [5.0] * 10)
    unsafe = np.array([False] * 50 + [True] * 10)
    by, shift = platt(logit, unsafe)
    # Platt's targets: 1 of 52 and 11 of 12.
    assert expit(by * -5 + shift) == pytest.approx(1 / 52, rel=0.05)
    assert expit(by * 5 + shift) == pytest.approx(11 / 12, rel=0.05)


def test_one_kind_of_label_is_refused() -> None:
    with pytest.raises(ValueError, match="both labels"):
        platt(np.zeros(3), np.zeros(3, dtype=bool))


def test_reliability_by_head() -> None:
    probability = np.array([0.05, 0.15, 0.15, 0.95])
    unsafe = np.array([False, True, False, True])
    bins = reliability(probability, unsafe)
    assert [(round(p, 2), s, n) for p, s, n in bins] == [
        (0.05, 0.0, 1),
        (0.15, 0.5, 2),
        (0.95, 1.0, 1),
    ]
    expected = (0.05 * 1 + 0.35 * 2 + 0.05 * 1) / 4
    assert expected_calibration_error(probability, unsafe) == pytest.approx(expected)
    assert expected_calibration_error(probability[:0], unsafe[:0]) is None
