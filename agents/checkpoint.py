"""An agent on disk without pickle: everything that it needs to go on as if never stopped.

A checkpoint is a directory. `agent.json` names the files that belong to it; it is replaced in
one rename after they are complete, so whatever kills the program leaves the old checkpoint or
the new one. Older files are removed last.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from agents.double_dqn import DoubleDQN
from agents.settings import DoubleDQNSettings, epsilon_at
from agents.tensors import adopt_tensors, mismatch, named_tensors
from oversight.errors import RunError

__all__ = [
    "CHECKPOINT_VERSION",
    "export_agent_zip",
    "flush",
    "load",
    "save",
    "steps_kept",
    "was_kept",
]

CHECKPOINT_VERSION = 1
"""Of the format; raised whenever an older program could not read it."""
FORMAT = "hirl double-dqn checkpoint"
MANIFEST = "agent.json"
COUNTERS = ("num_timesteps", "_n_updates", "_n_calls", "_episode_num")

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The manifest's numbers, checked: counters and the states of the two generators."""

    counters: dict[str, int]
    exploration: Mapping[str, Any]
    replay: Mapping[str, Any]


def save(agent: DoubleDQN, directory: Path) -> None:
    """Write an agent with its replay, counters and random states.

    The environment's state is not part of it: save at the end of an episode to go on exactly.

    Args:
        agent: not changed.
        directory: made if it is not there; an earlier checkpoint in it is replaced, other
            files are left alone.

    Raises:
        RunError: it could not be written (disk full, no permission); an earlier one is intact, or
            this one if all but its last flush to the disk was done.
    """
    generation = _last_generation(directory) + 1
    files = {
        "tensors": directory / f"tensors-{generation:06d}.safetensors",
        "replay": directory / f"replay-{generation:06d}.npz",
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        save_file(named_tensors(agent), files["tensors"])
        np.savez(files["replay"], allow_pickle=False, **agent.replay_buffer.state())
        _commit(directory, _describe(agent, generation, files))
    except (OSError, SafetensorError) as error:
        if not _is_named(generation, directory):
            _remove(files.values())
        raise RunError(
            f"expected to write a checkpoint to {directory}, got: {error}; make room or choose "
            "another directory (the checkpoint that is there is intact)"
        ) from error
    _remove_others(directory, keep=set(files.values()))


def load(agent: DoubleDQN, directory: Path) -> None:
    """Make an agent go on where a saved one stood.

    Its environment is reset before the next step, without a seed: to go on exactly, its owner
    brings it to the state that it had when the agent was saved, at an episode's start.

    Args:
        agent: made with the same settings for the same spaces; unchanged if this fails.
        directory: that `save` wrote to.

    Raises:
        RunError: there is no checkpoint, it is damaged, of another program or version, or of
            an agent with other settings or another network.
    """
    manifest = _read_manifest(directory)
    _check_same_kind(agent, manifest, directory)
    numbers = _read_numbers(manifest, directory)
    tensors = _read_tensors(_listed(manifest, directory, "tensors"))
    replay = _read_replay(_listed(manifest, directory, "replay"))
    problem = mismatch(agent, tensors)
    if problem is not None:
        raise RunError(f"{directory} holds another network: {problem}")
    try:
        agent.replay_buffer.restore(replay)
    except (KeyError, ValueError) as error:
        raise RunError(f"the replay in {directory} cannot be used: {error}") from error
    adopt_tensors(agent, tensors)
    _adopt_numbers(agent, numbers)


def was_kept(directory: Path) -> bool:
    """Whether an agent was saved there; a first save that a kill cut short left none."""
    return (directory / MANIFEST).exists()


def steps_kept(directory: Path) -> int:
    """Agent steps that the agent saved there had made; 0 if none was saved.

    Raises:
        RunError: the checkpoint is damaged, or of another program or version.
    """
    if not was_kept(directory):
        return 0
    return _read_numbers(_read_manifest(directory), directory).counters["num_timesteps"]


def flush(path: Path) -> None:
    """Wait until a file, or a directory's names, are on the disk itself."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def export_agent_zip(agent: DoubleDQN, path: Path) -> None:
    """Write SB3's own format for other tools (`stable_baselines3.DQN.load`).

    It holds pickled parts, so this project never loads one; open only your own.
    """
    agent.save(path)


def _describe(agent: DoubleDQN, generation: int, files: Mapping[str, Path]) -> Manifest:
    return {
        "format": FORMAT,
        "version": CHECKPOINT_VERSION,
        "generation": generation,
        **_kind(agent),
        "files": {
            part: {"name": path.name, "bytes": path.stat().st_size} for part, path in files.items()
        },
        "counters": {name: getattr(agent, name) for name in COUNTERS},
        "random": {
            "exploration": agent.exploration.bit_generator.state,
            "replay": agent.replay_buffer.rng.bit_generator.state,
        },
    }


def _kind(agent: DoubleDQN) -> Manifest:
    """What two agents must have in common; compared as it looks in JSON."""
    settings = asdict(agent.settings)
    del settings["cuda_graph"]  # how the device is asked, not what is learned
    kind = {
        "settings": settings,
        "observation": str(agent.observation_space),
        "n_actions": agent.n_actions,
        "environments": agent.n_envs,
    }
    parsed: Manifest = json.loads(json.dumps(kind))
    return parsed


def _commit(directory: Path, manifest: Manifest) -> None:
    for part in manifest["files"].values():
        flush(directory / part["name"])
    temporary = directory / f"{MANIFEST}.new"
    temporary.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    flush(temporary)
    temporary.replace(directory / MANIFEST)
    flush(directory)


def _is_named(generation: int, directory: Path) -> bool:
    try:
        return _last_generation(directory) == generation
    except RunError:
        return True  # where it cannot be told, nothing is removed


def _remove_others(directory: Path, keep: set[Path]) -> None:
    for pattern in ("tensors-*.safetensors", "replay-*.npz"):
        _remove(set(directory.glob(pattern)) - keep)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError):  # no harm in what is left over: the next save tries again
            path.unlink(missing_ok=True)


def _last_generation(directory: Path) -> int:
    # From the manifest alone: files that it does not name are leftovers and may be overwritten.
    if not was_kept(directory):
        return 0
    return int(_read_manifest(directory).get("generation", 0))


def _read_manifest(directory: Path) -> Manifest:
    path = directory / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(
            f"expected a checkpoint in {directory}, found no {MANIFEST}; give the directory "
            "that an agent was saved to"
        ) from None
    except (OSError, ValueError) as error:
        raise RunError(f"expected {path} to be readable JSON, got: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise RunError(f"expected {path} to describe a {FORMAT}, got something else")
    if manifest.get("version") != CHECKPOINT_VERSION:
        raise RunError(
            f"expected checkpoint version {CHECKPOINT_VERSION} in {path}, got "
            f"{manifest.get('version')}; use the release that wrote it"
        )
    return manifest


def _check_same_kind(agent: DoubleDQN, manifest: Manifest, directory: Path) -> None:
    own = _kind(agent)
    for key in ("observation", "n_actions", "environments"):
        if own[key] != manifest.get(key, 1):
            raise RunError(
                f"{directory} is of an agent for another environment: expected {key} {own[key]}, "
                f"got {manifest.get(key)}"
            )
    saved = _with_later_settings(manifest.get("settings", {}))
    for name, value in own["settings"].items():
        if saved.get(name) != value:
            raise RunError(
                f"{directory} is of an agent with other settings: expected {name} {value}, got "
                f"{saved.get(name)}; make the agent with the saved settings"
            )


def _with_later_settings(saved: Manifest) -> Manifest:
    """What an older program did not know of was as it is by default."""
    later = {
        "precision": DoubleDQNSettings.precision.value,
        "end_on_block": False,
        "n_steps": 1,
        "adam_epsilon": 1e-8,
        "orthogonal": False,
        "pixel_centre": 0,
    }
    return {**later, **saved}


def _listed(manifest: Manifest, directory: Path, part: str) -> Path:
    entry = manifest.get("files", {}).get(part, {})
    path = directory / Path(entry.get("name", "file without a name")).name
    size = path.stat().st_size if path.is_file() else None
    if size is None or size != entry.get("bytes"):
        raise RunError(
            f"the checkpoint is damaged: expected {path} of {entry.get('bytes')} bytes, got "
            f"{'no such file' if size is None else f'{size} bytes'}; use another checkpoint"
        )
    return path


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise RunError(f"the checkpoint is damaged: {path}: {error}") from error
    return tensors


def _read_replay(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise RunError(f"the checkpoint is damaged: {path}: {error}") from error


def _read_numbers(manifest: Manifest, directory: Path) -> _Numbers:
    try:
        counters = {name: int(manifest["counters"][name]) for name in COUNTERS}
        states = manifest["random"]["exploration"], manifest["random"]["replay"]
        for state in states:
            np.random.default_rng().bit_generator.state = state
        return _Numbers(counters, *states)
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"the checkpoint is damaged: {directory / MANIFEST}: {type(error).__name__} {error}; "
            "use another checkpoint"
        ) from error


def _adopt_numbers(agent: DoubleDQN, numbers: _Numbers) -> None:
    for name, value in numbers.counters.items():
        setattr(agent, name, value)
    agent.exploration.bit_generator.state = numbers.exploration
    agent.replay_buffer.rng.bit_generator.state = numbers.replay
    agent.exploration_rate = epsilon_at(agent.num_timesteps, agent.settings)
    agent.expect_reset()
