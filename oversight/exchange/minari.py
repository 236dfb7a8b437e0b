"""A log as a Minari data set, and a log made of one that was.

Observations are the raw screens, actions the executed ones, rewards what the agent was paid. All
else that is known of a step is in `infos`, one entry a step and one more for the end, as Minari
counts. What a rewind has undone is left out: an episode in Minari is one stretch of play.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from oversight.errors import LogError
from oversight.exchange.optional import needed, whole_folder
from oversight.log import SAFE, UNKNOWN, UNSAFE, UNSURE, InterventionLog, LogMeta, StepTable
from oversight.log.chain import Value
from oversight.log.codec import FrameEncoder
from oversight.log.copying import NewLog
from oversight.log.episodes import LoggedEpisode
from oversight.types import Verdict

__all__ = ["from_minari", "to_minari"]

WORDS = {SAFE: Verdict.SAFE, UNSAFE: Verdict.UNSAFE, UNSURE: Verdict.UNSURE}
ELSEWHERE = ("executed", "agent_reward", "terminated", "truncated", "frame", "frame_before")
"""Columns that Minari has a place of its own for, and numbers that mean nothing in it."""
BEFORE = "screen_before"
"""In `infos`, of episodes all of whose steps have it: the frame before each observation."""
NULLABLE = {
    "reaction_seconds",
    "probability",
    "proposed_unsafe",
    "executed_unsafe",
    "pace",
    "speed_up",
    "hint",
    "previewed",
    "meant_for",
}
"""Columns in which NaN and UNKNOWN stand for null."""


def to_minari(path: Path, out: Path) -> int:
    """Write a log as a Minari data set, uncompressed: 34 kB a step of Atari.

    Args:
        path: of the log.
        out: a folder that is not there yet; its name becomes the data set's.

    Returns:
        How many steps it has.

    Raises:
        LogError: the log cannot be read or lacks screens, `out` cannot be written, or Minari is
            missing.
    """
    needed("h5py", "minari")
    minari, storage = needed("minari", "minari"), needed("minari.dataset.minari_storage", "minari")
    buffers = needed("minari.data_collector.episode_buffer", "minari")
    with InterventionLog.open(path) as log, whole_folder(out) as folder:
        low, high = _limits(np.dtype(log.meta.screen_dtype))
        data = (folder / "data").absolute()  # Minari looks for a relative one within itself
        data.mkdir()
        kept = storage.MinariStorage.new(
            data,
            Box(low, high, log.meta.screen_shape, np.dtype(log.meta.screen_dtype).type),
            Discrete(len(log.meta.actions)),
            jpeg_encoding=False,  # palette indices: a lossy picture of them means nothing
        )
        kept.update_metadata(
            {
                "dataset_id": f"hirl/{_name(out.name)}-v0",
                "minari_version": minari.__version__,
                "algorithm_name": "executed actions under oversight (hirl)",
                "description": f"{log.meta.game}: screens, executed actions, verdicts in infos",
                "hirl_run": json.dumps(asdict(log.meta)),
                "hirl_events": json.dumps([asdict(event) for event in log.events()]),
            }
        )
        about: list[dict[str, object]] = []
        kept.update_episodes(
            buffers.EpisodeBuffer(**_episode(log, episode, about)) for episode in log.episodes()
        )
        kept.update_episode_metadata(about)
        return int(kept.total_steps)


def from_minari(folder: Path, out: Path) -> None:
    """Make a log of a data set that `to_minari` wrote: every step that stood, with its verdict.

    Raises:
        LogError: it is no such data set, or `out` is there already.
    """
    minari = needed("minari", "minari")
    try:
        data = minari.MinariDataset(folder / "data")
        about = json.loads(data.storage.metadata["hirl_run"])
        events = json.loads(data.storage.metadata["hirl_events"])
    except (OSError, ValueError, KeyError, AssertionError) as error:
        raise LogError(
            f"expected a Minari data set that `log export` made in {folder}, got none that says "
            f"what was judged: {error}"
        ) from None
    shape = tuple(about["screen_shape"])
    meta = LogMeta(**{**about, "actions": tuple(about["actions"]), "screen_shape": shape})
    with NewLog(out, meta) as new:
        encoder = _Screens()
        order = data.storage.get_episode_metadata(range(data.total_episodes))
        for episode, said in zip(data.iterate_episodes(), order, strict=True):
            new.take(_rows(episode, said, encoder))
        new.take(("events", {**event, "kind": str(event["kind"])}) for event in events)


def _episode(
    log: InterventionLog, episode: LoggedEpisode, about: list[dict[str, object]]
) -> dict[str, Any]:
    steps = episode.steps
    if (steps.frame == UNKNOWN).any():
        raise LogError(
            f"{log.path} lacks screens of {int((steps.frame == UNKNOWN).sum()):,} steps of episode "
            f"{episode.episode}, and Minari has no step without: export it to Parquet"
        )
    screens = log.frames(steps.frame)
    infos = {
        column.name: _one_more(getattr(steps, column.name))
        for column in fields(StepTable)
        if column.name not in ELSEWHERE
    }
    if (steps.frame_before != UNKNOWN).all():
        before = log.frames(steps.frame_before)
        infos[BEFORE] = np.concatenate([before, before[-1:]])
    about.append(
        {
            "hirl_episode": episode.episode,
            "hirl_env_index": episode.env_index,
            "hirl_phase": episode.phase,
            "hirl_begun_at": episode.begun_at,
        }
    )
    cut = steps.truncated.copy()
    cut[-1] |= not steps.terminated[-1]  # what was broken off was cut, to those who read it
    return {
        "seed": episode.seed,
        # The log keeps what was judged: the screen after the last step is the last one again.
        "observations": np.concatenate([screens, screens[-1:]]),
        "actions": steps.executed,
        "rewards": steps.agent_reward,
        "terminations": steps.terminated,
        "truncations": cut,
        "infos": infos,
    }


class _Screens:
    """Screens on their way into a new log."""

    def __init__(self) -> None:
        self._encoder = FrameEncoder()
        self._last: NDArray[np.generic] | None = None
        self._next = 0

    def rows(self, screens: NDArray[np.generic]) -> tuple[list[int], list[dict[str, Value]]]:
        """The number of each screen, and rows for those that are new."""
        numbers: list[int] = []
        rows: list[dict[str, Value]] = []
        for screen in screens:
            if self._last is None or not np.array_equal(screen, self._last):
                data, base = self._encoder.encode(self._next, screen.tobytes())
                crc = zlib.crc32(data)
                rows.append({"frame": self._next, "data": data, "base": base, "crc": crc})
                self._last, self._next = screen, self._next + 1
            numbers.append(self._next - 1)
        return numbers, rows


class _Episode(Protocol):
    """What Minari gives of an episode."""

    observations: NDArray[np.generic]
    actions: NDArray[np.int64]
    rewards: NDArray[np.float64]
    terminations: NDArray[np.bool_]
    truncations: NDArray[np.bool_]
    infos: dict[str, NDArray[np.generic]]


def _rows(
    episode: _Episode, said: dict[str, Any], screens: _Screens
) -> Iterator[tuple[str, dict[str, Value]]]:
    begun_at = float(said["hirl_begun_at"])
    yield (
        "episodes",
        {
            "episode": int(said["hirl_episode"]),
            "env_index": int(said["hirl_env_index"]),
            "seed": None if said.get("seed") is None else int(said["seed"]),
            "phase": str(said["hirl_phase"]),
            "begun_at": begun_at,
        },
    )
    count = len(episode.actions)
    infos = {name: np.asarray(values)[:count] for name, values in episode.infos.items()}
    shown, before = episode.observations[:-1], infos.pop(BEFORE, None)
    # In the order in which they were seen, so that what repeats is kept once.
    both = (
        shown if before is None else np.stack([before, shown], axis=1).reshape(-1, *shown.shape[1:])
    )
    numbers, rows = screens.rows(both)
    yield from (("frames", row) for row in rows)
    befores: list[int | None] = [None] * count if before is None else [*numbers[::2]]
    numbers = numbers if before is None else numbers[1::2]
    for row in range(count):
        decision: dict[str, Value] = {
            name: _value(name, values[row]) for name, values in infos.items()
        }
        decision |= {
            "executed": int(episode.actions[row]),
            "agent_reward": float(episode.rewards[row]),
            "terminated": bool(episode.terminations[row]),
            "truncated": bool(episode.truncations[row]),
            "frame": numbers[row],
            "frame_before": befores[row],
            "verdict": WORDS[int(infos["verdict"][row])].value,
            "decided_at": begun_at,
        }
        yield "decisions", decision


def _value(name: str, value: object) -> Value:
    if isinstance(value, bytes):
        return value.decode()
    plain: Value = value.item() if isinstance(value, np.generic) else str(value)
    null = name in NULLABLE and (plain == UNKNOWN or plain != plain)
    return None if null else plain


def _one_more(values: NDArray[np.generic]) -> NDArray[np.generic] | list[str]:
    """One entry for the end: unknown."""
    kind = values.dtype.kind
    if kind == "U":
        return [*(str(value) for value in values), ""]
    last = np.array([np.nan if kind == "f" else UNKNOWN if kind == "i" else 0])
    return np.concatenate([values, last.astype(values.dtype)])


def _limits(dtype: np.dtype) -> tuple[float, float]:
    if dtype.kind in "ui":
        limits = np.iinfo(dtype)
        return float(limits.min), float(limits.max)
    return -np.inf, np.inf


def _name(name: str) -> str:
    plain = "".join(letter if letter.isalnum() else "-" for letter in name.lower())
    return plain.strip("-") or "log"
