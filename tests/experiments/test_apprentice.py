"""The Blocker that learns beside a run: really trained, from a real log, by its own process."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from experiments.apprentice import FIRST_STEPS, Apprentice
from experiments.labelling import labelled
from experiments.phases import history_of
from experiments.reporter import Reporter
from oversight import AtariGame, Proposal, game_named

PONG = game_named("pong")


def proposal(step: int) -> Proposal:
    """RIGHT and LEFT move the paddle up and down; it is as low as down becomes unsafe."""
    env = AtariGame(PONG)
    env.reset(seed=1)
    screens = []
    while len(screens) < history_of("pong") or not env.truth.unsafe_actions()[3]:
        env.step(3)
        screens.append(env.screen())
    screens = screens[-history_of("pong") :]
    return Proposal(step, 0, 0, step, 3, np.stack(screens), recorded_through=step - 1)


def test_without_a_training_it_has_no_opinion(tmp_path: Path) -> None:
    apprentice = Apprentice(PONG, tmp_path / "log.sqlite", tmp_path / "out.safetensors")
    assert apprentice.hint(proposal(FIRST_STEPS - 1)) is None  # too few decisions: none is begun
    assert apprentice._training is None
    assert apprentice.heat(proposal(5)) is None
    assert apprentice.standing() == ""
    apprentice.close()


@pytest.mark.slow
def test_a_training_that_fails_costs_nothing(tmp_path: Path) -> None:
    apprentice = Apprentice(PONG, tmp_path / "none.sqlite", tmp_path / "out.safetensors")
    assert apprentice.hint(proposal(FIRST_STEPS)) is None
    training = apprentice._training
    assert training is not None
    assert training.wait(180) != 0
    assert apprentice.hint(proposal(FIRST_STEPS + 1)) is None
    assert apprentice._training is None  # the next one is due after further decisions
    apprentice.close()


def test_closing_ends_a_training(tmp_path: Path) -> None:
    apprentice = Apprentice(PONG, tmp_path / "none.sqlite", tmp_path / "out.safetensors")
    apprentice.hint(proposal(FIRST_STEPS))
    training = apprentice._training
    assert training is not None
    apprentice.close()
    assert training.returncode is not None


@pytest.mark.slow
def test_it_learns_from_the_log_and_then_advises(tmp_path: Path) -> None:
    log = labelled(
        tmp_path,
        "pong",
        1_000,
        seed=0,
        person="perfect",
        segment_steps=100,
        reporter=Reporter(),
        stop=lambda: False,
    )
    apprentice = Apprentice(PONG, log, tmp_path / "out.safetensors")
    asked = proposal(1_000)
    assert apprentice.hint(asked) is None  # it does not wait for the training that it begins
    training = apprentice._training
    assert training is not None
    assert os.getpriority(os.PRIO_PROCESS, training.pid) == 19
    end = time.monotonic() + 240
    while (hint := apprentice.hint(asked)) is None:
        assert time.monotonic() < end
        assert training.poll() in (None, 0)
        time.sleep(0.1)
    assert 0.0 <= hint.probability <= 1.0
    up = apprentice.hint(replace(asked, action=2))
    assert up is not None
    assert up.probability < hint.probability  # down is worse than up
    assert apprentice.standing() != ""
    heat = apprentice.heat(asked)
    assert heat is not None
    assert heat.shape == (210, 160)
    apprentice.close()
