"""What Double DQN learns towards, as a pure function."""

from __future__ import annotations

from torch import Tensor

__all__ = ["double_q_target"]


def double_q_target(
    r_t: Tensor, discount_t: Tensor, q_t_online: Tensor, q_t_target: Tensor
) -> Tensor:
    """The target of Double DQN: one network chooses the next action, the other values it.

    "Deep Reinforcement Learning with Double Q-learning" by van Hasselt, Guez and Silver
    (arXiv:1509.06461). With S, A at time t-1 and R, S' at time t:

        y = r_t + discount_t * q_t_target[argmax_a q_t_online[a]]

    Plain DQN would take max_a q_t_target[a], which overestimates because the same errors choose
    and value. Among equal values the lowest action number is chosen.

    Args:
        r_t: rewards, shape (batch,).
        discount_t: discount of what follows, shape (batch,); 0 where the episode terminated.
        q_t_online: values of the next state by the learning network, (batch, n_actions).
        q_t_target: values of the next state by the target network, (batch, n_actions).

    Returns:
        Targets, shape (batch,). Gradients are the caller's choice: call it under `no_grad`.

    Raises:
        ValueError: the shapes are not these.
    """
    _check_shapes(r_t, discount_t, q_t_online, q_t_target)
    a_t = q_t_online.argmax(dim=1, keepdim=True)
    return r_t + discount_t * q_t_target.gather(1, a_t).squeeze(1)


def _check_shapes(r_t: Tensor, discount_t: Tensor, q_t_online: Tensor, q_t_target: Tensor) -> None:
    # Broadcasting (batch, 1) against (batch,) gives (batch, batch) and a plausible loss.
    shapes = [tuple(x.shape) for x in (r_t, discount_t, q_t_online, q_t_target)]
    ranks = [len(shape) for shape in shapes]
    if ranks != [1, 1, 2, 2] or shapes[2] != shapes[3]:
        raise ValueError(
            "expected r_t (batch,), discount_t (batch,) and two q_t (batch, n_actions), "
            f"got {', '.join(map(str, shapes))}"
        )
    if not shapes[0] == shapes[1] == shapes[2][:1]:
        raise ValueError(f"expected one batch size, got {', '.join(map(str, shapes))}")
