"""A log of half a million decisions: how long `info`, opening for training and checking it take.

Real play of Pong, by held random actions, tiled: the same episodes again under new numbers until
there are enough decisions. What a log costs to open depends on how many rows there are.

    python benchmarks/big_log.py [decisions] [file for the figures]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import tyro
from log import records
from tyro.conf import Positional

from oversight import InterventionLog, LogMeta, Source, game_named

PLAYED = 5_000
"""Steps that are played; the rest is these again."""
CODE = {
    "info": "from oversight.card import card_of; card_of(path)",
    "open for training": "from oversight import InterventionLog\n"
    "with InterventionLog.open(path) as log: table = log.steps()",
    "10,000 random screens": "import numpy as np\nfrom oversight import InterventionLog\n"
    "with InterventionLog.open(path) as log:\n"
    "  rng = np.random.default_rng(0)\n"
    "  last = log.connection.exec_driver_sql('SELECT max(frame) FROM frames').scalar()\n"
    "  for _ in range(40): log.frames(rng.integers(0, last, 256))",
    "verify --quick": "from oversight.log.checking import check_log; assert check_log(path).sound",
    "every episode, one at a time": "from oversight import InterventionLog\n"
    "with InterventionLog.open(path) as log:\n"
    "  for episode in log.episodes(): pass",
}
"""What is timed, each in a process of its own, imports left out."""
TIMED = """
import sys, time
from pathlib import Path
import oversight.card
path = Path(sys.argv[1])
def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
before = peak()
begun, busy = time.perf_counter(), time.process_time()
exec(sys.argv[2])
print(time.perf_counter() - begun, time.process_time() - busy, peak() - before)
"""


def write(path: Path, decisions: int) -> float:
    """Make the log; returns seconds."""
    game, played = game_named("pong"), records("pong", PLAYED)
    episodes = 1 + max(row.proposal.episode for row in played)
    about = LogMeta(
        "pong", game.actions, (210, 160), "uint8", "none", environment={"frameskip": game.frameskip}
    )
    begun = time.perf_counter()
    with InterventionLog.create(path, about) as log:
        for step_id in range(decisions):
            tile, row = divmod(step_id, PLAYED)
            record = played[row]
            # One decision in four is a simulated person's, as at the start of a run.
            source = Source.SIMULATED if tile % 4 == 0 else Source.BLOCKER
            proposal = replace(
                record.proposal,
                step_id=step_id,
                episode=record.proposal.episode + tile * episodes,
            )
            decision = replace(record.decision, step_id=step_id, source=source)
            if proposal.step == 0:
                log.begin_episode(proposal.episode, env_index=0, seed=0, phase="tiled")
            log.append(replace(record, proposal=proposal, decision=decision))
    return time.perf_counter() - begun


def timed(path: Path, code: str, repeats: int = 3) -> list[float]:
    """Medians of seconds, of seconds that a core was busy, and of MB that it adds to memory."""
    found = []
    for _ in range(repeats):
        command = [sys.executable, "-c", TIMED, str(path), code]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found.append([float(word) for word in done.stdout.split()])
    return [sorted(column)[repeats // 2] for column in zip(*found, strict=True)]


def main(decisions: Positional[int] = 500_000, out: Positional[Path | None] = None) -> None:
    """Write it, time it, print it.

    Args:
        decisions: in the log.
        out: JSON file for the figures.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.sqlite"
        figures: dict[str, float] = {
            "decisions": decisions,
            "write_seconds": write(path, decisions),
        }
        figures["bytes_a_step"] = path.stat().st_size / decisions
        figures["gigabytes_a_million_steps"] = figures["bytes_a_step"] / 1e3
        for name, code in CODE.items():
            units = ("seconds", "core seconds", "MB")
            for unit, value in zip(units, timed(path, code), strict=True):
                figures[f"{name}: {unit}"] = value
    for name, value in figures.items():
        print(f"{name:36} {value:12,.2f}")
    if out is not None:
        out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
