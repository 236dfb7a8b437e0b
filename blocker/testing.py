"""Logs in memory and networks that know nothing, to test without emulator, file or training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from blocker.foresight import WAYS
from blocker.network import BlockerNetwork, TreeMember
from blocker.trees import boosting
from oversight.games import PONG
from oversight.log.table import SAFE, UNKNOWN, UNSAFE, StepTable

__all__ = [
    "FALLING_LIMIT",
    "FakeLog",
    "FakeMeta",
    "fall",
    "falling_log",
    "grow_on_noise",
    "leads_to_harm",
    "painted_log",
    "table_of",
    "with_columns",
]


@dataclass
class FakeMeta:
    """What a log says about itself, set by hand."""

    game: str = "pong"
    actions: tuple[str, ...] = PONG.actions
    gate: Mapping[str, object] = field(default_factory=lambda: {"mode": "replace"})


@dataclass
class FakeLog:
    """A `LabelledLog` in memory."""

    table: StepTable
    screens: NDArray[np.uint8]
    meta: FakeMeta = field(default_factory=FakeMeta)
    came_late: Mapping[int, int] = field(default_factory=dict)

    def steps(self, phases: Sequence[str] | None = None) -> StepTable:
        """See `LabelledLog.steps`."""
        return self.table if phases is None else self.table.where(np.isin(self.table.phase, phases))

    def frames(self, keys: NDArray[np.int64], /) -> NDArray[np.uint8]:
        """See `LabelledLog.frames`."""
        return self.screens[keys]

    def late(self) -> Mapping[int, int]:
        """See `LabelledLog.late`."""
        return self.came_late


def table_of(
    episode: Sequence[int],
    step: Sequence[int],
    unsafe: Sequence[bool],
    proposed: Sequence[int] | None = None,
    executed: Sequence[int] | None = None,
    source: str = "oracle",
) -> StepTable:
    """A table of judged steps; frame i belongs to row i, unsafe actions are replaced by 2."""
    n = len(episode)
    action = np.asarray(proposed if proposed is not None else np.zeros(n), dtype=np.int64)
    label = np.asarray(unsafe, dtype=bool)
    done = np.where(label, 2, action) if executed is None else np.asarray(executed)
    nan = np.full(n, np.nan)
    off = np.zeros(n, dtype=bool)
    unknown = np.full(n, UNKNOWN, dtype=np.int8)
    return StepTable(
        step_id=np.arange(n),
        episode=np.asarray(episode, dtype=np.int64),
        step=np.asarray(step, dtype=np.int64),
        proposed=action,
        executed=done.astype(np.int64),
        verdict=np.where(label, UNSAFE, SAFE).astype(np.int8),
        blocked=label,
        no_safe_action=off,
        frame=np.arange(n),
        phase=np.full(n, "oversight"),
        source=np.full(n, source),
        reaction_seconds=nan,
        attention_seconds=np.zeros(n),
        probability=nan,
        game_reward=np.zeros(n),
        agent_reward=np.zeros(n),
        terminated=off,
        truncated=off,
        proposed_unsafe=unknown,
        executed_unsafe=unknown,
        pace=nan,
        speed_up=nan,
        hint=nan,
        previewed=unknown,
        frame_before=np.full(n, UNKNOWN),
    )


def painted_log(seed: int, episodes: int = 10, length: int = 80) -> FakeLog:
    """A square at random heights: LEFT and LEFTFIRE are unsafe when it is low."""
    rng = np.random.default_rng(seed)
    n = episodes * length
    height = rng.integers(40, 185, n)
    screens = np.full((n, 210, 160), 20, dtype=np.uint8)
    for screen, row in zip(screens, height, strict=True):
        screen[row : row + 8, 136:144] = 200
    action = rng.integers(0, 6, n)
    unsafe = np.isin(action, [3, 5]) & (height > 140)
    table = table_of(
        np.repeat(np.arange(episodes), length).tolist(),
        np.tile(np.arange(length), episodes).tolist(),
        unsafe.tolist(),
        action.tolist(),
    )
    return FakeLog(table, screens)


FALLING_LIMIT = 150
"""A square of 8 rows whose upper row comes to this one has come to harm."""


def fall(row: int, speed: float, action: int) -> tuple[int, float]:
    """A step of the square: LEFT drives it down, RIGHT up, and it goes on by three quarters.

    At the ends it stops, half off the screen that a Blocker sees.
    """
    speed = 0.75 * speed + {2: -5.0, 4: -5.0, 3: 5.0, 5: 5.0}.get(action, 0.0)
    after = min(max(row + round(speed), 30), 190)
    return after, float(after - row) if after in (30, 190) else speed


def leads_to_harm(row: int, speed: float, action: int) -> bool:
    """Whether it comes to harm by the action, even if it goes back up at once."""
    for one in (action, 2, 2, 2):
        row, speed = fall(row, speed, one)
        if row >= FALLING_LIMIT:
            return True
    return False


def falling_log(seed: int, episodes: int = 12, length: int = 150) -> FakeLog:
    """A square that coasts: what leads to harm is blocked, and RIGHT takes its place."""
    rng = np.random.default_rng(seed)
    rows, actions, labels = [], [], []
    for _ in range(episodes):
        row, speed, action = int(rng.integers(60, 120)), 0.0, 0
        for step in range(length):
            if rng.random() < 0.4 or step == 0:
                action = int(rng.integers(6))
            unsafe = leads_to_harm(row, speed, action)
            rows.append(row)
            actions.append(action)
            labels.append(unsafe)
            row, speed = fall(row, speed, 2 if unsafe else action)
    screens = np.full((len(rows), 210, 160), 20, dtype=np.uint8)
    for screen, row in zip(screens, rows, strict=True):
        screen[row : row + 8, 136:144] = 200
    number = np.repeat(np.arange(episodes), length).tolist()
    steps = np.tile(np.arange(length), episodes).tolist()
    return FakeLog(table_of(number, steps, labels, actions), screens)


def with_columns(log: FakeLog, **columns: NDArray[np.generic]) -> FakeLog:
    """The log with some columns of its table exchanged."""
    return replace(log, table=replace(log.table, **columns))  # type: ignore[arg-type]


def grow_on_noise(network: BlockerNetwork, rng: np.random.Generator, trees: int = 20) -> None:
    """Give each member trees that have learned nothing; to judge takes them as long as others."""
    for seed, member in enumerate(network.each()):
        if isinstance(member, TreeMember):
            told = WAYS if member.foresight else network.told + 2 * network.factors.shape[1]
            numbers = rng.normal(0, 1, (600, told))
            if member.foresight:
                moves = rng.normal(0, 0.5, member.foresight.moves.shape)
                member.foresight.moves.copy_(torch.from_numpy(moves))
                member.foresight.keep_away(2.0)
            model = boosting(member.forest.value.shape[1], seed).set_params(max_iter=trees)
            model.fit(numbers.astype(np.float32), rng.random(600) < 0.3)
            member.forest.plant(model, trees)
