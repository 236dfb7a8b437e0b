"""A cut of the crash matrix: real kills, a full disk, power losses and damage, a few of each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CUT = ("--kills", "4", "--losses", "6", "--damages", "6", "--others", "2")


def test_nothing_acknowledged_is_lost_and_no_damage_passes(tmp_path: Path) -> None:
    out = tmp_path / "matrix.json"
    command = [sys.executable, "tools/crash_matrix", *CUT, "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {row["case"]: row for row in json.loads(out.read_text())}
    assert len(rows) == 11
    for case, row in rows.items():
        assert (row["lost"], row["unnoticed"]) == (0, 0), case
        assert row["trials"] > 0 or (shutil.which("strace") is None and "power" in case), case
    kills = rows["kill -9 of a run and of a reviewer beside it"]
    assert kills["acknowledged"] > 0
    assert rows["a flipped bit in the write-ahead log"]["figures"]["noticed"] == 6
    assert rows["the file cut short"]["figures"]["noticed"] == 6


def test_it_tells_what_is_lost(tmp_path: Path) -> None:
    """Were person's decisions not synced, or bytes not checked, the matrix would say so."""
    program = (
        "import sys; sys.path.insert(0, 'tools/crash_matrix')\n"
        "from pathlib import Path\n"
        "from sessions import Row, present, session\n"
        "path = Path(sys.argv[1])\n"
        "session(path, lambda _: None, steps=10)\n"
        "row = Row('x'); present(path, 14, row); print(row.acknowledged, row.lost)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "log.sqlite")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["15", "5"], done.stderr
