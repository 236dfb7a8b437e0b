import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import stable_baselines3
import torch

from agents import (
    DoubleDQN,
    DoubleDQNSettings,
    checkpoint,
    export_agent_zip,
    learn,
    load,
    make_agent,
    save,
)
from oversight.errors import RunError

Make = Callable[..., Any]


def everything(agent: DoubleDQN) -> torch.Tensor:
    """Weights of both networks and the optimizer's moments, as one vector."""
    tensors = list(agent.policy.parameters())
    for parameter in agent.q_net.parameters():
        moments = agent.policy.optimizer.state[parameter]
        tensors += [moments[key] for key in sorted(moments)]
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors])


@pytest.mark.parametrize("options", [{}, {"fused_adam": False}, {"channels_last": False}])
def test_a_resumed_run_of_screens_is_identical(
    make_screens: Make, screen_settings: DoubleDQNSettings, tmp_path: Path, options: dict[str, bool]
) -> None:
    settings = dataclasses.replace(screen_settings, **options)
    straight = make_agent(make_screens(), settings, 0, "cpu")
    learn(straight, 160)

    first = make_agent(make_screens(), settings, 0, "cpu")
    learn(first, 80)  # two episodes: the replay of 64 has wrapped, the boundary is a start
    save(first, tmp_path)
    env = make_screens()
    env.episode = 1  # as the first one's environment was before its last reset
    resumed = make_agent(env, settings, 99, "cpu")
    load(resumed, tmp_path)
    torch.manual_seed(1)
    learn(resumed, 80)

    assert resumed.num_timesteps == 160
    assert resumed._n_updates == straight._n_updates > 5
    assert torch.equal(everything(resumed), everything(straight))
    batches = [agent.replay_buffer.sample(32) for agent in (resumed, straight)]
    assert torch.equal(batches[0].observations, batches[1].observations)


def test_a_resumed_run_of_vectors_is_identical_off_the_beat_of_updates(
    make_chain: Make, chain_settings: DoubleDQNSettings, tmp_path: Path
) -> None:
    settings = dataclasses.replace(chain_settings, train_freq=4)
    straight = make_agent(make_chain(), settings, 0, "cpu")
    first = make_agent(make_chain(), settings, 0, "cpu")
    done = learn(first, 1_000, lambda r: not (r.done and r.step > 200 and r.step % 4))
    assert done % 4
    save(first, tmp_path)
    resumed = make_agent(make_chain(), settings, 5, "cpu")
    load(resumed, tmp_path)
    learn(resumed, 150)
    learn(straight, done + 150)
    assert torch.equal(everything(resumed), everything(straight))
    assert resumed.exploration_rate == straight.exploration_rate


def test_an_agent_that_never_learned_can_be_saved(make_chain: Make, tmp_path: Path) -> None:
    fresh = make_agent(make_chain(), seed=0, device="cpu")
    save(fresh, tmp_path / "deep" / "down")
    other = make_agent(make_chain(), seed=1, device="cpu")
    load(other, tmp_path / "deep" / "down")
    screen = np.eye(5, dtype=np.float32)[1]
    assert np.array_equal(fresh.q_values(screen), other.q_values(screen))


def test_saving_again_replaces_and_leaves_other_files_alone(
    make_chain: Make, chain_settings: DoubleDQNSettings, tmp_path: Path
) -> None:
    agent = make_agent(make_chain(), chain_settings, 0, "cpu")
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    for _ in range(3):
        learn(agent, 60)
        save(agent, tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["agent.json", "notes.txt", "replay-000003.npz", "tensors-000003.safetensors"]
    other = make_agent(make_chain(), chain_settings, 1, "cpu")
    load(other, tmp_path)
    assert other.num_timesteps == 180


class KilledError(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("function", ["named_tensors", "_describe", "_commit", "_remove_others"])
def test_a_kill_leaves_the_old_or_the_new_checkpoint(
    make_chain: Make,
    chain_settings: DoubleDQNSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
) -> None:
    agent = make_agent(make_chain(), chain_settings, 0, "cpu")
    learn(agent, 60)
    save(agent, tmp_path)
    learn(agent, 60)

    def die(*_: object, **__: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, function, die)
        with pytest.raises(KilledError):
            save(agent, tmp_path)
    found = make_agent(make_chain(), chain_settings, 1, "cpu")
    load(found, tmp_path)
    assert found.num_timesteps == (120 if function == "_remove_others" else 60)
    save(agent, tmp_path)
    load(found, tmp_path)
    assert found.num_timesteps == 120


def test_the_manifest_is_complete_before_it_gets_its_name(
    make_chain: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    real = Path.replace

    def watch(self: Path, target: Path) -> Path:
        manifest = json.loads(self.read_text(encoding="utf-8"))
        seen.extend((tmp_path / part["name"]).exists() for part in manifest["files"].values())
        return real(self, target)

    monkeypatch.setattr(Path, "replace", watch)
    save(make_agent(make_chain(), seed=0, device="cpu"), tmp_path)
    assert seen == [True, True]


def test_a_full_disk_is_told_and_the_earlier_checkpoint_is_intact(
    make_chain: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = make_agent(make_chain(), seed=0, device="cpu")
    save(agent, tmp_path)
    before = sorted(tmp_path.iterdir())

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(RunError, match=r"No space left on device.*intact"):
        save(agent, tmp_path)
    assert sorted(tmp_path.iterdir()) == before
    load(agent, tmp_path)


def test_what_the_manifest_names_is_kept_when_its_last_flush_fails(
    make_chain: Make,
    chain_settings: DoubleDQNSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent = make_agent(make_chain(), chain_settings, 0, "cpu")
    learn(agent, 60)
    save(agent, tmp_path)
    learn(agent, 60)
    real = checkpoint.flush

    def broken(path: Path) -> None:
        if path == tmp_path:
            raise OSError(5, "Input/output error")
        real(path)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "flush", broken)
        with pytest.raises(RunError, match=r"Input/output error.*intact"):
            save(agent, tmp_path)
    # Should the rename be lost with the power, the files of before are still there.
    assert len(list(tmp_path.glob("tensors-*"))) == 2
    found = make_agent(make_chain(), chain_settings, 1, "cpu")
    load(found, tmp_path)
    assert found.num_timesteps == 120


@pytest.mark.parametrize("full", [False, True])
def test_files_that_cannot_be_removed_do_no_harm(
    make_chain: Make,
    chain_settings: DoubleDQNSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    full: bool,
) -> None:
    agent = make_agent(make_chain(), chain_settings, 0, "cpu")
    save(agent, tmp_path)
    learn(agent, 60)

    def fail(*_: object, **__: object) -> None:
        raise OSError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", fail)
        if full:
            patch.setattr(np, "savez", fail)
            with pytest.raises(RunError, match=r"Permission denied.*intact"):
                save(agent, tmp_path)
        else:
            save(agent, tmp_path)
    found = make_agent(make_chain(), chain_settings, 1, "cpu")
    load(found, tmp_path)
    assert found.num_timesteps == (0 if full else 60)
    save(agent, tmp_path)
    assert len(list(tmp_path.iterdir())) == 3  # manifest, tensors, replay


def edit(directory: Path, **changes: object) -> None:
    path = directory / "agent.json"
    manifest = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps(manifest), encoding="utf-8")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def scramble(path: Path) -> None:
    size = path.stat().st_size
    path.write_bytes(b"\0" * size)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda d: (d / "agent.json").unlink(), "expected a checkpoint in .* found no agent.json"),
        (lambda d: (d / "agent.json").write_text("{", "utf-8"), "readable JSON"),
        (lambda d: (d / "agent.json").write_text("[1]", "utf-8"), "got something else"),
        (lambda d: edit(d, format="other"), "got something else"),
        (lambda d: edit(d, version=2), "version 1 in .*, got 2"),
        (lambda d: edit(d, n_actions=7), "another environment: expected n_actions 2, got 7"),
        (lambda d: edit(d, observation="Box"), "another environment: expected observation"),
        (lambda d: edit(d, settings={}), "other settings: expected learning_rate"),
        (lambda d: (d / "replay-000001.npz").unlink(), "damaged.*got no such file"),
        (lambda d: cut(d / "replay-000001.npz"), "damaged: expected"),
        (lambda d: cut(d / "tensors-000001.safetensors"), "damaged: expected"),
        (lambda d: scramble(d / "replay-000001.npz"), "damaged"),
        (lambda d: scramble(d / "tensors-000001.safetensors"), "damaged"),
        (lambda d: edit(d, files={}), "damaged"),
        (lambda d: edit(d, counters={}), "damaged"),
    ],
)
def test_what_cannot_be_loaded_is_named_in_one_line_and_changes_nothing(
    make_chain: Make,
    chain_settings: DoubleDQNSettings,
    tmp_path: Path,
    harm: Callable[[Path], None],
    message: str,
) -> None:
    agent = make_agent(make_chain(), chain_settings, 0, "cpu")
    learn(agent, 60)
    save(agent, tmp_path)
    harm(tmp_path)
    other = make_agent(make_chain(), chain_settings, 1, "cpu")
    before = [p.clone() for p in other.policy.parameters()]
    with pytest.raises(RunError, match=message) as caught:
        load(other, tmp_path)
    assert "\n" not in str(caught.value)
    assert all(torch.equal(a, b) for a, b in zip(before, other.policy.parameters(), strict=True))
    assert other.num_timesteps == other.replay_buffer.size() == 0


FIRST_SETTINGS = frozenset(
    [
        "learning_rate",
        "gamma",
        "batch_size",
        "buffer_size",
        "learning_starts",
        "train_freq",
        "updates",
        "max_grad_norm",
        "target_update_interval",
        "exploration_steps",
        "exploration_initial",
        "exploration_final",
        "exploration_hold",
        "hidden",
        "credit",
        "frames_once",
        "channels_last",
        "fused_adam",
    ]
)
"""What a checkpoint of the first release names."""


def test_a_checkpoint_from_before_a_setting_goes_on(
    make_screens: Make, screen_settings: DoubleDQNSettings, tmp_path: Path
) -> None:
    """Every setting that came later is one that such a checkpoint had without a name for it."""
    agent = make_agent(make_screens(), screen_settings, 0, "cpu")
    learn(agent, 20)
    save(agent, tmp_path)
    named = json.loads((tmp_path / "agent.json").read_text("utf-8"))["settings"]
    assert set(named) > FIRST_SETTINGS
    edit(tmp_path, settings={name: named[name] for name in FIRST_SETTINGS})
    old = make_agent(make_screens(), screen_settings, 1, "cpu")
    load(old, tmp_path)
    assert torch.equal(everything(old), everything(agent))


def test_another_network_under_the_same_settings_is_refused(
    make_chain: Make, make_screens: Make, tmp_path: Path
) -> None:
    save(make_agent(make_chain(), seed=0, device="cpu"), tmp_path)
    kind = DoubleDQNSettings(hidden=(8,))
    other = make_agent(make_chain(), kind, 0, "cpu")
    with pytest.raises(RunError, match="other settings: expected hidden"):
        load(other, tmp_path)
    edit(tmp_path, settings=json.loads(json.dumps(dataclasses.asdict(kind))))
    with pytest.raises(RunError, match=r"another network: expected online\.q_net"):
        load(other, tmp_path)


def test_no_pickle_is_ever_unpacked(make_chain: Make, tmp_path: Path) -> None:
    agent = make_agent(make_chain(), seed=0, device="cpu")
    save(agent, tmp_path)
    replay = tmp_path / "replay-000001.npz"
    np.savez(replay, actions=np.array([{}], dtype=object))
    files = json.loads((tmp_path / "agent.json").read_text(encoding="utf-8"))["files"]
    files["replay"]["bytes"] = replay.stat().st_size
    edit(tmp_path, files=files)
    with pytest.raises(RunError, match="allow_pickle=False"):
        load(agent, tmp_path)


class Seeds(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Keeps the seeds that resets are given."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        super().__init__(env)
        self.given: list[int | None] = []

    def reset(self, *, seed: int | None = None, **rest: Any) -> tuple[Any, Any]:  # noqa: ANN401
        self.given.append(seed)
        return super().reset(seed=seed, **rest)


def test_after_loading_the_environment_is_reset_without_a_seed(
    make_chain: Make, tmp_path: Path
) -> None:
    envs = [Seeds(make_chain()) for _ in range(3)]
    agent = make_agent(envs[0], seed=3, device="cpu")
    learn(agent, 2)
    save(agent, tmp_path)
    other = make_agent(envs[1], seed=3, device="cpu")
    load(other, tmp_path)
    learn(other, 2)
    learn(make_agent(envs[2], seed=3, device="cpu", seed_env=False), 2)
    assert [env.given for env in envs] == [[3], [None], [None]]


def test_the_exported_zip_serves_sb3(
    make_screens: Make, screen_settings: DoubleDQNSettings, tmp_path: Path
) -> None:
    agent = make_agent(make_screens(), screen_settings, 0, "cpu")
    learn(agent, 40)
    export_agent_zip(agent, tmp_path / "agent.zip")
    theirs = stable_baselines3.DQN.load(
        tmp_path / "agent.zip", device="cpu", custom_objects={"buffer_size": 1}
    )
    screen, _ = make_screens().reset()
    values = theirs.q_net(theirs.policy.obs_to_tensor(screen)[0]).detach().numpy()[0]
    np.testing.assert_allclose(values, agent.q_values(screen), atol=1e-5)
    assert type(theirs) is stable_baselines3.DQN
