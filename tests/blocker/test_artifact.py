import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from blocker import Blocker, BlockerFileError, Fitted
from blocker import artifact as artifact_module
from oversight import BlockerMismatch
from oversight.games import PONG


def test_comes_back_as_it_was(fitted: Fitted, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "b.safetensors"
    fitted.blocker.save(path)
    loaded = Blocker.load(path)
    mine = fitted.blocker
    for name in ("shape", "spec", "threshold", "game", "actions", "gate", "readiness"):
        assert getattr(loaded, name) == getattr(mine, name), name
    screens = torch.randint(0, 255, (4, 2, 1, *mine.spec.size), dtype=torch.uint8)
    previous = torch.tensor([-1, 0, 2, 5])
    assert torch.equal(
        loaded.probabilities(screens, previous), mine.probabilities(screens, previous)
    )
    assert [p.name for p in path.parent.iterdir()] == ["b.safetensors"]


def test_refuses_another_game_or_action_set(fitted: Fitted) -> None:
    fitted.blocker.require("pong", PONG.actions)
    with pytest.raises(BlockerMismatch, match="expected a Blocker for tennis, got one for pong"):
        fitted.blocker.require("tennis", PONG.actions)
    with pytest.raises(BlockerMismatch, match="actions NOOP, FIRE, got"):
        fitted.blocker.require("pong", PONG.actions[:2])


def describe(path: Path, change: dict[str, object]) -> None:
    """Rewrite a Blocker's file with another description."""
    blocker = Blocker.load(path)
    tensors = dict(blocker.network.state_dict())
    about = {**blocker._about(), **change}
    save_file(tensors, path, metadata={"format": "hirl-blocker", "blocker": json.dumps(about)})


def test_missing_and_foreign_files(tmp_path: Path) -> None:
    with pytest.raises(BlockerFileError, match="no Blocker at"):
        Blocker.load(tmp_path / "none")
    text = tmp_path / "text.safetensors"
    text.write_text("hello")
    with pytest.raises(BlockerFileError, match="is not a Blocker"):
        Blocker.load(text)
    other = tmp_path / "other.safetensors"
    save_file({"x": torch.zeros(1)}, other)
    with pytest.raises(BlockerFileError, match="of another kind"):
        Blocker.load(other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 99}, "expected Blocker format version 5, got 99"),
        ({"network": {"members": 1}}, "is damaged"),
        ({"actions": ["NOOP"], "input": None}, "is damaged"),
        ({"threshold": "low"}, "is damaged"),
        ({"threshold": 7.0}, "is damaged"),
    ],
)
def test_damaged_files(
    fitted: Fitted, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = tmp_path / "b.safetensors"
    fitted.blocker.save(path)
    describe(path, change)
    with pytest.raises(BlockerFileError, match=message) as caught:
        Blocker.load(path)
    assert "\n" not in str(caught.value)


def test_cut_file(fitted: Fitted, tmp_path: Path) -> None:
    path = tmp_path / "b.safetensors"
    fitted.blocker.save(path)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(BlockerFileError):
        Blocker.load(path)


def test_a_failed_write_keeps_the_old_file(
    fitted: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "b.safetensors"
    fitted.blocker.save(path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(artifact_module.os, "fsync", full)
    with pytest.raises(BlockerFileError, match="No space left"):
        replace(fitted.blocker, threshold=0.9).save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["b.safetensors"]


def test_refuses_a_threshold_that_is_none(fitted: Fitted) -> None:
    with pytest.raises(ValueError, match="threshold"):
        replace(fitted.blocker, threshold=-0.1)
