"""The commands: train, go on, evaluate, count; and other agents behind the same gate."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from stable_baselines3 import DQN
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.torch_layers import NatureCNN

from agents.__main__ import main
from agents.divergence import NetworkDied, has_died
from agents.double_dqn import DoubleDQN
from agents.evaluation import evaluate, player_of
from agents.games import overseen_games
from agents.others import train_other
from agents.progress import Pace
from agents.reference import make_reference
from agents.settings import Precision, epsilon_at, updates_due
from agents.training import COLUMNS, Episodes, train_double_dqn
from agents.training_types import Algorithm, Training, TrainSettings, Watch, Way
from oversight import GateSettings, Proposal, RunError, ScriptedOverseer
from oversight.settings import Mode

SMALL = TrainSettings(
    games=2, steps=64, checkpoint_steps=32, learning_starts=8, buffer_size=200, exploration_steps=64
)  # fmt: skip


def settings(**news: object) -> TrainSettings:
    return replace(SMALL, **news)  # type: ignore[arg-type]


def never_down(proposal: Proposal) -> bool:
    return proposal.action in (3, 5)


def weights(training: Training) -> dict[str, np.ndarray]:
    [path] = training.agent.glob("tensors-*.safetensors")
    return {name: x.numpy() for name, x in load_file(path).items()}


@pytest.mark.parametrize(
    ("way", "plain", "games"), [(Way.TRUTH, False, 2), (Way.FAST, False, 2), (Way.TRUTH, True, 1)]
)
def test_a_resumed_training_goes_on_as_one_that_was_never_stopped(
    tmp_path: Path, way: Way, plain: bool, games: int
) -> None:
    asked = settings(way=way, plain=plain, games=games)
    whole = Training.create(tmp_path / "whole", asked)
    assert train_double_dqn(whole, lambda _steps, _note: True)
    parts = Training.create(tmp_path / "parts", replace(asked, steps=32))
    assert train_double_dqn(parts, lambda _steps, _note: True)
    (parts.path / "config.json").write_text((whole.path / "config.json").read_text())
    assert train_double_dqn(Training(parts.path), lambda _steps, _note: True)
    mine, theirs = weights(parts), weights(whole)
    assert mine.keys() == theirs.keys()
    for name, value in theirs.items():
        np.testing.assert_array_equal(mine[name], value, err_msg=name)
    assert parts.counts() == whole.counts()
    assert whole.counts()["steps"] == 64


def test_the_plain_path_is_sb3s() -> None:
    made = settings(plain=True).dqn
    assert [made.frames_once, made.channels_last, made.fused_adam] == [False] * 3
    assert made.precision is Precision.FP32
    with pytest.raises(RunError, match="float32"):
        settings(plain=True, precision=Precision.BF16).check()


def test_a_training_of_before_keeps_its_epsilon(tmp_path: Path) -> None:
    training = Training.create(tmp_path / "run", settings(adam_epsilon=1e-3))
    assert training.settings().adam_epsilon == 1e-3
    kept = json.loads((training.path / "config.json").read_text())
    del kept["adam_epsilon"]
    (training.path / "config.json").write_text(json.dumps(kept))
    assert training.settings().adam_epsilon == 1e-8


def test_told_to_stop_it_saves(tmp_path: Path) -> None:
    training = Training.create(tmp_path / "run", settings(steps=1_000, checkpoint_steps=500))
    assert not train_double_dqn(training, lambda _steps, _note: False)
    assert (training.agent / "agent.json").exists()
    assert training.counts()["steps"] == 64  # asked every 64 steps
    assert training.tape.exists()


def test_a_network_that_has_died_ends_the_training(tmp_path: Path) -> None:
    training = Training.create(
        tmp_path / "run", settings(checkpoint_steps=32, precision=Precision.FP32)
    )

    def kill(agent: DoubleDQN) -> None:
        features = agent.q_net.features_extractor
        assert isinstance(features, NatureCNN)
        with torch.no_grad():
            weights, biases, *_ = features.cnn.parameters()
            weights.zero_()
            biases.fill_(-1.0)  # whatever is seen, the first layer says 0

    with pytest.raises(NetworkDied, match=r"has died: at agent step 64 .* 64 different screens"):
        train_double_dqn(training, lambda _steps, _note: True, kept=kill)
    # The checkpoint before is intact.
    assert (
        json.loads((training.agent / "agent.json").read_text())["counters"]["num_timesteps"] == 32
    )


def test_the_same_of_the_same_is_no_death() -> None:
    seen = torch.zeros(4, 3)
    assert not has_died(seen, torch.ones(4, 2))
    seen[2, 1] = 1.0
    assert has_died(seen, torch.ones(4, 2))
    assert not has_died(seen, torch.ones(4, 2) + 1e-6 * seen[:, :2])


def test_train_count_and_evaluate_by_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    small = ["--games", "2", "--steps", "64", "--checkpoint-steps", "64", "--learning-starts", "16"]
    more = ["--buffer-size", "100", "--exploration-steps", "32"]
    assert main(["train", *small, *more, "--out", str(out)]) == 0
    assert main(["count", str(out / "tape.npz"), "--json", str(out / "truth.json")]) == 0
    truth = json.loads((out / "truth.json").read_text())
    assert truth["steps"] == 64
    assert truth["catastrophes"] is not None
    assert main(["train", *small, "--out", str(out)]) == 2
    assert "choose another --out" in capsys.readouterr().err
    assert main(["evaluate", str(tmp_path), "--episodes", "1"]) == 2
    assert "expected a training" in capsys.readouterr().err
    assert main(["evaluate", str(out), "--device", "foo"]) == 2
    assert "expected a device auto, cpu or cuda, got 'foo'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"overseer": Watch.ORACLE}, "--way truth"),
        ({"catastrophe_pay": 1.0}, "--way truth"),
        ({"game": "tennis"}, "unknown game"),
        ({"checkpoint_steps": 33}, "share evenly"),
        ({"steps": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_trained_with_is_refused(wrong: dict[str, object], word: str) -> None:
    with pytest.raises(RunError, match=word):
        settings(**wrong).check()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("--exploration-final 2", "expected exploration_final in [0, 1], got 2.0"),
        ("--exploration-steps -5", "expected exploration_steps at least 0, got -5"),
        ("--learning-rate nan", "expected learning_rate to be finite, got nan"),
        ("--penalty 1", "expected a penalty of 0 or less, got 1.0"),
        ("--penalty nan", "expected penalty to be finite, got nan"),
        ("--device foo", "expected a device auto, cpu or cuda, got 'foo'"),
        ("--algorithm a2c --seed -1", "expected a seed of 0 to 4294967295, got -1"),
        ("--algorithm ppo --seed 4294967296", "expected a seed of 0 to 4294967295"),
        ("--algorithm dqn --train-freq 3", "divides 8 games or is a multiple of them, got 3"),
        ("--algorithm dqn --train-freq 0", "expected train_freq at least 1, got 0"),
        ("--batch-size 0", "expected batch_size at least 1, got 0"),
    ],
)
def test_what_is_refused_makes_no_directory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: str, words: str
) -> None:
    out = tmp_path / "run"
    assert main(["train", *wrong.split(), "--out", str(out)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert words in line
    assert not out.exists()


def test_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert settings(device="cuda:1").check().device == "cuda:1"
    with pytest.raises(RunError, match="expected one of 2 GPUs from 0 on, got 'cuda:2'"):
        settings(device="cuda:2").check()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert settings(device="cuda").check().device == "cuda"  # SB3 takes the CPU then


@pytest.mark.parametrize("algorithm", [a for a in Algorithm if a is not Algorithm.DOUBLE_DQN])
def test_other_agents_learn_behind_the_same_gate(tmp_path: Path, algorithm: Algorithm) -> None:
    training = Training.create(
        tmp_path / "run", settings(algorithm=algorithm, steps=64, way=Way.FAST)
    )
    assert train_other(
        training, lambda _steps, _note: True, overseer=ScriptedOverseer(never_down, replacement=0)
    )
    assert (training.counts()["blocks"] or 0) > 0
    found = evaluate(player_of(training), "pong", 1, max_agent_steps=30)
    assert found.tally.steps == 30
    with pytest.raises(RunError, match="only double_dqn can be gone on with"):
        train_other(training, lambda _steps, _note: True)


def test_sb3s_dqn_learns_with_the_numbers_of_ours() -> None:
    chosen = settings(
        algorithm=Algorithm.DQN,
        games=4,
        steps=1_000,
        train_freq=2,
        n_steps=3,
        batch_size=16,
        learning_rate=3e-4,
        adam_epsilon=1e-5,
        exploration_steps=250,
        exploration_final=0.02,
        learning_starts=100,
        buffer_size=400,
        seed=5,
        device="cpu",
    )
    env, _ = overseen_games(chosen)
    agent = make_reference(chosen, env)
    assert type(agent) is DQN
    ours = chosen.dqn
    group = agent.policy.optimizer.param_groups[0]
    assert (group["lr"], group["eps"]) == (ours.learning_rate, ours.adam_epsilon)
    assert (agent.batch_size, agent.gamma, agent.n_steps) == (16, ours.gamma, 3)
    assert agent.target_update_interval == ours.target_update_interval
    assert agent.max_grad_norm == ours.max_grad_norm
    agent.set_logger(Logger(None, []))
    agent.learn(1_000)
    # As many updates as ours makes of the same steps, and exploration that falls as fast.
    assert abs(agent._n_updates - updates_due(0, 1_000, ours)) <= 2
    assert agent.exploration_rate == ours.exploration_final
    assert agent.exploration_schedule(1 - 0.125) == pytest.approx(epsilon_at(125, ours))


def test_sb3s_dqn_refuses_a_pace_that_it_cannot_keep() -> None:
    chosen = settings(algorithm=Algorithm.DQN, games=4, train_freq=3)
    env, _ = overseen_games(chosen)
    with pytest.raises(RunError, match="divides 4 games or is a multiple of them, got 3"):
        make_reference(chosen, env)


def test_pay_for_catastrophes_is_paid_where_they_begin() -> None:
    chosen = settings(way=Way.TRUTH, games=1, catastrophe_pay=10.0, mode=Mode.OFF)
    env, gate = overseen_games(chosen)
    env.reset()
    paid = []
    for _ in range(100):
        _, rewards, _, _ = env.step(np.array([3]))  # down, into the zone
        paid.append(float(rewards[0]))
    assert gate.gate.settings == GateSettings(mode=Mode.OFF)
    assert sum(reward >= 9.0 for reward in paid) == gate.gate.tally.catastrophes
    assert (gate.gate.tally.catastrophes or 0) > 0


def test_returns_are_written_for_every_game_that_ends(tmp_path: Path) -> None:
    training = Training.create(tmp_path / "run", SMALL)
    episodes = Episodes(training, 2)
    info = {"oversight": {"game_return": -3.0}}
    episodes.take(0, 1, -1.0, info, done=False)
    episodes.take(1, 2, 0.5, info, done=False)
    episodes.take(0, 3, -1.5, info, done=True)
    with training.episodes.open() as file:
        [row] = csv.DictReader(file)
    assert (row["agent_steps"], row["game"], row["length"]) == ("3", "0", "2")
    assert (float(row["game_return"]), float(row["agent_return"])) == (-3.0, -2.5)


def test_games_that_ended_after_the_checkpoint_are_written_once(tmp_path: Path) -> None:
    training = Training.create(tmp_path / "run", SMALL)
    assert train_double_dqn(training, lambda _steps, _note: True)
    kept = ["32,0,16,-3.0,-3.0", "64,1,32,-21.0,-21.0"]
    # What a kill leaves: a game of after the checkpoint, and half a row.
    rows = [",".join(COLUMNS), *kept, "66,0,1,-1.0,-1.0", "68,1,"]
    training.episodes.write_text("\r\n".join(rows))
    training.prolong(96)
    assert train_double_dqn(training, lambda _steps, _note: True)
    assert training.episodes.read_text().splitlines() == [",".join(COLUMNS), *kept]
    training.episodes.write_text("\n".join([",".join(COLUMNS), "a,b,c,d,e", ""]))
    with pytest.raises(RunError, match=r"rows of episodes in .*episodes\.csv"):
        train_double_dqn(training, lambda _steps, _note: True)


def test_a_kill_while_episodes_are_cut_leaves_them_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Training.create(tmp_path / "run", SMALL)
    training.episodes.write_text(before := "\n".join([",".join(COLUMNS), "2,0,1,0.0,0.0", ""]))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        Episodes(training, 2, 64)
    assert training.episodes.read_text() == before


def test_the_time_left_is_that_of_the_pace_of_late() -> None:
    pace = Pace(total=1_000, warm=100)
    pace.see(0.0, 50)
    pace.see(1.0, 100)  # a hundred steps in a second, before learning
    assert pace.left is None
    pace.see(2.0, 110)
    pace.see(11.0, 200)
    assert pace.rate == pytest.approx(10.0)
    assert pace.left == pytest.approx(80.0)
