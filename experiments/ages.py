"""The agent's weights at some ages, kept beside a run for studies of what it does then."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from agents import DoubleDQN
from oversight import RunError

__all__ = ["ages_in", "become", "keep_age"]


def keep_age(agent: DoubleDQN, folder: Path, step: int) -> None:
    """Keep the weights that the agent acts by, whole or not at all.

    Args:
        agent: not changed.
        folder: made if it is not there.
        step: agent steps that it has learned for.

    Raises:
        RunError: they cannot be written.
    """
    path = folder / f"{step:09d}.safetensors"
    beside = path.with_suffix(".new")
    try:
        folder.mkdir(exist_ok=True)
        tensors = agent.q_net.state_dict()
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, beside)
        beside.replace(path)
    except (OSError, SafetensorError) as error:
        beside.unlink(missing_ok=True)
        raise RunError(f"{path} cannot be written: {error}; make room, then resume") from None


def ages_in(folder: Path) -> tuple[int, ...]:
    """Ages in agent steps whose weights are kept in a folder, youngest first."""
    return tuple(sorted(int(path.stem) for path in folder.glob("*.safetensors")))


def become(agent: DoubleDQN, folder: Path, step: int) -> None:
    """Give an agent the weights of that age; its replay and counters stay as they are.

    Raises:
        RunError: they are not there, damaged, or of another network.
    """
    path = folder / f"{step:09d}.safetensors"
    try:
        agent.q_net.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        known = ", ".join(f"{age:,}" for age in ages_in(folder)) or "none"
        reason = " ".join(str(error).split())[:160]
        raise RunError(
            f"no usable agent of age {step:,} in {folder} (there are: {known}): {reason}"
        ) from None
    agent.q_net_target.load_state_dict(agent.q_net.state_dict())
    agent.updates.adopt()
