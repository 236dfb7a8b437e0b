"""`make reproduce` at a budget of a minute: the same command, real runs, real tables."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_three_conditions_of_pong_and_their_page(tmp_path: Path) -> None:
    runs, results, page = (tmp_path / name for name in ("cut", "results", "results.md"))
    picture = tmp_path / "story.png"
    command = [
        *("make", "reproduce", f"PY={sys.executable}", "BUDGET=smoke", f"RUNS={runs}"),
        f"REPORT=--results {results} --page {page} --picture {picture}",
        "--old-file=.venv/.runtime",  # what is installed is what is tested
    ]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 of 3 cells are done" in done.stdout
    found = json.loads((results / "cut" / "rows.json").read_text())["results"]
    rows = {row["condition"]: row for result in found for row in result["rows"]}
    assert set(rows) == {"hirl", "penalty_only", "no_oversight"}
    for row in rows.values():
        assert row["agent_steps"] == sum(part["steps"] for part in row["curve"]) == 700
        assert row["catastrophes"] == sum(part["catastrophes"] for part in row["curve"])
    # Held random actions: unhindered they come down, and a simulated person blocks most of it.
    assert rows["no_oversight"]["catastrophes"] > rows["hirl"]["catastrophes"]
    assert rows["hirl"]["blocks"] > 0
    line = next(
        x for x in page.read_text().splitlines() if x.startswith("| pong | no oversight | 580")
    )
    assert f"| 700 | - | 1 | {rows['no_oversight']['catastrophes']} |" in line
    assert picture.stat().st_size > 10_000
