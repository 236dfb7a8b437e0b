"""Screens of a log through torch's own DataLoader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from blocker.presets import input_for
from blocker.torch_dataset import LogDataset
from oversight import (
    AtariGame,
    GateSettings,
    InterventionLog,
    LogMeta,
    OracleOverseer,
    OversightWrapper,
    game_named,
)
from oversight.log import UNKNOWN, UNSAFE, Keep


def play(path: Path, keep: Keep = Keep.ALL, steps: int = 300) -> Path:
    """Held random Pong under the oracle."""
    game, rng, action = AtariGame(game_named("pong")), np.random.default_rng(3), 0
    meta = LogMeta("pong", game.game.actions, (210, 160), "uint8", game.catastrophe_name)
    with InterventionLog.create(path, meta) as log:
        log.keeper.phases["oversight"] = keep
        env = OversightWrapper(game, OracleOverseer([game.truth]), GateSettings(), sink=log)
        env.reset(seed=0)
        for step in range(steps):
            if step % 20 == 0:
                action = int(rng.integers(6))
            env.step(action)
    return path


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_gives_what_the_log_holds(tmp_path: Path, workers: int) -> None:
    path = play(tmp_path / "log.sqlite")
    data = LogDataset(path, input_for("pong"))
    data[0]  # opened here: workers must open it for themselves
    batches = list(DataLoader(data, batch_size=64, num_workers=workers))
    data.close()
    screens, actions, unsafe = (torch.cat(parts) for parts in zip(*batches, strict=True))
    with InterventionLog.open(path) as log:
        table = log.steps()
        assert (screens.numpy() == input_for("pong").prepare(log.frames(table.frame))).all()
        assert (actions.numpy() == table.proposed).all()
        assert (unsafe.numpy() == (table.verdict == UNSAFE)).all()
    assert 0 < unsafe.sum() < len(data) == 300


def test_screens_that_were_not_kept_are_left_out(tmp_path: Path) -> None:
    whole, around = play(tmp_path / "all.sqlite"), play(tmp_path / "some.sqlite", Keep.BLOCKS)
    assert len(LogDataset(play(tmp_path / "none.sqlite", Keep.NONE))) == 0
    with InterventionLog.open(whole) as log, InterventionLog.open(around) as some:
        table, fewer = log.steps(), some.steps()
        assert (table.executed == fewer.executed).all()
        near = np.zeros(len(table), bool)
        for row in np.flatnonzero(table.verdict == UNSAFE):
            near[max(0, row - 8) : row + 9] = True
        assert (near == (fewer.frame != UNKNOWN)).all()
        assert 0 < near.sum() < len(near)
        assert (some.frames(fewer.frame[near]) == log.frames(table.frame[near])).all()
    assert around.stat().st_size < whole.stat().st_size
    assert LogDataset(around).step_id.tolist() == np.flatnonzero(near).tolist()
