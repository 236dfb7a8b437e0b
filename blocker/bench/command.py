"""`python -m blocker bench`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

from blocker.bench.figures import group_figure, reliability_figure, trade_off_figure
from blocker.bench.gallery import gallery
from blocker.bench.judges import BlockerJudge
from blocker.bench.report import write_report
from blocker.bench.run import Bench, compare, judges_of, load_inputs, write_json
from blocker.bench.table import bench_table

__all__ = ["BenchCommand", "bench"]


@dataclass(frozen=True)
class BenchCommand:
    """Compare Blockers side by side on the same held-out steps.

    Of a benchmark pack the test part is judged, and the baselines learn from its train part; of an
    intervention log all labelled steps are: give logs that none of the Blockers was trained on.
    Writes bench.json, bench.html and figures.
    """

    inputs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Packs (folders) and logs (files) of one game; one or more."""
    out: Path
    """Folder for the results; made if it is not there."""
    blocker: tuple[Path, ...] = ()
    """Files of the Blockers to compare; of two or more the ensemble is judged as well."""
    names: tuple[str, ...] = ()
    """Names of their rows, in the same order; the files' if not given."""
    seeds: tuple[int, ...] = (0,)
    """Learning baselines are trained once for each of them; none: no such baselines."""
    repeats: int = 200
    """Batches timed for each batch size; 0 times nothing."""


def bench(command: BenchCommand, console: Console) -> Bench:
    """Run the comparison.

    Raises:
        OversightError: something cannot be read.
        ValueError: the inputs or names do not fit.
    """
    if command.names and len(command.names) != len(command.blocker):
        raise ValueError(
            f"expected a name for each Blocker, got {len(command.names)} for {len(command.blocker)}"
        )
    names = command.names or _names(command.blocker)
    if len(set(names)) != len(names):
        raise ValueError(f"expected different names, got {', '.join(names)}")
    with console.status("reading") as status:
        data, inputs, packs = load_inputs(
            command.inputs, say=partial(console.print, soft_wrap=True)
        )
        blockers = [
            BlockerJudge.load(path, name) for path, name in zip(command.blocker, names, strict=True)
        ]
        for one in blockers:
            one.blocker.require(data.game.name, data.game.actions)
        judges = judges_of(blockers, packs, command.seeds, status.update)
        result = compare(data, inputs, judges, speed_repeats=command.repeats, on_work=status.update)
        command.out.mkdir(parents=True, exist_ok=True)
        status.update("writing")
        _write(result, command.out)
    console.print(bench_table(result))
    console.print(f"written to {command.out}: bench.json, bench.html and figures", soft_wrap=True)
    return result


def _names(paths: tuple[Path, ...]) -> tuple[str, ...]:
    """The files' names, with their folders' where those alone tell them apart."""
    stems = [path.stem for path in paths]
    if len(set(stems)) == len(stems):
        return tuple(stems)
    return tuple(f"{path.absolute().parent.name}/{path.stem}" for path in paths)


def _write(result: Bench, out: Path) -> None:
    write_json(result, out / "bench.json")
    write_report(result, out / "bench.html")
    trade_off_figure(result).savefig(out / "trade_off.png", dpi=90)
    reliability_figure(result).savefig(out / "reliability.png", dpi=90)
    group_figure(result, "policy").savefig(out / "by_policy.png", dpi=90)
    for number, row in enumerate(row for row in result.rows if row.judge.kind == "Blocker"):
        gallery(row.judged, row.judge.name).savefig(out / f"errors_{number}.png", dpi=70)
