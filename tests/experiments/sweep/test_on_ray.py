"""The same sweep on a Ray cluster: two nodes, one of them dying under a cell."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from experiments.__main__ import main
from experiments.settings import Condition, RunSettings
from experiments.studies.runs import run_cell
from experiments.sweep.cell import RESULT, Cell
from experiments.sweep.on_ray import RayCluster, bring, ship
from experiments.sweep.scheduler import Scheduler, State
from oversight import RunError

ROOT = Path(__file__).resolve().parents[3]


def small_run(seed: int, steps: int = 40) -> Cell:
    return run_cell(
        RunSettings(
            condition=Condition.NO_OVERSIGHT, seed=seed, oversight_steps=10, blocker_steps=steps
        )
    )


def test_what_is_shipped_comes_back_whole_and_stays_inside(tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    (there / "run" / "tensorboard").mkdir(parents=True)
    for name in ("row.json", "run/log.sqlite", "run/agent.zip", "run/tensorboard/events", ".lock"):
        (there / name).write_bytes(name.encode())
    bring(ship(there), here)
    found = {str(p.relative_to(here)) for p in here.rglob("*") if p.is_file()}
    assert found == {"row.json", "run/log.sqlite"}
    with pytest.raises(RunError, match="expected files of"):
        bring({"../outside": b""}, here)
    assert not (tmp_path / "outside").exists()


def test_nobody_answers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("ray")
    arguments = ["sweep", "--ray", "nonsense", "--out", str(tmp_path)]
    assert main(arguments) == 2
    assert "no Ray cluster answers at nonsense" in capsys.readouterr().err


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two nodes of a core each on this machine."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    # Of the workers, too: what a cell that was killed left elsewhere would be gone on with. Ray's
    # own sockets want a short path.
    monkeypatch.setenv("RAY_TMPDIR", "/tmp")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    made.second = made.add_node(num_cpus=1)
    try:
        yield made
    finally:
        made.shutdown()


def plays_a_cell(node: Any) -> bool:  # noqa: ANN401
    """Whether a worker of a node is at a cell by now: Ray names its process by what it does."""
    raylets = [process.pid for kind, process in node.live_processes() if kind == "raylet"]
    children = Path(f"/proc/{raylets[0]}/task/{raylets[0]}/children").read_text().split()
    return any(
        b"play_shipped" in Path(f"/proc/{child}/cmdline").read_bytes()
        for child in children
        if Path(f"/proc/{child}/cmdline").exists()
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Ray's own, of its processes' pipes
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_sweep_on_two_nodes_survives_the_loss_of_one(cluster: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """Both nodes get a cell; one dies; its cell is begun again on the other, and shipped back."""
    # Past 1,000 steps they learn, and last long enough to be seen side by side on a fast machine.
    cells = [small_run(seed, steps=1_500) for seed in (0, 1)]
    backend = RayCluster(cluster.address)
    lost = []
    try:
        assert backend.capacity == 2
        scheduler = Scheduler(cells, tmp_path / "out", backend, retries=2, stop=lambda: False)
        end = time.monotonic() + 200

        def watch() -> None:
            assert time.monotonic() < end, scheduler.entries
            # Not when both are seen to play: on a slow machine one ends before the other begins.
            if not lost and plays_a_cell(cluster.second):
                lost.append(True)
                cluster.remove_node(cluster.second, allow_graceful=False)

        scheduler.run(watch, pause=0.2)
    finally:
        backend.close()
    assert lost
    assert [entry.state for entry in scheduler.entries.values()] == [State.DONE] * 2
    assert sorted(entry.tries for entry in scheduler.entries.values()) == [1, 2]
    for cell in cells:
        assert (tmp_path / "out" / cell.key / RESULT).is_file()
        assert (tmp_path / "out" / cell.key / "run" / "log.sqlite").is_file()
