from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier

from blocker import BlockerFileError
from blocker.naming import Spotter, View, fit_spotter
from blocker.naming.spotter import COLUMNS, TREES

VIEW = View((0, 40), (0, 50), ((1,), (2,)))


@pytest.fixture
def answers() -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    rng = np.random.default_rng(0)
    told = rng.normal(size=(80, VIEW.told)).astype(np.float32)
    return told, told[:, 3] + told[:, 7] > 0.5


@pytest.fixture
def spotter(answers: tuple[NDArray[np.float32], NDArray[np.bool_]]) -> Spotter:
    return fit_spotter("pong", VIEW, *answers, seed=1)


def test_votes_are_those_of_the_library_that_grew_the_trees(
    spotter: Spotter, answers: tuple[NDArray[np.float32], NDArray[np.bool_]]
) -> None:
    grown = ExtraTreesClassifier(TREES, max_features=COLUMNS, random_state=1).fit(*answers)
    unseen = np.random.default_rng(5).normal(size=(300, VIEW.told)).astype(np.float32)
    np.testing.assert_allclose(spotter.votes(unseen), grown.predict_proba(unseen)[:, 1], atol=1e-6)
    told, bad = answers
    assert ((spotter.votes(told) >= 0.5) == bad).all()


def test_answers_of_one_kind_teach_nothing() -> None:
    with pytest.raises(ValueError, match="answers of both kinds"):
        fit_spotter("pong", VIEW, np.zeros((3, VIEW.told), np.float32), np.zeros(3, bool), 0)


def test_a_file_gives_back_the_same_votes(
    spotter: Spotter, tmp_path: Path, answers: tuple[NDArray[np.float32], NDArray[np.bool_]]
) -> None:
    spotter.save(tmp_path / "one.safetensors")
    again = Spotter.load(tmp_path / "one.safetensors")
    assert (again.game, again.view) == ("pong", VIEW)
    np.testing.assert_array_equal(again.votes(answers[0]), spotter.votes(answers[0]))


def test_what_is_no_spotter_is_refused(spotter: Spotter, tmp_path: Path) -> None:
    path = tmp_path / "one.safetensors"
    with pytest.raises(BlockerFileError, match="no spotter at"):
        Spotter.load(path)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(BlockerFileError, match="is not a spotter"):
        Spotter.load(path)
    spotter.save(path)
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(BlockerFileError, match="is not a spotter"):
        Spotter.load(path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"left": "back"},
        {"right": "out"},
        {"roots": np.array([10**6], np.int32)},
        {"asked": np.zeros(3, np.int32)},
        {"share": np.zeros(3, np.float32)},
        {"limit": "half"},
    ],
)
def test_trees_that_lead_nowhere_are_refused(
    spotter: Spotter, tmp_path: Path, wrong: dict[str, object]
) -> None:
    """A damaged file must not send the compiled walk out of its tables, or round and round."""
    ((name, value),) = wrong.items()
    table = getattr(spotter, name).copy()
    if isinstance(value, np.ndarray):
        table = value
    elif value == "half":
        table = table.astype(np.float32)
    else:
        table[spotter.asked >= 0] = 0 if value == "back" else len(table)
    replace(spotter, **{name: table}).save(tmp_path / "one.safetensors")
    with pytest.raises(BlockerFileError, match="lead out of their tables"):
        Spotter.load(tmp_path / "one.safetensors")


def test_a_place_that_cannot_be_written_is_told(spotter: Spotter, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BlockerFileError, match="cannot write the spotter"):
        spotter.save(tmp_path / "file" / "one.safetensors")


def test_a_view_that_looks_beside_the_screen_is_refused(spotter: Spotter, tmp_path: Path) -> None:
    path = tmp_path / "one.safetensors"
    for wrong in ({"rows": (0, 400)}, {"planes": ((300,),)}, {"focus": 2}):
        with pytest.raises(ValueError, match="expected"):
            replace(VIEW, **wrong)  # type: ignore[arg-type]
    spotter.save(path)
    path.write_bytes(path.read_bytes().replace(b'\\"focus\\": 0', b'\\"focus\\": 9'))
    with pytest.raises(BlockerFileError, match="is damaged"):
        Spotter.load(path)
