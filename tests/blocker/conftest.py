"""What Blocker tests share: a small input, a painted game, a Blocker trained on it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from blocker import Fitted, InputSpec, NetworkSpec, TrainingSettings, fit_examples
from blocker.dataset import examples_from_logs
from blocker.pack.testing import build_tiny
from blocker.testing import FakeLog, painted_log
from oversight.games import PONG


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def small_spec() -> InputSpec:
    return InputSpec(rows=(34, 194), columns=(80, 160), size=(40, 10), planes=((200,),))


@pytest.fixture(scope="session")
def log() -> FakeLog:
    return painted_log(0)


@pytest.fixture(scope="session")
def small_shape() -> NetworkSpec:
    return NetworkSpec(members=2, hidden=32)


@pytest.fixture(scope="session")
def fitted(log: FakeLog, small_spec: InputSpec, small_shape: NetworkSpec) -> Fitted:
    return fit_examples(
        examples_from_logs([log], small_spec),
        game="pong",
        actions=PONG.actions,
        spec=small_spec,
        gate={"mode": "replace"},
        settings=TrainingSettings(epochs=25, seed=1),
        shape=small_shape,
    )


@pytest.fixture(scope="session")
def tiny_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A benchmark pack of some hundred steps; not to be changed."""
    path = tmp_path_factory.mktemp("packs") / "tiny"
    build_tiny(path)
    return path


@pytest.fixture
def pack_copy(tiny_pack: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    out = tmp_path / "copy"
    out.mkdir()
    for file in tiny_pack.iterdir():
        if file.suffix in (".sqlite", ".npz", ".json"):
            (out / file.name).write_bytes(file.read_bytes())
    return out
