from pathlib import Path

import numpy as np
import pytest

from blocker import Blocker, Fitted
from blocker.__main__ import main
from oversight import AtariGame, InterventionLog, LogMeta, OracleOverseer, OversightWrapper
from oversight.games import PONG


@pytest.fixture(scope="module")
def pong_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six short Pong episodes of a player who likes to go down, judged by the truth."""
    path = tmp_path_factory.mktemp("log") / "log.sqlite"
    game = AtariGame(PONG)
    rng = np.random.default_rng(0)
    meta = LogMeta("pong", PONG.actions, (210, 160), "uint8", "zone", gate={"mode": "replace"})
    with InterventionLog.create(path, meta) as log:
        env = OversightWrapper(game, OracleOverseer([game.truth]), sink=log)
        for seed in range(6):
            env.reset(seed=seed)
            for _ in range(80):
                env.step(int(rng.choice([3, int(rng.integers(6))])))
        env.close()
    return path


def test_train_and_info(pong_log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "b.safetensors"
    assert main(["train", str(pong_log), "--out", str(out), "--quick", "--epochs", "40"]) == 0
    said = capsys.readouterr().out
    assert "missed / unsafe actions" in said
    assert str(out) in said.replace("\n", "")
    blocker = Blocker.load(out)
    assert blocker.readiness is not None
    assert blocker.readiness.positives > 0
    assert dict(blocker.gate) == {"mode": "replace"}
    assert main(["info", str(out)]) == 0
    said = capsys.readouterr().out
    assert "Blocker for pong with the actions NOOP, FIRE" in said
    assert "dangerous moments" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["info", "none.safetensors"], "no Blocker at none.safetensors"),
        (["train", "--out", "b.safetensors"], "one log file or more"),
        (["train", "none.sqlite", "--out", "b.safetensors"], "none.sqlite"),
    ],
)
def test_one_line_for_bad_input(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1


def test_foreign_log_and_foreign_blocker(
    pong_log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text"
    text.write_text("hello " * 100)
    assert main(["info", str(text)]) == 1
    assert main(["info", str(pong_log)]) == 1
    assert main(["train", str(text), "--out", str(tmp_path / "b")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == error.count("error: ") == 3
    assert not (tmp_path / "b").exists()


def test_too_little_to_learn_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log.sqlite"
    meta = LogMeta("pong", PONG.actions, (210, 160), "uint8", "zone")
    InterventionLog.create(path, meta).close()
    assert main(["train", str(path), "--out", str(tmp_path / "b")]) == 1
    assert "at least 3 episodes" in capsys.readouterr().err


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["train", "--help"])
    assert done.value.code == 0
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "Whole episodes are dealt to folds and a test part" in said
    assert "first weights" in said


def test_fitted_keeps_its_verdict(fitted: Fitted) -> None:
    assert fitted.blocker.readiness == fitted.readiness
    assert fitted.readiness.threshold == fitted.blocker.threshold
