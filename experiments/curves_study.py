"""How many labels a Blocker needs: errors on a benchmark pack, beside the paper's network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from blocker import NotLearned, examples_from_logs, fit_examples, preset_for
from blocker.bench.baselines import PaperJudge
from blocker.bench.data import HeldOut, load_log, load_part
from blocker.bench.judges import BlockerJudge, Judge, risks_of
from blocker.bench.measures import Judged
from blocker.pack import Manifest
from experiments.blocker_study import LABELS, LAST_INSTANT
from experiments.curve_rows import NAMES, CurveRow, curve_table, draw_curves, known_curves
from experiments.labelling import flip, labelled
from experiments.reporter import Reporter
from experiments.rundir import write_json
from experiments.segments import segment_of
from experiments.stopping import StopFlag
from oversight import InterventionLog, RunError
from oversight.log.table import UNSAFE
from oversight.simulated import MODELS

__all__ = ["CurvesSettings", "curves_study"]

SHARES = (0.125, 0.25, 0.5, 1.0)
"""Of the game's goal, if no numbers of labels are given."""


@dataclass(frozen=True)
class CurvesSettings:
    """Errors over the number of labels, on the test part of a benchmark pack."""

    pack: Path
    """A benchmark pack, from `python -m experiments pack`; its game is what is labelled."""

    labels: tuple[int, ...] = ()
    """Labelled agent steps; an eighth, a quarter, half and all of the game's goal (2,000 / 6,000 /
    20,000) if none are given. Each seed is labelled once, and fewer are the first of them."""

    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Of labels and training."""

    flipped: tuple[float, ...] = (0.0, 0.005)
    """Shares of the labels that are turned round before training."""

    judges: tuple[str, ...] = ("blocker", "paper")
    """`blocker`: the game's preset. `as_logged`: the same, but late blocks count as judgements of
    the step at which they came. `paper`: the network of the paper, and its threshold, the lowest
    score of any unsafe label that it learned from."""

    person: str = "typical"
    """Which simulated person labels."""

    pace: float | None = None
    """Agent steps a second in front of the person; the preset's own if not given. The faster, the
    more blocks come late."""

    work: Path = Path("runs/blocker-study")
    """Folder for logs of labels, which are used again; that of `experiments blocker`."""

    out: Path | None = None
    """JSON file for the rows, a picture beside it; rows that it has are not made again."""

    def check(self) -> CurvesSettings:
        """Refuse what cannot be run.

        Raises:
            RunError: says what was expected and what came.
        """
        if self.person not in MODELS:
            raise RunError(f"unknown preset {self.person!r}: expected one of {', '.join(MODELS)}")
        if not set(self.judges) <= set(NAMES) or not self.judges:
            raise RunError(f"expected judges among {', '.join(NAMES)}, got {self.judges}")
        if self.pace is not None and self.pace <= 0:
            raise RunError(f"expected a pace above 0, got {self.pace}")
        if min((*self.labels, *(seed + 1 for seed in self.seeds)), default=0) < 1:
            raise RunError("expected labels of 1 or more, and seeds of 0 or more")
        if not all(0.0 <= share < 0.5 for share in self.flipped):
            raise RunError(f"expected shares of flipped labels in [0, 0.5), got {self.flipped}")
        return self


@dataclass(frozen=True)
class _Cell:
    game: str
    labels: int
    seed: int
    flipped: float
    judge: str
    pack: str
    pace: float | None
    person: str

    def row(self, unsafe: int) -> CurveRow:
        return CurveRow(
            self.game,
            self.judge,
            self.labels,
            unsafe,
            self.seed,
            self.flipped,
            self.pack,
            pace=self.pace,
            person=self.person,
        )


def curves_study(settings: CurvesSettings, reporter: Reporter, stop: StopFlag) -> list[CurveRow]:
    """Label, train, judge every cell; print the table, write rows and picture.

    Raises:
        OversightError: the pack or a log cannot be used.
    """
    manifest = Manifest.load(settings.pack)
    game, digest = manifest.game, manifest.parts["test"].digest
    counts = settings.labels or tuple(round(LABELS[game] * share) for share in SHARES)
    rows = known_curves(settings.out)
    known = {row.key for row in rows}
    cells = [
        cell
        for seed in settings.seeds
        for cell in _cells(settings, game, counts, seed, digest)
        if cell.row(0).key not in known
    ]
    with reporter.bar(f"{game}: judges", len(cells)) as bar:
        test = load_part(settings.pack, "test") if cells else None
        for done, cell in enumerate(cells):
            if stop() or test is None:
                break
            bar.show(done, f"{cell.judge}, {cell.labels:,} labels, seed {cell.seed}")
            path = _labels(settings, game, max(counts), cell.seed, reporter, stop)
            rows.append(_tried(cell, path, test))
            if settings.out is not None:
                write_json(settings.out, [asdict(row) for row in rows])
    asked = (game, digest, settings.pace, settings.person)
    shown = [row for row in rows if (row.game, row.pack, row.pace, row.person) == asked]
    if shown:
        reporter.console.print(curve_table(shown))
        if settings.out is not None:
            draw_curves(settings.out.with_suffix(".png"), shown)
    return rows


def _cells(
    settings: CurvesSettings, game: str, counts: tuple[int, ...], seed: int, digest: str
) -> Iterator[_Cell]:
    for labels in counts:
        for flipped in settings.flipped:
            for judge in settings.judges:
                made = (game, labels, seed, flipped, judge, digest)
                yield _Cell(*made, settings.pace, settings.person)


def _labels(
    settings: CurvesSettings, game: str, labels: int, seed: int, reporter: Reporter, stop: StopFlag
) -> Path:
    return labelled(
        settings.work,
        game,
        labels,
        seed=seed,
        person=settings.person,
        exact=game in LAST_INSTANT,
        segment_steps=segment_of(game),
        pace=settings.pace,
        reporter=reporter,
        stop=stop,
    )


def _tried(cell: _Cell, log: Path, test: HeldOut) -> CurveRow:
    rng = np.random.default_rng([cell.seed, 11])
    learn = _paper if cell.judge == "paper" else _blocker
    row = cell.row(_unsafe_labels(log, cell.labels))
    try:
        judge = learn(cell, log, rng)
    except (NotLearned, ValueError) as error:
        return replace(row, refused=str(error))
    judged = Judged.of(test, risks_of(judge, test), judge.threshold)
    assert judged.effective is not None, "a pack's test part knows outcomes"
    return replace(
        row,
        threshold=judge.threshold,
        unsafe=int(test.unsafe.sum()),
        missed=int(judged.missed.sum()),
        safe=int((~test.unsafe).sum()),
        needless=int(judged.needless.sum()),
        effective=int(judged.effective.sum()),
    )


def _unsafe_labels(path: Path, labels: int) -> int:
    with InterventionLog.open(path, read_only=True) as log:
        table = log.steps()
    return int((table.verdict[table.step_id < labels] == UNSAFE).sum())


def _blocker(cell: _Cell, path: Path, rng: np.random.Generator) -> Judge:
    preset = preset_for(cell.game)
    with InterventionLog.open(path, read_only=True) as log:
        as_meant = cell.judge != "as_logged"
        examples = examples_from_logs([log], preset.input, as_meant=as_meant)
        actions, gate = tuple(log.meta.actions), log.meta.gate
    examples = examples.where(examples.step_id < cell.labels)
    fitted = fit_examples(
        flip(examples, cell.flipped, rng),
        game=cell.game,
        actions=actions,
        spec=preset.input,
        gate={**gate},
        settings=replace(preset.training, seed=cell.seed),
        shape=preset.shape,
        rule=preset.rule,
    )
    return BlockerJudge(fitted.blocker, cell.judge)


def _paper(cell: _Cell, path: Path, rng: np.random.Generator) -> Judge:
    data = load_log(path, judged=True)  # a log of labels knows the truth, which nobody told
    data = data.where(data.age < cell.labels)  # the age of a log's steps is their number
    data = replace(data, rule=data.rule ^ (rng.random(len(data)) < cell.flipped))
    if not 0 < data.rule.sum() < len(data):
        raise ValueError("expected safe and unsafe labels to learn from")
    # It learns from all labels, and its threshold is read off the same ones, as in the paper.
    return PaperJudge(data, data.where(np.arange(0)), seed=cell.seed)
