import dataclasses

import pytest

from agents import DoubleDQNSettings, epsilon_at
from agents.settings import updates_due


def test_exploration_is_sure_before_learning_then_falls_in_a_line_and_stays() -> None:
    settings = DoubleDQNSettings(
        learning_starts=10, exploration_steps=100, exploration_initial=0.9, exploration_final=0.1
    )
    assert epsilon_at(9, settings) == 1.0
    assert epsilon_at(50, settings) == pytest.approx(0.5)
    assert epsilon_at(100, settings) == 0.1
    assert epsilon_at(10_000, settings) == 0.1


def test_no_exploration_steps_means_the_final_value_at_once() -> None:
    settings = DoubleDQNSettings(learning_starts=0, exploration_steps=0)
    assert epsilon_at(0, settings) == settings.exploration_final


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0.0),
        ("gamma", 1.1),
        ("batch_size", 0),
        ("buffer_size", 0),
        ("learning_starts", -1),
        ("train_freq", 0),
        ("updates", 0),
        ("target_update_interval", 0),
        ("exploration_steps", -1),
        ("exploration_final", -0.1),
        ("max_grad_norm", 0.0),
    ],
)
def test_a_number_outside_its_range_is_named(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"expected {name} .*got {value}"):
        dataclasses.replace(DoubleDQNSettings(), **{name: value})


def test_updates_fall_due_by_the_count_of_all_steps() -> None:
    settings = DoubleDQNSettings(learning_starts=5, train_freq=4, updates=2)
    assert updates_due(0, 5, settings) == 0
    assert updates_due(5, 7, settings) == 0
    assert updates_due(7, 8, settings) == 2
    assert updates_due(0, 16, settings) == 6  # at 8, 12 and 16
    assert updates_due(0, 16, settings) == sum(updates_due(s, s + 1, settings) for s in range(16))
