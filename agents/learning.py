"""The loop of learning: so many steps, stopped by a word, with figures in a folder if wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stable_baselines3.common.logger import Logger, TensorBoardOutputFormat

from agents.double_dqn import DoubleDQN
from agents.learn_step import LearnStep

__all__ = ["learn"]

STEPS_PER_FIGURE = 500
"""Agent steps between two points of a TensorBoard curve; an own choice."""


def learn(
    agent: DoubleDQN,
    steps: int,
    on_step: Callable[[LearnStep], bool] | None = None,
    *,
    tensorboard: Path | None = None,
) -> int:
    """Let an agent learn for some agent steps more, counting on from where it stands.

    `learn(agent, 100)` twice is the same as `learn(agent, 200)`. Stopped by `on_step` or by the
    environment's error, the agent stands between two whole steps: it can be saved and can go on.
    A `KeyboardInterrupt` may fall within a step, so commands that catch Ctrl-C note it in a
    signal handler and let `on_step` answer False.

    Args:
        agent: changed in place.
        steps: how many, at least 0; several environments make a whole number each.
        on_step: called after each whole step, once for each environment; False stops.
        tensorboard: folder for event files (loss, exploration, steps a second; returns and
            lengths of episodes where the environment tells them in `info["episode"]`).

    Returns:
        How many steps were made.

    Raises:
        ValueError: `steps` is negative.
        OversightError: learning diverged; or what the environment raises, as `OverseerGone`.
    """
    if steps < 0:
        raise ValueError(f"expected steps to learn, at least 0, got {steps}")
    if steps == 0:
        return 0
    with _figures(agent, tensorboard):
        return _loop(agent, steps, on_step)


def _loop(agent: DoubleDQN, steps: int, on_step: Callable[[LearnStep], bool] | None) -> int:
    agent.begin(steps)
    done = 0
    while done < steps:
        reports = agent.step()
        done += len(reports)
        if any(report.step % STEPS_PER_FIGURE == 0 for report in reports):
            agent.dump_logs()
        if on_step is not None:
            answers = [on_step(report) for report in reports]  # each is told, also after a no
            if not all(answers):
                break
    agent.updates.finish()
    return done


@contextmanager
def _figures(agent: DoubleDQN, folder: Path | None) -> Iterator[None]:
    silent = agent.logger
    if folder is not None:
        agent.set_logger(Logger(str(folder), [TensorBoardOutputFormat(str(folder))]))
    try:
        yield
    finally:
        if folder is not None:
            agent.dump_logs()
            agent.logger.close()
            agent.set_logger(silent)
