"""Opinions written into a log, of all actions, once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blocker import Fitted
from blocker.__main__ import main
from blocker.bench.data import steps_of
from blocker.bench.judges import BlockerJudge
from blocker.pack import log_path
from blocker.scoring import score_log
from oversight import InterventionLog
from oversight.games import PONG


def test_every_decision_gets_an_opinion_on_every_action_once(
    fitted: Fitted, pack_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, file = log_path(pack_copy, "test"), pack_copy / "b.safetensors"
    fitted.blocker.save(file)
    monkeypatch.setattr("blocker.scoring.CHUNK", 50)  # an episode lies across its edge
    assert score_log(path, file) == 80
    assert score_log(path, file) == 0
    with InterventionLog.open(path) as log:
        (scorer,) = log.scorers()
        scores, table = log.scores(scorer), log.steps()
        whole = BlockerJudge(fitted.blocker, "b").risks(steps_of(log, table, PONG))
    assert (scorer.name, scorer.threshold) == ("b.safetensors", fitted.blocker.threshold)
    assert scorer.calibrated
    assert np.array_equal(scores.step_id, table.step_id)
    assert np.allclose(scores.by_action, whole, atol=1e-6)
    own = whole[np.arange(80), table.proposed]
    assert np.allclose(scores.probability, own, atol=1e-6)


def test_the_command_says_how_many(
    fitted: Fitted, pack_copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = pack_copy / "b.safetensors"
    fitted.blocker.save(file)
    log = str(log_path(pack_copy, "train"))
    assert main(["score", log, "--blocker", str(file), "--name", "mine"]) == 0
    assert "60 decisions judged anew" in capsys.readouterr().out
    assert main(["score", log, "--blocker", str(pack_copy / "none")]) == 1
    assert "no Blocker at" in capsys.readouterr().err
