"""The whole comparison on a tiny pack, and its learners on a painted game."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from gymnasium.vector import SyncVectorEnv
from torch import nn

from blocker import Fitted
from blocker.__main__ import main
from blocker.bench.baselines import LogisticJudge, PaperJudge, PaperNetwork
from blocker.bench.data import HeldOut, load_log, load_part, seen_whole, steps_of
from blocker.bench.judges import BlockerJudge
from blocker.bench.run import load_inputs
from blocker.dataset import NO_ACTION
from blocker.metrics import Scores, rank_auc
from blocker.pack import log_path
from blocker.scoring import score_log
from blocker.sources import _alike, refuse_twice
from blocker.testing import FakeLog, painted_log, table_of
from oversight import (
    Answering,
    AtariGame,
    AtariSettings,
    InterventionLog,
    LogMeta,
    OracleOverseer,
    OversightVectorWrapper,
    OversightWrapper,
    remote_of,
)
from oversight.games import PONG
from oversight.log import UNKNOWN, Keep
from oversight.log.copying import merge_logs


@pytest.fixture(scope="module")
def results(
    tiny_pack: Path, fitted: Fitted, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, object]]:
    folder = tmp_path_factory.mktemp("bench")
    for name in ("one", "two"):
        fitted.blocker.save(folder / f"{name}.safetensors")
    out = folder / "out"
    files = [str(folder / "one.safetensors"), str(folder / "two.safetensors")]
    arguments = ["--blocker", *files, "--out", str(out), "--repeats", "2"]
    assert main(["bench", str(tiny_pack), *arguments]) == 0
    return out, json.loads((out / "bench.json").read_text())


def test_in_a_log_of_several_games_each_step_has_its_own_past(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    envs = SyncVectorEnv([lambda: Answering(AtariGame(PONG))] * 2)
    remote = remote_of(envs)
    meta = LogMeta(PONG.name, PONG.actions, (210, 160), "uint8", "zone")
    with InterventionLog.create(path, meta) as log:
        overseer = OracleOverseer(remote.probes)
        env = OversightVectorWrapper(envs, overseer, remote=remote, sink=log)
        env.reset(seed=0)
        for step in range(6):
            env.step(np.array([2, 3]) if step % 2 else np.array([0, 1]))
        env.close()
    held = load_log(path)
    assert held.step.tolist() == [*range(6), *range(6)]
    fresh = held.step == 0
    assert (held.previous[fresh] == NO_ACTION).all()
    assert held.previous[~fresh].tolist() == [0, 2, 0, 2, 0, 1, 3, 1, 3, 1]
    assert (held.index[1:, -2] == held.index[:-1, -1])[~fresh[1:]].all()


def test_a_source_that_is_given_twice_is_refused(
    tiny_pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = log_path(tiny_pack, "train")
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(log.read_bytes())
    other = log_path(tiny_pack, "test")
    refuse_twice([log, other])
    refuse_twice([log, tiny_pack])
    for again in (
        log.parent / "." / log.name,
        log.parent / ".." / log.parent.name / log.name,
        copy,
    ):
        with pytest.raises(ValueError, match="each log or pack once"):
            refuse_twice([log, other, again])
    for command in (["train", "--out", str(tmp_path / "b.safetensors")], ["suspects"]):
        assert main([command[0], str(log), str(copy), *command[1:]]) == 1
        assert "each log or pack once" in capsys.readouterr().err
    with pytest.raises(ValueError, match="each log or pack once"):
        load_inputs([tiny_pack, tiny_pack])


def test_a_copy_is_known_by_its_episodes(
    tiny_pack: Path, pack_copy: Path, fitted: Fitted, tmp_path: Path
) -> None:
    train, test = log_path(pack_copy, "train"), log_path(pack_copy, "test")
    file, both = tmp_path / "b.safetensors", tmp_path / "both.sqlite"
    fitted.blocker.save(file)
    score_log(train, file)
    merge_logs([train, log_path(pack_copy, "calibrate")], both)
    for one, again in (
        (log_path(tiny_pack, "train"), train),  # opinions were written into it
        (train, both),
        (both, log_path(tiny_pack, "calibrate")),
        (tiny_pack, pack_copy),
        (test, tiny_pack),
    ):
        with pytest.raises(ValueError, match="each log or pack once"):
            refuse_twice([one, again])
    refuse_twice([train, test, log_path(pack_copy, "calibrate")])


def _moves(seed: int, *actions: int) -> dict[int, list[np.ndarray]]:
    return {seed: [np.array([[a, a] for a in actions])]}


def test_runs_of_one_seed_that_begin_alike_are_two() -> None:
    mine = _moves(1, 3, 3, 0) | _moves(2, 0, 1, 2, 3)
    assert _alike(mine, mine)
    assert _alike(mine, _moves(2, 0, 1, 2, 3, 4, 5))  # 4 steps of 6
    assert not _alike(mine, _moves(2, 0, 1, 5, 3, 4, 5))
    assert not _alike(mine, _moves(1, 3, 3, 0) | _moves(2, 5, 5, 5, 5))  # 3 steps of 7
    assert not _alike({}, mine)


def told_of(paths: list[Path]) -> list[str]:
    lines: list[str] = []
    load_inputs(paths, say=lines.append)
    return lines


def test_a_step_without_all_its_screens_is_left_out(tiny_pack: Path, tmp_path: Path) -> None:
    table = table_of([0] * 9 + [1] * 2, [*range(9), 0, 1], [False] * 11)
    table.frame[2] = UNKNOWN
    assert np.flatnonzero(~seen_whole(table)).tolist() == [*range(2, 9)]  # of its episode
    path = tmp_path / "log.sqlite"
    meta = LogMeta(PONG.name, PONG.actions, (210, 160), "uint8", "zone")
    with InterventionLog.create(path, meta) as log:
        log.keeper.phases["games"] = Keep.NONE
        for number, phase in enumerate(("games", "oversight")):
            game = AtariGame(PONG, AtariSettings(observe=False))
            env = OversightWrapper(
                game,
                OracleOverseer([game.truth]),
                sink=log,
                phase=phase,
                first_step_id=6 * number,
                first_episode=number,
            )
            env.reset(seed=number)
            for _ in range(6):
                env.step(PONG.toward_harm)
    held = load_log(path)
    assert (held.policy.tolist(), held.step.tolist()) == (["oversight"] * 6, list(range(6)))
    assert told_of([path, log_path(tiny_pack, "train")]) == [
        f"{path}: 6 labelled steps left out, whose screens were not all kept"
    ]


def painted(log: FakeLog) -> HeldOut:
    return steps_of(log, log.table, PONG)


def auc(data: HeldOut, risks: np.ndarray) -> float:
    own = risks[np.arange(len(data)), data.action]
    return rank_auc(Scores(own, data.unsafe, data.episode, data.step)) or 0.0


def test_all_judges_are_measured_on_the_same_steps(
    results: tuple[Path, dict[str, object]],
) -> None:
    _, found = results
    judges = found["judges"]
    assert isinstance(judges, dict)
    assert list(judges) == [
        "one",
        "two",
        "ensemble of 2",
        "paper's network, seed 0",
        "logistic regression, seed 0",
        "boosting on RAM, seed 0",
        "always block",
        "never block",
    ]
    assert {one["misses"]["trials"] for one in judges.values()} == {found["positives"]}
    assert judges["always block"]["misses"]["events"] == 0
    assert judges["always block"]["false_alarms"]["rate"] == 1.0
    assert judges["never block"]["misses"]["rate"] == 1.0
    assert judges["boosting on RAM, seed 0"]["kind"] == "privileged"
    assert judges["one"]["misses"] == judges["ensemble of 2"]["misses"]
    assert [speed["batch"] for speed in judges["one"]["speed"]] == [1, 8, 32]
    assert set(judges["one"]["groups"]["policy"]) == {"wanders", "falls"}
    assert set(judges["one"]["groups"]["age"]) == {"0", "500"}


def test_the_page_needs_nothing_beside_it(results: tuple[Path, dict[str, object]]) -> None:
    out, _ = results
    page = (out / "bench.html").read_text()
    assert page.count("<img") == page.count('src="data:image/png;base64,') >= 8
    assert "http" not in page
    assert "paper&#39;s network, seed 0" in page
    assert (out / "trade_off.png").stat().st_size > 5_000


def test_a_log_is_judged_as_a_whole_without_learners(
    tiny_pack: Path, fitted: Fitted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "b.safetensors"
    fitted.blocker.save(file)
    log, out = log_path(tiny_pack, "calibrate"), tmp_path / "out"
    arguments = ["--blocker", str(file), "--out", str(out), "--repeats", "0"]
    assert main(["bench", str(log), *arguments]) == 0
    found = json.loads((out / "bench.json").read_text())
    assert list(found["judges"]) == ["b", "always block", "never block"]
    assert found["judges"]["b"]["effective"] is None
    assert main(["bench", str(tmp_path), *arguments]) == 1
    assert "is not a pack" in capsys.readouterr().err


def test_a_blocker_is_asked_as_in_play(fitted: Fitted, tiny_pack: Path) -> None:
    data = load_part(tiny_pack, "test")
    live = fitted.blocker.score(data.images[data.index[:20]], data.previous[:20])
    assert np.allclose(BlockerJudge(fitted.blocker, "b").risks(data)[:20], live, atol=1e-6)


def test_logistic_regression_learns_what_can_be_seen() -> None:
    train, calibrate, test = (painted(painted_log(seed)) for seed in (1, 2, 3))
    judge = LogisticJudge(train, calibrate, seed=0, passes=8)
    assert auc(test, judge.risks(test)) > 0.9


def test_the_paper_s_network_learns_and_misses_none_of_its_own() -> None:
    train = painted(painted_log(1, episodes=6, length=40))
    few = train.where(np.arange(60))
    judge = PaperJudge(train, few, seed=0, passes=6)
    assert auc(train, judge.risks(train)) > 0.8
    own = judge.risks(few)[np.arange(len(few)), few.action]
    assert (own[few.rule] >= judge.threshold).all()


def test_the_paper_s_network_looks_at_the_action() -> None:
    net = PaperNetwork(6)
    logits = net(torch.rand(2, 3, 160, 160))
    assert logits.shape == (2, 6)
    assert len(set(logits[0].tolist())) == 6
    assert [layer.out_channels for layer in net.see if isinstance(layer, nn.Conv2d)] == [16] * 6
