import pytest
import torch

from agents import double_q_target


def test_the_online_network_chooses_and_the_target_network_values() -> None:
    target = double_q_target(
        r_t=torch.tensor([1.0, 2.0, -1.0]),
        discount_t=torch.tensor([0.5, 0.5, 0.0]),
        q_t_online=torch.tensor([[0.0, 3.0], [5.0, 4.0], [1.0, 9.0]]),
        # Plain DQN would take 10 and 8 in the first two rows.
        q_t_target=torch.tensor([[10.0, 4.0], [6.0, 8.0], [7.0, 7.0]]),
    )
    # 1 + 0.5 * 4, 2 + 0.5 * 6, -1 + 0
    assert target.tolist() == [3.0, 5.0, -1.0]


def test_of_equal_values_the_lowest_action_is_chosen() -> None:
    target = double_q_target(
        torch.tensor([0.0]),
        torch.tensor([1.0]),
        torch.tensor([[2.0, 2.0]]),
        torch.tensor([[3.0, 4.0]]),
    )
    assert target.tolist() == [3.0]


@pytest.mark.parametrize(
    ("shapes", "problem"),
    [
        (((2, 1), (2,), (2, 3), (2, 3)), "r_t"),
        (((2,), (2, 1), (2, 3), (2, 3)), "r_t"),
        (((2,), (2,), (2,), (2, 3)), "r_t"),
        (((2,), (2,), (2, 3), (2, 4)), "n_actions"),
        (((1,), (2,), (2, 3), (2, 3)), "one batch size"),
        (((2,), (2,), (3, 3), (3, 3)), "one batch size"),
    ],
)
def test_other_shapes_are_refused(shapes: tuple[tuple[int, ...], ...], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        double_q_target(*(torch.zeros(shape) for shape in shapes))
