"""The comparison: judges on the same held-out steps, and what of it is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from blocker.bench.baselines import BoostingJudge, LogisticJudge, PaperJudge
from blocker.bench.data import HeldOut, joined, load_log, load_part
from blocker.bench.judges import BlockerJudge, ConstantJudge, EnsembleJudge, Judge, risks_of
from blocker.bench.measures import Judged, Measures, measure
from blocker.bench.speed import Speed, speed_of
from blocker.pack import MANIFEST, Manifest
from blocker.sources import file_digest, refuse_twice
from blocker.threshold import run_numbers
from oversight.log import package_versions

__all__ = ["Bench", "Row", "compare", "judges_of", "load_inputs", "write_json"]

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Row:
    """One judge's part of the comparison.

    Attributes:
        judge: who.
        judged: what it did with each step.
        measures: how well.
        speed: how fast, for each batch size.
    """

    judge: Judge
    judged: Judged
    measures: Measures
    speed: list[Speed]


@dataclass(frozen=True)
class Bench:
    """A comparison.

    Attributes:
        data: the held-out steps.
        inputs: the packs and logs as they were given, with their digests.
        rows: one for each judge.
    """

    data: HeldOut
    inputs: dict[str, str]
    rows: list[Row]

    def as_dict(self) -> dict[str, object]:
        """As plain data for `bench.json`."""
        data = self.data
        runs = run_numbers(data.unsafe, data.episode, data.step)
        return {
            "format": "hirl-bench",
            "format_version": FORMAT_VERSION,
            "game": data.game.name,
            "inputs": self.inputs,
            "steps": len(data),
            "positives": int(data.unsafe.sum()),
            "runs": int(runs.max(initial=-1)) + 1,
            "versions": package_versions(),
            "judges": {
                row.judge.name: {
                    "kind": row.judge.kind,
                    "parameters": row.judge.parameters,
                    "size_bytes": row.judge.size_bytes,
                    **asdict(row.measures),
                    "speed": [asdict(one) for one in row.speed],
                }
                for row in self.rows
            },
        }


def load_inputs(
    paths: Sequence[Path], *, say: Callable[[str], None] = lambda _: None
) -> tuple[HeldOut, dict[str, str], list[Path]]:
    """The held-out steps of packs (their test parts) and logs (all labelled steps).

    Args:
        paths: packs and logs of one game.
        say: told in a line of each log of which labelled steps are left out, and of how many.

    Returns:
        The steps, what they came from, and the packs among the paths.

    Raises:
        OversightError: a pack or a log cannot be read.
        ValueError: of different games, one given twice, or nothing unsafe or nothing safe to
            measure on.
    """
    refuse_twice(paths)
    parts, inputs, packs = [], {}, []

    def left_out(path: Path, count: int) -> None:
        say(f"{path}: {count:,} labelled steps left out, whose screens were not all kept")

    for path in paths:
        if path.is_dir() and (path / MANIFEST).exists():
            parts.append(load_part(path, "test"))
            inputs[str(path)] = Manifest.load(path).parts["test"].digest
            packs.append(path)
        elif path.is_dir():
            Manifest.load(path)  # says what was expected
        else:
            parts.append(load_log(path, on_left_out=partial(left_out, path)))
            inputs[str(path)] = file_digest(path)
    data = joined(parts)
    if data.unsafe.all() or not data.unsafe.any():
        raise ValueError(
            f"expected safe and unsafe steps to measure on, got {int((~data.unsafe).sum())} safe "
            f"and {int(data.unsafe.sum())} unsafe ones"
        )
    return data, inputs, packs


def judges_of(
    blockers: Sequence[BlockerJudge],
    packs: Sequence[Path],
    seeds: Sequence[int],
    on_work: Callable[[str], None] = lambda _: None,
) -> list[Judge]:
    """Blockers, their ensemble, and baselines trained on the packs' train parts.

    Args:
        blockers: to compare.
        packs: whose train and calibrate parts baselines learn from; without any, only those that
            learn nothing are there.
        seeds: each learning baseline is trained once for each.
        on_work: told what is being done.

    Raises:
        OversightError: a pack cannot be read.
    """
    judges: list[Judge] = list(blockers)
    if len(blockers) > 1:
        judges.append(EnsembleJudge(blockers))
    if packs and seeds:
        on_work("reading the train parts")
        train = joined([load_part(path, "train") for path in packs])
        calibrate = joined([load_part(path, "calibrate") for path in packs])
        for seed in seeds:
            judges += _learners(train, calibrate, seed, on_work)
    return [*judges, ConstantJudge("always block", 1.0), ConstantJudge("never block", 0.0)]


def _learners(
    train: HeldOut, calibrate: HeldOut, seed: int, on_work: Callable[[str], None]
) -> list[Judge]:
    def passes(name: str) -> Callable[[int, int], None]:
        return lambda done, of: on_work(f"{name}, seed {seed}: pass {done} of {of}")

    paper = PaperJudge(train, calibrate, seed=seed, on_pass=passes("paper's network"))
    logistic = LogisticJudge(train, calibrate, seed=seed, on_pass=passes("logistic regression"))
    judges: list[Judge] = [paper, logistic]
    if train.ram.shape[1]:
        on_work(f"boosting on RAM, seed {seed}")
        judges.append(BoostingJudge(train, calibrate, seed=seed))
    return judges


def compare(
    data: HeldOut,
    inputs: dict[str, str],
    judges: Sequence[Judge],
    *,
    speed_repeats: int = 200,
    on_work: Callable[[str], None] = lambda _: None,
) -> Bench:
    """Let every judge judge every step, and measure.

    Args:
        data: the held-out steps.
        inputs: what they came from.
        judges: who is compared.
        speed_repeats: batches timed for each size; 0 times nothing.
        on_work: told what is being done.
    """
    rows = []
    for judge in judges:
        on_work(f"judging: {judge.name}")
        judged = Judged.of(data, risks_of(judge, data), judge.threshold)
        speed = speed_of(judge, data, speed_repeats) if speed_repeats else []
        rows.append(Row(judge, judged, measure(judged), speed))
    return Bench(data, inputs, rows)


def write_json(bench: Bench, path: Path) -> None:
    """Write `bench.json`."""
    path.write_text(json.dumps(bench.as_dict(), indent=1) + "\n", encoding="utf-8")
