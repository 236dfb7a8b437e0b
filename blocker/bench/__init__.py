"""The offline benchmark: Blockers and baselines side by side on the same held-out steps."""

from __future__ import annotations

from blocker.bench.data import HeldOut, joined, load_log, load_part
from blocker.bench.judges import BlockerJudge, ConstantJudge, EnsembleJudge, Judge
from blocker.bench.measures import Judged, Measures, measure
from blocker.bench.run import Bench, compare, judges_of, load_inputs

__all__ = [
    "Bench",
    "BlockerJudge",
    "ConstantJudge",
    "EnsembleJudge",
    "HeldOut",
    "Judge",
    "Judged",
    "Measures",
    "compare",
    "joined",
    "judges_of",
    "load_inputs",
    "load_log",
    "load_part",
    "measure",
]
