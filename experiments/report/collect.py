"""Finished and missing cells of a sweep, as one small file that the repository can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from agents import Algorithm
from experiments.budgets import is_named_size
from experiments.rundir import RunDirectory, write_json
from experiments.settings import Condition, OverseerChoice, RunSettings
from experiments.studies import study_named
from experiments.studies.runs import RUN_FOLDER, row_of_run, variant_of
from experiments.sweep.cell import CELL, RESULT, Cell, Json, read_object
from experiments.sweep.study import Row
from oversight import RunError

__all__ = ["Collected", "Result", "collect", "plain_rows", "read_collected", "read_one"]

ROWS, NOTES = "rows.json", "notes.md"


@dataclass(frozen=True)
class Result:
    """One cell of a sweep.

    Attributes:
        key, study, label: which.
        settings: of the cell.
        rows: what came of it; of a run that was stopped what there is, otherwise none if missing.
        missing: why there is no result, or not all of it; None if it is finished.
        wall_seconds, versions, machine, finished_at: how it came about.
    """

    key: str
    study: str
    label: str
    settings: dict[str, Json]
    rows: list[Row]
    missing: str | None = None
    wall_seconds: float | None = None
    versions: dict[str, Json] | None = None
    machine: dict[str, Json] | None = None
    finished_at: str | None = None


@dataclass(frozen=True)
class Collected:
    """All cells of a sweep.

    Attributes:
        name: of the sweep.
        command: that made its cells; a line each if there were several.
        results: sorted by study and label.
        notes: what somebody who looked at them wrote into `notes.md` beside them, for the page.
    """

    name: str
    command: str
    results: tuple[Result, ...]
    notes: str = ""

    def rows_of(self, study: str) -> list[Row]:
        """All rows of one study, with how long overseen games were where there were any."""
        return [
            {"segment_steps": result.settings.get("segment_steps"), **row}
            for result in self.results
            if result.study == study
            for row in result.rows
        ]

    def beside(self, before: Collected) -> Collected:
        """With the cells that an earlier report of the same sweep knew and this one does not.

        Cells may have been played elsewhere, or their folders be gone since. What is finished
        here counts, then what was finished before, then what is missing here.
        """
        results = {result.key: result for result in before.results}
        for result in self.results:
            if result.missing is None or _is_missing(results.get(result.key)):
                results[result.key] = result
        said = dict.fromkeys([*before.command.splitlines(), *self.command.splitlines()])
        ordered = sorted(results.values(), key=_order)
        return replace(self, command="\n".join(said), results=tuple(ordered))

    def write(self, folder: Path) -> None:
        """Write `rows.json`; notes stay as they are.

        Raises:
            RunError: it cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{folder} cannot be made: {error.strerror}") from None
        values = asdict(self)
        del values["notes"]
        write_json(folder / ROWS, values)


def plain_rows(collected: Sequence[Collected]) -> list[Row]:
    """Rows of the runs that can stand beside the paper's, of the largest budget of each cell.

    These are runs without a variant, of Double DQN, HIRL under the simulated person for as long as
    a named budget has it; a cell that is in several sweeps counts once.
    """
    results = {result.key: result for each in collected for result in each.results}
    rows = [row for result in results.values() if result.study == "run" for row in result.rows]
    plain = [row for row in rows if _is_plain(row)]
    most: dict[tuple[str, str], int] = {}
    for row in plain:
        cell = (str(row["game"]), str(row["condition"]))
        most[cell] = max(most.get(cell, 0), int(str(row["asked_steps"])))
    return [
        row for row in plain if row["asked_steps"] == most[str(row["game"]), str(row["condition"])]
    ]


def _is_plain(row: Row) -> bool:
    if row.get("variant") or row["agent"] != Algorithm.DOUBLE_DQN:
        return False
    if row["condition"] != Condition.HIRL:
        return True
    overseen, steps = int(str(row["oversight_steps"])), int(str(row["asked_steps"]))
    named = is_named_size(str(row["game"]), overseen, steps)
    return row.get("overseer") != OverseerChoice.ORACLE and named


def collect(sweep: Path) -> Collected:
    """Read a sweep's folder.

    Raises:
        RunError: it holds no cells.
    """
    folders = sorted(path.parent for path in sweep.glob(f"*/{CELL}"))
    if not folders:
        raise RunError(f"{sweep} holds no cells: expected the --out of a sweep")
    results = sorted((_said_anew(_result(folder)) for folder in folders), key=_order)
    command = sweep / "command.txt"
    said = command.read_text(encoding="utf-8").strip() if command.is_file() else "unknown"
    return Collected(sweep.resolve().name, said, tuple(results))


def _order(result: Result) -> tuple[str, str]:
    return result.study, result.label


def _is_missing(result: Result | None) -> bool:
    return result is None or result.missing is not None


def _result(folder: Path) -> Result:
    cell = Cell.from_json(read_object(folder / CELL))
    label = study_named(cell.study).label(cell.settings)
    if not (folder / RESULT).is_file():
        so_far, why = _so_far(folder)
        return Result(cell.key, cell.study, label, dict(cell.settings), so_far, missing=why)
    found = read_object(folder / RESULT)
    rows = found["rows"]
    if not isinstance(rows, list):
        raise RunError(f"{folder / RESULT}: expected a list of rows, got {type(rows).__name__}")
    return Result(
        key=cell.key,
        study=cell.study,
        label=label,
        settings=dict(cell.settings),
        rows=[row for row in rows if isinstance(row, dict)],
        wall_seconds=_seconds(found["wall_seconds"], rows),
        versions=_object(found["versions"]),
        machine=_object(found["machine"]),
        finished_at=str(found["finished_at"]),
    )


def _seconds(sitting: Json, rows: Sequence[Json]) -> float:
    """A run knows the seconds of all its sittings, a cell those of its last one."""
    known = [row["wall_seconds"] for row in rows if isinstance(row, dict) and "wall_seconds" in row]
    return sum(float(str(seconds)) for seconds in known or [sitting])


def _so_far(folder: Path) -> tuple[list[Row], str]:
    """What there is of a cell that is not finished: of a run that was stopped, its steps so far."""
    run = RunDirectory(folder / RUN_FOLDER)
    if run.summary.is_file():
        row = row_of_run(run)
        why = f"stopped after {row['agent_steps']:,} of {row['asked_steps']:,} agent steps"
        return [row | {"asked_steps": row["agent_steps"]}], why
    errors = folder / "errors.txt"
    said = errors.read_text(encoding="utf-8").strip().splitlines() if errors.is_file() else []
    return [], said[-1].removeprefix("error: ") if said else "not played yet"


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def read_collected(results: Path) -> list[Collected]:
    """All that `write` left in folders of `results`, by name.

    Raises:
        RunError: a file cannot be read.
    """
    return [_read(path) for path in sorted(results.glob(f"*/{ROWS}"))]


def read_one(folder: Path) -> Collected | None:
    """What `write` left in a folder, or None; errors as in `read_collected`."""
    return _read(folder / ROWS) if (folder / ROWS).is_file() else None


def _stored(values: Json) -> Result:
    if not isinstance(values, dict):
        raise TypeError(f"expected a cell's result, got {values!r}")
    return _said_anew(Result(**values))  # type: ignore[arg-type]


def _said_anew(result: Result) -> Result:
    """A run's variant is what differs from today's default, whatever was called one then."""
    if result.study != "run":
        return result
    variant = variant_of(RunSettings.from_json(dict(result.settings)))
    return replace(result, rows=[{**row, "variant": variant} for row in result.rows])


def _read(path: Path) -> Collected:
    values = read_object(path)
    try:
        each = values["results"]
        assert isinstance(each, list)
        results = tuple(map(_stored, each))
        notes = path.with_name(NOTES)
        said = notes.read_text(encoding="utf-8").strip() if notes.is_file() else ""
        return Collected(str(values["name"]), str(values["command"]), results, said)
    except (KeyError, TypeError, AssertionError, RunError) as error:
        raise RunError(
            f"{path} is not of this version of hirl: {error}; move it away and report its sweep "
            "again"
        ) from None
