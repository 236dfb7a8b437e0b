import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from blocker import examples_from_logs, preset_for
from blocker.bench.data import HeldOut
from blocker.pack import Manifest, PartFigures
from blocker.pack.testing import TINY, build_tiny, tiny_policies
from experiments import curves_study
from experiments.curve_rows import CurveRow, curve_table, draw_curves, known_curves
from experiments.curves_study import CurvesSettings
from experiments.reporter import Reporter
from oversight import InterventionLog, RunError


def row(judge: str, labels: int, seed: int, missed: int, effective: int) -> CurveRow:
    return CurveRow(
        "pong", judge, labels, labels // 20, seed, 0.0, "digest", 0.1, 50, missed, 100, 9, effective
    )


ROWS = [
    row("blocker", 1_000, 0, 5, 1),
    row("blocker", 1_000, 1, 0, 3),
    row("blocker", 2_000, 0, 0, 0),
    row("paper", 1_000, 0, 10, 40),
    replace(row("blocker", 1_000, 2, 0, 0), refused="too little", threshold=None),
]


def told(rows: list[CurveRow]) -> str:
    console = Console(width=200, record=True)
    console.print(curve_table(rows))
    return console.export_text()


def test_the_table_tells_medians_spreads_and_who_was_refused() -> None:
    lines = [line.split("│")[1:-1] for line in told(ROWS).splitlines() if "│" in line]
    cells = [[cell.strip() for cell in line] for line in lines]
    assert cells[0][:8] == [
        *("Blocker", "0.00 %", "1,000", "50", "3", "1", "1"),
        "5.00 % (0.00 % to 10.00 %)",
    ]
    assert cells[0][8] == "2.00 % (1.00 % to 3.00 %)"
    assert cells[1][2:8] == ["2,000", "100", "1", "0", "0", "0.00 % (0.00 % to 0.00 %)"]
    assert cells[2][0] == "paper's network and rule"
    assert cells[2][7] == "20.00 % (20.00 % to 20.00 %)"


def test_the_picture_is_drawn_even_where_nobody_learned(tmp_path: Path) -> None:
    draw_curves(tmp_path / "all.png", ROWS)
    draw_curves(tmp_path / "none.png", ROWS[-1:])
    assert (tmp_path / "all.png").stat().st_size > (tmp_path / "none.png").stat().st_size > 5_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"person": "nobody"},
        {"judges": ("oracle",)},
        {"judges": ()},
        {"labels": (0,)},
        {"seeds": (-1,)},
        {"flipped": (0.7,)},
    ],
)
def test_what_cannot_be_done_is_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(RunError, match=r"expected|unknown"):
        replace(CurvesSettings(tmp_path), **wrong).check()  # type: ignore[arg-type]


def test_a_file_of_something_else_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "rows.json"
    out.write_text('[{"game": "pong"}]')
    with pytest.raises(RunError, match="does not hold rows of this study"):
        known_curves(out)


def test_rows_of_another_person_are_not_those_that_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = PartFigures(0, 0, 0, 0, 0, 0, 0, 0, None, {}, "digest")
    Manifest.new(TINY, tiny_policies(), {"test": figures}).save(tmp_path)
    monkeypatch.setattr(curves_study, "load_part", lambda *_: "steps")
    monkeypatch.setattr(curves_study, "_labels", lambda settings, *_: Path(settings.person))
    monkeypatch.setattr(
        curves_study,
        "_tried",
        lambda cell, log, _: replace(cell.row(1), refused=f"labels of {log}"),
    )
    drawn = []
    monkeypatch.setattr(curves_study, "draw_curves", lambda _, rows: drawn.append(rows))
    settings = CurvesSettings(
        tmp_path, labels=(9,), seeds=(0,), flipped=(0.0,), judges=("blocker",), out=tmp_path / "o"
    )
    # Rows that were written before they named a person are of the typical one.
    old = [{k: v for k, v in asdict(row("blocker", 9, 0, 1, 1)).items() if k != "person"}]
    (tmp_path / "o").write_text(json.dumps(old))
    assert len(curves_study.curves_study(settings, Reporter(), lambda: False)) == 1
    other = replace(settings, person="careful")
    rows = curves_study.curves_study(other, Reporter(), lambda: False)
    assert [(each.person, each.refused) for each in rows] == [
        ("typical", None),
        ("careful", "labels of careful"),
    ]
    assert drawn == [rows[:1], rows[1:]]
    assert curves_study.curves_study(other, Reporter(), lambda: False) == rows


def test_the_paper_s_network_learns_from_what_the_person_said_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So fast that blocks come late: of the steps between nobody said anything, the truth is known.
    settings = CurvesSettings(tmp_path, work=tmp_path, pace=15.0)
    path = curves_study._labels(settings, "pong", 400, 0, Reporter(), lambda: False)
    learned: list[HeldOut] = []
    monkeypatch.setattr(curves_study, "PaperJudge", lambda data, _, **__: learned.append(data))
    cell = curves_study._Cell("pong", 300, 0, 0.0, "paper", "digest", 15.0, "typical")
    curves_study._paper(cell, path, np.random.default_rng(0))
    with InterventionLog.open(path, read_only=True) as log:
        examples = examples_from_logs([log], preset_for("pong").input).proposed
    same = examples.where(examples.step_id < 300)
    assert len(same) < 300
    assert learned[0].age.tolist() == same.step_id.tolist()
    assert learned[0].rule.tolist() == same.unsafe.tolist()


@pytest.mark.slow
def test_both_judges_learn_from_the_same_labels_and_are_tried_on_a_pack(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    build_tiny(pack)
    settings = CurvesSettings(
        pack,
        labels=(40, 1_000),
        seeds=(0,),
        flipped=(0.0,),
        person="perfect",
        work=tmp_path / "work",
        out=tmp_path / "rows.json",
    ).check()
    rows = curves_study.curves_study(settings, Reporter(), lambda: False)
    by = {(each.judge, each.labels): each for each in rows}
    assert by["blocker", 40].refused is not None
    mine, papers = by["blocker", 1_000], by["paper", 1_000]
    assert mine.refused is papers.refused is None
    assert mine.labels_unsafe == papers.labels_unsafe > 20
    assert mine.unsafe == papers.unsafe > 0
    # The paper's network blocks nearly all that is safe.
    assert mine.effective < papers.effective <= papers.needless <= papers.safe
    assert mine.missed == 0
    assert (tmp_path / "rows.png").stat().st_size > 5_000

    # What is there is not made again.
    stamp = (tmp_path / "rows.json").stat().st_mtime_ns
    assert curves_study.curves_study(settings, Reporter(), lambda: False) == rows
    assert (tmp_path / "rows.json").stat().st_mtime_ns == stamp
    assert [CurveRow(**each) for each in json.loads((tmp_path / "rows.json").read_text())] == rows
    assert np.isfinite([each.threshold for each in rows if each.threshold is not None]).all()
