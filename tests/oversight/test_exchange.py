"""Out of a log and into a new one: Minari and Parquet, each opened by its own library."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import fields
from pathlib import Path

import minari
import numpy as np
import pyarrow.parquet as parquet
import pytest

from oversight import (
    AtariGame,
    AtariSettings,
    GateSettings,
    InterventionLog,
    LogAnnotator,
    LogError,
    LogMeta,
    OversightWrapper,
    SimulatedHuman,
    StepTable,
    Verdict,
    game_named,
)
from oversight.__main__ import main
from oversight.exchange import from_minari, from_parquet, to_minari, to_parquet
from oversight.exchange.optional import whole_folder
from oversight.log.checking import check_log
from oversight.simulated import MODELS


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Held random Pong in front of a simulated person who takes the game back, and a relabel."""
    path = tmp_path_factory.mktemp("played") / "log.sqlite"
    game = AtariGame(game_named("pong"), AtariSettings(max_agent_steps=80))
    rng = np.random.default_rng(5)
    settings = {"frameskip": game.game.frameskip, "noop_max": 30, "sticky": 0.0}
    meta = LogMeta(
        "pong", game.game.actions, (210, 160), "uint8", game.catastrophe_name, environment=settings
    )
    with InterventionLog.create(path, meta) as log:
        env = OversightWrapper(
            game,
            SimulatedHuman([game.rule], np.random.default_rng(0), MODELS["tired"]),
            GateSettings(rewind_steps=8),
            sink=log,
            episode_seed=lambda episode: episode,
        )
        env.reset()
        for step in range(240):
            if step % 20 == 0:
                action = int(rng.integers(6))
            *_, ended, cut, _ = env.step(action)
            if ended or cut:
                env.reset()
    with LogAnnotator.open(path) as log:
        log.relabel([3], Verdict.UNSURE, by="ada", reason="not to be seen")
        scorer = log.scorer("b", calibrated=False)
        log.score(scorer, np.arange(5), np.full(5, 0.5), np.full((5, 6), 0.25))
    return path


def same(first: StepTable, second: StepTable, *but: str) -> None:
    for column in fields(StepTable):
        if column.name not in but:
            one, other = getattr(first, column.name), getattr(second, column.name)
            np.testing.assert_array_equal(one, other, err_msg=column.name)


def test_parquet_opens_in_its_library_and_comes_back_whole(played: Path, tmp_path: Path) -> None:
    counts = to_parquet(played, tmp_path / "out")
    table = parquet.read_table(tmp_path / "out" / "decisions.parquet")
    with InterventionLog.open(played) as log:
        assert table.num_rows == counts["decisions"] == len(log.steps(undone=True))
        assert table["verdict"].to_pylist()[3] in ("safe", "unsafe")  # as first given
        frames = parquet.read_table(tmp_path / "out" / "frames.parquet").to_pylist()
        assert np.frombuffer(frames[7]["screen"], np.uint8).tobytes() == (
            log.frames(np.array([frames[7]["frame"]]))[0].tobytes()
        )
    back = tmp_path / "back.sqlite"
    from_parquet(tmp_path / "out", back)
    with InterventionLog.open(played) as log, InterventionLog.open(back) as other:
        assert other.meta == log.meta
        same(log.steps(undone=True), other.steps(undone=True))
        assert other.rewinds() == log.rewinds() != []
        assert other.events(undone=True) == log.events(undone=True)
        assert other.words(3) == log.words(3)
        assert (other.scores(0).by_action == log.scores(0).by_action).all()
        keys = log.steps(undone=True).frame
        assert (other.frames(keys) == log.frames(keys)).all()
    assert check_log(back).sound
    assert main(["log", "verify", str(back)]) == 0  # and it can still be played again


def test_minari_opens_in_its_library_and_its_checks_pass(played: Path, tmp_path: Path) -> None:
    steps = to_minari(played, tmp_path / "pong")
    data = minari.MinariDataset(tmp_path / "pong" / "data")
    with InterventionLog.open(played) as log:
        episodes = list(log.episodes())
        assert data.total_steps == steps == len(log.steps())
        assert data.total_episodes == len(episodes)
        for ours, theirs in zip(episodes, data.iterate_episodes(), strict=True):
            # What Minari's own tests ask of a data set: spaces, and one observation more.
            count = len(ours.steps)
            assert len(theirs) == count
            assert theirs.observations.shape == (count + 1, 210, 160)
            assert theirs.observations.dtype == np.uint8
            assert all(data.observation_space.contains(o) for o in theirs.observations)
            assert all(data.action_space.contains(a) for a in theirs.actions)
            for values in (theirs.rewards, theirs.terminations, theirs.truncations):
                assert len(values) == count
            assert not (theirs.terminations | theirs.truncations)[:-1].any()
            assert (theirs.terminations | theirs.truncations)[-1]
            assert all(len(values) == count + 1 for values in theirs.infos.values())
            shown = log.frames(ours.steps.frame)
            assert (theirs.observations[:-1] == shown).all()  # palette indices, not a JPEG of them
            assert (theirs.infos["verdict"][:-1] == ours.steps.verdict).all()
    sampled = data.sample_episodes(1)
    assert len(list(sampled)) == 1
    first, second = minari.split_dataset(data, sizes=[1, 1], seed=0)
    assert first.total_episodes == second.total_episodes == 1
    json.dumps(str(data.spec))


def test_minari_comes_back_as_what_stood(played: Path, tmp_path: Path) -> None:
    to_minari(played, tmp_path / "pong")
    back = tmp_path / "back.sqlite"
    from_minari(tmp_path / "pong", back)
    with InterventionLog.open(played) as log, InterventionLog.open(back) as other:
        assert other.meta == log.meta
        one, again = log.steps(), other.steps()
        same(one, again, "frame", "truncated")
        assert (other.frames(again.frame) == log.frames(one.frame)).all()
        assert other.events() == log.events()
        assert [e.seed for e in other.episodes()] == [e.seed for e in log.episodes()]
    assert check_log(back).sound


@pytest.mark.parametrize("kind", ["minari", "parquet"])
def test_names_may_be_relative(
    played: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    log = os.path.relpath(played)
    assert main(["log", "export", log, "--to", kind, "--out", "here/pong"]) == 0
    assert main(["log", "import", "here/pong", "--out", "back.sqlite"]) == 0
    assert check_log(Path("back.sqlite")).sound


def test_a_folder_that_cannot_be_made_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refused)
    words = "x cannot be written: .*Permission denied"
    with pytest.raises(LogError, match=words), whole_folder(tmp_path / "x"):
        pass


@pytest.mark.parametrize(
    ("number", "full"), [(errno.ENOSPC, True), (errno.EACCES, False), (errno.ENOENT, False)]
)
def test_space_is_asked_for_only_where_it_is_missing(
    tmp_path: Path, number: int, full: bool
) -> None:
    with pytest.raises(LogError, match="cannot be written") as raised, whole_folder(tmp_path / "x"):
        raise OSError(number, os.strerror(number))
    assert ("free some space" in str(raised.value)) == full
    assert not list(tmp_path.iterdir())


def test_by_command_both_ways(
    played: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in ("minari", "parquet"):
        out, back = tmp_path / kind, tmp_path / f"{kind}.sqlite"
        assert main(["log", "export", str(played), "--to", kind, "--out", str(out)]) == 0
        assert main(["log", "import", str(out), "--out", str(back)]) == 0
        assert main(["log", "export", str(played), "--to", kind, "--out", str(out)]) == 2
        assert "exists already" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    for folder in ("empty", "none"):
        command = ["log", "import", str(tmp_path / folder), "--out", str(tmp_path / "new")]
        assert main(command) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert not list(tmp_path.glob("new*"))
    assert not list(tmp_path.glob("*-part"))
