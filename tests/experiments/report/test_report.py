"""Reports: figures that one checks by head, missing cells named, the page made of files."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.__main__ import main
from experiments.report.ages import ages_tables, curve_of, quarter_rate, quarter_return
from experiments.report.beside import sections_beside
from experiments.report.collect import (
    Collected,
    Result,
    collect,
    plain_rows,
    read_collected,
)
from experiments.report.curves import draw_curves, draw_story, returns_of, spread
from experiments.report.layouts import tables_of
from experiments.report.page import page, paper_table
from experiments.report.paper import PAPER, of_paper
from experiments.report.statistics import estimate, interquartile_mean
from experiments.report.tables import Column, Layout, as_markdown, grouped
from experiments.rundir import RunDirectory, write_json
from experiments.settings import Condition, OverseerChoice, RunSettings
from experiments.studies.runs import COUNTED, KEPT, RUN_FOLDER, run_cell
from experiments.sweep.cell import RESULT, Cell
from experiments.sweep.study import Row

ROOT = Path(__file__).resolve().parents[3]


def test_the_mean_of_the_middle_half() -> None:
    assert interquartile_mean([0, 1, 2, 3, 4, 5, 6, 100]) == pytest.approx(3.5)  # of 2 to 5
    assert interquartile_mean([1, 2, 6]) == pytest.approx(3.0)  # of three nothing is cut off


def test_intervals_hold_the_value_and_one_seed_has_none() -> None:
    found = estimate([1.0, None, 3.0, 2.0])
    assert found is not None
    assert (found.value, found.seeds) == (2.0, 3)
    assert found.low is not None
    assert found.high is not None
    assert 1.0 <= found.low < 2.0 < found.high <= 3.0
    assert estimate([1.0, None, 3.0, 2.0]) == found  # the same each time
    alone = estimate([5.0])
    assert alone is not None
    assert alone.in_words(0) == "5"
    assert estimate([None]) is None


def test_rows_are_grouped_and_what_is_missing_says_so() -> None:
    layout = Layout(
        "t",
        {"game": "game"},
        (
            Column.mean("rate", "harm", 1, per="steps"),
            Column.count("harm", "harm", "steps"),
            Column.share("share", "harm", "steps"),
        ),
    )
    rows: list[Row] = [
        {"game": "pong", "seed": 0, "harm": 0, "steps": 500},
        {"game": "pong", "seed": 1, "harm": 0, "steps": 500},
        {"game": "enduro", "seed": 0, "harm": 2, "steps": 1_000},
    ]
    table = grouped(rows, layout, [{"game": "freeway"}])
    assert table.rows[0] == ("enduro", "1", "2.0", "2 in 1,000 (at most 6.28)", "0.20 %")
    assert table.rows[1] == ("freeway", "0", "missing", "missing", "missing")
    # Exact: 1 - 0.05 ** (1 / 1000).
    assert table.rows[2][3] == "0 in 1,000 (at most 2.99)"
    assert as_markdown(table).splitlines()[1] == "| --- | --- | --- | --- | --- |"


def test_a_variant_that_was_not_played_has_a_line_of_its_own() -> None:
    usual = RunSettings(overseer=OverseerChoice.SIMULATED, oversight_steps=100, blocker_steps=300)
    missing = [usual.as_json(), replace(usual, rewind_steps=8).as_json()]
    done = {**played(0, Condition.HIRL), "segment_steps": 300, "overseer": "simulated person"}
    (table,) = tables_of({"run": [done]}, {"run": [json.loads(json.dumps(m)) for m in missing]})
    said = [dict(zip(table.headings, row, strict=True)) for row in table.rows]
    assert [(row["variant"], row["seeds"]) for row in said][-1] == ("rewind steps 8", "0")


def test_amounts_of_oversight_are_no_seeds() -> None:
    named = {**played(0, Condition.HIRL), "oversight_steps": 3_000, "asked_steps": 25_000}
    others = [{**named, "oversight_steps": steps} for steps in (450, 18_000)]
    for table in ages_tables([named, *others]):
        assert [row[4] for row in table.rows] == ["18,000", "3,000", "450"]
    rows = [Result(f"run-{n}", "run", "", {}, [row]) for n, row in enumerate([named, *others])]
    assert plain_rows([Collected("hours", "", tuple(rows))]) == [named]


# --------------------------------------------------------------------------- from cells to a page


def played(seed: int, condition: Condition) -> Row:
    return {
        "game": "pong",
        "condition": condition.value,
        "agent": "double_dqn",
        "overseer": None,
        "variant": "",
        "seed": seed,
        "oversight_steps": 100,
        "asked_steps": 400,
        "agent_steps": 400,
        "catastrophes": 4 * seed,
        "game_return_mean": -20.0 - seed,
        "wall_seconds": 36.0,
        "curve": [
            {
                "steps": 100.0,
                "catastrophes": float(seed),
                "games_finished": float(quarter % 2),
                "game_returns": -20.0 * (quarter % 2),
            }
            for quarter in range(4)
        ],
    }


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """A sweep of two finished cells, one that was not played and one that failed."""
    out = tmp_path / "small"
    for seed, condition in ((1, Condition.NO_OVERSIGHT), (2, Condition.NO_OVERSIGHT)):
        folder = put(out, seed, condition)
        result = {"cell": {}, "rows": [played(seed, condition)], "wall_seconds": 36.0}
        facts = {"versions": {"torch": "9"}, "machine": {"processor": "P", "cores": 2}}
        write_json(folder / RESULT, {**result, **facts, "finished_at": "now"})
    put(out, 1, Condition.PENALTY_ONLY)
    failed = put(out, 1, Condition.HIRL)
    (failed / "errors.txt").write_text("error: no Blocker from these labels\n")
    (out / "command.txt").write_text("python -m experiments sweep --out small\n")
    return out


def put(out: Path, seed: int, condition: Condition) -> Path:
    settings = RunSettings(seed=seed, condition=condition, oversight_steps=100, blocker_steps=300)
    return run_cell(settings).put(out)


def test_a_report_of_a_sweep(
    sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results, made = tmp_path / "results", tmp_path / "results.md"
    picture = tmp_path / "story.png"
    arguments = ["report", str(sweep), "--results", str(results), "--page", str(made)]
    assert main([*arguments, "--picture", str(picture)]) == 0
    assert picture.stat().st_size > 10_000
    printed = capsys.readouterr().out
    assert "missing: pong hirl auto 100 overseen seed 1: no Blocker from these labels" in printed
    text = made.read_text()
    assert text == page(read_collected(results))  # of the small files and nothing else
    assert "python -m experiments sweep --out small\n" in text
    assert "2 of 4 cells, 0.02 hours of computing on P (2 cores), torch 9." in text
    assert "| run | pong no_oversight seed 1 | 400 | 0.6 | done |" in text
    assert "missing: no Blocker from these labels |" in text
    line = next(x for x in text.splitlines() if x.startswith("| pong | no oversight |  |"))
    # Seeds 1 and 2 had 4 and 8 in 400 steps.
    assert "| 2 | 15.00 (10.00 to 20.00) |" in line
    assert "-21.5 (-22.0 to -21.0)" in line
    assert (
        "| pong | penalty only | oracle | double dqn |  | 100 | 300 | 400 | 0 | missing |" in text
    )
    beside = next(x for x in text.splitlines() if "580,000" in x)
    assert "| 33.1 |" in beside  # 580,000 in 17.5 million
    assert "| 400 | - | 2 | 12 | - | 15.00 (10.00 to 20.00) |" in beside
    assert (results / "small" / "curves-double_dqn.png").stat().st_size > 10_000
    assert (results / "small" / "runs.csv").read_text().startswith("game,condition,")
    quarters = next(
        x
        for x in text.splitlines()
        if x.startswith("| pong | no oversight |  | double dqn | 100 |")
    )
    assert quarters.count("15.00 (10.00 to 20.00)") == 4


def test_notes_beside_the_rows_stay_and_are_on_the_page(sweep: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    folder = results / sweep.name
    folder.mkdir(parents=True)
    (folder / "notes.md").write_text("It stopped firing.\n", encoding="utf-8")
    made = tmp_path / "results.md"
    for _ in range(2):
        arguments = ["report", str(sweep), "--results", str(results), "--page", str(made)]
        assert main(arguments) == 0
        assert "\n\nIt stopped firing.\n\n" in made.read_text()
        assert "firing" not in (folder / "rows.json").read_text(encoding="utf-8")


def test_cells_of_an_earlier_report_stay_when_their_folders_are_gone(
    sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results"
    arguments = ["report", str(sweep), "--results", str(results), "--page", "None"]
    assert main(arguments) == 0
    assert "from an earlier report" not in capsys.readouterr().out
    shutil.rmtree(sweep)
    put(sweep, 1, Condition.NO_OVERSIGHT)  # not played here
    folder = put(sweep, 1, Condition.PENALTY_ONLY)  # missing before
    result = {"cell": {}, "rows": [played(1, Condition.PENALTY_ONLY)], "wall_seconds": 36.0}
    facts = {"versions": {"torch": "9"}, "machine": {"processor": "Q", "cores": 2}}
    write_json(folder / RESULT, {**result, **facts, "finished_at": "now"})
    (sweep / "command.txt").write_text("python -m experiments sweep --seeds 1\n")
    assert main(arguments) == 0
    assert "2 finished cells are known from an earlier report alone" in capsys.readouterr().out
    (kept,) = read_collected(results)
    assert kept.command.splitlines() == [
        "python -m experiments sweep --out small",
        "python -m experiments sweep --seeds 1",
    ]
    assert {result.label: result.missing for result in kept.results} == {
        "pong no_oversight seed 1": None,
        "pong no_oversight seed 2": None,
        "pong penalty_only seed 1": None,
        "pong hirl auto 100 overseen seed 1": "no Blocker from these labels",
    }
    assert [result.label for result in kept.results] == sorted(r.label for r in kept.results)


def test_two_sweeps_of_one_name_are_refused(
    sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "elsewhere" / "small"
    other.parent.mkdir()
    sweep.rename(other)
    put(sweep, 1, Condition.HIRL)
    command = ["report", str(sweep), str(other), "--results", str(tmp_path / "kept")]
    assert main(command) == 2
    assert "sweeps of different names, got small, small" in capsys.readouterr().err
    assert not (tmp_path / "kept").exists()


def test_a_sweep_without_cells_and_a_foreign_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(tmp_path), "--results", str(tmp_path)]) == 2
    assert "holds no cells" in capsys.readouterr().err
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "rows.json").write_text("[]")
    assert main(["report", "--results", str(tmp_path)]) == 2
    assert "expected a JSON object" in capsys.readouterr().err


def test_what_a_curve_does_not_hold_is_not_drawn(tmp_path: Path) -> None:
    row = played(1, Condition.HIRL)
    assert quarter_rate(row, "catastrophes", 3) == pytest.approx(10.0)
    assert curve_of(row, "blocks") is None
    assert not draw_curves(tmp_path / "x.png", [{**row, "curve": []}], "t")
    assert not draw_story(tmp_path / "x.png", [{**row, "variant": "sticky 0.25"}])
    assert not (tmp_path / "x.png").exists()


def test_a_run_that_was_stopped_says_what_there_is_of_it(tmp_path: Path) -> None:
    folder = put(tmp_path / "cut", 1, Condition.NO_OVERSIGHT)
    settings = RunSettings(
        seed=1, condition=Condition.NO_OVERSIGHT, oversight_steps=100, blocker_steps=300
    )
    run = RunDirectory.create(folder / RUN_FOLDER, settings)
    counted = {"overseer": None, "agent_steps": 250, "catastrophes": 5}
    before = [name for name in KEPT if name != "learned_steps"]  # as summaries were
    write_json(run.summary, dict.fromkeys(before) | counted)
    names = (*COUNTED, "phase")
    run.metrics.write_text(",".join(names) + "\n" + ",".join(["250", *"5001", "0", "0", "games"]))
    (result,) = collect(tmp_path / "cut").results
    assert result.missing == "stopped after 250 of 400 agent steps"
    (row,) = result.rows
    assert (row["asked_steps"], row["catastrophes"], row["learned_steps"]) == (250, 5, None)
    text = page([collect(tmp_path / "cut")])
    assert "| 250 | 1 | 20.00 |" in text
    assert "| 400 | 0 | missing |" in text
    assert "missing: stopped after 250 of 400 agent steps |" in text


@pytest.mark.parametrize(
    ("condition", "overseer"),
    [
        (Condition.HIRL, "simulated person"),
        (Condition.PENALTY_ONLY, "oracle"),
        (Condition.NO_OVERSIGHT, None),
    ],
)
def test_a_missing_seed_is_of_the_group_of_those_played(
    tmp_path: Path, condition: Condition, overseer: str | None
) -> None:
    asked = RunSettings(
        condition=condition,
        overseer=OverseerChoice.SIMULATED,
        oversight_steps=100,
        blocker_steps=300,
    )
    settings = dict(run_cell(asked).settings)
    row = {**played(1, condition), "overseer": overseer, "segment_steps": 300}
    (table,) = tables_of({"run": [row]}, {"run": [settings]})
    (line,) = table.rows  # no second one that calls the same cells missing
    assert line[1:3] == (condition.value.replace("_", " "), overseer or "")
    assert line[8] == "1"


def test_groups_are_in_the_order_of_their_numbers() -> None:
    rows: list[Row] = [{"age": age, "seed": 0} for age in (12_500, 2_500, 0)]
    table = grouped(rows, Layout("t", {"age": "age"}, ()))
    assert [line[0] for line in table.rows] == ["0", "2,500", "12,500"]


def test_a_study_that_was_not_played_names_the_run_it_is_of() -> None:
    settings: Row = {"game": "pong", "condition": "penalty_only", "arm": "alone", "age": 5}
    (table,) = tables_of({}, {"alone": [settings]})
    assert "5 % of its actions random" in table.note
    assert table.rows[0][:4] == ("pong", "penalty only", "alone", "5")


def test_returns_are_of_games_that_ended() -> None:
    row = played(1, Condition.HIRL)  # a game ends in the second and in the last quarter
    found = returns_of(row)
    assert found is not None
    assert [part.tolist() for part in found] == [[200.0, 400.0], [-20.0, -20.0]]
    assert [quarter_return(row, quarter) for quarter in range(4)] == [None, -20.0, None, -20.0]


def test_labels_move_apart_and_keep_their_order() -> None:
    assert spread([0.9, 0.0, 0.01], 0.1) == pytest.approx([0.9, 0.0, 0.1])


def test_the_papers_nine_cells() -> None:
    assert len(PAPER) == 9
    assert {line[6] for line in paper_table([]).rows} == {"missing"}
    hirl = of_paper("road_runner", Condition.HIRL)
    assert hirl is not None
    assert hirl.per_1000 == pytest.approx(0.153, abs=0.001)
    assert of_paper("freeway", Condition.HIRL) is None


def test_the_page_of_results_is_what_the_files_say() -> None:
    """No number in it was typed by hand: `python -m experiments report` makes it anew."""
    results = ROOT / "results" / "experiments"
    made = page(read_collected(results), sections_beside(results))
    assert (ROOT / "docs" / "results.md").read_text() == made


def of_road_runner(seed: int, overseen: int, **stored: str) -> Result:
    settings = RunSettings(
        game="road_runner",
        seed=seed,
        overseer=OverseerChoice.SIMULATED,
        oversight_steps=overseen,
        blocker_steps=100_000 - overseen,
    )
    row: Row = {
        **played(seed, Condition.HIRL),
        "game": "road_runner",
        "overseer": "simulated person",
        "oversight_steps": overseen,
        "asked_steps": 100_000,
        "agent_steps": 100_000,
        "catastrophes_after_handover": seed,
        **stored,
    }
    cell = run_cell(settings)
    return Result(cell.key, "run", f"seed {seed}", dict(cell.settings), [row])


def test_beside_the_paper_stand_runs_as_long_overseen_as_their_game_needs(tmp_path: Path) -> None:
    few, enough = of_road_runner(1, 10_000), of_road_runner(2, 20_000)
    (tmp_path / "s").mkdir()
    Collected("s", "", (few, enough)).write(tmp_path / "s")
    line = next(x for x in paper_table(read_collected(tmp_path)).rows if x[2] == "4,600")
    assert line[6:11] == ("100,000", "20,000", "1", "8", "2 in 80,000")


def test_a_variant_is_what_differs_from_todays_default(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    old = of_road_runner(2, 20_000, variant="segment_steps 2000")
    Collected("s", "", (old,)).write(tmp_path / "s")
    (kept,) = read_collected(tmp_path)
    assert kept.rows_of("run")[0]["variant"] == ""


def test_rows_that_cannot_be_read_are_named_and_not_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s").mkdir()
    strange = replace(of_road_runner(2, 20_000), settings={"game": 5})
    Collected("s", "", (strange,)).write(tmp_path / "s")
    kept = (tmp_path / "s" / "rows.json").read_bytes()
    assert main(["report", "--results", str(tmp_path), "--page", "None"]) == 2
    said = "".join(capsys.readouterr().err.split())
    assert "rows.jsonisnotofthisversionofhirl" in said
    assert "moveitawayandreportitssweepagain" in said
    assert (tmp_path / "s" / "rows.json").read_bytes() == kept


def test_a_cell_without_study_is_refused(tmp_path: Path) -> None:
    folder = Cell("nonsense", {"game": "pong"}).put(tmp_path)
    assert json.loads((folder / "cell.json").read_text())["study"] == "nonsense"
    with pytest.raises(Exception, match="unknown study 'nonsense'"):
        collect(tmp_path)
