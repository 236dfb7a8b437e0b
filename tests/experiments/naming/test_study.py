import hashlib
import json
import shutil
from pathlib import Path

import pytest

from blocker.naming import fit_spotter, view_for
from experiments.__main__ import main
from experiments.naming.pool import Pool
from experiments.naming.study import NamerChoice, NameSettings, naming_study, spotter_path
from experiments.reporter import Reporter
from oversight import RunError


def test_from_naming_to_a_blocker_by_two_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work, out = tmp_path / "named", tmp_path / "named.json"
    name = ["name", "--games", "pong", "--pool-steps", "1500", "--check-steps", "600"]
    name += ["--label-steps", "60", "--work", str(work), "--out", str(out)]
    assert main(name) == 0
    (row,) = json.loads(out.read_text())
    assert row["simulated"]
    assert row["namer"] == "typical"
    assert 0 < row["minutes"] <= 2.2
    assert row["shown"] == pytest.approx(60 * row["minutes"] / 0.8)
    assert row["pairs"]["unseen"] <= 1
    assert spotter_path(work, "pong", 0, "typical").exists()
    assert "simulated" in capsys.readouterr().out
    before = spotter_path(work, "pong", 0, "typical").stat().st_mtime_ns
    assert main(name) == 0
    assert spotter_path(work, "pong", 0, "typical").stat().st_mtime_ns == before

    rows = tmp_path / "amplified.json"
    amplified = ["amplified", "--games", "pong", "--named", str(work), "--states", "700"]
    amplified += ["--rounds", "1", "--steps", "150", "--unguarded-steps", "0"]
    amplified += ["--proposers", "held", "--work", str(tmp_path / "amplified")]
    assert main([*amplified, "--out", str(rows)]) == 0
    (row,) = json.loads(rows.read_text())
    digest = hashlib.sha256(spotter_path(work, "pong", 0, "typical").read_bytes()).hexdigest()
    assert row["rule"] == f"named-typical-{digest[:8]}, round 1"
    assert row["loop"]["catastrophes"] == 0
    assert row["loop"]["missed"] <= 1


def test_without_a_spotter_amplifying_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["amplified", "--games", "pong", "--named", str(tmp_path)]
    assert main([*command, "--work", str(tmp_path / "work")]) == 2
    assert "python -m experiments name" in capsys.readouterr().err


def test_a_spotter_of_another_game_is_refused(
    tmp_path: Path, pong: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    spotter = fit_spotter("pong", view_for("pong"), pong.told, pong.bad, 0)
    spotter.save(spotter_path(tmp_path, "pong", 0, "person"))
    shutil.copy(
        spotter_path(tmp_path, "pong", 0, "person"),
        spotter_path(tmp_path, "road_runner", 0, "person"),
    )
    command = ["amplified", "--games", "road_runner", "--named-by", "person"]
    assert main([*command, "--named", str(tmp_path), "--work", str(tmp_path / "work")]) == 2
    assert "expected a spotter of road_runner, got one of pong" in capsys.readouterr().err
    assert not (tmp_path / "work").exists()


def test_a_stop_while_answers_are_compared_makes_no_row(tmp_path: Path) -> None:
    asked: list[int] = []

    def stop() -> bool:
        asked.append(len(asked))
        return (tmp_path / "pong-0-typical.safetensors").exists() and len(asked) > stop_at

    stop_at = 10**9
    settings = NameSettings(
        games=("pong",), pool_steps=1_500, check_steps=0, label_steps=40, work=tmp_path,
        out=tmp_path / "rows.json",
    )  # fmt: skip
    naming_study(settings, Reporter(), stop)
    (tmp_path / "rows.json").unlink()
    stop_at = len(asked) - 1_500 - 20  # the pool is there now; in the midst of the 40 states
    asked.clear()
    with pytest.raises(RunError, match="compared anew"):
        naming_study(settings, Reporter(), stop)
    assert not (tmp_path / "rows.json").exists()


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"games": ("chess",)}, "expected games among"),
        ({"person": "nobody"}, "unknown preset"),
        ({"namer": NamerChoice.PERSON}, "one game at a time"),
        ({"minutes": 0.0}, "minutes above 0"),
        ({"pool_steps": 0}, "pool_steps of 1"),
    ],
)
def test_what_cannot_be_named_is_refused(wrong: dict[str, object], word: str) -> None:
    with pytest.raises(RunError, match=word):
        NameSettings(**wrong).check()  # type: ignore[arg-type]


def test_answers_of_one_kind_make_no_spotter_and_are_kept(tmp_path: Path) -> None:
    settings = NameSettings(
        games=("pong",), pool_steps=5, check_steps=0, label_steps=0, work=tmp_path
    )
    with pytest.raises(RunError, match="no spotter yet"):
        naming_study(settings, Reporter(), lambda: False)
    assert (tmp_path / "pong-0-typical.json").exists()
    assert not spotter_path(tmp_path, "pong", 0, "typical").exists()
