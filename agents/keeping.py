"""Agent, tape and counts of a training kept as one: whatever kills it, all are of the same step.

Tape and counts are written beside those of before. The agent's checkpoint, which changes in one
rename, decides which of them hold; then they take their names. A sitting that finds the names
not taken takes them before anything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from agents import checkpoint
from agents.double_dqn import DoubleDQN
from agents.training_types import Training, Way
from oversight.errors import RunError
from oversight.tape import Tape
from oversight.types import Tally

__all__ = ["added", "agree", "keep_as_one"]

Counts = Mapping[str, int | None]


def added(tally: Tally, before: Counts) -> dict[str, int | None]:
    """What was counted in this sitting and, if there were any, in those before.

    What is not known of one sitting is not known of all.
    """
    counts: dict[str, int | None] = asdict(tally)
    for name, value in counts.items() if before else ():
        was = before.get(name)
        counts[name] = None if value is None or was is None else was + value
    return counts


def keep_as_one(training: Training, agent: DoubleDQN, tape: Tape | None, counts: Counts) -> None:
    """Write the checkpoint with the tape and the counts of its step.

    Raises:
        RunError: something could not be written. What was kept before is intact, or all of the
            new is there and the next sitting finds it.
    """
    held = _beside_the_agent(training, taped=tape is not None)
    try:
        if tape is not None:
            tape.save(_coming(training.tape))
        training.keep_counts(dict(counts), _coming(training.counted))
        for path in (*map(_coming, held), training.path):
            checkpoint.flush(path)  # after a power cut a checkpoint must not be without its tape
        checkpoint.save(agent, training.agent)
        for path in held:
            _coming(path).replace(path)
    except OSError as error:
        raise RunError(
            f"expected to write to {training.path}, got: {error}; make room and go on with "
            "--resume (the last checkpoint is intact)"
        ) from error


def agree(training: Training, way: Way) -> int:
    """Let tape and counts be those of the agent's step, wherever the training was stopped.

    Returns:
        Agent steps that they are of; 0 before the first checkpoint.

    Raises:
        RunError: they are of no step that the agent stands at, or damaged.
    """
    steps = checkpoint.steps_kept(training.agent)
    for path in _beside_the_agent(training, taped=way is Way.FAST):
        found = _steps_in(path)
        if found == steps:
            continue
        if _steps_in(_coming(path)) != steps or steps == 0:
            raise RunError(
                f"expected {path} of the {steps:,} agent steps that the agent beside it has made, "
                f"got {found:,}: harm would be counted wrongly, so this training cannot be gone "
                "on with; train anew in another directory"
            )
        _coming(path).replace(path)
    return steps


def _beside_the_agent(training: Training, *, taped: bool) -> list[Path]:
    return [training.tape, training.counted] if taped else [training.counted]


def _coming(path: Path) -> Path:
    return path.with_name(f"next-{path.name}")


def _steps_in(path: Path) -> int:
    if not path.exists():
        return 0
    if path.suffix == ".npz":
        return Tape.load(path).steps
    return Training(path.parent).counts(path).get("steps") or 0
